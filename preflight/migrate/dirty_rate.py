"""Measures how fast guests dirty their memory. It touches the guests, so it is done only when it is asked for."""

import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from preflight.errors import UserError

if TYPE_CHECKING:
    import libvirt

#: Seconds that QEMU looks at a guest.
SECONDS = 2
#: VIR_DOMAIN_DIRTYRATE_MEASURED (virDomainDirtyRateStatus).
_MEASURED = 2
#: VIR_DOMAIN_DIRTYRATE_MODE_DIRTY_BITMAP and _PAGE_SAMPLING, which bindings before 8.1 lack.
_BY_LOG, _BY_SAMPLES = 1, 0
#: KiB of memory from which on QEMU samples pages, 512 of each GiB, at the beginning and at the end. Of a smaller guest
#: so few of them were dirtied that the rate would be a third off; there all are counted, by the log of dirty pages
#: that a migration keeps too.
_SAMPLED_FROM = 16 * 1024**2
#: QEMU gives whole MiB/s, rounded down: this much less than it is, on average.
_ROUNDED_OFF = 0.5


def measure_over(connect: "Callable[[], libvirt.virConnect]", names: Collection[str]) -> dict[str, float]:
    """As `measure`, over a connection of its own; raises `UserError` where none can be had."""
    import libvirt

    try:
        connection = connect()
    except libvirt.libvirtError as why:
        raise UserError(f"the dirty rate cannot be measured: {why}") from None
    try:
        return measure(connection, names)
    finally:
        connection.close()


def measure(connection: "libvirt.virConnect", names: Collection[str]) -> dict[str, float]:
    """MiB/s by guest's name, all measured at the same time; raises `UserError` where libvirt or QEMU cannot."""
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
        raise UserError(f"the dirty rate cannot be measured: {why}") from None
    missing = sorted(domains.keys() - rates.keys())
    if missing:
        raise UserError(f"the dirty rate of {', '.join(missing)} was not measured within {SECONDS + 10} s")
    return rates


def _start(domain: Any) -> None:
    import libvirt

    if domain.info()[1] < _SAMPLED_FROM:
        try:
            domain.startDirtyRateCalc(SECONDS, _BY_LOG)
        except libvirt.libvirtError as why:
            # before libvirt 8.1 or QEMU 6.2
            if why.get_error_code() not in (libvirt.VIR_ERR_INVALID_ARG, libvirt.VIR_ERR_CONFIG_UNSUPPORTED):
                raise
        else:
            return
    domain.startDirtyRateCalc(SECONDS, _BY_SAMPLES)


def _exact(told: int) -> float:
    return told + _ROUNDED_OFF if told else 0.0
