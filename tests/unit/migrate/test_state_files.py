"""The state files of a guest, according to its definition."""

import pytest

from preflight.facts.fact import Unreadable
from preflight.migrate.root_shell import FilesError
from preflight.migrate.state_files import NVRAM, TPM, VARSTORE, State, states

UUID = "0d3b6a5e-6f07-4b56-9c0a-5f2f3b1f9a11"


def test_nvram_and_tpm_state_lie_in_libvirts_directories() -> None:
    xml = (
        "<domain><os><nvram>/var/lib/libvirt/qemu/nvram/web_VARS.fd</nvram></os><devices>"
        "<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm></devices></domain>"
    )
    assert list(states(xml, UUID)) == [
        State(f"{NVRAM}/web_VARS.fd", is_directory=False, what="NVRAM", home=NVRAM),
        State(f"{TPM}/{UUID}", is_directory=True, what="TPM state", home=TPM),
    ]


def test_a_tpm_of_the_hosts_own_keeps_nothing() -> None:
    nothing = "<domain><os/><devices><tpm><backend type='passthrough'/></tpm></devices></domain>"
    assert list(states(nothing, UUID)) == []
    kept = nothing.replace("'passthrough'", "'emulator' persistent_state='no'")
    assert [state.path for state in states(kept, UUID)] == [f"{TPM}/{UUID}"]


@pytest.mark.parametrize(
    ("element", "path", "home"),
    [
        ("<nvram type='file'><source file='/n'/></nvram>", "/n", None),
        (f"<nvram type='file'><source file='{NVRAM}/n'/></nvram>", f"{NVRAM}/n", NVRAM),
        (f"<varstore path='{VARSTORE}/web.json'/>", f"{VARSTORE}/web.json", VARSTORE),
        (f"<varstore path='{NVRAM}/web.json'/>", f"{NVRAM}/web.json", None),
    ],
)
def test_other_forms_name_a_file_too(element: str, path: str, home: str | None) -> None:
    (state,) = states(f"<domain><os>{element}</os></domain>", UUID)
    assert (state.path, state.home) == (path, home)


def test_nvram_on_a_server_that_both_hosts_reach_needs_no_copy() -> None:
    xml = "<domain><os><nvram type='network'><source protocol='iscsi' name='n'/></nvram></os></domain>"
    assert list(states(xml, UUID)) == []


def test_text_that_is_no_xml_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        list(states("<domain", UUID))


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        (
            "<devices><tpm><backend type='emulator'><source type='file' path='/srv/tpm'/></backend></tpm></devices>",
            "its TPM's state in /srv/tpm .* would not move with it",
        ),
        ("<os><nvram type='block'><source dev='/dev/vg/vars'/></nvram></os>", "its NVRAM on /dev/vg/vars would not"),
    ],
)
def test_what_lies_where_it_is_not_copied_from_keeps_the_guest_here(inside: str, said: str) -> None:
    with pytest.raises(FilesError, match=said):
        list(states(f"<domain>{inside}</domain>", UUID))
