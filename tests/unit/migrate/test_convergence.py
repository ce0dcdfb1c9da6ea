"""The reports of a migration that does not converge: passes that leave no less, and more than the downtime allows."""

from types import SimpleNamespace
from typing import Any

from preflight.migrate.events import Event
from preflight.migrate.progress import Sample
from preflight.migrate.run import Settings
from preflight.migrate.watch import PASSES, Watch
from preflight.request.method import Method
from preflight.units import MIB
from tests.unit.migrate.plans import PLAN


def said(left_mib: float, rate_mib: float, downtime: int | None = None) -> list[str]:
    """Return the reports about passes that each leave this much, sent at this many MiB/s."""
    told: list[Event] = []
    method = Method(max_downtime=downtime)
    run: Any = SimpleNamespace(
        source=None, journal=None, plan=SimpleNamespace(method=method), tell=told.append, settings=Settings()
    )
    watch = Watch(run, PLAN.guests[0])
    left, rate = int(left_mib * MIB), int(rate_mib * MIB)
    for number in range(1, PASSES + 3):
        watch._count(Sample(1.0, 1024 * MIB, left, rate, rate, number))
    return [event.kind for event in told]


def test_passes_that_leave_no_less_do_not_converge() -> None:
    assert said(left_mib=200, rate_mib=100) == ["not-converging"]


def test_passes_that_leave_no_less_converge_where_that_fits_into_the_downtime() -> None:
    """QEMU hands over once what is left can be sent within it: 300 ms unless it is set."""
    assert said(left_mib=29, rate_mib=100) == []
    assert said(left_mib=31, rate_mib=100) == ["not-converging"]
    assert said(left_mib=190, rate_mib=100, downtime=2000) == []
