"""The guests for which the destination has memory, in their order."""

import json
from typing import Any

import pytest

from preflight.facts.fact import Unreadable
from preflight.forecast.memory import Room, rooms
from tests.case import Case
from tests.unit.commands.test_capacity import asked

MIB = 1024


def meminfo(available: int, *pages: str) -> str:
    """Return the answers of a host with this many MiB left, and the counts of its huge pages of 2 MiB."""
    lines = [f"/proc/meminfo:MemAvailable:   {available * MIB} kB", "/proc/meminfo:Hugepagesize:       2048 kB"]
    path = "/sys/kernel/mm/hugepages/hugepages-2048kB"
    return "\n".join(["/proc/meminfo:MemTotal:  9 kB", *lines, *(f"{path}/{count}" for count in pages)]) + "\n"


def guests(case: Case, *names: str, on: int = 0, xml: str = "") -> Case:
    """Return this many guests like the recorded one, of 64 MiB each."""

    def edit(text: str) -> str:
        [web] = json.loads(text)["domains"] or [None]
        made = []
        for number, name in enumerate(names):
            one: dict[str, Any] = dict(web, name=name, uuid=web["uuid"][:-2] + f"{number:02}")
            one["xml"] = web["xml"].replace("<name>web</name>", f"<name>{name}</name>").replace("<vcpu", xml + "<vcpu")
            made.append(one)
        return json.dumps({"domains": made})

    source = case.hosts[0].answers.records["libvirt.domains"].out
    if on == 1:
        return case.destination("libvirt.domains", edit(source))
    return case.source("libvirt.domains", edit)


def found(case: Case) -> tuple[Room, ...]:
    return rooms(asked(case).asking(select=("same-host",), sizing=True).checked())


def test_guests_fit_in_their_order_until_one_does_not() -> None:
    case = guests(Case(), "web1", "web2", "web3").destination("memory", meminfo(150))
    [room] = found(case)
    assert (room.name, room.fitting) == ("memory", ("web1", "web2"))
    assert room.first_without == ("web3", 64 * MIB, 22 * MIB)


def test_all_fit_where_there_is_room() -> None:
    [room] = found(Case().destination("memory", meminfo(64)))
    assert (room.fitting, room.first_without) == (("web",), None)


def test_what_guests_there_may_still_touch_is_taken_off() -> None:
    case = guests(Case(), "db", on=1).destination("guest-memory", "guest 10240 db\n")
    [room] = found(case.destination("memory", meminfo(100)))
    assert (room.promised, room.fitting) == (54 * MIB, ())
    assert room.first_without == ("web", 64 * MIB, 46 * MIB)


def test_huge_pages_are_counted_apart() -> None:
    backed = "<memoryBacking><hugepages><page size='2' unit='M'/></hugepages></memoryBacking>"
    case = guests(Case(), "a", "b", xml=backed)
    [room] = found(case.destination("memory", meminfo(9000, "free_hugepages:40", "resv_hugepages:5")))
    assert (room.name, room.left, room.fitting) == ("huge pages of 2048 KiB", 35 * 2 * MIB, ("a",))


def test_a_kernel_that_does_not_tell_is_said() -> None:
    with pytest.raises(Unreadable, match="does not report how much memory is available"):
        found(Case().destination("memory", "/proc/meminfo:MemTotal:  9 kB\n"))
