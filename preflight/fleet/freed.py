"""Guests that can go nowhere because of their CPU alone, and that the CPU which their hosts have in common frees."""

import contextlib
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from preflight.answers import Unreadable
from preflight.facts.guest import Guests
from preflight.facts.guest.cpu import GuestCpu
from preflight.fleet.baseline import Baseline, Baselines, Freed, baselines
from preflight.fleet.matrix import Matrix
from preflight.fleet.ways import Ways

#: The rule whose errors another CPU removes.
_RULE = "cpu-incompatible"


def common_cpus(ways: Ways, matrix: Matrix) -> Baselines:
    """Return the CPUs that the hosts of an audit have in common, and the guests that these would free."""
    found = baselines({number: ways.host(number) for number in range(len(ways.hosts))})
    return replace(found, freed=tuple(_freed(ways, matrix, found.found)))


def _freed(ways: Ways, matrix: Matrix, found: Iterable[Baseline]) -> Iterator[Freed]:
    """Yield each such guest with the hosts that it could go to, if it were restarted with the common CPU."""
    of_host = {number: one for one in found for number in one.hosts}
    for source, guest, _ in matrix.stuck():
        common = of_host.get(source)
        if common is not None and _may_have(ways, source, guest, common):
            destinations = tuple(one for one in common.hosts if _only_the_cpu(matrix, source, one, guest))
            if destinations:
                yield Freed(source, guest, destinations)


def _may_have(ways: Ways, source: int, name: str, common: Baseline) -> bool:
    """Report whether the guest is one that can have this CPU.

    Several virtual CPUs in one socket get a feature of their own (ht), about which hosts differ too.
    """
    with contextlib.suppress(Unreadable):
        guest = ways.host(source).fact(Guests).by_name(name)
        kind = common.kind
        if guest is not None and (guest.arch, guest.virt_type) == (kind.arch, kind.virt_type):
            return GuestCpu.of(guest).in_a_socket == 1
    return False


def _only_the_cpu(matrix: Matrix, source: int, destination: int, guest: str) -> bool:
    """Report whether nothing but the guest's CPU is in its way to a host."""
    cell = matrix.cells[source].get(destination)
    if cell is None:
        return False
    causes = [matrix.causes[number] for number in cell.causes]
    decisive = [one for one in causes if (one.blocks or one.obscures) and one.guest in (None, guest)]
    return bool(decisive) and all(one.blocks and one.guest == guest and one.rule.name == _RULE for one in decisive)
