"""Ports for displays."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "display-ports-exhausted"
VNC = "<graphics type='vnc' autoport='yes'/>"
RANGE = "remote_display_port_min = 5900\nremote_display_port_max = 5901\n"

#: A listener on all IPv4 addresses, as /proc/net/tcp shows it.
LISTENER = (
    "   0: 00000000:{:04X} 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 1 1 1 1 1\n"
)


def listening(*ports: int) -> str:
    return "  sl  local_address rem_address   st\n" + "".join(map(LISTENER.format, ports))


def case(*taken: int, device: str = VNC, conf: str = RANGE) -> Case:
    made = Case().xml("</devices>", f"{device}</devices>").destination("sockets", listening(*taken))
    return made.destination("qemu.conf", lambda text: text + conf) if conf else made


def test_catches_a_range_without_a_free_port() -> None:
    result = case(5900, 5901).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert (finding.host, finding.message) == (
        Role.DESTINATION,
        "0 ports from 5900 to 5901 are free for displays, but the guest needs 1",
    )
    assert finding.predicted_error == "Unable to find an unused port in range 'display' (5900-5901)"
    assert finding.location is not None


def test_catches_two_displays_for_one_port() -> None:
    assert case(5900, device=VNC + VNC).result(RULE).outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("taken", "device", "conf"),
    [
        ((5900,), VNC, RANGE),
        ((5900, 5901), VNC, ""),
        ((5900, 5901), "<graphics type='vnc' autoport='no' port='5999'/>", RANGE),
        ((5900, 5901), "<graphics type='vnc' autoport='yes' socket='/run/x'/>", RANGE),
        ((5900, 5901), "<sound model='ich6'/>", RANGE),
    ],
)
def test_passes_where_a_port_is_free_or_none_is_needed(taken: tuple[int, ...], device: str, conf: str) -> None:
    assert case(*taken, device=device, conf=conf).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("record", ["sockets", "qemu.conf"])
def test_is_unknown_when_the_destination_did_not_answer(record: str) -> None:
    assert case().destination(record, None).result(RULE).outcome is Outcome.UNKNOWN
