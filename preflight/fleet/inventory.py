"""From the arguments of a command to a list of hosts.

An argument is a host as `connection.target` parses it, a range of names, a group of the inventory, a snapshot or a
directory of snapshots, or `-` for standard input; several are separated by commas. An alias of ~/.ssh/config is a name
like any other, which ssh resolves when it logs in.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from msgspec.structs import replace

from preflight.connection.target import TargetError, parse_target
from preflight.errors import UserError
from preflight.fleet import snapshots
from preflight.fleet.host import Fleet, FleetHost, checked_address, live
from preflight.fleet.known import EVERY, Inventory
from preflight.fleet.ranges import MOST, Names, words
from preflight.grammar import shown

#: The argument that stands for standard input, and the beginning of one that stands for a group.
STDIN, GROUP = "-", "@"
#: Maximum size of standard input in bytes.
_MOST_TYPED = 4 * 1024 * 1024
#: Signs of a pattern of names, as Host has them in ~/.ssh/config.
_PATTERN = frozenset("*?!")
NO_INVENTORY = Inventory()


def read(path: Path) -> Inventory:
    """Read an inventory in TOML, or have Ansible read one of its own; raises `UserError`."""
    if path.suffix == ".toml":
        from preflight.fleet import toml_inventory

        return toml_inventory.read(path)
    from preflight.fleet import ansible_inventory

    return ansible_inventory.read(path)


def hosts(arguments: Iterable[str], inventory: Inventory = NO_INVENTORY, stdin: BinaryIO | None = None) -> Fleet:
    """Return the hosts that the arguments name, each once and in this order; raises `UserError`.

    Without arguments these are all hosts of the inventory.
    """
    given = [(text, "the command line") for text in arguments]
    if not given and inventory.hosts:
        given = [(f"{GROUP}{EVERY}", "the command line")]
    if not given:
        raise UserError("name hosts, or an inventory with --inventory")
    if sum(text.strip() == STDIN for text, _ in given) > 1:
        raise UserError(f"{STDIN}: standard input can be read only once: give it once")
    found: dict[str, FleetHost] = {}
    notes: list[str] = []
    names = Names()
    for text, origin in _typed(given, stdin):
        for host in _of_word(text, origin, inventory, names):
            _add(found, notes, host)
            if len(found) > MOST:
                raise UserError(f"{text[:100]}: more than {MOST} hosts are named: ask for some at a time")
    if not found:
        raise UserError("no host is named: name hosts, or an inventory with --inventory")
    return Fleet(tuple(found.values()), tuple(notes))


def _typed(given: Iterable[tuple[str, str]], stdin: BinaryIO | None) -> Iterator[tuple[str, str]]:
    """Yield the words of all arguments, those of standard input in place of `-`, each with where it was named."""
    for text, origin in given:
        if text.strip() == STDIN:
            for number, line in enumerate(_lines(stdin), 1):
                if named := line.partition("#")[0].strip():
                    yield from ((word, f"standard input, line {number}") for word in words(named))
        else:
            yield from ((word, origin) for word in words(text))


def _lines(stdin: BinaryIO | None) -> list[str]:
    content = b"" if stdin is None else stdin.read(_MOST_TYPED + 1)
    if len(content) > _MOST_TYPED:
        raise UserError(f"standard input: has more than {_MOST_TYPED} bytes: ask for some hosts at a time")
    try:
        return content.decode().splitlines()
    except UnicodeDecodeError:
        raise UserError("standard input: is not UTF-8: give the names in UTF-8") from None


def _of_word(word: str, origin: str, inventory: Inventory, names: Names) -> Iterator[FleetHost]:
    """Yield the hosts that one word names; raises `UserError`, which says where it was named unless it was typed."""
    try:
        if word.startswith(GROUP):
            members = inventory.in_group(word.removeprefix(GROUP))
            names.count(len(members))
            for name in members:
                yield _of_name(name, f"{inventory.path}, group {word.removeprefix(GROUP)}", inventory)
        elif "://" not in word and "/" in word and Path(word).is_dir():
            yield from (_known(host, inventory) for host in snapshots.in_directory(Path(word)))
        elif "://" not in word and ("/" in word or word.endswith(".json")):
            path = parse_target(word).path
            assert path is not None
            yield from (_known(host, inventory) for host in snapshots.in_file(path))
        else:
            for name in names.of(word):
                yield _of_name(name, origin, inventory)
    except UserError as why:
        if origin == "the command line" or word.startswith(GROUP):
            raise
        raise UserError(f"{origin}: {why}") from None


def _of_name(text: str, origin: str, inventory: Inventory) -> FleetHost:
    """Return a host as typed, with what the inventory knows of that name; a URI says all itself."""
    name = text.rpartition("@")[2]
    if "://" not in text and not _PATTERN.isdisjoint(name):
        raise TargetError(f"{shown(text)} is a pattern: name the hosts, a range such as kvm[01-16], or a group")
    known = inventory.hosts.get(name) if "://" not in text else None
    try:
        return live(text, origin, known, None if known is None else name)
    except TargetError as why:
        raise TargetError(f"{inventory.path}: hosts.{name[:100]}: {why}" if known is not None else str(why)) from None


def _known(host: FleetHost, inventory: Inventory) -> FleetHost:
    """Return a host of a snapshot with what does not depend on how it is reached."""
    known = inventory.hosts.get(host.name)
    if known is None:
        return host
    address = checked_address(known.migration_address)
    weight = host.weight if known.weight is None else known.weight
    return replace(host, migration_address=address, weight=weight, groups=known.groups)


def _add(found: dict[str, FleetHost], notes: list[str], host: FleetHost) -> None:
    """Add a host unless its name is there already; the newer answers count, and a note says which those are."""
    before = found.setdefault(host.name, host)
    if before is host or before == host:
        return
    if before.snapshot is None and host.snapshot is None:
        if (before.text, before.origin) != (host.text, host.origin):
            different = "" if before.text == host.text else f", as {before.text} and as {host.text}"
            notes.append(f"{host.name} is named twice{different}: the first is used")
        return
    kept, other = (before, host) if _moment(before) >= _moment(host) else (host, before)
    found[host.name] = kept
    reason = "the host itself is asked" if kept.snapshot is None else f"the newer, {kept.text}, is used"
    notes.append(f"{host.name} is in {other.text} and in {kept.text}: {reason}")


def _moment(host: FleetHost) -> float:
    """Return the time of a host's answers; those of a host that is still to be asked are newer than any."""
    if host.snapshot is None:
        return float("inf")
    return -1.0 if host.taken is None else host.taken
