"""Free ports for displays whose port libvirt chooses."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from tests.case import Case

RULE = "display-ports-exhausted"
VNC = "<graphics type='vnc' port='-1' autoport='yes'/>"
SPICE = "<graphics type='spice' autoport='yes'/>"
FEW = "remote_display_port_min = 5900\nremote_display_port_max = 5901\n"


def case(devices: str, conf: str, *taken: int) -> Case:
    """Return the sound pair with these devices, where the destination has listeners at these ports."""
    lines = "".join(f"   9: 00000000:{port:04X} 00000000:0000 0A 00000000:00000000 00:0 0 0 0 1\n" for port in taken)
    found = Case().xml("</devices>", f"{devices}</devices>").destination("qemu.conf", conf)
    return found.destination("sockets", lambda text: text + lines) if taken else found


def test_catches_a_range_without_a_free_port() -> None:
    result = case(VNC, FEW, 5900, 5901).result(RULE)
    [finding] = result.findings
    assert (result.outcome, finding.host) == (Outcome.FAILED, Role.DESTINATION)
    assert finding.message == "0 of the 2 ports from 5900 to 5901 are free, but the guests' displays need 1"
    assert finding.predicted_error == "Unable to find an unused port in range"
    assert finding.location is not None
    assert finding.location.line == 2


@pytest.mark.parametrize(
    ("devices", "conf"),
    [(VNC + VNC, FEW), (SPICE, f"{FEW}spice_tls = 1\n"), (VNC + SPICE, FEW)],
)
def test_catches_displays_that_need_more_than_is_left(devices: str, conf: str) -> None:
    [finding] = case(devices, conf, 5901).result(RULE).findings
    assert "need 2" in finding.message


def test_catches_web_sockets_in_their_own_range() -> None:
    conf = "remote_websocket_port_max = 5701\n"
    [finding] = case(VNC.replace("/>", " websocket='-1'/>"), conf, 5700, 5701).result(RULE).findings
    assert "from 5700 to 5701" in finding.message


@pytest.mark.parametrize(
    ("devices", "conf", "taken"),
    [
        (VNC, FEW, (5901,)),
        (SPICE, FEW, (5901,)),
        (VNC, "", (5900, 5901)),
        ("<graphics type='vnc' port='5910' autoport='no'/>", FEW, (5900, 5901)),
        ("<graphics type='vnc'><listen type='socket'/></graphics>", FEW, (5900, 5901)),
        (VNC, f"{FEW}vnc_auto_unix_socket = 1\n", (5900, 5901)),
        ("<graphics type='sdl'/>", FEW, (5900, 5901)),
    ],
)
def test_passes_what_has_a_port(devices: str, conf: str, taken: tuple[int, ...]) -> None:
    assert case(devices, conf, *taken).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("record", ["qemu.conf", "sockets", "daemons"])
def test_is_unknown_when_the_destination_did_not_answer(record: str) -> None:
    assert case(VNC, FEW).destination(record, None).result(RULE).outcome is Outcome.UNKNOWN


def test_passes_guests_without_a_display_where_the_settings_are_not_known() -> None:
    assert Case().destination("qemu.conf", None).result(RULE).outcome is Outcome.PASSED
