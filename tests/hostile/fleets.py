"""Hostile lists of hosts and snapshots, given to the commands that are about many hosts or about several states.

Inventories in TOML, what `ansible-inventory` prints, groups and ranges in arguments, directories of snapshots, and the
documents that `show` reads; no host is contacted.
"""

import functools
import json
import os
import random
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from preflight.output.formats import FORMATS, render
from tests.golden import audits, differences
from tests.hostile import pair, snapshots, texts
from tests.hostile.canary import sung
from tests.hostile.demands import FORGED, Judged, faults
from tests.hostile.nursery import Job
from tests.hostile.runs import Nursery

#: Snapshots that are drawn, and changes of each document.
SNAPSHOTS, CHANGES = 200, 60
#: READY, NOT READY, usage, UNDETERMINED; a difference knows only better and worse.
_VERDICTS, _DIFFERENCE, _LIST = (0, 1, 2, 3), (0, 1, 2), (0, 2)
#: Depths and lengths that no inventory has.
_DEEP = 20_000
_MANY = 50_000

#: A file's name and its content.
Files = Mapping[str, bytes]


class Given(Struct, frozen=True):
    """A command, the files in its directory, and the codes that it may end with."""

    kind: str
    name: str
    words: tuple[str, ...]
    make: Callable[[], Files]
    codes: tuple[int, ...]


def given(seed: int, count: int = SNAPSHOTS) -> Iterator[Given]:
    """Yield every case; the same seed gives the same."""
    yield from _arguments()
    yield from _inventories()
    yield from _from_ansible()
    yield from _of_snapshots(seed, count)
    yield from _documents(seed)


def judge(one: Given, nursery: Nursery) -> Iterator[Judged]:
    """Run the command in a directory of its own, where no host can be reached."""
    with tempfile.TemporaryDirectory(prefix="preflight-hostile-") as directory:
        home = Path(directory)
        size = 0
        for name, content in one.make().items():
            path = home / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
            path.chmod(0o700 if path.parent.name == "bin" else 0o600)
            size += len(content)
        environment = {"PATH": f"{home}/bin:{os.environ['PATH']}", "HOME": directory, "XDG_STATE_HOME": directory}
        job = Job(list(one.words), cwd=directory, environment=environment)
        outcome = nursery.run(job)
    yield Judged(
        part="many hosts",
        kind=one.kind,
        name=one.name,
        words=one.words,
        code=outcome.code,
        cpu=outcome.cpu,
        wall=outcome.wall,
        rss=outcome.rss,
        size=size,
        faults=(*faults(job, outcome, one.codes), *sung()),
    )


# hosts in arguments

_NO_SSH = b"#!/bin/sh\necho 'no host is contacted' >&2\nexit 255\n"
_RANGES = (
    "kvm[0-99999999]",
    "kvm[0-9999][0-9999]",
    "kvm[1-2" + "0" * 5000 + "]",
    "kvm[9-1]",
    "kvm[-1-3]",
    "kvm[1-3",
    "kvm1-3]",
    "kvm[[1-2]]",
    "[" * _DEEP,
    "[1-2]" * 5000,
    "kvm[" + ",".join("1" for _ in range(_MANY)) + "]",
    ",".join("kvm[0-9999]" for _ in range(2000)),
    ",".join(f"k{number}[0-9999]" for number in range(2000)),
    "k" * 100_000 + "[0-9999]",
    "," * _MANY,
    "kvm[\u0661-\u0663]",
    "@nobody",
    "@",
    "@all",
    "@@",
    "@[1-3]",
    "a/b/../../etc/",
    "/etc/",
    "/dev/",
    "/proc/self/",
    "/dev/zero",
    "snapshots/",
)


def _arguments() -> Iterator[Given]:
    for number, word in enumerate((*_RANGES, *texts.WORDS, *texts.ESCAPES, *texts.VERDICTS)):
        argument = word.replace("\0", "").encode("utf-8", "replace")
        if len(argument) > 120_000:  # a process takes no longer one (MAX_ARG_STRLEN)
            yield _inventory(f"word {number}", functools.partial(_with_hosts, word))
            continue
        for form in FORMATS["hosts"]:
            listing = ("audit", "--list-hosts", "--format", form, "--", os.fsdecode(argument), "kvm1")
            yield Given("hosts in arguments", f"{number} {form}", listing, dict, _LIST)
        words = ("audit", "--timeout", "1", "--", os.fsdecode(argument), "kvm1")
        if number >= len(_RANGES):
            yield Given("audit of such hosts", str(number), words, lambda: {"bin/ssh": _NO_SSH}, _VERDICTS)


# inventories

_LISTED = ("audit", "--list-hosts", "--inventory", "inventory.toml", "@all")
_TOML: Mapping[str, Callable[[], str]] = {
    "no TOML": lambda: "{",
    "a script": lambda: "#!/bin/sh\ntouch /tmp/pwned\n",
    "deep": lambda: "a = " + "[" * _DEEP,
    "deep tables": lambda: "[" + ".".join("a" for _ in range(_DEEP)) + "]\n",
    "many tables": lambda: "".join(f'[hosts."k{number}"]\n' for number in range(_MANY)),
    "a host of many groups": lambda: f"[hosts.k]\ngroups = {json.dumps([f'g{n}' for n in range(_MANY)])}\n",
    "ten thousand hosts a thousand times": lambda: "".join(
        f'[hosts."k[0-9998,{number:05}]"]\n' for number in range(20_000)
    ),
    "a group of the same hosts": lambda: "[groups.g]\nhosts = [" + '"k[0-9999]", ' * _MANY + "]\n",
    "long names": lambda: f'[hosts."{"k" * 100_000}[0-9999]"]\n',
    "many ranges": lambda: f'[hosts."{"[1-2]" * 20_000}"]\n',
    "a chain of groups": lambda: "".join(f'[groups.g{n}]\ngroups = ["g{n + 1}"]\n' for n in range(9000)),
    "groups in all groups": lambda: "".join(
        f"[groups.g{n}]\ngroups = {json.dumps([f'g{m}' for m in range(n)])}\n" for n in range(400)
    ),
    "a cycle": lambda: '[groups.a]\ngroups = ["b"]\n[groups.b]\ngroups = ["a"]\n',
    "a group of its own": lambda: '[groups.a]\ngroups = ["a"]\n',
    "another type": lambda: "hosts = 1\ngroups = 2\n",
    "a number for a name": lambda: "[hosts.k]\naddress = 1\nport = 99999999999999999999\n",
    "a weight that is none": lambda: "[hosts.k]\nweight = nan\n[hosts.l]\nweight = inf\n[hosts.m]\nweight = -1\n",
    "unknown keys": lambda: "[hosts.k]\nproxy-command = 'touch /tmp/pwned'\n",
    "3 MiB": lambda: "# " + "x" * 3_000_000,
    "a long number": lambda: "[hosts.k]\nport = " + "9" * 5000 + "\n",
    "NUL": lambda: "[hosts.k]\naddress = 'a\0b'\n",
}
_KEYS = ("address", "login", "transport", "migration-address", "groups")


def _inventories() -> Iterator[Given]:
    for name, make in _TOML.items():
        yield _inventory(name, make)
    for number, text in enumerate((*texts.WORDS, *texts.ESCAPES, *texts.VERDICTS)):
        yield _inventory(f"host {number}", functools.partial(_with_hosts, text))
        yield _inventory(f"group {number}", functools.partial(_with_group, text))
        for key in _KEYS:
            yield _inventory(f"{key} {number}", functools.partial(_with_key, key, text))


def _inventory(name: str, make: Callable[[], str]) -> Given:
    return Given("inventory, TOML", name, _LISTED, lambda: {"inventory.toml": _bytes(make())}, _LIST)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _quoted(text: str) -> str:
    return json.dumps(text)


def _with_hosts(text: str) -> str:
    return f"[hosts.{_quoted(text)}]\n"


def _with_group(text: str) -> str:
    return f'[groups.{_quoted(text)}]\nhosts = ["kvm1"]\n[hosts.kvm2]\ngroups = [{_quoted(text)}]\n'


def _with_key(key: str, text: str) -> str:
    return f"[hosts.kvm1]\n{key} = {f'[{_quoted(text)}]' if key == 'groups' else _quoted(text)}\n"


# what Ansible prints

_ASKED = ("audit", "--list-hosts", "--inventory", "hosts.ini", "@all")
_ANSIBLE: Mapping[str, Callable[[], str]] = {
    "nothing": str,
    "no JSON": lambda: "ERROR! \x1b[31mno\x1b[0m\nREADY  " + FORGED,
    "another type": lambda: "[]",
    "deep": lambda: '{"all": ' + "[" * _DEEP,
    "deep objects": lambda: '{"a":' * _DEEP,
    "a number": lambda: '{"all": ' + "9" * 5000 + "}",
    "NaN": lambda: '{"_meta": {"hostvars": {"k": {"ansible_port": NaN}}}}',
    "many hosts": lambda: json.dumps({"all": {"hosts": [f"k{n}" for n in range(_MANY)]}}),
    "many variables": lambda: json.dumps({"_meta": {"hostvars": {f"k{n}": {"x": n} for n in range(500)}}}),
    "a chain of groups": lambda: json.dumps({f"g{n}": {"children": [f"g{n + 1}"]} for n in range(9000)}),
    "groups in all groups": lambda: json.dumps(
        {f"g{n}": {"children": [f"g{m}" for m in range(n)]} for n in range(400)}
    ),
    "a cycle": lambda: json.dumps({"a": {"children": ["b"]}, "b": {"children": ["a"]}}),
    "hosts of another type": lambda: json.dumps({"all": {"hosts": [1, None, {}]}}),
    "variables of another type": lambda: json.dumps({"_meta": {"hostvars": {"k": []}}}),
    "a lone surrogate": lambda: '{"all": {"hosts": ["\\ud800"]}}',
    "not UTF-8": lambda: '{"all": {"hosts": ["\udcff"]}}',
}
_VARIABLES = ("ansible_host", "ansible_user", "ansible_port", "ansible_connection")


def _from_ansible() -> Iterator[Given]:
    for name, make in _ANSIBLE.items():
        yield _printed(name, make)
    for number, text in enumerate((*texts.WORDS, *texts.ESCAPES, *texts.VERDICTS)):
        told = text.replace("\ud800", "\\ud800")
        yield _printed(f"host {number}", functools.partial(_as_json, {"all": {"hosts": [told]}}))
        yield _printed(f"group {number}", functools.partial(_as_json, {told: {"hosts": ["kvm1"]}}))
        for variable in _VARIABLES:
            told_of = {"all": {"hosts": ["kvm1"]}, "_meta": {"hostvars": {"kvm1": {variable: told}}}}
            yield _printed(f"{variable} {number}", functools.partial(_as_json, told_of))


def _as_json(value: Any) -> str:
    return json.dumps(value)


def _printed(name: str, make: Callable[[], str]) -> Given:
    def files() -> Files:
        printed = make().encode("utf-8", "surrogateescape")
        return {"hosts.ini": b"", "printed": printed, "bin/ansible-inventory": b"#!/bin/sh\nexec cat printed\n"}

    return Given("inventory, Ansible", name, _ASKED, files, _LIST)


# snapshots


def _of_snapshots(seed: int, count: int) -> Iterator[Given]:
    """Yield audits, lints and differences of the snapshots that a check is tried with too."""
    for number, one in enumerate(snapshots.sample(seed, count)):
        name = f"{one.kind} {one.name}"

        def files(one: pair.Hostile = one) -> Files:
            made = one.make()
            return {"pair.json": made, "many/pair.json": made, "sound.json": pair.ready().document()}

        forms = FORMATS["audit"]
        form = forms[number % len(forms)]
        yield Given(f"audit, {form}", name, ("audit", "many/", "--format", form), files, _VERDICTS)
        yield Given(f"lint, {form}", name, ("lint", "pair.json", "--format", form), files, _VERDICTS)
        form = FORMATS["difference"][number % len(FORMATS["difference"])]
        ends = ("pair.json", "sound.json") if number % 2 else ("sound.json", "pair.json")
        yield Given(f"diff, {form}", name, ("diff", *ends, "--format", form), files, _DIFFERENCE)


# documents


def _documents(seed: int) -> Iterator[Given]:
    """Yield the documents that `show` reads, each with one part of another type, or without it."""
    for subject, whole in _wholes().items():
        chance = random.Random(f"{seed} {subject}")
        places = [place for place in _places(json.loads(whole)) if place]
        for number, place in enumerate(chance.sample(places, min(len(places), CHANGES))):
            other = chance.choice((*_OTHERS, chance.choice((*texts.ESCAPES, *texts.WORDS))))
            form = FORMATS[subject][number % len(FORMATS[subject])]
            words = ("show", "whole.json", "--format", form)
            make = functools.partial(_changed, whole, place, other)
            yield Given(f"show, {subject}", f"{number} {'.'.join(map(str, place))}", words, make, _LIST)


_OTHERS: tuple[Any, ...] = (None, True, -1, 10**30, 1.5, "", "x", [], {}, [[]], 99, "\ud800", ["x"] * 1000)


@functools.cache
def _wholes() -> Mapping[str, str]:
    with tempfile.TemporaryDirectory() as directory:
        difference = differences.found(differences.IN_EACH_FORMAT, Path(directory))
    return {
        "audit": render("audit", "json", audits.audit()),
        "difference": render("difference", "json", difference),
    }


def _places(value: Any, here: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the way to each part; of a list only the first and the last, so that no list outweighs all else."""
    yield here
    items: Sequence[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list) and value:
        items = [(at, value[at]) for at in sorted({0, len(value) - 1})]
    for key, part in items:
        yield from _places(part, (*here, key))


def _changed(whole: str, place: Sequence[str | int], other: Any) -> Files:
    document = json.loads(whole)
    at = document
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = other
    return {"whole.json": json.dumps(document).encode()}
