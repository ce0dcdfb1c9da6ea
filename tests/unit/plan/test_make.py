"""A plan is made only of a report that says READY, kept in a file, and refused once anything has changed."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from preflight.errors import UserError
from preflight.facts.fact import Record
from preflight.judge.check import Checked
from preflight.judge.ready import Stays
from preflight.judge.ruleset import load
from preflight.output.plan.text import text
from preflight.plan import file as plans
from preflight.plan.digests import digests
from preflight.plan.make import (
    Pace,
    PlanError,
    Refused,
    identity_of,
    in_order,
    plan,
    planned_guest,
)
from preflight.plan.unchanged import changed
from preflight.plan.width import pace
from preflight.request.method import Method
from preflight.request.migration import Mode, OnGiveUp
from preflight.schema.plan import MigrationPlan
from tests.case import Case
from tests.rules.storage.test_disk_not_shared import disk
from tests.unit.capacity.test_path import at_most, filtered, on_port
from tests.unit.migrate.plans import PLAN, guest

LISTENS = "  9: 0100007F:9C40 00000000:0000 0A 0 0 0 0 0 0 0\n"
MEMORY = '{"rss": {"web": 41024}}'


def checked(case: Case, **asked: Any) -> Checked:
    asked = {"guests": ("web",), "as_they_are": True, "sizing": True} | asked
    return case.source("libvirt.memory", MEMORY).asking(**asked).checked()


def planned(case: Case, method: Method | None = None, *, at_once: int | None = None, **asked: Any) -> MigrationPlan:
    found = checked(case, **asked)
    return plan(found, method or Method(), pace(found, at_once), digests(found, load()))


def test_a_plan_says_what_will_be_done() -> None:
    found = planned(Case())
    (web,) = found.guests
    assert (web.name, web.active, web.paused, web.persistent) == ("web", True, False, True)
    assert (web.memory_kib, web.touched_kib) == (65536, 2112)
    assert not web.is_defined_there
    assert (found.source, found.destination) == ("host1.example.com", "host2.example.com")
    assert text(found).splitlines()[:4] == [
        "from         host1.example.com",
        "to           host2.example.com  (qemu+ssh://host2.example.com/system)",
        "guests       web  (64 MiB, running)",
        "how          live, managed by this machine, started on the destination once the source has released it",
    ]


def test_the_guests_that_stay_come_first_and_survive_the_file(tmp_path: Path) -> None:
    stays = (Stays("db", None, "snapshots-present", "db has 1\nsnapshot \udce9"),)
    found = checked(Case())
    made = plan(found, Method(), pace(found, None), {}, stays=stays)
    assert text(made).splitlines()[0] == "stays        db: db has 1 snapshot \\udce9  [snapshots-present]"
    plans.write(tmp_path / "plan", made)
    assert plans.read(tmp_path / "plan")[0] == made
    assert "stays" not in planned(Case()).model_dump_json(), "older releases read a plan without them"


@pytest.mark.parametrize(
    ("method", "said"),
    [
        (
            Method(),
            ["limits       after 10 min without progress a migration is aborted, and its guest stays on the source"],
        ),
        (
            Method(timeout=60, give_up_after="5 passes", on_give_up=OnGiveUp.POSTCOPY, postcopy=True),
            [
                "limits       after 60 s a guest is paused until it has moved",
                "             after 5 passes in a row without progress a migration switches to post-copy",
            ],
        ),
        (Method(timeout=60), ["limits       after 60 s a guest is paused until it has moved"]),
        (
            Method(on_give_up=OnGiveUp.WAIT),
            ["limits       none: a guest that writes faster than its memory is sent is migrated without end"],
        ),
        (
            Method(mode=Mode.PEER_TO_PEER),
            [
                "limits       after 10 min without progress a migration is aborted, and its guest stays on the source",
                (
                    "             if preflight dies, the source's daemon goes on without these limits until --resume or"
                    " preflight steer"
                ),
            ],
        ),
    ],
    ids=["default", "both", "timeout", "wait", "peer-to-peer"],
)
def test_a_plan_says_what_ends_a_migration(monkeypatch: pytest.MonkeyPatch, method: Method, said: list[str]) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    lines = text(planned(Case(), method)).splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("limits"))
    assert lines[at : at + len(said)] == said


def test_a_guest_that_is_off_is_moved_by_its_definition() -> None:
    found = planned(off())
    assert not found.guests[0].active
    assert "web  (64 MiB, off, definition only)" in text(found)


def test_paused_and_transient_guests_stay_so() -> None:
    found = planned(Case().guest(lambda guest: guest.update(state=3, persistent=False)))
    assert found.guests[0].paused
    assert not found.guests[0].persistent
    assert "(64 MiB, stays paused, transient)" in text(found)


def test_what_is_dangerous_is_said_in_capitals() -> None:
    shown = text(planned(Case(), Method(unsafe=True, undefinesource=False, auto_converge=True)))
    assert "UNSAFE: libvirt's own checks of the disks are skipped" in shown
    assert "the definition stays on the source as well" in shown
    assert "with --auto-converge" in shown


def test_the_text_names_methods_of_compression_once() -> None:
    shown = text(planned(Case(), Method(compressed=True, comp_methods=("mt", "xbzrle"), suspend=True)))
    assert "with --comp-methods mt,xbzrle --compressed --suspend" in shown


def off() -> Case:
    return Case().guest(lambda guest: guest.update(id=None, state=5))


def test_a_warning_does_not_stop_it() -> None:
    assert planned(Case().source("libvirtd.conf", lambda text: text + "max_workers = 40\n")).warnings == 1


def warned(case: Case, *, unsafe: bool = False) -> list[str]:
    found = checked(case, unsafe=unsafe)
    made = plan(found, Method(), pace(found, None), digests(found, load()))
    return [line for line in text(made, found.report).splitlines() if line.startswith(("warning ", "unknown "))]


def test_each_warning_is_listed_by_name_before_the_question() -> None:
    lines = warned(Case().source("libvirtd.conf", lambda text: text + "max_workers = 40\n"))
    [line] = [line for line in lines if "[conf-not-in-force]" in line]
    assert line.startswith("warning      "), line


def off_with_a_local_disk() -> Case:
    case = disk("<source file='/srv/web.img'/>").guest(lambda guest: guest.update(id=None, state=5))
    for change in (case.source, case.destination):
        change("paths", lambda text: f"{text}\npath /srv/web.img\nstat 81a4 1048576 2049 12 0:0\nfs ef53 4096 100\n")
    return case


def test_what_a_guest_may_lose_comes_first_and_with_its_name() -> None:
    case = off_with_a_local_disk()
    case.source("libvirtd.conf", lambda text: text + "max_workers = 40\n")
    lines = warned(case, unsafe=True)
    assert lines[0].startswith("warning      web: /srv/web.img, the disk vda, is on ")
    assert lines[0].endswith("[offline-disk-left-behind]")
    assert any("[conf-not-in-force]" in line for line in lines[1:])


def test_a_guest_that_is_off_and_whose_disk_stays_behind_is_not_moved() -> None:
    case = off_with_a_local_disk()
    with pytest.raises(Refused):
        planned(case)


def test_warnings_without_number_are_bounded() -> None:
    found = checked(Case().source("libvirtd.conf", lambda text: text + "max_workers = 40\n"))
    result = next(one for one in found.report.results if one.rule.name == "conf-not-in-force" and one.findings)
    many = replace(found.report, results=tuple(replace(result, guest=f"g{number}\n\x1b[2J") for number in range(500)))
    lines = text(PLAN, many).splitlines()
    assert lines[-1] == "             and 460 more; preflight check lists them"
    assert all(line.isprintable() for line in lines)


def unknown() -> Case:
    return Case().destination("addresses", None)


def broken() -> Case:
    return Case().source("etc.hosts", "127.0.0.1 localhost\n").source("resolve:host2.example.com", Record("", 2))


@pytest.mark.parametrize(
    ("case", "why"),
    [
        (unknown, "refused: the check says UNDETERMINED: take the next step that its report names"),
        (broken, "refused: the check says NOT READY: take the next step that its report names"),
        (
            lambda: unknown().guest(lambda one: one.update(snapshots=1)),
            "refused: the check says NOT READY: take the next step that its report names",
        ),
    ],
)
def test_no_plan_is_made_unless_all_is_known_to_be_well(case: Callable[[], Case], why: str) -> None:
    with pytest.raises(Refused) as refused:
        planned(case())
    assert str(refused.value) == why


def two(case: Case) -> Case:
    def double(text: str) -> str:
        listed = json.loads(text)
        (web,) = listed["domains"]
        listed["domains"].append(web | {"name": "db", "uuid": "19522740-9b9c-476e-bb6d-379ee4f7650c", "id": 7})
        return json.dumps(listed)

    return case.source("libvirt.domains", double)


def test_what_is_about_one_guest_is_not_done_to_two() -> None:
    with pytest.raises(UserError, match="apply to one guest: name it"):
        planned(two(Case()), Method(dname="new"), guests=())


def test_no_more_at_once_than_the_hosts_allow() -> None:
    assert planned(Case(), at_once=18).width == 18
    with pytest.raises(
        Refused, match="--at-once 19 is requested, but at most 18 are safe, so request no more: max_workers"
    ):
        planned(Case(), at_once=19)


def test_preflights_own_connection_takes_one_of_the_clients_that_a_daemon_lets_in() -> None:
    case = Case().destination(
        "limits", lambda text: text.replace("nclients_max        : 5000", "nclients_max        : 9")
    )
    found = checked(case)
    [limit] = [
        limit
        for limit in found.report.capacity.limits
        if (limit.name, limit.host.value) == ("max_clients", "destination")
    ]
    assert limit.allows is not None
    assert pace(found, limit.allows - 1).width == limit.allows - 1
    with pytest.raises(
        Refused, match=f"at most {limit.allows - 1} are safe, so request no more: max_clients on the destination"
    ):
        pace(found, limit.allows)


def test_peer_to_peer_migrations_start_as_far_apart_as_logins_need() -> None:
    """The source's daemon logs in for each: sshd refuses some of those that begin at one instant (MaxStartups)."""
    assert planned(Case()).spacing == 0.05
    case = Case().source("connect:qemu+ssh://host2.example.com/system", "")
    assert planned(case, Method(mode=Mode.PEER_TO_PEER), mode=Mode.PEER_TO_PEER).spacing == 1.0


def spaced(port: int, burst: int, mode: Mode) -> float:
    """The seconds between the starts of two guests behind a firewall that accepts so many connections to the port."""
    case = two(filtered(on_port(port, at_most(burst)))).source("connect:qemu+ssh://host2.example.com/system", "")
    return planned(case, Method(mode=mode), mode=mode, guests=()).spacing


def test_starts_are_spaced_as_the_firewall_accepts_logins() -> None:
    assert spaced(22, 2, Mode.PEER_TO_PEER) == 10.0, "one of the two is preflight's own"
    assert spaced(22, 3, Mode.PEER_TO_PEER) == 1.0, "both are accepted together"
    assert spaced(22, 2, Mode.MANAGED) == 0.05, "all guests share preflight's own login"


def test_starts_are_spaced_as_the_firewall_accepts_connections_for_data() -> None:
    assert spaced(49152, 1, Mode.PEER_TO_PEER) == spaced(49152, 1, Mode.MANAGED) == 10.0
    assert spaced(49152, 2, Mode.MANAGED) == 0.05


def test_a_guest_of_which_the_destination_does_not_tell_is_taken_for_known_there() -> None:
    """Otherwise its definition would be removed there, although it may have been there before."""
    found = checked(Case().destination("libvirt.domains", None))
    [web] = found.guests
    assert planned_guest(web, found, Pace(1, "", {})).is_defined_there
    sound = checked(Case())
    assert not planned_guest(sound.guests[0], sound, Pace(1, "", {})).is_defined_there


def test_all_guests_are_those_that_are_off_too() -> None:
    def both(text: str) -> str:
        listed = json.loads(text)
        listed["domains"][1] |= {"id": None, "state": 5}
        return json.dumps(listed)

    case = two(Case()).source("libvirt.domains", both)
    assert {guest.name for guest in checked(case, guests=()).guests} == {"web", "db"}
    assert {guest.name for guest in checked(case, guests=(), as_they_are=False).guests} == {"web"}
    found = planned(case, guests=())
    assert [(one.name, one.active) for one in found.guests] == [("web", True), ("db", False)]


def test_the_least_guest_goes_first_then_the_longest_and_those_that_are_off_last() -> None:
    sizes = {"a": 64, "b": 2048, "c": 32, "d": 512}
    some = [guest(name, name, mib=mib) for name, mib in sizes.items()]
    ordered = in_order([guest("off", "off", active=False, mib=8), *some])
    assert [one.name for one in ordered] == ["c", "b", "d", "a", "off"]
    assert in_order([]) == ()


def test_a_plan_is_kept_in_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    path = tmp_path / "evening.plan"
    found = planned(Case(), Method(bandwidth=30))
    plans.write(path, found)
    assert plans.read(path)[0] == found
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "content", [b"", b"\xff", b"{}", b"[]", b'{"preflight_snapshot": 1, "hosts": []}', b"[" * 9999]
)
def test_what_is_no_plan_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "p"
    path.write_bytes(content)
    with pytest.raises(PlanError, match="p: not a plan of preflight"):
        plans.read(path)


def test_a_plan_that_was_changed_by_hand_is_read_as_strictly(tmp_path: Path) -> None:
    path = tmp_path / "p"
    plans.write(path, PLAN)
    document = json.loads(path.read_text())
    path.write_text(json.dumps(document | {"preflight_plan": 4}))
    with pytest.raises(PlanError, match="has format 4, this preflight reads 2 and 3"):
        plans.read(path)
    path.write_text(json.dumps(document | {"method": {"zerocopy": True}}))
    with pytest.raises(PlanError, match="--zerocopy requires --parallel"):
        plans.read(path)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"transport": "pigeon"}, "Invalid enum value 'pigeon' - at `$.transport`"),
        ({"width": 0}, "Expected `int` >= 1 - at `$.width`"),
        ({"calls": -1}, "Expected `int` >= 1 - at `$.calls`"),
        ({"spacing": -0.5}, "Expected `float` >= 0.0 - at `$.spacing`"),
        ({"spacing": 1e300}, "Expected `float` <= 86400.0 - at `$.spacing`"),
        ({"lapses": -1e300}, "Expected `float` >= 0.0 - at `$.lapses`"),
        ({"guests": []}, "Expected `array` of length >= 1 - at `$.guests`"),
    ],
)
def test_what_no_run_could_do_is_refused_when_a_plan_is_read(
    tmp_path: Path, changed: dict[str, object], why: str
) -> None:
    path = tmp_path / "p"
    plans.write(path, PLAN)
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))
    with pytest.raises(PlanError) as refused:
        plans.read(path)
    assert str(refused.value) == f"{path}: not a plan of preflight: {why}; make one with `preflight plan`"


def test_a_mark_at_a_plans_beginning_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "p"
    plans.write(path, PLAN)
    path.write_text(path.read_text(), encoding="utf-8-sig")
    assert plans.read(path)[0] == PLAN


def now(case: Case) -> dict[str, str]:
    return digests(checked(case), load())


def test_nothing_has_changed_where_the_same_was_read() -> None:
    assert changed(now(Case()), now(Case())) == ()


@pytest.mark.parametrize(
    ("case", "name"),
    [
        (lambda: Case().source("etc.hosts", lambda text: text + "192.0.2.99 new\n"), "source PeerName"),
        (lambda: Case().destination("qemu.conf", lambda text: text + "\nmigration_port_max = 49200\n"), "QemuConf"),
        (lambda: Case().xml("<vcpu placement='static'>1<", "<vcpu placement='static'>2<"), "guest "),
        (lambda: Case().guest(lambda one: one.update(autostart=True)), "guest "),
    ],
)
def test_what_a_blocking_rule_reads_must_be_as_it_was(case: Callable[[], Case], name: str) -> None:
    assert any(name in one for one in changed(now(Case()), now(case())))


@pytest.mark.parametrize(
    "case",
    [
        lambda: Case().guest(lambda one: one.update(job=2, operation=5)),
        lambda: Case().destination(
            "sockets", lambda text: text + "  9: 0100007F:9C40 00000000:0000 0A 0 0 0 0 0 0 0\n"
        ),
    ],
)
def test_what_changes_by_itself_is_judged_anew_instead(case: Callable[[], Case]) -> None:
    assert changed(now(Case()), now(case())) == ()


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"lapses": 1e300}, "Expected `float` <= 250000000000.0 - at `$.lapses`"),
        ({"seconds": 1e300}, "Expected `float` <= 1000000000000000.0 - at `$.seconds`"),
        ({"width": 65536}, "Expected `int` <= 65535 - at `$.width`"),
        ({"source": "host\nREADY"}, "Expected one line without control characters - at `$.source`"),
        ({"because": "\x1b]0;pwned\x07"}, "Expected one line without control characters - at `$.because`"),
        ({"destination": "x" * 4097}, "Expected `str` of length <= 4096 - at `$.destination`"),
        ({"digests": {"source QemuConf": "zz"}}, "Expected a digest - at `$.digests[...]`"),
        ({"surprise": 1}, "Object contains unknown field `surprise`"),
        ({"method": {"bandwidth": -1}}, "Expected `int` >= 1 - at `$.method.bandwidth`"),
        ({"method": {"max_downtime": 2_000_001}}, "Expected `int` <= 2000000 - at `$.method.max_downtime`"),
        ({"method": {"timeout": 1e300}}, "Expected `float` <= 1000000.0 - at `$.method.timeout`"),
        ({"method": {"dname": "a/b"}}, "Expected a guest's name - at `$.method.dname`"),
        (
            {"method": {"migrateuri": "tcp://a\x1b[2J"}},
            "Expected one line without control characters - at `$.method.migrateuri`",
        ),
        ({"source_identity": {"uuid": "x", "machine_id": None}}, "Expected a UUID - at `$.source_identity.uuid`"),
    ],
)
def test_every_field_of_a_plan_is_held_to_its_form_range_and_length(
    tmp_path: Path, changed: dict[str, object], why: str
) -> None:
    path = tmp_path / "p"
    plans.write(path, PLAN)
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))
    with pytest.raises(PlanError) as refused:
        plans.read(path)
    assert str(refused.value).startswith(f"{path}: not a plan of preflight: {why}; make one with `preflight plan`")


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("uuid", "F1D015BD-14EC-4FE8-8CDC-F32B8929B5E0", "Expected a UUID - at `$.guests[0].uuid`"),
        ("uuid", "../../etc/passwd", "Expected a UUID - at `$.guests[0].uuid`"),
        ("name", "", "Expected a guest's name - at `$.guests[0].name`"),
        ("name", "web\x1b[2J", "Expected a guest's name - at `$.guests[0].name`"),
        ("memory_kib", -1, "Expected `int` >= 0 - at `$.guests[0].memory_kib`"),
        ("memory_kib", 10**30, "Expected `int` <= 18014398509481984 - at `$.guests[0].memory_kib`"),
        ("touched_kib", "1", "Expected `int`, got `str` - at `$.guests[0].touched_kib`"),
        ("uuid", PLAN.guests[1].uuid, f"the guest {PLAN.guests[1].uuid} is listed twice - at `$.guests`"),
        ("name", "db", "the guest db is listed twice - at `$.guests`"),
    ],
)
def test_every_field_of_a_plans_guest_is_held_to_its_form_and_no_guest_is_there_twice(
    tmp_path: Path, field: str, value: object, why: str
) -> None:
    path = tmp_path / "p"
    plans.write(path, PLAN)
    document = json.loads(path.read_text())
    document["guests"][0][field] = value
    path.write_text(json.dumps(document))
    with pytest.raises(PlanError) as refused:
        plans.read(path)
    assert str(refused.value).startswith(f"{path}: not a plan of preflight: {why}; make one with `preflight plan`")


def test_a_plan_of_any_length_is_refused_by_its_size(tmp_path: Path) -> None:
    path = tmp_path / "p"
    plans.write(path, PLAN)
    os.truncate(path, 10**9)
    with pytest.raises(PlanError, match="has 1000000000 bytes; the limit is 16777216"):
        plans.read(path)


def test_a_plan_that_others_could_have_written_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "p"
    plans.write(path, PLAN)
    path.chmod(0o620)
    with pytest.raises(
        PlanError, match="p: users other than you and root can write to it, so it is not used: chmod go-w"
    ):
        plans.read(path)


def test_a_host_that_does_not_say_which_machine_it_is_is_in_no_plan() -> None:
    found = checked(Case())
    mute = Case().source("libvirt.capabilities", None).asking(guests=("web",)).checked().source
    nameless = replace(found, source=mute)
    with pytest.raises(Refused, match="refused: the source does not report which machine it is"):
        plan(nameless, Method(), pace(found, None), {})


def test_a_plan_holds_which_machines_both_hosts_are() -> None:
    found = planned(Case())
    assert found.source_identity != found.destination_identity
    assert found.source_identity == identity_of(checked(Case()).source)
