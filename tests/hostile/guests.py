"""Guests whose names, definitions and numbers are an attacker's."""

import functools
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from tests.hostile import pair, texts
from tests.hostile.pair import ENDS, Hostile, Pair

Guest = dict[str, Any]
_UUID = "f1d015bd-14ec-4fe8-8cdc-f32b8929b5e0"
_DISK = "<disk type='network' device='disk'>"

#: Pieces of XML that are put in front of the guest's first disk. `{}` becomes a hostile word.
PIECES = {
    "nvram": "<nvram>{}</nvram>",
    "file": "<disk type='file' device='disk'><source file='{}'/><target dev='{}'/></disk>",
    "block": "<disk type='block' device='disk'><source dev='{}'/><target dev='vdb'/></disk>",
    "volume": "<disk type='volume' device='disk'><source pool='{}' volume='{}'/><target dev='vdb'/></disk>",
    "network": (
        "<disk type='network'><source protocol='{}'><host name='{}' port='{}'/></source><target dev='vdb'/></disk>"
    ),
    "socket": "<disk type='network'><source protocol='nbd'><host transport='unix' socket='{}'/></source></disk>",
    "backing": (
        "<disk type='file'><source file='/x'/><backingStore type='file'><source file='{}'/></backingStore></disk>"
    ),
    "secret": (
        "<disk type='network'><auth username='{}'><secret type='iscsi' uuid='{}'/></auth>"
        "<source protocol='iscsi'/></disk>"
    ),
    "interface": "<interface type='network'><source network='{}' portgroup='{}'/><target dev='{}'/></interface>",
    "bridge": "<interface type='bridge'><source bridge='{}'/><filterref filter='{}'/></interface>",
    "host device": (
        "<hostdev mode='subsystem' type='usb'><source><vendor id='{}'/><product id='{}'/></source></hostdev>"
    ),
    "graphics": "<graphics type='vnc' port='{}' listen='{}' websocket='{}'/>",
    "tpm": "<tpm model='{}'><backend type='{}' version='{}'/></tpm>",
    "serial": "<serial type='tcp'><source mode='bind' host='{}' service='{}'/></serial>",
    "file system": "<filesystem type='mount'><source dir='{}'/><target dir='{}'/></filesystem>",
    "emulator": "<emulator>{}</emulator>",
    "random": "<rng model='virtio'><backend model='random'>{}</backend></rng>",
    "memory": "<memory model='dimm'><target><size unit='{}'>{}</size><node>{}</node></target></memory>",
}


def hostile(seed: int) -> Iterator[Hostile]:
    """Names, entries, definitions: small ones in many ways, and large ones."""
    for number, name in enumerate((*texts.WORDS, *texts.ESCAPES, *texts.VERDICTS)):
        yield from pair.each_end(seed, "guest's name", str(number), functools.partial(_named, name))
    for key in ("name", "uuid", "error", "id", "state", "reason", "persistent", "autostart", "snapshots", "job", "xml"):
        for number, value in enumerate(VALUES):
            yield pair.changed(seed, "guest's entry", f"{key} {number}", functools.partial(_entered, key, value))
    for name, piece in PIECES.items():
        for number in range(8):
            yield pair.changed(seed, "guest's XML", f"{name} {number}", functools.partial(_with_piece, piece))
    for name, make in LARGE.items():
        yield from pair.each_end(seed, "guest's XML, large", name, functools.partial(_replaced, make))
    for number in range(60):
        yield pair.changed(seed, "guest's XML, mangled", str(number), _mangled)
    for count in (100, 500, 2000, 4000):
        yield from pair.each_end(seed, "many guests", str(count), functools.partial(_many, count))
        yield pair.changed(seed, "many guests", f"{count} on both", functools.partial(_many_on_both, count))


#: Of every type that JSON has, and larger than any host's.
VALUES: tuple[object, ...] = (
    None,
    True,
    -1,
    10**30,
    1e308,
    "",
    "x",
    [],
    {},
    [[[[]]]],
    {"a": {"b": []}},
    "\x1b[31m\n\ud800",
)


def _listed(found: Pair, end: int) -> list[Guest]:
    listed: list[Guest] = found.json(end, "libvirt.domains")["domains"]
    return listed


def _guests(found: Pair, end: int, guests: list[Guest]) -> None:
    found.put_json(end, "libvirt.domains", {"domains": guests})


def _named(name: str, chance: Random, found: Pair, end: int) -> None:
    guests = found.json(0, "libvirt.domains")["domains"]
    guests[0]["name"] = name
    if chance.random() < 0.5:
        guests[0]["xml"] = guests[0]["xml"].replace("<name>web<", f"<name>{_xml(name)}<")
    _guests(found, end, guests)


def _entered(key: str, value: object, chance: Random, found: Pair) -> None:
    guests = _listed(found, 0)
    guests[0][key] = value
    _guests(found, chance.choice((0, 0, 1)), guests)


def _with_piece(piece: str, chance: Random, found: Pair) -> None:
    words = (*texts.WORDS, *texts.NUMBERS, *texts.ESCAPES, *PATHS)
    filled = piece.format(*(_xml(chance.choice(words)) for _ in range(piece.count("{}"))))
    guests = _listed(found, 0)
    guests[0]["xml"] = guests[0]["xml"].replace(_DISK, filled + _DISK)
    _guests(found, chance.choice((0, 0, 1)), guests)


PATHS = (
    "/etc/cron.d/x",
    "/root/.ssh/authorized_keys",
    "/dev/sda",
    "/proc/self/mem",
    "/dev/stdin",
    "relative",
    "//x//",
    "/var/lib/libvirt/qemu/nvram/../../../../etc/passwd",
    "/" + "a/" * 2500,
    "/x\ny",
    "/$(touch /tmp/pwned)",
    "/'\"`",
)


def _xml(text: str) -> str:
    """Return text as an attribute of XML; characters that XML cannot contain stay, so that it is refused."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("'", "&apos;")


def _replaced(make: Callable[[str], str], chance: Random, found: Pair, end: int) -> None:
    guests = found.json(0, "libvirt.domains")["domains"]
    guests[0]["xml"] = make(guests[0]["xml"])
    _guests(found, end, guests)


def _with_devices(device: str, count: int, xml: str) -> str:
    return xml.replace(_DISK, "".join(device.format(number) for number in range(count)) + _DISK)


def _bomb(xml: str) -> str:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    return f'<!DOCTYPE d [<!ENTITY e0 "boom">{entities}]>' + xml.replace(">web<", ">&e11;<")


LARGE: dict[str, Callable[[str], str]] = {
    "entities that double": _bomb,
    "an entity of a file": lambda xml: (
        '<!DOCTYPE d [<!ENTITY e SYSTEM "file:///etc/shadow">]>' + xml.replace(">web<", ">&e;<")
    ),
    "an entity in another encoding": lambda xml: '<?xml version="1.0" encoding="UTF-7"?>+ADw-+ACE-DOCTYPE' + xml,
    "200,000 deep": lambda xml: "<domain>" + "<a>" * 200_000 + "</a>" * 200_000 + "</domain>",
    "a backing chain of 20,000": lambda xml: xml.replace(
        _DISK,
        "<disk type='file'><source file='/x'/>"
        + "<backingStore type='file'><source file='/x'/>" * 20_000
        + "</backingStore>" * 20_000
        + "</disk>"
        + _DISK,
    ),
    "20,000 disks": functools.partial(
        _with_devices, "<disk type='file'><source file='/d/{0}'/><target dev='vd{0}'/></disk>", 20_000
    ),
    "20,000 servers": lambda xml: xml.replace(
        "<host name=", "".join(f"<host name='h{n}' port='{n}'/>" for n in range(20_000)) + "<host name=", 1
    ),
    "20,000 interfaces": functools.partial(
        _with_devices, "<interface type='network'><source network='n{0}'/><target dev='t{0}'/></interface>", 20_000
    ),
    "20,000 block devices": functools.partial(
        _with_devices, "<disk type='block'><source dev='/dev/{0}'/></disk>", 20_000
    ),
    "20,000 host devices": functools.partial(
        _with_devices, "<hostdev type='pci'><source><address bus='{0}'/></source></hostdev>", 20_000
    ),
    "20,000 ports": functools.partial(_with_devices, "<graphics type='vnc' port='{0}' listen='0.0.0.0'/>", 20_000),
    "20,000 features": lambda xml: xml.replace(
        "<feature ", "<feature policy='require' name='f'/>" * 20_000 + "<feature ", 1
    ),
    "20,000 elements no one knows": functools.partial(_with_devices, "<thing{0}><x y='z'/></thing{0}>", 20_000),
    "an attribute of 4 MiB": lambda xml: xml.replace("10809", "1" * 4 * 1024 * 1024),
    "a name of 4 MiB": lambda xml: xml.replace(">web<", f">{'w' * 4 * 1024 * 1024}<"),
    "a CPU set of all numbers": lambda xml: xml.replace("<vcpu ", "<vcpu cpuset='0-999999999' ").replace(
        ">1</vcpu>", ">999999999</vcpu>"
    ),
    "a memory of 400 digits": lambda xml: xml.replace("65536", "9" * 400),
    "a memory of 5,000 digits": lambda xml: xml.replace("65536", "9" * 5000),
    "nodes of all numbers": lambda xml: xml.replace(
        "<os>", "<numatune><memory mode='strict' nodeset='0-99999999'/></numatune><os>"
    ),
    "empty": lambda xml: "",
    "no domain": lambda xml: "<network/>",
}


def _mangled(chance: Random, found: Pair) -> None:
    guests = _listed(found, 0)
    names = sorted(texts.MUTATIONS)
    guests[0]["xml"] = texts.MUTATIONS[chance.choice(names)](chance, guests[0]["xml"])
    _guests(found, chance.choice(ENDS), guests)


def _many(count: int, chance: Random, found: Pair, end: int) -> None:
    web = pair.ready().json(0, "libvirt.domains")["domains"][0]
    guests = []
    for number in range(count):
        uuid = f"{number:08x}{_UUID[8:]}"
        name = f"guest{number}"
        xml = web["xml"].replace(">web<", f">{name}<").replace(_UUID, uuid)
        guests.append(web | {"name": name, "uuid": uuid, "xml": xml, "id": number + 1})
    _guests(found, end, guests)


def _many_on_both(count: int, chance: Random, found: Pair) -> None:
    for end in ENDS:
        _many(count, chance, found, end)
