"""A pair of recorded hosts as a document that a mutation may change, and the snapshot file that comes of it."""

import copy
import functools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

from msgspec import Struct

from tests.case import RECORDED as CASES
from tests.lab.truth.record import RECORDED, read

#: One answer as a snapshot holds it: text, exit code, error text.
Answer = list[Any]
ENDS = (0, 1)


class Pair:
    """Both hosts of a snapshot."""

    def __init__(self, hosts: list[dict[str, Any]]) -> None:
        self.hosts = hosts

    def records(self, end: int) -> dict[str, Answer]:
        """Return the answers of the source (0) or the destination (1)."""
        records: dict[str, Answer] = self.hosts[end]["records"]
        return records

    def text(self, end: int, record: str) -> str:
        """Return the text of an answer; empty where there is none."""
        return str(self.records(end).get(record, [""])[0])

    def put(self, end: int, record: str, text: str) -> None:
        """Replace an answer, or add one."""
        self.records(end)[record] = [text, 0, ""]

    def json(self, end: int, record: str) -> Any:
        """Return the content of an answer in JSON; `put_json` does the opposite."""
        return json.loads(self.text(end, record))

    def put_json(self, end: int, record: str, value: object) -> None:
        """Replace an answer in JSON."""
        self.put(end, record, json.dumps(value))

    def document(self) -> bytes:
        """Return the snapshot file."""
        return json.dumps(whole(self.hosts)).encode("utf-8", "surrogatepass")


def whole(hosts: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the document of these hosts, which may have been recorded in the former format."""
    in_format = [{"peers": [], "files": {}} | host for host in hosts]
    return {"preflight_snapshot": 2, "hosts": in_format, "made": None}


class Hostile(Struct, frozen=True):
    """One hostile snapshot, which is made when it is wanted: some take half a gigabyte."""

    kind: str
    name: str
    make: Callable[[], bytes]


def ready() -> Pair:
    """Return the sound pair with the guest "web" running."""
    return Pair(copy.deepcopy([_case("ready/host1"), _case("ready/host2")]))


def gone() -> Pair:
    """Return the pair whose source does not resolve what the destination announces."""
    return Pair(copy.deepcopy([_case("hosts-line-gone/host1"), _case("hosts-line-gone/host2")]))


def row(name: str) -> Pair:
    """Return the pair of a row that the lab recorded."""
    recorded = read(name)
    assert recorded is not None
    return Pair(json.loads(recorded[1])["hosts"])


def rows(chance: Random, count: int) -> list[str]:
    """Return this many of the recorded rows, the same number of every subject."""
    by_subject: dict[str, list[str]] = {}
    for path in sorted(RECORDED.glob("*/*.json.gz")):
        by_subject.setdefault(path.parent.name, []).append(path.name.removesuffix(".json.gz"))
    found: list[str] = []
    for number, (subject, names) in enumerate(by_subject.items()):
        wanted = (count - len(found)) // (len(by_subject) - number)
        found += [f"{subject}/{name}" for name in chance.sample(names, min(wanted, len(names)))]
    return found


def changed(
    seed: int, kind: str, name: str, change: Callable[[Random, Pair], None], base: Callable[[], Pair] = ready
) -> Hostile:
    """Return a snapshot that one change has made hostile; the change has its own seed."""

    def make() -> bytes:
        pair = base()
        change(Random(f"{seed} {kind} {name}"), pair)
        return pair.document()

    return Hostile(kind, name, make)


def each_end(
    seed: int, kind: str, name: str, change: Callable[[Random, Pair, int], None], base: Callable[[], Pair] = ready
) -> Iterator[Hostile]:
    """Yield the same change on the source, and on the destination."""
    for end in ENDS:
        yield changed(
            seed, kind, f"{name} on the {('source', 'destination')[end]}", functools.partial(_at, change, end), base
        )


def _at(change: Callable[[Random, Pair, int], None], end: int, chance: Random, pair: Pair) -> None:
    change(chance, pair, end)


@functools.cache
def _case(name: str) -> dict[str, Any]:
    hosts: list[dict[str, Any]] = json.loads(Path(CASES, f"{name}.json").read_text())["hosts"]
    return hosts[0]
