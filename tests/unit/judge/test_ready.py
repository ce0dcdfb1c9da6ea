"""The guests that can go: those that are READY, judged anew without the others, until nothing is against any."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from preflight.collect.endpoints import Opened, open_hosts
from preflight.judge import ready
from preflight.judge.check import Checked
from preflight.judge.ready import Chosen, ready_only
from preflight.judge.report import Verdict
from preflight.judge.ruleset import load, select
from preflight.request.check_request import Asked
from tests.case import Case
from tests.rules.guests.test_hugepages_missing import FOUND, LINE, files


def with_guests(case: Case, **changes: Callable[[dict[str, Any]], None]) -> Case:
    """Let the source have copies of its guest under these names, each changed."""

    def edit(text: str) -> str:
        listed = json.loads(text)
        [web] = listed["domains"][:1]
        listed["domains"] = []
        for number, (name, change) in enumerate(changes.items()):
            uuid = f"{web['uuid'][:-2]}{number:02d}"
            text = json.dumps(web).replace(web["uuid"], uuid).replace("<name>web<", f"<name>{name}<")
            made = json.loads(text) | {"name": name}
            change(made)
            listed["domains"].append(made)
        return json.dumps(listed)

    return case.source("libvirt.domains", edit)


def same(_guest: dict[str, Any]) -> None: ...


def snapshots(guest: dict[str, Any]) -> None:
    guest["snapshots"] = 1


@contextmanager
def opened(case: Case, **asked: Any) -> Iterator[Opened]:
    with open_hosts(Asked(case.hosts[0], case.hosts[1], as_they_are=True, **asked)) as both:
        yield both


def chosen(case: Case, **asked: Any) -> Chosen:
    with opened(case, **asked) as both:
        return ready_only(both, select(load()))


def names(checked: Checked) -> list[str]:
    return sorted(guest.name for guest in checked.guests)


def test_all_go_if_all_are_ready() -> None:
    found = chosen(with_guests(Case(), web=same, db=same))
    assert (names(found.checked), found.stays) == (["db", "web"], ())
    assert found.opened.asked.guests == (), "nothing was narrowed"


def test_a_guest_that_is_not_ready_stays_with_the_rule_that_is_against_it() -> None:
    found = chosen(with_guests(Case(), web=same, db=snapshots, mail=same))
    assert found.checked.report.verdict is Verdict.READY
    assert names(found.checked) == ["mail", "web"]
    [stays] = found.stays
    assert (stays.name, stays.rule) == ("db", "snapshots-present")
    assert stays.uuid is not None
    assert stays.why.endswith("(host1.example.com)"), stays.why
    assert {guest.uuid for guest in found.checked.guests} == set(found.opened.asked.guests)


def test_a_guest_that_could_not_be_read_stays() -> None:
    def unreadable(guest: dict[str, Any]) -> None:
        guest["xml"] = "<domain"

    found = chosen(with_guests(Case(), web=same, db=unreadable))
    assert names(found.checked) == ["web"]
    assert [(one.name, one.uuid is None) for one in found.stays] == [("db", True)]


def test_named_guests_are_narrowed_too() -> None:
    found = chosen(with_guests(Case(), web=same, db=snapshots, mail=same), guests=("db", "web"))
    assert names(found.checked) == ["web"]
    assert [one.name for one in found.stays] == ["db"]


def test_guests_that_are_left_out_are_neither_moved_nor_said_to_stay() -> None:
    found = chosen(with_guests(Case(), web=same, db=snapshots, mail=same), left_out=("mail",))
    assert names(found.checked) == ["web"]
    assert [one.name for one in found.stays] == ["db"]
    assert [*found.checked.report.skipped.values()] == [("mail",)]


def test_a_finding_about_a_host_keeps_all_and_is_reported_whole() -> None:
    found = chosen(with_guests(Case().source("etc.hosts", ""), web=same, db=snapshots))
    assert found.checked.report.verdict is Verdict.NOT_READY
    assert (names(found.checked), found.stays) == (["db", "web"], ())
    failed = {result.rule.name for result in found.checked.report.results if result.blocks}
    assert {"snapshots-present", "announced-name-unresolvable"} <= failed


def test_nobody_goes_if_nobody_is_ready() -> None:
    found = chosen(with_guests(Case(), web=snapshots, db=snapshots))
    assert found.checked.report.verdict is Verdict.NOT_READY
    assert found.stays == ()


def with_pages(free: int, **mib: int) -> Case:
    """Let guests of so many MiB use huge pages of 2 MiB, of which so many are free on the destination."""

    def sized(memory: int) -> Callable[[dict[str, Any]], None]:
        def change(guest: dict[str, Any]) -> None:
            guest["xml"] = guest["xml"].replace("<os>", "<memoryBacking><hugepages/></memoryBacking><os>")
            guest["xml"] = guest["xml"].replace(">65536<", f">{memory * 1024}<")

        return change

    case = with_guests(Case(), **{name: sized(memory) for name, memory in mib.items()})
    case.destination("memory", files(free)).destination("paths", lambda text: text + FOUND)
    return case.destination("mounts", lambda text: text + LINE.format("2M"))


def test_guests_that_do_not_fit_together_go_the_smallest_first() -> None:
    found = chosen(with_pages(64, large=96, small=32, medium=64))
    assert found.checked.report.verdict is Verdict.READY
    assert names(found.checked) == ["medium", "small"]
    [stays] = found.stays
    assert (stays.name, stays.rule) == ("large", "guests-do-not-fit-together")
    assert stays.why == (
        "3 guests together need 96 huge pages of 2048 KiB, but only 64 are available (host2.example.com)"
    )


def test_a_guest_that_does_not_fit_at_all_takes_no_room_from_others() -> None:
    """It stays for its own rule; the others are judged without it."""
    found = chosen(with_pages(64, huge=512, small=32, medium=64))
    assert names(found.checked) == ["medium", "small"]
    assert [(one.name, one.rule) for one in found.stays] == [("huge", "hugepages-missing")]


class Guest:
    """A guest, as far as the search for those that fit needs it."""

    def __init__(self, name: str, memory: int, *, running: bool = True) -> None:
        self.name, self.memory_kib, self.running = name, memory, running


def fitting(guests: list[Guest], room: int) -> tuple[list[str], int]:
    """Return who does not fit into the room, and the number of times that this was tried."""
    tries = 0

    def against(together: Any) -> Any:
        nonlocal tries
        tries += 1
        return "no room" if sum(one.memory_kib for one in together if one.running) > room else None

    ordered: Any = sorted(guests, key=lambda one: (one.running, one.memory_kib, one.name))
    return [guest.name for guest, _ in ready._left_over(ordered, against)], tries


def test_the_smallest_are_taken_first_so_that_the_most_go() -> None:
    guests = [Guest("large", 8), Guest("small", 2), Guest("medium", 4), Guest("off", 100, running=False)]
    assert fitting(guests, 14)[0] == []
    assert fitting(guests, 6)[0] == ["large"]
    assert fitting(guests, 5)[0] == ["medium", "large"]
    assert fitting(guests, 1)[0] == ["small", "medium", "large"]


def test_few_that_do_not_fit_among_many_take_few_tries() -> None:
    left, tries = fitting([Guest(f"g{number:04d}", 2) for number in range(1024)], 2 * 1021)
    assert left == ["g1021", "g1022", "g1023"]
    assert tries < 40
