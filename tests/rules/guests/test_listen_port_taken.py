"""Ports that the guest is to listen on, compared with those in use on the destination."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "listen-port-taken"
HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
REST = "0A 00000000:00000000 00:00000000 00000000     0        0 18421 1 0000000000000000 100 0 0 10 0\n"
#: Addresses as the kernel writes them, in words of a little-endian machine.
ADDRESSES = {
    "0.0.0.0": "00000000",
    "127.0.0.1": "0100007F",
    "192.0.2.12": "0C0200C0",
    "::": "0" * 32,
    "::1": "0" * 24 + "01000000",
}


def table(address: str, port: int) -> str:
    """Return the destination's table of sockets, with one listening socket."""
    bound = ADDRESSES[address]
    return f"{HEAD}   0: {bound}:{port:04X} {'0' * len(bound)}:0000 {REST}"


def vnc(address: str, *, autoport: str = "no", ports: str = "port='5901'", kind: str = "vnc") -> str:
    listen = f"<listen type='address' address='{address}'/>"
    return f"<graphics type='{kind}' {ports} autoport='{autoport}'>{listen}</graphics>"


def serial(attributes: str, kind: str = "tcp") -> str:
    return f"<serial type='{kind}'><source {attributes}/><target port='0'/></serial>"


def case(device: str, address: str, port: int) -> Case:
    changed = Case().xml("</devices>", f"{device}</devices>")
    return changed.destination("sockets", table(address, port))


def test_catches_a_port_that_is_taken() -> None:
    result = case(vnc("0.0.0.0"), "0.0.0.0", 5901).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message == "port 5901, which the guest must listen on (VNC), is already in use here"
    assert finding.predicted_error == "Failed to find an available port: Address already in use"


@pytest.mark.parametrize(
    ("device", "address", "port"),
    [
        (vnc("0.0.0.0"), "127.0.0.1", 5901),
        (vnc("0.0.0.0"), "::", 5901),
        (vnc("127.0.0.1"), "0.0.0.0", 5901),
        (vnc("127.0.0.1"), "::", 5901),
        (vnc("localhost"), "127.0.0.1", 5901),
        (vnc("::"), "::1", 5901),
        (vnc("0.0.0.0", ports="port='5901' websocket='5701'"), "0.0.0.0", 5701),
        (serial("mode='bind' host='0.0.0.0' service='4555'"), "0.0.0.0", 4555),
    ],
)
def test_catches_whatever_covers_the_address(device: str, address: str, port: int) -> None:
    [finding] = case(device, address, port).result(RULE).findings
    assert finding.predicted_error == "Failed to find an available port: Address already in use"


@pytest.mark.parametrize("ports", ["port='5901'", "port='5900' tlsPort='5901'"])
def test_catches_spice_with_its_own_words(ports: str) -> None:
    [finding] = case(vnc("0.0.0.0", kind="spice", ports=ports), "0.0.0.0", 5901).result(RULE).findings
    assert finding.predicted_error == "failed to initialize spice server"


@pytest.mark.parametrize(
    ("device", "address", "port"),
    [
        (vnc("0.0.0.0"), "0.0.0.0", 5902),
        (vnc("0.0.0.0"), "::1", 5901),
        (vnc("127.0.0.1"), "192.0.2.12", 5901),
        (vnc("::"), "0.0.0.0", 5901),
        (vnc("::1"), "0.0.0.0", 5901),
        (vnc("0.0.0.0", autoport="yes"), "0.0.0.0", 5901),
        (vnc("0.0.0.0", ports="port='-1'"), "0.0.0.0", 5901),
        (serial("mode='bind' host='0.0.0.0' service='4555'", "udp"), "0.0.0.0", 4555),
        (serial("mode='connect' host='127.0.0.1' service='4555'"), "0.0.0.0", 4555),
    ],
)
def test_passes_what_is_not_in_the_way(device: str, address: str, port: int) -> None:
    assert case(device, address, port).result(RULE).outcome is Outcome.PASSED


def test_passes_the_sound_pair() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


def test_says_once_what_libvirt_shows_as_a_console_too() -> None:
    source = "mode='bind' host='0.0.0.0' service='4555'"
    console = f"<console type='tcp'><source {source}/><target type='serial' port='0'/></console>"
    assert len(case(serial(source) + console, "0.0.0.0", 4555).result(RULE).findings) == 1


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    offline = case(vnc("0.0.0.0"), "0.0.0.0", 5901).asking(offline=True, guests=("web",))
    assert offline.result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_only_a_name_service_could_know_the_name() -> None:
    result = case(vnc("graphics.example.com"), "0.0.0.0", 5901).result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert "graphics.example.com is not in this host's /etc/hosts" in str(result.reason)


@pytest.mark.parametrize("record", ["sockets", "etc.hosts"])
def test_is_unknown_when_the_destination_did_not_answer(record: str) -> None:
    assert Case().destination(record, None).result(RULE).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("conf", "address", "outcome"),
    [
        ("", "127.0.0.1", Outcome.FAILED),
        ('vnc_listen = "192.0.2.12"\n', "192.0.2.12", Outcome.FAILED),
        ('vnc_listen = "0.0.0.0"\n', "192.0.2.12", Outcome.FAILED),
        ('vnc_listen = "192.0.2.12"\n', "127.0.0.1", Outcome.PASSED),
        ("", "192.0.2.12", Outcome.PASSED),
        ("vnc_auto_unix_socket = 1\n", "127.0.0.1", Outcome.PASSED),
    ],
)
def test_catches_a_port_at_the_address_that_the_destination_fills_in(conf: str, address: str, outcome: Outcome) -> None:
    fixed = "<graphics type='vnc' port='5901' autoport='no'/>"
    assert case(fixed, address, 5901).destination("qemu.conf", conf).result(RULE).outcome is outcome


def test_catches_the_port_of_a_network_card_between_guests() -> None:
    card = "<interface type='server'><source address='127.0.0.1' port='5558'/></interface>"
    [finding] = case(card, "127.0.0.1", 5558).result(RULE).findings
    assert finding.message == "port 5558, which the guest must listen on (interface server), is already in use here"
    assert finding.predicted_error == "can't bind ip=127.0.0.1 to socket: Address already in use"
