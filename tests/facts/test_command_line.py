"""Paths in a guest's own arguments to QEMU."""

import pytest

from preflight.facts.guest.command_line import OwnPath, own_paths
from preflight.facts.text.xml import parse_xml


def paths(*arguments: str) -> list[OwnPath]:
    given = "".join(f"<q:arg value='{one}'/>" for one in arguments)
    return list(
        own_paths(
            parse_xml(
                f"<domain xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'><q:commandline>{given}"
                "<q:env name='A' value='/b'/></q:commandline></domain>"
            )
        )
    )


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
