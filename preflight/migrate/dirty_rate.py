"""Measures how fast guests dirty their memory. This affects the guests, so it is done only on request."""

import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from preflight.errors import UserError

if TYPE_CHECKING:
    import libvirt

#: Seconds for which QEMU observes a guest.
SECONDS = 2
#: VIR_DOMAIN_DIRTYRATE_MEASURED (virDomainDirtyRateStatus).
_MEASURED = 2
#: VIR_DOMAIN_DIRTYRATE_MODE_DIRTY_BITMAP and _PAGE_SAMPLING, which bindings before 8.1 lack.
_BY_LOG, _BY_SAMPLES = 1, 0
#: KiB of memory from which QEMU is asked to sample pages: 512 in each GiB, at the start and at the end. In a smaller
#: guest too few of the sampled pages were dirtied, and the rate was off by a third; there every page is counted, with
#: the dirty log that a migration uses too.
_SAMPLED_FROM = 16 * 1024**2
#: QEMU reports whole MiB/s, rounded down: on average this much below the true rate.
_ROUNDED_OFF = 0.5
#: What to do if there is no rate.
_OMIT = "omit --measure-dirty-rate"


def measure_over(connect: "Callable[[], libvirt.virConnect]", names: Collection[str]) -> dict[str, float]:
    """Measure as `measure` does, over a new connection; raises `UserError` if none can be opened."""
    import libvirt

    try:
        connection = connect()
    except libvirt.libvirtError as why:
        raise UserError(f"the dirty rate cannot be measured: {why}; {_OMIT}") from None
    try:
        return measure(connection, names)
    finally:
        connection.close()


def measure(connection: "libvirt.virConnect", names: Collection[str]) -> dict[str, float]:
    """Return MiB/s by guest name, all measured at the same time; raises `UserError` if libvirt or QEMU cannot."""
    import libvirt

    try:
        domains = {name: connection.lookupByName(name) for name in names}
        for domain in domains.values():
            _start(domain)
        deadline = time.monotonic() + SECONDS + 10
        rates: dict[str, float] = {}
        while rates.keys() != domains.keys() and time.monotonic() < deadline:
            time.sleep(0.2)
            told = connection.domainListGetStats(list(domains.values()), libvirt.VIR_DOMAIN_STATS_DIRTYRATE)
            rates = {
                domain.name(): _exact(stats["dirtyrate.megabytes_per_second"])
                for domain, stats in told
                if stats.get("dirtyrate.calc_status") == _MEASURED and "dirtyrate.megabytes_per_second" in stats
            }
    except libvirt.libvirtError as why:
        raise UserError(f"the dirty rate cannot be measured: {why}; {_OMIT}") from None
    missing = sorted(domains.keys() - rates.keys())
    if missing:
        names = ", ".join(missing)
        raise UserError(f"the dirty rate of {names} was not measured within {SECONDS + 10} s: try again, or {_OMIT}")
    return rates


def _start(domain: Any) -> None:
    import libvirt

    if domain.info()[1] < _SAMPLED_FROM:
        try:
            domain.startDirtyRateCalc(SECONDS, _BY_LOG)
        except libvirt.libvirtError as why:
            # libvirt older than 8.1 or QEMU older than 6.2
            if why.get_error_code() not in (libvirt.VIR_ERR_INVALID_ARG, libvirt.VIR_ERR_CONFIG_UNSUPPORTED):
                raise
        else:
            return
    domain.startDirtyRateCalc(SECONDS, _BY_SAMPLES)


def _exact(told: int) -> float:
    return told + _ROUNDED_OFF if told else 0.0
