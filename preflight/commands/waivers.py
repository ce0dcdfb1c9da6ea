"""`preflight waivers`: the findings that a site accepts, as its configuration file has them."""

import os
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path

from msgspec.structs import replace

from preflight import atomic_file, config, own_file
from preflight.errors import UserError
from preflight.judge.ruleset import Rule, load
from preflight.judge.site import fault_of
from preflight.output.formats import deliver
from preflight.request.check_request import Site
from preflight.request.configured import Listed, Waiver
from preflight.stdio import deliver as print_text
from preflight.visible import many

#: The exit codes if all waivers apply, and if some do not.
SOUND, FAULTY = 0, 1


def show(site: Site) -> int:
    """Print the waivers, and return the exit code."""
    deliver("waivers", "text", tuple(_listed(site)))
    return SOUND


def check(site: Site) -> int:
    """Print the waivers that do not apply any more, and return the exit code."""
    faulty = [one for one in _listed(site) if one.fault]
    if faulty:
        deliver("waivers", "text", faulty)
        return FAULTY
    print_text(f"{many(len(site.configured.waivers), 'waiver')}, all valid\n")
    return SOUND


def _listed(site: Site) -> Iterator[Listed]:
    rules = {rule.name: rule for rule in load(site.rules, site.packs)}
    for waiver in site.configured.waivers:
        yield Listed(waiver, _fault(waiver, rules, site.today))


def _fault(waiver: Waiver, rules: Mapping[str, Rule], today: str) -> str:
    return fault_of(waiver, rules) or ("expired" if waiver.expires < today else "")


def add(site: Site, waiver: Waiver, *, days: int | None) -> int:
    """Add a waiver to the configuration file in use, else to a new one, and return the exit code; raises `UserError`.

    The file keeps its comments. If `days` is given, the waiver expires after so many.
    """
    if days is not None:
        waiver = replace(waiver, expires=(date.fromisoformat(site.today) + timedelta(days=days)).isoformat())
    path = Path(site.configured.file or config.OWN)
    found = config.Found(path, is_named=site.configured.file is not None)
    fault = fault_of(waiver, {rule.name: rule for rule in load(site.rules, site.packs)})
    if fault:
        raise UserError(f"{waiver.rule}: {fault}")
    text = _with(path, _content(found), waiver)
    _write(path, text)
    print_text(f"{path}: {waiver.rule} is waived for {waiver.scope} {waiver.said}\n")
    return SOUND


def _content(found: config.Found) -> bytes:
    """Return the file's contents, empty for a new file; raises `UserError` for a file that would not be used.

    A file that another user has put there must not become the user's own.
    """
    if os.path.lexists(found.path):
        return config.trusted_content(found.path, found)
    if doubt := own_file.doubt_of_new(found.path):
        raise UserError(f"{found.path}: {doubt}, so that the file would not be used: choose another directory")
    return b""


def _with(path: Path, before: bytes, waiver: Waiver) -> str:
    """Return the file's text with the waiver; raises `UserError` if the result could not be used."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        content = before.decode()
        document = tomlkit.parse(content)
        whole = document
        if path.name == config.SHARED:
            whole = whole.setdefault("tool", tomlkit.table(is_super_table=True)).setdefault(
                "preflight", tomlkit.table()
            )
        tables = whole.setdefault("waiver", tomlkit.aot())
        if content:
            (tables[-1] if tables else whole).add(tomlkit.nl())
        table = tomlkit.table()
        table["rule"] = waiver.rule
        if waiver.hosts:
            table["hosts"] = list(waiver.hosts)
        if waiver.pairs:
            table["pairs"] = [" -> ".join(pair) for pair in waiver.pairs]
        table["reason"] = waiver.reason
        table["expires"] = date.fromisoformat(waiver.expires)
        if waiver.ticket:
            table["ticket"] = waiver.ticket
        tables.append(table)
        text = tomlkit.dumps(document)
    except (TOMLKitError, ValueError, AttributeError) as why:
        raise UserError(f"{path}: {why}") from None
    config.refuse_unusable(path, text.encode())
    return text


def _write(path: Path, text: str) -> None:
    """Replace the file, which keeps its permissions; a new one is readable as the umask allows."""
    whole = Path(os.path.realpath(path))
    try:
        permissions = whole.stat().st_mode & 0o777 if whole.exists() else atomic_file.PUBLIC & ~0o022
        with atomic_file.written(whole, permissions) as file:
            file.write(text.encode())
    except OSError as why:
        raise UserError(f"{path}: {why.strerror}") from None
