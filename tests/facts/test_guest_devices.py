"""The devices in a guest's XML; the elements are as libvirt 9.0 writes them for an active guest."""

from typing import Any
from xml.etree.ElementTree import fromstring

import pytest

from preflight.facts.guest.devices import GuestDevices, HostPath, Interface, Listener, SharedMemory


def devices(inside: str, system: str = "") -> GuestDevices:
    return GuestDevices.of(fromstring(f"<domain><os>{system}</os><devices>{inside}</devices></domain>"))


def interface(kind: str, **named: Any) -> Interface:
    fields: dict[str, Any] = dict.fromkeys(("network", "portgroup", "bridge", "link", "virtual_port"))
    return Interface(**({"type": kind} | fields | named))


def test_nothing_is_needed_where_nothing_is_named() -> None:
    assert devices("") == GuestDevices.of(fromstring("<domain/>")) == GuestDevices()
    assert GuestDevices().needed_paths == ()


def test_an_interface_names_a_network_a_bridge_or_a_link() -> None:
    found = devices(
        "<interface type='bridge'><source network='lan' portgroup='blue' bridge='br7'/></interface>"
        "<interface type='bridge'><source bridge='ovs0'/><virtualport type='openvswitch'/></interface>"
        "<interface type='direct'><source dev='eth1' mode='bridge'/></interface>"
        "<interface type='user'/>"
        "<interface type='direct'><source network='lan' dev='eth1' mode='bridge'/></interface>"
    )
    assert found.interfaces == (
        interface("bridge", network="lan", portgroup="blue"),
        interface("bridge", bridge="ovs0", virtual_port="openvswitch"),
        interface("direct", link="eth1"),
        interface("user"),
        interface("direct", network="lan"),
    )


def test_a_listener_has_an_address_of_its_own() -> None:
    found = devices(
        "<graphics type='vnc' listen='192.0.2.11'><listen type='address' address='192.0.2.11'/></graphics>"
        "<graphics type='spice'><listen type='network' address='192.0.2.12' network='lan'/></graphics>"
        "<graphics type='vnc'><listen type='address'/></graphics>"
        "<serial type='tcp'><source mode='bind' host='192.0.2.11' service='1'/></serial>"
        "<console type='tcp'><source mode='bind' host='192.0.2.11' service='1'/><target type='serial'/></console>"
        "<channel type='udp'><source mode='bind' host='::1' service='1'/><source mode='connect' host='::2'/></channel>"
    )
    assert found.listeners == (
        Listener(device="VNC", address="192.0.2.11"),
        Listener(device="serial", address="192.0.2.11"),
        Listener(device="channel", address="::1"),
    )


def test_a_path_is_there_or_is_made_in_a_directory_that_is() -> None:
    found = devices(
        "<serial type='unix'><source mode='bind' path='/srv/v/c'/></serial>"
        "<serial type='unix'><source mode='connect' path='/srv/v/d'/></serial>"
        "<console type='pty'><source path='/dev/pts/1'/><log file='/log'/></console>"
        "<channel type='unix'><source mode='bind' path='/run/libvirt/qemu/channel/1-web/a'/></channel>"
    )
    assert found.paths == (
        HostPath(device="serial", path="/srv/v/c", type="unix", made=True),
        HostPath(device="serial", path="/srv/v/d", type="unix", made=False),
        HostPath(device="console", path="/log", type="file", made=True),
    )
    assert found.needed_paths == ("/srv/v", "/srv/v/d", "/")


def test_firmware_and_kernel_are_paths_too() -> None:
    found = devices(
        "",
        "<loader readonly='yes' type='pflash'> /srv/code.fd </loader><nvram template='/srv/vars.fd'>/srv/web.fd</nvram>"
        "<kernel>/srv/vmlinuz</kernel><initrd>/srv/initrd</initrd>",
    )
    assert (found.loader, found.loader_type) == ("/srv/code.fd", "pflash")
    assert (found.nvram, found.nvram_template) == ("/srv/web.fd", "/srv/vars.fd")
    assert found.boot_files == ("/srv/vmlinuz", "/srv/initrd")
    assert set(found.needed_paths) == {found.loader, found.nvram, found.nvram_template, *found.boot_files}


def test_files_handed_to_the_firmware_and_images_of_roms_are_paths_too() -> None:
    found = devices(
        "<interface type='user'><rom bar='on' file='/srv/card.rom'/></interface><interface type='user'><rom bar='off'/>"
        "</interface>",
        "<acpi><table type='slic'>/srv/slic</table></acpi></os>"
        "<sysinfo type='fwcfg'><entry name='opt/a' file='/srv/a'/><entry name='opt/b'>text</entry></sysinfo><os>",
    )
    assert found.boot_files == ("/srv/slic", "/srv/a")
    assert found.paths == (HostPath(device="interface", path="/srv/card.rom", type="rom", made=False),)
    assert found.needed_paths == ("/srv/slic", "/srv/a", "/srv/card.rom")


def test_random_numbers_come_from_a_device_that_every_host_has_or_from_another() -> None:
    found = devices(
        "<rng><backend model='random'>/dev/urandom</backend></rng><rng><backend model='builtin'/></rng>"
        "<rng><backend model='random'>/dev/hwrng</backend></rng>"
    )
    assert found.paths == (HostPath(device="rng", path="/dev/hwrng", type="dev", made=False),)


def test_the_names_of_a_static_label_are_accounts() -> None:
    def label(text: str, kind: str = "static", model: str = "dac") -> str:
        return f"</devices><seclabel type='{kind}' model='{model}'><label>{text}</label></seclabel><devices>"

    assert devices(label("vm:kvm")).accounts == ("passwd:vm", "group:kvm")
    assert devices(label("+107:kvm")).accounts == ("group:kvm",)
    assert devices(label("107:108")).accounts == ()
    assert devices(label("vm:vm", kind="dynamic")).accounts == ()
    assert devices(label("vm:vm", model="selinux")).accounts == ()


def test_a_tap_device_is_named_by_its_owner_or_by_libvirt() -> None:
    found = devices(
        "<interface type='ethernet'><target dev='tap9' managed='no'/></interface>"
        "<interface type='bridge'><source bridge='b'/><target dev='web0'/></interface>"
        "<interface type='bridge'><source bridge='b'/><target dev='vnet3'/></interface>"
    )
    assert [(one.tap, one.name) for one in found.interfaces] == [("tap9", None), (None, "web0"), (None, None)]


def test_open_vswitch_is_a_program_too() -> None:
    found = devices("<interface type='bridge'><source bridge='b'/><virtualport type='openvswitch'/></interface>")
    assert found.needed_paths == ("/usr/bin/ovs-vsctl", "/usr/local/bin/ovs-vsctl")


def test_shared_memory_shared_directories_and_copies_of_disks() -> None:
    found = devices(
        "<shmem name='a' role='master'/><shmem name='b'/>"
        "<filesystem type='mount'><driver type='virtiofs'/><source dir='/srv'/><target dir='x'/></filesystem>"
        "<disk><mirror type='file' job='copy'/><target dev='vda'/></disk><disk><target dev='vdb'/></disk>"
    )
    assert found.shared_memory == (SharedMemory(name="a", role="master"), SharedMemory(name="b", role=None))
    assert found.virtiofs == ("x",)
    assert found.paths == (HostPath(device="filesystem", path="/srv", type="export", made=False),)
    assert found.mirrored == ("vda",)


def test_devices_of_the_hosts_own_that_stay_are_named_as_libvirt_names_them() -> None:
    found = devices(
        "<hostdev mode='subsystem' type='pci'/><hostdev mode='subsystem' type='usb'/><hostdev type='mdev'/>"
        "<hostdev mode='subsystem' type='pci'><teaming type='transient' persistent='ua-net'/></hostdev>"
        "<hostdev mode='capabilities' type='storage'/><interface type='hostdev'/>"
        "<interface type='hostdev'><teaming type='transient' persistent='ua-net'/></interface>"
    )
    assert found.passed_through == (
        "<hostdev mode='subsystem' type='pci'>",
        "<hostdev mode='subsystem' type='mdev'>",
        "<hostdev mode='capabilities'>",
        "<interface type='hostdev'>",
    )


@pytest.mark.parametrize(
    ("source", "path"), [("file='/srv/v.fd'", "/srv/v.fd"), ("dev='/dev/v'", "/dev/v"), ("", None)]
)
def test_variables_may_be_named_by_a_source(source: str, path: str | None) -> None:
    xml = f"<domain><os><nvram type='file'><source {source}/></nvram></os><devices/></domain>"
    assert GuestDevices.of(fromstring(xml)).nvram == path


def test_a_display_listens_at_what_its_attributes_name_too() -> None:
    """What a migration sends has the socket of a display in its attribute alone."""
    found = devices(
        "<graphics type='vnc' socket='/srv/v/web.sock'/><graphics type='spice' listen='192.0.2.9'/>"
        "<graphics type='vnc' listen='192.0.2.8'><listen type='address'/></graphics>"
        "<graphics type='vnc' listen='192.0.2.7'><listen type='socket' socket='/srv/v/db.sock'/></graphics>"
    )
    assert [one.path for one in found.paths] == ["/srv/v/web.sock", "/srv/v/db.sock"]
    assert [(one.device, one.address) for one in found.listeners] == [("SPICE", "192.0.2.9"), ("VNC", "192.0.2.8")]


def test_sockets_of_interfaces_listen() -> None:
    xml = (
        "<domain><devices><interface type='server'><source address='192.0.2.1' port='5558'/></interface>"
        "<interface type='udp'><source address='192.0.2.2' port='1'><local address='192.0.2.3' port='2'/></source>"
        "</interface><interface type='client'><source address='192.0.2.4' port='3'/></interface></devices></domain>"
    )
    found = GuestDevices.of(fromstring(xml)).listeners
    assert [(one.device, one.address) for one in found] == [
        ("interface server", "192.0.2.1"),
        ("interface udp", "192.0.2.3"),
    ]


def test_a_tpm_of_the_host_and_a_store_for_crash_logs_need_paths() -> None:
    xml = (
        "<domain><devices><tpm><backend type='passthrough'><device path='/dev/tpm0'/></backend></tpm>"
        "<pstore backend='acpi-erst'><path>/srv/crash/erst</path></pstore></devices></domain>"
    )
    assert [one.needed for one in GuestDevices.of(fromstring(xml)).paths] == ["/dev/tpm0", "/srv/crash"]
