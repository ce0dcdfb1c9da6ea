"""Modular daemons that virtqemud asks for what a guest needs."""

import json

import pytest

from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case
from tests.rules.pools import gone, on_volume, there

RULE = "driver-unreachable"
UUID = "6d0ee5a0-0000-4000-8000-000000000001"
GONE = "Failed to connect socket to '/var/run/libvirt/{}-sock': No such file or directory"


def told(daemon: str, **lists: list[str]) -> str:
    return json.dumps(lists | {"error": GONE.format(daemon)})


FILE = "<disk type='file'><source file='/srv/vms/web.img'/><target dev='vdb'/></disk>"


def copied(paths: str) -> Case:
    """Return the sound pair, whose guest's second disk is copied; the destination has these paths, and no pools."""
    case = on_volume(FILE).asking(copy_storage="all").destination("paths", paths)
    return case.destination("libvirt.pools", told("virtstoraged", pools=[]))


def on_network() -> Case:
    nic = "<interface type='bridge'><source network='lan' bridge='br7'/><filterref filter='mine'/></interface>"
    return Case().xml("</devices>", f"{nic}</devices>")


def encrypted() -> Case:
    tpm = f"<tpm><backend type='emulator' version='2.0'><encryption secret='{UUID}'/></backend></tpm>"
    return Case().xml("</devices>", f"{tpm}</devices>")


@pytest.mark.parametrize(
    ("case", "record", "answer", "needed", "daemon"),
    [
        (on_network(), "networks", told("virtnetworkd", networks=[]), "the network lan", "virtnetworkd"),
        (on_network(), "filters", told("virtnwfilterd", names=[]), "the network filter mine", "virtnwfilterd"),
        (on_volume(), "pools", told("virtstoraged", pools=[]), "the storage pool vms", "virtstoraged"),
        (encrypted(), "secrets", told("virtsecretd", secrets=[]), f"the secret {UUID}", "virtsecretd"),
    ],
)
def test_catches_a_daemon_that_the_guest_needs(case: Case, record: str, answer: str, needed: str, daemon: str) -> None:
    result = case.destination(f"libvirt.{record}", answer).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    error = GONE.format(daemon)
    assert (finding.host, finding.message) == (
        Role.DESTINATION,
        f"the guest needs {needed}, but {daemon} cannot be reached: {error}",
    )
    assert finding.predicted_error == error
    assert finding.fix == (
        f"on the destination: systemctl unmask {daemon}.socket {daemon}.service; systemctl enable --now {daemon}.socket"
    )


def test_catches_one_daemon_although_another_gives_no_reason() -> None:
    case = on_network().destination("libvirt.filters", told("virtnwfilterd", names=[]))
    result = case.destination("libvirt.networks", Record("", 1, "timed out")).result(RULE)
    assert [finding.predicted_error for finding in result.findings] == [GONE.format("virtnwfilterd")]


def test_catches_the_daemon_that_creates_an_image_for_a_copied_disk() -> None:
    [finding] = copied(gone("/srv/vms/web.img")).result(RULE).findings
    needed = "a storage pool in which /srv/vms/web.img is created"
    error = GONE.format("virtstoraged")
    assert finding.message == f"the guest needs {needed}, but virtstoraged cannot be reached: {error}"


def test_passes_a_copied_disk_whose_image_is_there() -> None:
    assert copied(there("/srv/vms/web.img")).result(RULE).outcome is Outcome.PASSED


def test_passes_daemons_that_answer() -> None:
    case = on_network().destination("libvirt.filters", json.dumps({"names": [], "error": None}))
    assert case.result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("record", ["networks", "filters", "pools", "secrets"])
def test_passes_a_guest_that_does_not_need_the_daemon(record: str) -> None:
    case = Case().destination(f"libvirt.{record}", told("virtnetworkd", networks=[], names=[], pools=[], secrets=[]))
    assert case.result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    assert on_network().asking(offline=True, guests=("web",)).result(RULE).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (json.dumps({"networks": [], "error": "no driver"}), "libvirt did not list its networks: no driver"),
        (Record("", 1, "timed out"), "libvirt did not list its networks: timed out"),
        # the connection to virtqemud itself, for which other rules are responsible
        (Record("", 1, GONE.format("libvirt")), f"libvirt did not list its networks: {GONE.format('libvirt')}"),
    ],
)
def test_is_unknown_when_libvirt_gives_another_reason(answer: str | Record, reason: str) -> None:
    result = on_network().destination("libvirt.networks", answer).result(RULE)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, reason)


MODULAR = "clock 1795396000.0 100.00 100\nprocess virtqemud 71 500\nsocket virtqemud-sock\n"
LISTENS = "listens /run/libvirt/virtnetworkd-sock\n"
RESET = json.dumps({"networks": [], "error": "Cannot recv data: Connection reset by peer"})


@pytest.mark.parametrize(
    ("side", "why", "line"),
    [
        (f"{LISTENS}masked virtnetworkd\n\x1f\n", "virtnetworkd.service is masked", None),
        ("\x1f\n", "nothing listens at /run/libvirt/virtnetworkd-sock", None),
        (
            f'{LISTENS}\x1f\n/etc/libvirt/virtnetworkd.conf:7:max_clients = "many"\n',
            (
                "virtnetworkd will not start with this max_clients: /etc/libvirt/virtnetworkd.conf: expected an"
                " unsigned integer for 'max_clients' parameter"
            ),
            7,
        ),
    ],
)
def test_catches_a_daemon_that_does_not_start_by_its_socket_and_its_file(side: str, why: str, line: int | None) -> None:
    """libvirt itself reports only that the connection ended."""
    case = on_network().destination("libvirt.filters", '{"names": ["mine"]}')
    case.destination("daemons", MODULAR).destination("side-daemons", side)
    [finding] = case.destination("libvirt.networks", RESET).result(RULE).findings
    assert finding.message == (
        f"the guest needs the network lan, but virtnetworkd cannot be reached: {why}"
        " (Cannot recv data: Connection reset by peer)"
    )
    assert (finding.location and finding.location.line) == line
    assert finding.predicted_error == GONE.format("virtnetworkd")
    assert finding.fix is not None
    assert finding.fix.startswith(
        "on the destination: correct the line; systemctl reset-failed"
        if line
        else "on the destination: systemctl unmask"
    )


def test_is_unknown_when_libvirtd_itself_lists_no_networks() -> None:
    """There is no virtnetworkd then, so its socket proves nothing."""
    case = on_network().destination("side-daemons", "\x1f\n").destination("libvirt.networks", RESET)
    assert case.result(RULE).outcome is Outcome.UNKNOWN
