"""The host's memory and CPUs on which a guest must be placed."""

import pytest

from preflight.facts.fact import Unreadable
from preflight.facts.guest.backing import GuestBacking
from preflight.facts.guest.guests import Guests
from tests.case import Case


def backing(*changes: tuple[str, str]) -> GuestBacking:
    """Return the sound pair's guest, of 64 MiB and one virtual CPU, with changes to its XML."""
    case = Case()
    for before, after in changes:
        case.xml(before, after)
    [guest] = Guests.parse(case.hosts[0].answers.records["libvirt.domains"]).all
    return GuestBacking.of(guest)


def memory(inside: str) -> tuple[str, str]:
    return ("<os>", f"<memoryBacking>{inside}</memoryBacking><os>")


def test_an_ordinary_guest_lies_on_nothing_of_its_own() -> None:
    assert backing() == GuestBacking()


@pytest.mark.parametrize(
    ("pages", "wanted"),
    [
        ("<hugepages/>", {None: 65536}),
        ("<hugepages><page size='1048576' unit='KiB'/></hugepages>", {1048576: 65536}),
        ("<hugepages><page size='1' unit='G' nodeset='0'/></hugepages>", {1048576: 65536}),
        ("<hugepages><page size='4' unit='KiB'/></hugepages>", {}),
    ],
)
def test_reads_huge_pages(pages: str, wanted: dict[int | None, int]) -> None:
    assert backing(memory(pages)).huge == wanted


def test_huge_pages_may_differ_from_cell_to_cell() -> None:
    pages = "<page size='2048' unit='KiB'/><page size='1048576' unit='KiB' nodeset='1'/>"
    cells = "<numa><cell id='0' memory='100' unit='KiB'/><cell id='1' memory='2' unit='GiB'/></numa></cpu>"
    found = backing(memory(f"<hugepages>{pages}</hugepages>"), ("</cpu>", cells))
    assert found.huge == {2048: 100, 1048576: 2 * 1048576}


def test_reads_nodes_and_leaves_out_those_that_numad_chose() -> None:
    tuning = "<numatune><memory mode='strict' nodeset='0-1'/><memnode cellid='0' mode='strict' nodeset='3'/></numatune>"
    assert backing(("<os>", f"{tuning}<os>")).nodes == {0, 1, 3}
    automatic = "<numatune><memory mode='strict' placement='auto' nodeset='1'/></numatune>"
    assert backing(("<os>", f"{automatic}<os>")).nodes == frozenset()


def test_reads_what_is_pinned() -> None:
    pins = (
        "<cputune><vcpupin vcpu='0' cpuset='1'/><vcpupin vcpu='5' cpuset='7'/><emulatorpin cpuset='2-3'/>"
        "<iothreadpin iothread='1' cpuset='4'/></cputune>"
    )
    found = backing(("<os>", f"{pins}<os>"), ("<vcpu placement='static'>", "<vcpu placement='static' cpuset='6'>"))
    assert found.pinned == {"virtual CPU 0": {1}, "the emulator": {2, 3}, "I/O thread 1": {4}}


def test_the_guests_own_list_is_for_what_has_none() -> None:
    assert backing(("<vcpu placement='static'>", "<vcpu placement='static' cpuset='6'>")).pinned == {"the guest": {6}}
    assert backing(("<vcpu placement='static'>", "<vcpu placement='auto' cpuset='6'>")).pinned == {}


def test_refuses_a_list_that_is_none() -> None:
    with pytest.raises(Unreadable):
        backing(("<os>", "<cputune><emulatorpin cpuset='all'/></cputune><os>"))
