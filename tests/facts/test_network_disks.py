"""A destination's answers about network disks, and the servers in a guest's XML."""

import contextlib
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest

from preflight.facts.fact import Record, Unreadable
from preflight.facts.guest.guests import Disk, Server, _disk
from preflight.facts.storage.block_drivers import BlockDrivers
from preflight.facts.storage.disk_ports import DiskPorts
from tests.facts.noise import answers

DRIVERS = "driver 0 iscsi /usr/bin/qemu-system-x86_64\ndriver 1 rbd /usr/bin/qemu-system-x86_64\n"
PORTS = (
    "port 0 192.0.2.9 10809 \n"
    "port 1 san.example.com 3260 Connection refused\n"
    "port 1 192.0.2.7 10809 Permission denied\n"
    "port 126 192.0.2.6 10809 Permission denied\n"
    "port 1 192.0.2.5 10809 Invalid argument\n"
    "port 1 unknown.example.com 3260 Invalid argument\n"
    "port 124 192.0.2.8 10809 \n"
    "port 1 nowhere.example.com 3260 Name or service not known\n"
)
QEMU = "/usr/bin/qemu-system-x86_64"


def disk(source: str, below: str = "") -> Disk:
    return _disk(fromstring(f"<disk type='network'>{source}{below}<target dev='vda'/></disk>"))


def network(protocol: str, *hosts: str) -> str:
    return f"<source protocol='{protocol}' name='x'>{''.join(f'<host {host}/>' for host in hosts)}</source>"


def test_a_driver_is_there_or_not() -> None:
    known = BlockDrivers.parse(Record(DRIVERS))
    assert known.has(QEMU, "iscsi")
    assert not known.has(QEMU, "rbd")


def test_a_driver_of_which_nothing_is_told_is_unknown() -> None:
    with pytest.raises(Unreadable, match="did not report"):
        BlockDrivers.parse(Record("driver 2 rbd /usr/bin/qemu-system-x86_64\n")).has(QEMU, "rbd")
    with pytest.raises(Unreadable, match=r"it is unknown whether .*: broken"):
        BlockDrivers.parse(Record("", 1, "broken")).has(QEMU, "rbd")


@pytest.mark.parametrize(
    ("name", "port", "reason"),
    [
        ("192.0.2.9", 10809, None),
        ("san.example.com", 3260, "Connection refused"),
        ("192.0.2.7", 10809, "Permission denied"),
        ("192.0.2.5", 10809, "Invalid argument"),
    ],
)
def test_a_server_answers_or_does_not(name: str, port: int, reason: str | None) -> None:
    assert DiskPorts.parse(Record(PORTS)).refusal(name, port) == reason


def test_a_connection_of_which_nothing_is_told_is_unknown() -> None:
    known = DiskPorts.parse(Record(PORTS))
    with pytest.raises(Unreadable, match="Name or service not known"):
        known.refusal("nowhere.example.com", 3260)
    with pytest.raises(Unreadable, match="Invalid argument"):  # of bash, for a name that does not resolve
        known.refusal("unknown.example.com", 3260)
    with pytest.raises(Unreadable, match="Permission denied"):  # of bash, which was not run
        known.refusal("192.0.2.6", 10809)
    with pytest.raises(Unreadable, match="did not answer on port 10809 within 5 s"):
        known.refusal("192.0.2.8", 10809)
    with pytest.raises(Unreadable, match="was not asked"):
        known.refusal("192.0.2.9", 80)
    with pytest.raises(Unreadable, match=r"it is unknown whether .*: broken"):
        DiskPorts.parse(Record("", 1, "broken")).refusal("192.0.2.9", 10809)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (network("nbd", "name='192.0.2.9' port='10810'"), ((Server("nbd", "192.0.2.9", (10810,)),),)),
        (network("iscsi", "name='san'"), ((Server("iscsi", "san", (3260,)),),)),
        (
            network("rbd", "name='a'", "name='b' port='6790'"),
            ((Server("rbd", "a", (3300, 6789)), Server("rbd", "b", (6790,))),),
        ),
        (network("nbd", "transport='unix' socket='/srv/n'"), ((Server("nbd", "", (), "/srv/n"),),)),
        (network("nbd", "name='[2001:db8::1]'"), ((Server("nbd", "2001:db8::1", (10809,)),),)),
        (network("rbd"), ((),)),
        (network("vxhs", "name='a'"), ((Server("vxhs", "a", ()),),)),
    ],
)
def test_the_servers_of_a_disk_with_the_port_that_is_usual_where_none_is_named(source: str, expected: Any) -> None:
    assert disk(source).remote == expected


MIRROR = network("https", "name='mirror.example.com'")


def test_a_layer_below_a_file_has_servers_too() -> None:
    chain = f"<backingStore type='network'>{MIRROR}<backingStore/></backingStore>"
    top = disk("<source file='/srv/top.qcow2'/>", chain)
    assert top.protocols == ("https",)
    assert [server.name for server in top.servers] == ["mirror.example.com"]


def test_only_names_are_to_be_resolved() -> None:
    assert Server("nbd", "san.example.com", ()).named
    assert not Server("nbd", "2001:db8::1", ()).named
    assert not Server("nbd", "", (), "/srv/n").named


def test_hostile_text_is_refused_or_read() -> None:
    for answer in answers(PORTS + DRIVERS):
        with contextlib.suppress(Unreadable):
            DiskPorts.parse(answer).refusal("192.0.2.9", 10809)
        with contextlib.suppress(Unreadable):
            BlockDrivers.parse(answer).has(QEMU, "iscsi")
