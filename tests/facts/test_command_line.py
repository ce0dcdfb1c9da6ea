"""Paths and ports in a guest's own arguments to QEMU."""

from xml.etree.ElementTree import Element

import pytest

from preflight.facts.guest.command_line import OwnPath, OwnPort, own_paths, own_ports
from preflight.facts.text.xml import parse_xml


def guest(*arguments: str) -> Element:
    given = "".join(f"<q:arg value='{one}'/>" for one in arguments)
    return parse_xml(
        f"<domain xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'><q:commandline>{given}"
        "<q:env name='A' value='/b'/></q:commandline></domain>"
    )


def paths(*arguments: str) -> list[OwnPath]:
    return list(own_paths(guest(*arguments)))


@pytest.mark.parametrize(
    ("arguments", "path", "made"),
    [
        (("-cdrom", "/srv/a.iso"), "/srv/a.iso", False),
        (("--kernel", "/srv/vmlinuz"), "/srv/vmlinuz", False),
        (("-pidfile", "/run/a.pid"), "/run/a.pid", True),
        (("-drive", "file=/srv/a.img,***"), "/srv/a.img", False),
        (("-fw_cfg", "***,file=/srv/a.ign"), "/srv/a.ign", False),
        (("-object", "rng-random,***,filename=/dev/hwrng"), "/dev/hwrng", False),
        (("-object", "memory-backend-file,***,mem-path=/dev/shm/a"), "/dev/shm/a", True),
        (("-object", "***,file=/etc/key"), "/etc/key", False),
        (("-chardev", "socket,***,path=/run/a.sock"), "/run/a.sock", False),
        (("-chardev", "socket,***,path=/run/a.sock,server,***"), "/run/a.sock", True),
        (("-chardev", "socket,***,path=/run/a.sock,server=on,***"), "/run/a.sock", True),
        (("-chardev", "socket,***,path=/run/a.sock,server=off,***"), "/run/a.sock", False),
        (("-chardev", "file,***,path=/var/log/a"), "/var/log/a", True),
        (("-chardev", "pipe,***,path=/run/a"), "/run/a", False),
        (("-serial", "/dev/ttyS0"), "/dev/ttyS0", False),
        (("-monitor", "unix:/run/a.sock,server,***"), "/run/a.sock", True),
        (("-gdb", "unix:/run/a.sock"), "/run/a.sock", True),
        (("-acpitable", "***,data=/srv/a.aml,***"), "/srv/a.aml", False),
        (("-qmp", "unix:/run/a.sock"), "/run/a.sock", False),
        (("-serial", "file:/var/log/a"), "/var/log/a", True),
        (("-device", "***,romfile=/srv/a.rom"), "/srv/a.rom", False),
        (("-device", "vfio-pci,host=01:00.0"), "/sys/bus/pci/devices/0000:01:00.0", False),
        (("-device", "vfio-pci,host=0000:01:00.0"), "/sys/bus/pci/devices/0000:01:00.0", False),
        (("-netdev", "tap,***,script=/etc/up"), "/etc/up", False),
        (("-virtfs", "local,path=/srv/share,***"), "/srv/share", False),
        (("-snapshot", "-cdrom", "/srv/a.iso"), "/srv/a.iso", False),
    ],
)
def test_a_path_must_exist_or_is_made(arguments: tuple[str, ...], path: str, *, made: bool) -> None:
    [found] = paths(*arguments)
    assert (found.path, found.made) == (path, made)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("-append", "/a"),
        ("-netdev", "tap,***,script=no"),
        ("-drive", "file=relative,***"),
        ("-device", "***,host=01:00.0"),
        ("-drive", "***"),
        ("/srv/a.iso",),
        ("-cdrom", "-snapshot", "/srv/a"),
        ("-serial", "tcp:127.0.0.1:5555,server"),
    ],
)
def test_other_arguments_have_none(arguments: tuple[str, ...]) -> None:
    assert paths(*arguments) == []


def test_an_acpi_table_is_made_of_several_files() -> None:
    assert [one.path for one in paths("-acpitable", "data=/srv/a.aml:/srv/b.aml")] == ["/srv/a.aml", "/srv/b.aml"]


@pytest.mark.parametrize(
    ("arguments", "address", "port"),
    [
        (("-gdb", "tcp::1234"), "", 1234),
        (("-gdb", "tcp:127.0.0.1:1235"), "127.0.0.1", 1235),
        (("-no-reboot", "-s"), "", 1234),
        (("-monitor", "tcp:[::1]:4444,server,***"), "::1", 4444),
        (("-qmp", "tcp:localhost:4444,server=on,wait=off"), "localhost", 4444),
        (("-serial", "telnet::4445,server=on"), "", 4445),
        (("-chardev", "socket,***,host=127.0.0.1,port=4446,server=on,***"), "127.0.0.1", 4446),
        (("-netdev", "***,hostfwd=tcp::2222-:22"), "0.0.0.0", 2222),
        (("-nic", "***,hostfwd=:127.0.0.1:2223-10.0.2.15:22,***"), "127.0.0.1", 2223),
    ],
)
def test_qemu_listens_at_a_port(arguments: tuple[str, ...], address: str, port: int) -> None:
    [found] = own_ports(guest(*arguments))
    assert (found.address, found.port) == (address, port)


@pytest.mark.parametrize(
    "arguments",
    [
        ("-gdb", "stdio"),
        ("-gdb", "unix:/run/a.sock"),
        ("-append", "-s"),
        ("-monitor", "tcp:192.0.2.1:4444"),
        ("-serial", "telnet:192.0.2.1:4445,server=off"),
        ("-serial", "udp::4445,server"),
        ("-chardev", "socket,***,host=192.0.2.1,port=4446"),
        ("-chardev", "socket,***,port=4446,server"),
        ("-chardev", "udp,***,port=4446,server"),
        ("-netdev", "***,hostfwd=udp::2222-:22"),
        ("-device", "***,hostfwd=tcp::2222-:22"),
    ],
)
def test_qemu_listens_at_none(arguments: tuple[str, ...]) -> None:
    assert list(own_ports(guest(*arguments))) == []


def test_ports_are_told_by_their_option() -> None:
    forwarded = "user,hostfwd=tcp::80-:80,hostfwd=tcp::443-:443"
    assert list(own_ports(guest("-s", "-netdev", forwarded))) == [
        OwnPort("-s", "", 1234),
        OwnPort("-netdev", "0.0.0.0", 80),
        OwnPort("-netdev", "0.0.0.0", 443),
    ]
