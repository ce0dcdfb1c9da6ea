"""What follows from the ways of an audit, by host."""

from collections.abc import Sequence

from msgspec import Struct

from preflight.fleet.audited import Audited
from preflight.fleet.matrix import Matrix
from preflight.judge.report import Verdict


class Sums(Struct):
    """How many ways lead from and to a host, and how many of them are READY."""

    leaving: int = 0
    leaving_ready: int = 0
    arriving: int = 0
    arriving_ready: int = 0

    @property
    def whole(self) -> bool:
        """Report whether all of them are READY."""
        return self.leaving == self.leaving_ready and self.arriving == self.arriving_ready


def sums(matrix: Matrix) -> dict[int, Sums]:
    """Return the sums of each host that is an end of any way, by its number."""
    found: dict[int, Sums] = {}
    for source, destination, cell in matrix.ways:
        here = found.setdefault(source, Sums())
        there = found.setdefault(destination, Sums())
        is_ready = cell.verdict is Verdict.READY
        here.leaving += 1
        here.leaving_ready += is_ready
        there.arriving += 1
        there.arriving_ready += is_ready
    return dict(sorted(found.items()))


def stuck(matrix: Matrix) -> dict[tuple[int, Verdict], Sequence[str]]:
    """Return the guests without a way that is READY, by the number of their host and the best verdict."""
    found: dict[tuple[int, Verdict], list[str]] = {}
    for number, guest, best in matrix.stuck():
        found.setdefault((number, best), []).append(guest)
    return dict(found)


def unreachable(matrix: Matrix) -> dict[Verdict, list[int]]:
    """Return the numbers of the hosts to which no way is READY, by the best verdict."""
    found: dict[Verdict, list[int]] = {Verdict.NOT_READY: [], Verdict.UNDETERMINED: []}
    for number, best in matrix.unreachable():
        found[best].append(number)
    return found


def odd(audited: Audited) -> dict[int, list[str]]:
    """Return what is different on one host alone, by its number."""
    found: dict[int, list[str]] = {}
    for one in audited.odd:
        found.setdefault(one.host, []).append(one.text)
    return found
