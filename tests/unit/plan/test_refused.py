"""Reports that give no plan, the defaults of a plan, and the reasons for which a plan is not run."""

import pytest

from preflight import __version__
from preflight.errors import UserError
from preflight.judge.check import Checked
from preflight.judge.report import Verdict
from preflight.plan.make import Pace, Refused, in_order, plan, refuse_unless_ready
from preflight.plan.unchanged import as_checked, changed, refuse_changed, says_who_it_is
from preflight.request.method import Method
from preflight.schema.plan import MigrationPlan
from tests.case import Case
from tests.unit.migrate.plans import PLAN, altered, guest
from tests.unit.plan.pairs import checked, guests

ONE_AT_A_TIME = Pace(1, "by the test", {})
DIGEST, OTHER = "0" * 16, "f" * 16


def made(found: Checked | None = None, method: Method | None = None) -> MigrationPlan:
    return plan(found or checked(Case()), method or Method(), ONE_AT_A_TIME, {})


# making a plan


def test_a_plan_lapses_after_a_day() -> None:
    found = made()
    assert found.lapses - found.made == pytest.approx(86_400)


def test_a_plan_lapses_when_it_was_asked_to() -> None:
    found = plan(checked(Case()), Method(), ONE_AT_A_TIME, {}, lapses_after=60)
    assert found.lapses - found.made == pytest.approx(60)


def test_a_plan_says_whether_the_user_gave_the_uri() -> None:
    assert not made().is_uri_given
    assert plan(checked(Case()), Method(), ONE_AT_A_TIME, {}, is_uri_given=True).is_uri_given


def test_a_connection_has_one_call_unless_more_are_known_to_be_read() -> None:
    assert made().calls == 1


def test_a_report_about_no_guest_is_ready_and_gives_no_plan() -> None:
    found = checked(Case(), no_guests=True)
    assert found.report.verdict is Verdict.READY
    with pytest.raises(Refused):
        refuse_unless_ready(found)
    refuse_unless_ready(checked(Case()))


def test_a_plan_that_could_not_be_read_again_is_not_made() -> None:
    with pytest.raises(Refused, match="because"):
        plan(checked(Case()), Method(), Pace(1, "two\nlines", {}), {})


FOR_ONE = [
    Method(dname="new"),
    Method(xml="<domain/>"),
    Method(persistent_xml="<domain/>"),
]


@pytest.mark.parametrize("method", FOR_ONE)
def test_one_guest_may_have_another_name_or_definition_on_the_destination(method: Method) -> None:
    assert made(method=method).method == method


@pytest.mark.parametrize("method", FOR_ONE)
def test_two_guests_may_not_have_the_same_name_or_definition(method: Method) -> None:
    with pytest.raises(UserError, match=r"--dname.*--persistent-xml"):
        made(checked(guests("a", "b")), method)


def test_guests_are_ordered_by_the_time_that_they_take_if_it_is_known() -> None:
    took = {"a": 3.0, "b": 7.5, "c": 1.0, "d": 7.0}
    ordered = in_order([altered(guest(name, name), seconds=seconds) for name, seconds in took.items()])
    assert [one.name for one in ordered] == ["c", "b", "d", "a"]


# running a plan


def test_a_host_without_an_identity_does_not_say_who_it_is() -> None:
    assert says_who_it_is(checked(Case()).source) is True
    assert says_who_it_is(checked(Case().source("libvirt.capabilities", None)).source) is False


def test_a_guest_that_was_checked_and_not_planned_is_not_moved() -> None:
    planned = made(checked(guests("a")))
    assert [one.name for one in as_checked(planned, checked(guests("a")), ONE_AT_A_TIME).guests] == ["a"]
    with pytest.raises(Refused, match=r"\bb\b.*(?i:uuid)"):
        as_checked(planned, checked(guests("a", "b")), ONE_AT_A_TIME)


def test_a_fact_that_only_one_side_has_is_a_change() -> None:
    assert changed({"source QemuConf": DIGEST}, {}) == ("source QemuConf",)
    assert changed({}, {"source QemuConf": DIGEST}) == ("source QemuConf",)
    assert changed({"source QemuConf": DIGEST}, {"source QemuConf": DIGEST}) == ()


def of_version(version: str | None) -> MigrationPlan:
    web = f"guest {PLAN.guests[0].uuid}"
    digests = {"source QemuConf": DIGEST, web: DIGEST, "destination Mounts": DIGEST}
    return altered(PLAN, preflight_version=version, digests=digests)


def refused_for(planned: MigrationPlan) -> str:
    with pytest.raises(Refused) as refused:
        refuse_changed(planned, {name: OTHER for name in planned.digests if name != "destination Mounts"})
    return str(refused.value)


@pytest.mark.parametrize("version", [__version__, "0.0.1", None])
def test_a_plan_whose_facts_are_the_same_may_be_run(version: str | None) -> None:
    planned = of_version(version)
    refuse_changed(planned, dict(planned.digests))


@pytest.mark.parametrize("version", [__version__, "0.0.1", None])
def test_changed_facts_are_named_and_guests_by_their_names(version: str | None) -> None:
    said = refused_for(of_version(version))
    assert "source QemuConf" in said
    assert "web" in said
    assert PLAN.guests[0].uuid not in said


def test_the_same_preflight_does_not_blame_its_version() -> None:
    assert __version__ not in refused_for(of_version(__version__))


def test_another_preflight_names_both_versions() -> None:
    said = refused_for(of_version("0.0.1"))
    assert "0.0.1" in said
    assert __version__ in said


def test_a_plan_that_names_no_version_is_refused_too() -> None:
    said = refused_for(of_version(None))
    assert __version__ in said
    assert "None" not in said
