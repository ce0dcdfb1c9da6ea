"""Measures how fast guests dirty their memory. It touches the guests, so it is done only when it is asked for."""

import time
from collections.abc import Collection
from typing import TYPE_CHECKING

from preflight.errors import UserError

if TYPE_CHECKING:
    import libvirt

#: Seconds that QEMU looks at a guest: calc-dirty-rate samples pages at the beginning and at the end.
SECONDS = 2
#: VIR_DOMAIN_DIRTYRATE_MEASURED (virDomainDirtyRateStatus).
_MEASURED = 2


def measure(connection: "libvirt.virConnect", names: Collection[str]) -> dict[str, float]:
    """MiB/s by guest's name, all measured at the same time; raises `UserError` where libvirt or QEMU cannot."""
    import libvirt

    try:
        domains = {name: connection.lookupByName(name) for name in names}
        for domain in domains.values():
            domain.startDirtyRateCalc(SECONDS, 0)
        deadline = time.monotonic() + SECONDS + 10
        rates: dict[str, float] = {}
        while rates.keys() != domains.keys() and time.monotonic() < deadline:
            time.sleep(0.2)
            told = connection.domainListGetStats(list(domains.values()), libvirt.VIR_DOMAIN_STATS_DIRTYRATE)
            rates = {
                domain.name(): float(stats["dirtyrate.megabytes_per_second"])
                for domain, stats in told
                if stats.get("dirtyrate.calc_status") == _MEASURED and "dirtyrate.megabytes_per_second" in stats
            }
    except libvirt.libvirtError as why:
        raise UserError(f"the dirty rate cannot be measured: {why}") from None
    missing = sorted(domains.keys() - rates.keys())
    if missing:
        raise UserError(f"the dirty rate of {', '.join(missing)} was not measured within {SECONDS + 10} s")
    return rates
