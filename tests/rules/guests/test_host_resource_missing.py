"""Devices and programs of the destination that a guest needs."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "host-resource-missing"
ALL = ("/dev/net/tun", "/dev/vhost-net", "/run/openvswitch/db.sock", "dbus-daemon", "numad", "passt")
TAP = "<interface type='bridge'><source bridge='br0'/>{}</interface>"
VHOST = TAP.format("<driver name='vhost'/>")
SOUND = "<sound model='ich6'/>"
SWITCHED = TAP.format("<virtualport type='openvswitch'/>")
PASST = "<interface type='user'><backend type='passt'/></interface>"


def without(missing: str) -> str:
    return "".join(f"has {one}\n" for one in ALL if one != missing)


def case(device: str, missing: str) -> Case:
    return Case().xml("</devices>", f"{device}</devices>").destination("resources", without(missing))


@pytest.mark.parametrize(
    ("device", "missing", "error"),
    [
        (TAP.format(""), "/dev/net/tun", "Unable to open /dev/net/tun, is tun module loaded?"),
        (VHOST, "/dev/vhost-net", "vhost-net was requested for an interface, but is unavailable"),
        (PASST, "passt", "Cannot find 'passt' in path"),
        (SWITCHED, "/run/openvswitch/db.sock", "database connection failed"),
        ("<graphics type='dbus'/>", "dbus-daemon", "is not a suitable dbus-daemon"),
    ],
)
def test_catches_what_is_missing(device: str, missing: str, error: str) -> None:
    result = case(device, missing).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert (finding.host, finding.predicted_error) == (Role.DESTINATION, error)
    assert finding.message.startswith(f"{missing}, which the guest needs for ")


@pytest.mark.parametrize(
    "change",
    [
        ("<vcpu placement='static'>", "<vcpu placement='auto'>"),
        ("<os>", "<numatune><memory mode='strict' placement='auto'/></numatune><os>"),
    ],
)
def test_catches_placement_without_numad(change: tuple[str, str]) -> None:
    [finding] = case(SOUND, "numad").xml(*change).result(RULE).findings
    assert finding.predicted_error == "Failed to query numad for the advisory nodeset"


@pytest.mark.parametrize(
    ("device", "missing"),
    [
        (VHOST, ""),
        (TAP.format(""), "/dev/vhost-net"),
        (TAP.format("<driver name='qemu'/>"), "/dev/vhost-net"),
        (TAP.format("<driver name='vhost'/><backend vhost='/dev/mine'/>"), "/dev/vhost-net"),
        (TAP.format("<backend tap='/dev/mine'/>"), "/dev/net/tun"),
        ("<interface type='user'/>", "/dev/net/tun"),
        ("<interface type='ethernet'><target dev='t0' managed='no'/></interface>", "/dev/net/tun"),
        ("<interface type='user'/>", "passt"),
        (TAP.format(""), "/run/openvswitch/db.sock"),
        ("<graphics type='dbus' p2p='yes'/>", "dbus-daemon"),
        (SOUND, "numad"),
    ],
)
def test_passes_what_is_there_or_not_needed(device: str, missing: str) -> None:
    assert case(device, missing).result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_the_destination_did_not_answer() -> None:
    assert case(VHOST, "").destination("resources", None).result(RULE).outcome is Outcome.UNKNOWN
