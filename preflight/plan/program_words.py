"""The words in a plan or a journal that run commands, open sockets, name keys or weaken checks.

A libvirt URI is a program: `?command=` is run on this machine, and on the source in peer-to-peer mode. Such words are
used only from a file that nobody but its owner could have written or replaced, or if they are given again.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from preflight.errors import UserError
from preflight.request.method import Method
from preflight.schema.plan import MigrationPlan

#: Harmless parameters of a libvirt URI. All others of doRemoteOpen (src/remote/remote_driver.c, libvirt 12) run a
#: program, name a socket or a key, omit a check, or are passed on to the other host's libvirt: command, netcat, proxy,
#: socket, mode, name, auth, authfile, sshauth, keyfile, pkipath, known_hosts, known_hosts_verify, tls_priority,
#: no_sanity, no_verify. Names are compared case-insensitively, as libvirt does.
HARMLESS = frozenset(("no_tty",))
#: The only parameter of a graphics URI that libvirt knows (qemuMonitorGraphicsRelocate of src/qemu/qemu_migration.c).
_OF_GRAPHICS = frozenset(("tlsport",))


class Found(NamedTuple):
    """One such word: the field that contains it, the field's text, and the parameter."""

    field: str
    text: str
    parameter: str


def program_words(plan: MigrationPlan) -> Iterator[Found]:
    """Yield the programs, sockets, keys and weaker checks in this plan."""
    uris = {"source": plan.source, "destination": plan.destination, "destination_uri": plan.destination_uri}
    return words_of(uris, plan.method)


def words_of(uris: Mapping[str, str], method: Method) -> Iterator[Found]:
    """Yield the same of hosts and URIs, by the names of their fields, and of the options of a migration."""
    for field, text in uris.items():
        for name in _parameters(text):
            if name not in HARMLESS:
                yield Found(field, text, name)
    data = {"migrateuri": method.migrateuri, "disks_uri": method.disks_uri, "graphicsuri": method.graphicsuri}
    for field, value in data.items():
        text = value or ""
        if text.lower().startswith("unix:"):
            yield Found(field, text, "a socket")
        for name in _parameters(text):
            if field != "graphicsuri" or name not in _OF_GRAPHICS:
                yield Found(field, text, name)
    for field, value in {"xml": method.xml, "persistent_xml": method.persistent_xml}.items():
        if value is not None:  # which names an emulator and devices of the host
            yield Found(field, value, "a guest's XML")


def refuse_programs(path: Path, plan: MigrationPlan, doubt: str | None, confirmed: Sequence[str]) -> None:
    """Raise `UserError` for such words in a file that others can read or replace, unless they are given again.

    `doubt` describes who else can read or replace the file; None if nobody can.
    """
    refuse_words(path, program_words(plan), doubt, confirmed)


def refuse_words(path: Path, words: Iterable[Found], doubt: str | None, confirmed: Sequence[str]) -> None:
    """Raise `UserError` for these words of such a file."""
    if doubt is None:
        return
    for word in words:
        if word.text not in confirmed:
            again = "" if "XML" in word.parameter else ", or give the URI again with --confirm-uri"
            raise UserError(
                f"{path}: {word.field} has {word.parameter!r}, which is used only from a file of your own, with mode"
                f" 0600 and in directories that only you and root can write to; {doubt}: see to that{again}"
            )


def _parameters(uri: str) -> Iterator[str]:
    """Yield the names of a URI's parameters, split at "&" and ";" as by virURIParseParams of src/util/viruri.c."""
    try:
        query = urlsplit(uri).query
    except ValueError:
        query = uri.partition("?")[2]
    for part in re.split("[&;]", query):
        if part:
            yield unquote(part.partition("=")[0]).strip().lower()
