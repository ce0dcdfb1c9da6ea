"""Addresses that the guest listens on, and paths that its devices use."""

from typing import Any

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "host-specific-address"
CANNOT = "Failed to bind socket: Cannot assign requested address"

VIRTIOFS = "<filesystem type='mount'><driver type='virtiofs'/>{}<target dir='x'/></filesystem>"

WAITS = (
    "<interface type='vhostuser'><source type='unix' path='/srv/s' mode='client'><reconnect enabled='yes'/></source>"
    "</interface>"
)


def vnc(listen: str, kind: str = "vnc") -> str:
    return f"<graphics type='{kind}' port='5900'><listen {listen}/></graphics>"


def serial(kind: str, source: str, target: str = "<target port='0'/>") -> str:
    return f"<serial type='{kind}'><source {source}/>{target}</serial>"


def agent(path: str) -> str:
    return f"<channel type='unix'><source mode='bind' path='{path}'/></channel>"


def with_device(xml: str, *, there: str = "", missing: str = "") -> Case:
    """Return the sound pair with this device; the destination has the path `there`, and lacks `missing`."""
    case = Case().xml("</devices>", f"{xml}</devices>") if xml else Case()
    if there:
        case.destination("paths", lambda text: f"{text}path {there}\nstat 41ed 60 45 9 0:0\nfs ef53 4096 1\n")
    if missing:
        told = f"stat: cannot statx '{missing}': No such file or directory"
        case.destination("paths", lambda text: f"{text}path {missing}\n{told}\nfs ef53 4096 1\n")
    return case


def test_catches_vnc_at_the_sources_address() -> None:
    result = with_device(vnc("type='address' address='192.0.2.11'")).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message == "the guest listens on 192.0.2.11 (VNC), which is not an address of this host"
    assert finding.predicted_error == CANNOT


@pytest.mark.parametrize(
    ("xml", "error"),
    [
        (vnc("type='address' address='host1.example.com'"), CANNOT),
        (vnc("type='address' address='192.0.2.11'", "spice"), "failed to initialize spice server"),
        (serial("tcp", "mode='bind' host='192.0.2.11' service='4555'"), CANNOT),
        (serial("udp", "mode='bind' host='192.0.2.11' service='4555'"), CANNOT),
    ],
)
def test_catches_other_listeners(xml: str, error: str) -> None:
    [finding] = with_device(xml).result(RULE).findings
    assert finding.predicted_error == error


@pytest.mark.parametrize(
    ("xml", "missing", "error"),
    [
        (
            serial("unix", "mode='bind' path='/srv/v/c'"),
            "/srv/v",
            "Unable to bind to UNIX socket path '/srv/v/c': No such file or directory",
        ),
        (serial("unix", "mode='connect' path='/srv/v/c'"), "/srv/v/c", "unable to stat: /srv/v/c: No such"),
        (serial("pipe", "path='/srv/v/p'"), "/srv/v/p", "unable to stat: /srv/v/p: No such"),
        (serial("file", "path='/srv/v/log'"), "/srv/v", "Unable to open file: /srv/v/log: No such"),
        ("<serial type='pty'><log file='/srv/v/log'/></serial>", "/srv/v", "Unable to open file: /srv/v/log: No such"),
        (
            vnc("type='socket' socket='/srv/v/s'"),
            "/srv/v",
            "Failed to bind socket to /srv/v/s: No such file or directory",
        ),
        (
            "<filesystem type='mount'><source dir='/srv/v'/><target dir='x'/></filesystem>",
            "/srv/v",
            "cannot initialize fsdev",
        ),
        (
            "<interface type='vdpa'><source dev='/dev/vhost-vdpa-0'/></interface>",
            "/dev/vhost-vdpa-0",
            "Unable to open '/dev/vhost-vdpa-0' for vdpa device",
        ),
        (
            "<input type='evdev'><source dev='/dev/input/event3'/></input>",
            "/dev/input/event3",
            "Could not open '/dev/input/event3': No such file or directory",
        ),
        (VIRTIOFS.format("<source dir='/srv/v'/>"), "/srv/v", "the virtiofs export directory '/srv/v' does not exist"),
        (
            VIRTIOFS.format("<source/><binary path='/usr/lib/v'/>"),
            "/usr/lib/v",
            "cannot execute binary /usr/lib/v: No such file or directory",
        ),
        (
            VIRTIOFS.format("<source socket='/srv/v.sock'/>"),
            "/srv/v.sock",
            "Failed to connect to '/srv/v.sock'",
        ),
        (
            "<interface type='vhostuser'><source type='unix' path='/srv/v.sock' mode='client'/></interface>",
            "/srv/v.sock",
            "Failed to connect to '/srv/v.sock'",
        ),
        (
            "<interface type='vhostuser'><source type='unix' path='/srv/v/s' mode='server'/></interface>",
            "/srv/v",
            "Unable to bind to UNIX socket path '/srv/v/s': No such file or directory",
        ),
        (
            "<disk type='vhostuser' device='disk'><source type='unix' path='/srv/v.sock'/><target dev='vdb'/></disk>",
            "/srv/v.sock",
            "Failed to connect to '/srv/v.sock'",
        ),
        (
            "<interface type='user'><rom file='/srv/v/rom'/></interface>",
            "/srv/v/rom",
            'failed to find romfile "/srv/v/rom"',
        ),
        (
            "<rng><backend model='random'>/dev/chaos</backend></rng>",
            "/dev/chaos",
            "Could not open '/dev/chaos': No such file or directory",
        ),
        (
            "<memory model='nvdimm'><source><path>/srv/v/nv</path></source></memory>",
            "/srv/v/nv",
            "unable to stat: /srv/v/nv: No such file or directory",
        ),
        (
            "<interface type='ethernet'><script path='/etc/up9'/></interface>",
            "/etc/up9",
            "cannot execute binary /etc/up9: No such file or directory",
        ),
    ],
)
def test_catches_paths_that_are_not_there(xml: str, missing: str, error: str) -> None:
    [finding] = with_device(xml, missing=missing).result(RULE).findings
    assert finding.message.startswith(f"{missing}, which the guest needs (")
    assert error in str(finding.predicted_error)


def test_passes_the_sound_pair() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    "xml",
    [
        vnc("type='address' address='0.0.0.0'"),
        vnc("type='address' address='127.0.0.1'"),
        vnc("type='address' address='localhost'"),
        vnc("type='address' address='192.0.2.12'"),
        vnc("type='network' network='lan' address='192.0.2.11'"),
        vnc("type='none'"),
        vnc("type='socket' socket='/var/lib/libvirt/qemu/domain-1-web/vnc.sock'"),
        serial("tcp", "mode='bind' host='0.0.0.0' service='4555'"),
        serial("tcp", "mode='connect' host='192.0.2.11' service='4555'"),
        serial("pty", "path='/dev/pts/3'"),
        WAITS,
        agent("/var/lib/libvirt/qemu/channel/target/domain-1-web/org.qemu.guest_agent.0"),
        agent("/run/libvirt/qemu/channel/1-web/org.qemu.guest_agent.0"),
    ],
)
def test_passes_what_works_anywhere_or_is_chosen_anew(xml: str) -> None:
    assert with_device(xml).result(RULE).outcome is Outcome.PASSED


def test_passes_a_socket_whose_directory_is_there() -> None:
    assert with_device(serial("unix", "mode='bind' path='/srv/v/c'"), there="/srv/v").result(RULE).findings == ()


def test_says_once_what_libvirt_shows_as_a_console_too() -> None:
    source = "mode='bind' host='192.0.2.11' service='4555'"
    console = f"<console type='tcp'><source {source}/><target type='serial' port='0'/></console>"
    assert len(with_device(serial("tcp", source) + console).result(RULE).findings) == 1


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    case = with_device(vnc("type='address' address='192.0.2.11'")).asking(offline=True, guests=("web",))
    assert case.result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_only_a_name_service_could_know_the_name() -> None:
    result = with_device(vnc("type='address' address='graphics.example.com'")).result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert "graphics.example.com is not in this host's /etc/hosts" in str(result.reason)


@pytest.mark.parametrize("record", ["paths", "addresses", "etc.hosts"])
def test_is_unknown_when_the_destination_did_not_answer(record: str) -> None:
    assert Case().destination(record, None).result(RULE).outcome is Outcome.UNKNOWN


def filled_in(conf: str, live: str = "listen='127.0.0.1'", sent: str = "", kind: str = "vnc") -> Case:
    """Return the sound pair whose guest has a display with another address in its XML than in what is sent."""

    def edit(guest: dict[str, Any]) -> None:
        xml = guest["xml"]
        display = "<graphics type='{}' autoport='yes' {}/></devices>"
        listen = live and f"<listen type='address' address={live.partition('=')[2]}/>"
        shown = f"<graphics type='{kind}' autoport='yes' {live}>{listen}</graphics></devices>"
        guest["xml"] = xml.replace("</devices>", shown)
        guest["sent"] = xml.replace("</devices>", display.format(kind, sent))

    return Case().guest(edit).destination("qemu.conf", conf)


@pytest.mark.parametrize("kind", ["vnc", "spice"])
def test_catches_an_address_that_the_destination_fills_in(kind: str) -> None:
    [finding] = filled_in(f'# here\n{kind}_listen = "192.0.2.99"\n', kind=kind).result(RULE).findings
    assert "listens on 192.0.2.99" in finding.message
    assert finding.location is not None
    assert (finding.location.path, finding.location.line) == ("/etc/libvirt/qemu.conf", 2)


@pytest.mark.parametrize(
    ("conf", "live", "sent"),
    [
        # the source's vnc_listen, which is not sent
        ("", "listen='192.0.2.11'", ""),
        ('vnc_listen = "192.0.2.12"\n', "listen='192.0.2.11'", ""),
        ('vnc_listen = "192.0.2.99"\n', "listen='127.0.0.1'", "listen='127.0.0.1'"),
        ('vnc_listen = "192.0.2.99"\nvnc_auto_unix_socket = 1\n', "listen='127.0.0.1'", ""),
        ('spice_listen = "192.0.2.99"\n', "listen='127.0.0.1'", ""),
    ],
)
def test_passes_what_the_destination_does_not_fill_in(conf: str, live: str, sent: str) -> None:
    assert filled_in(conf, live, sent).result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_the_settings_of_the_destination_are_not_known() -> None:
    assert filled_in("").destination("qemu.conf", None).result(RULE).outcome is Outcome.UNKNOWN


ARGUMENTS = (
    "<qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><qemu:arg value='{}'/>"
    "<qemu:arg value='{}'/></qemu:commandline></domain>"
)


@pytest.mark.parametrize(
    ("option", "value", "needed"),
    [
        ("-fw_cfg", "name=opt/a,file=/srv/a.ign", "/srv/a.ign"),
        ("-smbios", "type=11,path=/srv/oem", "/srv/oem"),
        ("-trace", "events=/srv/events", "/srv/events"),
        ("-readconfig", "/srv/own.cfg", "/srv/own.cfg"),
        ("-device", "loader,file=/srv/own.bin", "/srv/own.bin"),
        ("-chardev", "socket,id=a,path=/run/own/a.sock,server=on", "/run/own"),
        ("-device", "vfio-pci,host=01:00.0", "/sys/bus/pci/devices/0000:01:00.0"),
    ],
)
def test_catches_and_passes_a_path_of_the_guests_own_arguments(option: str, value: str, needed: str) -> None:
    for there in (False, True):
        case = with_device("", **({"there": needed} if there else {"missing": needed}))
        result = case.xml("</domain>", ARGUMENTS.format(option, value)).result(RULE)
        assert result.outcome is (Outcome.PASSED if there else Outcome.FAILED)
        if not there:
            assert result.findings[0].message == (
                f"{needed}, which the guest needs (the argument {option}), does not exist here"
            )


def test_catches_the_address_of_a_network_card_between_guests() -> None:
    card = "<interface type='server'><source address='192.0.2.77' port='5558'/></interface>"
    [finding] = Case().xml("</devices>", f"{card}</devices>").result(RULE).findings
    assert finding.predicted_error == "can't bind ip=192.0.2.77 to socket: Cannot assign requested address"
