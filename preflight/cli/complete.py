"""The values that a shell completes: hosts, guests, rules and formats. Nothing here contacts a host or runs a program.

Guests are those of a snapshot that is the source. What a live host has is not known without asking it, and no list of
its guests is kept for this. What does not complete is left to the shell, which completes names of files.
"""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import typer

#: All that is offered: zsh evaluates what it is given, and names of guests and hosts come from others.
_HARMLESS = re.compile(r"[\w.+-]+(?:@[\w.+-]+)?/?|@[\w.+-]+|[\w-]+=", re.ASCII)
_USER = re.compile(r"[\w.+-]+@(?=[\w.+-]*$)", re.ASCII)
#: The words of a line as bash hands them over: a user, an @ and a host are three.
_LINE, _POSITION = "COMP_WORDS", "COMP_CWORD"

#: What a command prints, where it is not named after the command, and is not a report.
_SUBJECTS = {"diff": "difference", "status": "ledger", "rehearse": "rehearsal"}


def hosts(context: typer.Context, incomplete: str) -> list[str]:
    """Return aliases of ssh's configuration, hosts of the inventory and of preflight.toml, and snapshots here."""
    user = found[0] if (found := _USER.match(incomplete)) else ""
    named = [*_aliases(), *_configured(context), "localhost"]
    return _offered([f"{user}{one}" for one in named] + ([] if user else list(_snapshots())), incomplete)


def guests(context: typer.Context, incomplete: str) -> list[str]:
    """Return the guests of the source, if that is a snapshot."""
    # after an option whose value is being typed, the parser has given the arguments before it to no parameter
    source = context.params.get("source") or next(iter(context.args), None)
    return _offered(_guests_of(source), incomplete) if isinstance(source, str) else []


def two_hosts(context: typer.Context, incomplete: str) -> list[str]:
    """Return hosts for the first two arguments of a command that takes them as one list with the guests."""
    return hosts(context, incomplete) if len(context.params.get("what") or ()) < 2 else []


def rules(_context: typer.Context, incomplete: str) -> list[str]:
    """Return the names of the built-in rules."""
    return _offered((name for _, name in _rules()), incomplete)


def rules_and_subjects(_context: typer.Context, incomplete: str) -> list[str]:
    """Return the names of the built-in rules and of their subjects."""
    subjects, names = zip(*_rules(), strict=True)
    return _offered((*subjects, *names), incomplete)


def rules_with_value(_context: typer.Context, incomplete: str) -> list[str]:
    """Return the names of the built-in rules, each with the sign that its value follows."""
    return _offered((f"{name}=" for _, name in _rules()), incomplete)


def formats(context: typer.Context, incomplete: str) -> list[str]:
    """Return the formats of the command's output."""
    return _offered(_formats(context), incomplete)


def formats_with_path(context: typer.Context, incomplete: str) -> list[str]:
    """Return the formats of a file, each with the sign that its path follows."""
    return _offered((f"{name}=" for name in _formats(context)), incomplete)


def _formats(context: typer.Context) -> Sequence[str]:
    from preflight.output.formats import FORMATS

    name = context.info_name or ""
    return FORMATS.get(_SUBJECTS.get(name, name)) or FORMATS["report"]


def forget_users() -> None:
    """Take `user@` away from the line that bash hands over: it completes what follows the @ by itself.

    Otherwise `root@host1` would count as three arguments.
    """
    words, position = os.environ.get(_LINE, "").split(), os.environ.get(_POSITION, "")
    if not position.isdecimal():
        return
    at = int(position)
    for index in range(len(words) - 1, 2, -1):
        if words[index] == "@" and not words[index - 1].startswith("-"):
            del words[index - 1 : index + 1]
            at -= 2 if index < at else 0
    os.environ[_LINE], os.environ[_POSITION] = "\n".join(words), str(at)


def _offered(names: Iterable[str], incomplete: str) -> list[str]:
    """Return each name that begins as typed, once, unless a shell might take it for more than a name."""
    return [one for one in dict.fromkeys(names) if one.startswith(incomplete) and _HARMLESS.fullmatch(one)]


def _aliases() -> Iterator[str]:
    from preflight.connection.aliases import aliases

    return aliases(Path.home())


def _configured(context: typer.Context) -> Sequence[str]:
    """Return the hosts of the configuration file, and the hosts and groups of its inventory in TOML.

    An inventory of Ansible may be a program, which no key press should run.
    """
    from preflight.cli.help_page import Purpose
    from preflight.config import find, load
    from preflight.errors import UserError

    walk = getattr(context.command, "rich_help_panel", None) not in (Purpose.PLAN, Purpose.ACT)
    try:
        if find(None, walk=walk) is None:  # nothing more is loaded
            return ()
        values = load(walk=walk).values
        path = values.get("inventory")
        return [*_strings(values.get("hosts")), *(_inventory(Path(str(path))) if path else ())]
    except UserError:
        return ()


def _strings(value: object) -> Iterator[str]:
    yield from (str(one) for one in value) if isinstance(value, Sequence) else ()


def _inventory(path: Path) -> Iterator[str]:
    if path.suffix != ".toml":
        return
    from preflight.fleet.inventory import GROUP
    from preflight.fleet.toml_inventory import read

    known = read(path)
    yield from known.hosts
    yield from (f"{GROUP}{group}" for group in known.members)


def _snapshots() -> Iterator[str]:
    try:
        yield from sorted(entry.name for entry in os.scandir() if entry.name.endswith(".json") and entry.is_file())
    except OSError:
        return


def _guests_of(source: str) -> Iterator[str]:
    from preflight.connection.target import Kind, TargetError, parse_target

    try:
        path = parse_target(source).path if parse_target(source).kind is Kind.SNAPSHOT else None
    except TargetError:
        return
    if path is None:
        return
    from preflight.connection.snapshot import SnapshotError, read
    from preflight.facts.fact import Unreadable
    from preflight.facts.guest import Guests

    try:
        known: Any = Guests.parse(read(path)[0].answers.records["libvirt.domains"])
    except (SnapshotError, Unreadable, KeyError):
        return
    yield from (guest.name for guest in (*known.all, *known.unread))


def _rules() -> Iterator[tuple[str, str]]:
    """Yield the subject and the name of each built-in rule, from the names of their files: none is loaded."""
    from preflight.judge.builtin import builtin_directory

    for path in sorted(builtin_directory().glob("*/*.py")):
        if not path.name.startswith("_"):
            yield path.parent.name, path.stem.replace("_", "-")
