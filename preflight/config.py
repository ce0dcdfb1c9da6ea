"""Finds the configuration file, reads it with the files that it extends, and refuses one that others may have planted.

The first file that exists is used, and no other: the one that the user names, else preflight.toml or a pyproject.toml
with [tool.preflight] in the working directory or the nearest directory above it, else the user's, else the system's.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import replace

from preflight import own_file
from preflight.errors import UserError
from preflight.request.configured import NONE, Configured, Waiver
from preflight.request.settings import MIGRATION, SETTINGS, Kind, every, rivals

#: The names of a configuration file in the working directory or above it.
OWN, SHARED = "preflight.toml", "pyproject.toml"
#: The system's configuration file, and the user's below their directory for configuration.
OF_SYSTEM, OF_USER = Path("/etc/preflight/config.toml"), Path("preflight/config.toml")
#: Maximum size in bytes of one file, and maximum number of its quotes or commas.
_MOST, _MOST_MARKS = 1024 * 1024, 100_000
#: Maximum number of files that extend one another.
_MOST_EXTENDED = 8


class Found(NamedTuple):
    """A configuration file, and how it was found."""

    path: Path
    #: True if the user has named it.
    is_named: bool = False
    #: True if it lies in the working directory or above it.
    is_of_directory: bool = False


def load(named: Path | None = None, *, walk: bool = True) -> Configured:
    """Return what the configuration file sets; raises `UserError` for a file that cannot be used.

    `walk` allows a file in the working directory or above it. A command that changes something must not allow it: such
    a file may have come with an archive or a repository that the user unpacked.
    """
    found = find(named, walk=walk)
    return NONE if found is None else _read(found.path, of=found)


def find(named: Path | None, *, walk: bool) -> Found | None:
    """Return the configuration file that applies."""
    if named is not None:
        return Found(named, is_named=True)
    for path in _above() if walk else ():
        return Found(path, is_of_directory=True)
    for path in (of_user(), OF_SYSTEM):
        if os.path.lexists(path):
            return Found(path)
    return None


def of_user() -> Path:
    """Return the path of the user's own configuration file."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / OF_USER


def _above() -> Iterator[Path]:
    """Yield each configuration file, from the working directory up to the root."""
    try:
        start = Path.cwd()
    except OSError:  # the working directory is gone
        return
    for directory in (start, *start.parents):
        if os.path.lexists(path := directory / OWN):
            yield path
        if (path := directory / SHARED).is_file() and _mentions_preflight(path):
            yield path


def _mentions_preflight(path: Path) -> bool:
    """Report whether a pyproject.toml has a table for preflight; one that cannot be read is not the user's."""
    try:
        with path.open("rb") as file:
            content = file.read(_MOST + 1)
    except OSError:
        return False
    if b"preflight" not in content or len(content) > _MOST:
        return False
    return _table(path, content) is not None


def _read(path: Path, *, of: Found, chain: tuple[Path, ...] = ()) -> Configured:
    """Return what a file sets, with what it takes from the file that it extends; `chain` are the files that extend it.

    A file that is extended must be as trustworthy as the file that extends it.
    """
    model = parse(path, trusted_content(path, of))
    directory = path.absolute().parent
    own = {key: _as_option(key, value, directory) for key, value in _given(model).items() if value is not None}
    for key, value in own.items():
        if of.is_of_directory and every()[key].loads_code:
            raise UserError(
                f"{path}: {key}: a file in the working directory or above it must not load code: name the file with"
                " --config, or set this in your own configuration file"
            )
        # a URI can name a program or a key, and a host that the source is to connect to
        if of.is_of_directory and any("://" in str(one) for one in (value if isinstance(value, list) else [value])):
            raise UserError(
                f"{path}: {key}: a file in the working directory or above it must not set a URI: name the file with"
                " --config, or set this in your own configuration file"
            )
    found = Configured(
        file=str(path),
        is_of_directory=of.is_of_directory,
        values=own,
        origins=dict.fromkeys(own, str(path)),
        waivers=tuple(_waiver(one, path) for one in model.waiver),
    )
    if model.extend is None:
        return found
    extended = directory / Path(model.extend).expanduser()
    chain = (*chain, path.resolve())
    if extended.resolve() in chain or len(chain) > _MOST_EXTENDED:
        raise UserError(
            f"{path}: extend: {model.extend}: the files extend each other in a circle: remove the key `extend` from"
            " one of them"
        )
    below = _read(extended, of=of, chain=chain)
    replaced = {rival for key, value in own.items() if value is True for rival in rivals(key)}
    values = {key: value for key, value in below.values.items() if key not in replaced}
    return replace(
        found,
        values={**values, **found.values},
        origins={**{key: below.origins[key] for key in values}, **found.origins},
        waivers=(*below.waivers, *found.waivers),
    )


def _given(model: Any) -> dict[str, Any]:
    """Return each value of a file by its key; None for what the file does not set."""
    options = getattr(model, MIGRATION)
    return {
        key: getattr(model, _field(key)) if key in SETTINGS else getattr(options, _field(key), None) for key in every()
    }


def _field(key: str) -> str:
    return key.removeprefix(f"{MIGRATION}.").replace("-", "_")


def parse(path: Path, content: bytes) -> Any:
    """Return the model of a file's contents; raises `UserError`."""
    table = _table(path, content)
    if table is None:
        raise UserError(f"{path}: has no table [tool.preflight]: add it, or name another file")
    from preflight.schema.config import parsed

    try:
        return parsed(table)
    except UserError as why:
        raise UserError(f"{path}: {why}") from None


def refuse_unusable(path: Path, content: bytes) -> None:
    """Raise `UserError` for contents that a later run would refuse."""
    if len(content) > _MOST or own_file.marks(content) > _MOST_MARKS:
        raise UserError(
            f"{path}: a configuration file has at most {_MOST} bytes, and {_MOST_MARKS} quotes or commas: move"
            " waivers to another, named by `extend`"
        )
    parse(path, content)


def trusted_content(path: Path, of: Found) -> bytes:
    """Return the contents of a file; raises `UserError` for one that another user could have planted."""
    opened = own_file.open_own(path)
    try:
        if opened.replaced_by is not None and not of.is_named:
            raise UserError(
                f"{path}: {opened.replaced_by}, so this configuration file is not used: move it, or name it with"
                " --config"
            )
        return own_file.read(path, opened.descriptor, _MOST, _MOST_MARKS)
    finally:
        os.close(opened.descriptor)


def _table(path: Path, content: bytes) -> dict[str, Any] | None:
    """Return the table for preflight; None for a pyproject.toml that has none. Raises `UserError`."""
    import tomllib

    try:
        whole = tomllib.loads(content.decode())
    except (ValueError, RecursionError) as why:  # not TOML, or not UTF-8
        raise UserError(f"{path}: is not TOML: {why}") from None
    if path.name != SHARED:
        return whole
    table = tool.get("preflight") if isinstance(tool := whole.get("tool"), dict) else None
    return table if isinstance(table, dict) else None


def _as_option(key: str, value: Any, directory: Path) -> Any:
    """Return a value as the command line has it."""
    match every()[key].kind:
        case Kind.DIRECTORIES:
            return [str(directory / Path(one).expanduser()) for one in value]
        case Kind.PATH:
            return str(directory / Path(value).expanduser())
        case Kind.HOSTS:
            return [_as_host(one, directory) for one in value]
        case Kind.TEXTS:
            return list(value)
        case Kind.WORDS:
            return ",".join(value)
        case Kind.BY_RULE:
            return [f"{rule}={text}" for rule, text in value.items()]
        case Kind.NUMBER_BY_RULE:
            return [f"{rule}={number:g}" for rule, number in value.items()]
        case _:
            return value


def _as_host(text: str, directory: Path) -> str:
    """Return a host as it is typed, or the path of a snapshot; see the help of SOURCE for what is one."""
    is_snapshot = "://" not in text and ("/" in text or text.endswith(".json"))
    return str(directory / Path(text).expanduser()) if is_snapshot else text


def _waiver(one: Any, path: Path) -> Waiver:
    pairs = (pair.partition("->") for pair in one.pairs)
    return Waiver(
        rule=one.rule,
        hosts=one.hosts,
        pairs=tuple((source.strip(), destination.strip()) for source, _, destination in pairs),
        reason=" ".join(one.reason.split()),
        expires=one.expires,
        ticket=one.ticket,
        file=str(path),
    )
