"""A plan is run for the machines and the guests that were just checked, and for no others (S6, D10)."""

from typing import Any

import pytest

from preflight.facts.fact import MISSING, Record
from preflight.plan.make import Refused
from preflight.plan.unchanged import as_checked, refuse_another_way, refuse_other_guests, refuse_other_hosts
from preflight.plan.width import pace
from preflight.schema.plan import Identity, MigrationPlan, PlannedGuest
from tests.case import Case
from tests.unit.migrate.plans import altered
from tests.unit.plan.test_make import checked, planned

DB = "19522740-9b9c-476e-bb6d-379ee4f7650c"


def changed(plan: MigrationPlan, **fields: Any) -> MigrationPlan:
    (web,) = plan.guests
    return altered(plan, guests=(altered(web, **fields),))


def run(plan: MigrationPlan, case: Case | None = None) -> MigrationPlan:
    found = checked(case or Case())
    return as_checked(plan, found, pace(found, plan.width))


def test_the_guests_that_were_planned_are_moved() -> None:
    plan = planned(Case())
    assert run(plan) == plan


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("uuid", DB, f"web is not the guest that was checked: uuid is {DB} in the plan"),
        ("name", "db", "db is not the guest that was checked: name is db in the plan and web now"),
        ("active", False, "web is not the guest that was checked: active is no in the plan and yes now"),
        ("paused", True, "web is not the guest that was checked: paused is yes in the plan and no now"),
        ("persistent", False, "web is not the guest that was checked: persistent is no in the plan and yes now"),
        ("autostart", True, "web is not the guest that was checked: autostart is yes in the plan and no now"),
        ("memory_kib", 1, "web is not the guest that was checked: memory_kib is 1 in the plan and 65536 now"),
        ("is_defined_there", True, "web is not the guest that was checked: is_defined_there is yes in the plan and no"),
    ],
)
def test_what_is_moved_is_what_was_checked(field: str, value: object, said: str) -> None:
    with pytest.raises(Refused) as refused:
        run(changed(planned(Case()), **{field: value}))
    assert str(refused.value).startswith(f"refused: {said}")


def test_every_field_of_a_guest_is_compared_or_taken_as_of_now() -> None:
    of_now = {"touched_kib", "seconds"}
    plan = planned(Case())
    for field in set(PlannedGuest.model_fields) - of_now:
        before = getattr(plan.guests[0], field)
        other = not before if isinstance(before, bool) else 7 if isinstance(before, int) else DB
        with pytest.raises(Refused):
            run(changed(plan, **{field: other}))
    assert run(changed(plan, touched_kib=0)).guests[0].touched_kib == plan.guests[0].touched_kib


def test_what_the_hosts_allow_is_as_of_now_too() -> None:
    plan = planned(Case())
    with pytest.raises(Refused, match="--at-once 19 is requested, but at most 18 are safe"):
        run(altered(plan, width=19))
    assert run(altered(plan, calls=9999, spacing=0.0)) == plan


def test_guests_go_to_the_libvirt_that_was_checked() -> None:
    plan = planned(Case())
    refuse_another_way(plan, plan.destination_uri)
    with pytest.raises(Refused, match="destination_uri is qemu\\+ssh://evil/system, but qemu"):
        refuse_another_way(altered(plan, destination_uri="qemu+ssh://evil/system"), plan.destination_uri)


def hosts(case: Case) -> Any:
    found = checked(case)
    return found.source, found.destination


def test_the_same_machines_may_be_run_on() -> None:
    refuse_other_hosts(planned(Case()), *hosts(Case()))


@pytest.mark.parametrize("role", ["source", "destination"])
@pytest.mark.parametrize("field", ["uuid", "machine_id"])
def test_a_plan_is_not_run_on_other_machines_that_bear_the_names(role: str, field: str) -> None:
    plan = planned(Case())
    known: Identity = getattr(plan, f"{role}_identity")
    other = altered(known, **{field: DB if field == "uuid" else "0" * 32})
    what = "libvirt's host UUID" if field == "uuid" else "its machine ID"
    host = getattr(plan, role)
    with pytest.raises(Refused) as refused:
        refuse_other_hosts(altered(plan, **{f"{role}_identity": other}), *hosts(Case()))
    assert str(refused.value) == (
        f"refused: {host} is not the {role} for which the plan was made, so make a new plan: {what} is"
        f" {getattr(known, field)},"
        f" and was {getattr(other, field)}"
    )


def test_hosts_that_were_exchanged_are_other_machines() -> None:
    plan = planned(Case())
    exchanged = altered(plan, source_identity=plan.destination_identity, destination_identity=plan.source_identity)
    with pytest.raises(Refused):
        refuse_other_hosts(exchanged, *hosts(Case()))


def mute(case: Case) -> Case:
    return case.source("machine-id", Record("", MISSING))


def test_a_machine_without_an_id_is_known_by_libvirts_uuid_and_must_stay_without() -> None:
    plan = planned(mute(Case()))
    assert plan.source_identity.machine_id is None
    refuse_other_hosts(plan, *hosts(mute(Case())))
    with pytest.raises(Refused, match=r"its machine ID is [0-9a-f]{32}, and was not readable"):
        refuse_other_hosts(plan, *hosts(Case()))
    with pytest.raises(Refused, match=r"its machine ID is not readable, and was [0-9a-f]{32}"):
        refuse_other_hosts(planned(Case()), *hosts(mute(Case())))


def test_what_is_left_of_a_run_is_moved_as_the_guest_that_was_checked() -> None:
    plan = planned(Case())
    found = checked(Case())
    refuse_other_guests(plan.guests, found)
    refuse_other_guests(changed(plan, autostart=True, paused=True).guests, found)
    for fields in ({"uuid": DB}, {"name": "db"}, {"active": False}, {"persistent": False}):
        with pytest.raises(Refused, match="is not the guest that was checked"):
            refuse_other_guests(changed(plan, **fields).guests, found)
