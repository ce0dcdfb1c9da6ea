"""A plan is made of a report that says READY, and of no other."""

from collections.abc import Callable

import pytest

from preflight.asking import Asked, open_hosts
from preflight.check import Checked, check
from preflight.plan import MigrationPlan, Refused, plan
from tests.case import Case

UUID = "f1d015bd-14ec-4fe8-8cdc-f32b8929b5e0"


def checked(case: Case) -> Checked:
    case.asking(guests=("web",))
    with open_hosts(Asked(case.hosts[0], case.hosts[1], **case.options)) as opened:
        return check(opened)


def planned(case: Case) -> MigrationPlan:
    found = checked(case)
    return plan(found.report, found.guests)


def test_a_plan_says_what_will_be_done() -> None:
    assert planned(Case()) == MigrationPlan(
        guest="web",
        uuid=UUID,
        paused=False,
        persistent=True,
        memory_kib=65536,
        source="host1.example.com",
        destination="host2.example.com",
        destination_uri="qemu+ssh://host2.example.com/system",
    )
    assert planned(Case()).describe().splitlines() == [
        "guest        web  (64 MiB, running)",
        "from         host1.example.com",
        "to           host2.example.com  (qemu+ssh://host2.example.com/system)",
        "how          live, managed by this machine; if it fails or is interrupted the guest stays where it is",
        "definition   it is persistent: defined on the destination, and no longer on the source",
    ]


def test_a_paused_guest_stays_paused() -> None:
    found = planned(Case().guest(lambda guest: guest.update(state=3)))
    assert found.paused
    assert "(64 MiB, paused)" in found.describe()


def test_a_transient_guest_stays_transient() -> None:
    found = planned(Case().guest(lambda guest: guest.update(persistent=False)))
    assert not found.persistent
    assert found.describe().endswith("definition   it is transient, and stays so")


def test_a_warning_does_not_stop_it() -> None:
    case = Case().source("libvirtd.conf", lambda text: text + "max_workers = 40\n")
    assert any(result.findings for result in checked(case).report.results)
    assert planned(case).guest == "web"


def off() -> Case:
    return Case().guest(lambda guest: guest.update(id=None, state=5))


def unknown() -> Case:
    return Case().destination("addresses", None)


def both() -> Case:
    return off().destination("addresses", None)


@pytest.mark.parametrize(
    ("case", "why"),
    [
        (off, "refused: the check says NOT READY"),
        (unknown, "refused: the check says UNDETERMINED"),
        (both, "refused: the check says NOT READY"),
    ],
)
def test_no_plan_is_made_unless_all_is_known_to_be_well(case: Callable[[], Case], why: str) -> None:
    with pytest.raises(Refused) as refused:
        planned(case())
    assert str(refused.value) == why
