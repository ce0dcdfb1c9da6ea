"""Hostile hosts that answer live: each of them against every command that logs in."""

import json
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.case import RECORDED
from tests.hostile import stand_in
from tests.hostile.canary import sung
from tests.hostile.demands import Judged, faults
from tests.hostile.nursery import Job, Outcome
from tests.hostile.runs import Nursery

HOSTS = ("host1.example.com", "host2.example.com")
#: Seconds that each host may take, and those in which preflight starts, judges and logs out on a loaded machine.
TIMEOUT, MARGIN = 4, 6
_ENDS = ("source", "destination")
COMMANDS: dict[str, tuple[tuple[str, ...], tuple[int, ...]]] = {
    "check": (("check", *HOSTS, "--timeout", str(TIMEOUT)), (0, 1, 3)),
    "check json": (("check", *HOSTS, "--timeout", str(TIMEOUT), "--format", "json"), (0, 1, 3)),
    "capacity": (("capacity", *HOSTS, "--timeout", str(TIMEOUT)), (0, 1, 3)),
    "fix": (("fix", *HOSTS, "--timeout", str(TIMEOUT)), (0, 3, 4)),
    "fix ansible": (("fix", *HOSTS, "--timeout", str(TIMEOUT), "--format", "ansible"), (0, 3, 4)),
    "fix --apply": (("fix", *HOSTS, "--timeout", str(TIMEOUT), "--apply", "--yes"), (0, 3, 4)),
    "plan": (("plan", *HOSTS, "--running", "-o", "plan", "--answer-timeout", str(TIMEOUT)), (0, 5)),
    "migrate": (("migrate", *HOSTS, "--all", "--yes", "--answer-timeout", str(TIMEOUT)), (0, 4, 5)),
}


def hosts() -> Iterator[tuple[str, str, str]]:
    """Yield the kind of host, the end at which it is, and the command that meets it."""
    for kind in (*stand_in.KINDS, *stand_in.LIBVIRT):
        for end in _ENDS:
            for command in COMMANDS:
                yield kind, end, command


def judge(one: tuple[str, str, str], nursery: Nursery) -> Iterable[Judged]:
    """Run the command with a stand-in for ssh on its PATH."""
    kind, end, command = one
    words, codes = COMMANDS[command]
    with tempfile.TemporaryDirectory(prefix="preflight-hostile-") as name:
        directory = Path(name)
        told = {
            "kinds": {HOSTS[_ENDS.index(end)]: kind},
            "answers": {host: str(RECORDED / "hosts-line-gone" / f"host{n}.json") for n, host in enumerate(HOSTS, 1)},
        }
        job = Job(
            list(words),
            cwd=name,
            environment={
                "PATH": f"{_ssh(directory, told)}:/usr/bin:/bin",
                "HOME": name,
                "XDG_STATE_HOME": name,
                "XDG_RUNTIME_DIR": name,
            },
        )
        outcome = nursery.run(job)
        left = [path.name for path in directory.glob("preflight-*")]
    yield Judged(
        part="live hosts",
        kind=kind,
        name=f"at the {end}, {command}",
        words=words,
        code=outcome.code,
        cpu=outcome.cpu,
        wall=outcome.wall,
        rss=outcome.rss,
        size=len(outcome.out) + len(outcome.err),
        faults=(
            *faults(job, outcome, codes),
            *sung(),
            *_slow(outcome),
            *(f"left the directory {one} behind" for one in left),
            *_not_met(kind, outcome),
        ),
    )


def _ssh(directory: Path, told: object) -> str:
    path = directory / "bin"
    path.mkdir()
    settings = path / "settings"
    settings.write_text(json.dumps(told))
    program = path / "ssh"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S {stand_in.__file__} {settings} "$@"\n')
    program.chmod(0o755)
    return str(path)


def _slow(outcome: Outcome) -> Iterator[str]:
    if outcome.wall > TIMEOUT + MARGIN:
        yield f"ended after {outcome.wall:.0f} s, with a timeout of {TIMEOUT} s"


def _not_met(kind: str, outcome: Outcome) -> Iterator[str]:
    """Without this a stand-in that speaks another protocol than preflight would seem harmless."""
    if kind == "honest" and re.search(rb"login to \S+ failed", outcome.out + outcome.err):
        yield "an honest host was not logged in to: the stand-in does not speak preflight's protocol"
