"""Twice as much of anything takes about twice as long (T8). `make growth` shows it for the largest hosts."""

import pytest

from preflight.facts.guest.guests import MOST
from preflight.judge.report import Verdict
from tests.case import Case
from tests.growing import KINDS, growth, seconds_of


@pytest.mark.parametrize("what", KINDS)
def test_twice_as_many_take_about_twice_as_long(what: str) -> None:
    make, few, many, most = KINDS[what]
    base = min(seconds_of(Case().report) for _ in range(2))
    limit = most * 2 * few / many
    ratios: list[float] = []
    times: list[float] = []
    for _ in range(5):  # other processes may have used the processor's caches in between
        once, twice = growth(make, few)
        ratios.append((twice - base) / max(once - base, 0.02))
        times.append(twice)
        if ratios[-1] < 2.8 and min(times) < limit:
            break
    assert min(times) < limit
    assert min(ratios) < 2.8


def test_more_guests_than_are_judged_are_unknown() -> None:
    listed = f'{{"domains": [{", ".join(["{}"] * (MOST + 1))}]}}'.replace("{}", '{"name": "x"}')
    report = Case().source("libvirt.domains", listed).report()
    assert report.verdict is Verdict.UNDETERMINED
    assert f"libvirt lists {MOST + 1} guests, but at most {MOST} are checked" in {one.reason for one in report.results}
