"""The part of a definition that another host's libvirt is asked to build."""

import json
import time
from xml.etree.ElementTree import fromstring

import libvirt
import pytest

from preflight.answers import Unreadable
from preflight.connection.buildable import buildable
from preflight.connection.libvirt_queries import built
from preflight.facts.text import parse_xml

INTERFACE = "<interface type='ethernet'><script path='/etc/up'/></interface>"
FREE = "<metadata><a xmlns='urn:a'/></metadata><title>t</title><description>d</description>"


def guest(devices: str, system: str = "", before: str = "") -> str:
    within = f"<os><type>hvm</type>{system}</os><devices>{devices}</devices>"
    return f"<domain type='kvm'><name>web</name>{before}{within}</domain>"


@pytest.mark.parametrize(
    "device",
    [
        INTERFACE,
        "<hostdev mode='subsystem' type='usb'/>",
        "<filesystem type='mount'><driver type='virtiofs'/><binary path='/usr/bin/x'/></filesystem>",
        "<video><driver name='vhostuser'/><model type='virtio'/></video>",
        "<tpm model='tpm-tis'><backend type='passthrough'><device path='/dev/tpm0'/></backend></tpm>",
    ],
)
def test_devices_for_which_libvirt_would_act_are_left_out(device: str) -> None:
    devices = fromstring(buildable(guest(device + "<panic model='isa'/>"))).find("devices")
    assert devices is not None
    assert [one.tag for one in devices] == ["panic"]


@pytest.mark.parametrize(
    "device",
    [
        "<filesystem type='mount'><source dir='/srv'/></filesystem>",
        "<video><model type='vga'/></video>",
        "<tpm model='tpm-tis'><backend type='emulator' version='2.0'/></tpm>",
        "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>",
        "<disk type='file'><source file='/srv/x'/></disk>",
    ],
)
def test_other_devices_are_kept(device: str) -> None:
    assert device.partition(" ")[0].strip("<>") in buildable(guest(device))


@pytest.mark.parametrize(
    ("device", "kind", "attribute"), [("disk", "file", "file"), ("cdrom", "file", "file"), ("lun", "block", "dev")]
)
def test_volumes_are_built_as_images_because_a_copy_creates_them(device: str, kind: str, attribute: str) -> None:
    source = "<source pool='p' volume='v' mode='host' startupPolicy='optional' index='1'><reservations/></source>"
    disk = fromstring(buildable(guest(f"<disk type='volume' device='{device}'>{source}</disk>"))).find("devices/disk")
    assert disk is not None
    assert disk.get("type") == kind
    (image,) = disk
    assert image.attrib == {"startupPolicy": "optional", "index": "1", attribute: "/volume"}
    assert [one.tag for one in image] == ["reservations"]


def test_what_redaction_has_blanked_is_left_out() -> None:
    before = f"{FREE}<sysinfo type='smbios'><system><entry name='uuid'>*</entry></system></sysinfo>"
    text = buildable(guest("", "<smbios mode='sysinfo'/>", before))
    assert [one.tag for one in fromstring(text).iter()] == ["domain", "name", "os", "type", "devices"]


def test_the_definition_itself_is_not_modified() -> None:
    text = guest(INTERFACE)
    buildable(text)
    assert parse_xml(text).find("devices/interface") is not None


def test_a_definition_that_is_no_xml_cannot_be_built() -> None:
    with pytest.raises(Unreadable):
        buildable("<domain>")


class Daemon:
    """A libvirt that refuses guests with a panic device and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def domainXMLToNative(self, form: str, xml: str) -> str:  # noqa: N802 # libvirt calls it so
        assert form == "qemu-argv"
        self.asked.append(xml)
        if "panic" in xml:
            raise libvirt.libvirtError("unknown panic model 'pvpanic'")
        return "/usr/bin/qemu"


def test_each_guest_has_the_error_of_libvirt() -> None:
    daemon = Daemon()
    text = built(
        daemon,
        {"web": guest(INTERFACE), "db": guest("<panic model='pvpanic'/>"), "odd": "<domain>"},
        time.monotonic() + 60,
    )
    assert json.loads(text) == {"errors": {"web": None, "db": "unknown panic model 'pvpanic'"}}
    assert all("interface" not in xml for xml in daemon.asked)


def test_no_guest_is_built_after_the_deadline() -> None:
    daemon = Daemon()
    assert json.loads(built(daemon, {"web": guest("")}, time.monotonic() - 1)) == {"errors": {}}
    assert daemon.asked == []
