"""`preflight audit`: ask many hosts, or read their snapshots, judge every way between them, and print the matrix."""

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from preflight.answers import SavedHost
from preflight.commands.asking import ask
from preflight.commands.made import made_now
from preflight.errors import UserError
from preflight.fleet.audited import Audited
from preflight.fleet.freed import common_cpus
from preflight.fleet.host import Fleet, FleetHost
from preflight.fleet.matrix import matrix
from preflight.fleet.odd import odd
from preflight.fleet.snapshots import answers_of
from preflight.fleet.ways import Ways
from preflight.output import formats
from preflight.progress_bar import bar
from preflight.request.check_request import Asked
from preflight.request.settings import PROBED_WAYS


class Wanted(Struct, frozen=True, kw_only=True):
    """What is asked of an audit besides its hosts, and what becomes of it."""

    #: The request, whose own hosts do not count.
    asked: Asked
    #: True if only a READY of every way is one.
    every: bool = False
    #: Hosts that are asked at the same time, and processes that judge.
    width: int = 16
    jobs: int = 1
    #: Ways that are tried from each host, and to each.
    probe_ways: int = PROBED_WAYS
    output_format: str = "text"
    colour: bool = False
    #: Further files, each with its format.
    files: tuple[tuple[str, Path], ...] = ()


def audit(fleet: Fleet, to: Fleet | None, wanted: Wanted) -> int:
    """Ask the hosts, judge all ways, print the audit, write the files, and return the exit code; raises `UserError`."""
    every = list({host.name: host for host in (*fleet.hosts, *(to.hosts if to is not None else ()))}.values())
    if len(every) < 2:
        raise UserError("an audit needs at least two hosts: name more, or give --inventory")
    names = [host.name for host in every]
    answers = _answers(every, fleet, to, wanted)
    ways = Ways(answers, wanted.asked, _led(every, answers))
    sources = [names.index(host.name) for host in fleet.hosts]
    destinations = None if to is None else [names.index(host.name) for host in to.hosts]
    differences = odd(ways)  # first, so that the processes that judge find every fact parsed
    with bar("judging", len(sources)) as advance:
        found = matrix(ways, sources=sources, destinations=destinations, jobs=wanted.jobs, progress=advance)
    audited = Audited(found, wanted.every, differences, common_cpus(ways, found), made_now(wanted.asked))
    formats.publish("audit", wanted.output_format, audited, wanted.files, colour=wanted.colour)
    return audited.verdict.exit_code


def _answers(hosts: Sequence[FleetHost], fleet: Fleet, to: Fleet | None, wanted: Wanted) -> list[SavedHost]:
    """Return the answers of the hosts, in order: of those that are asked, and of those whose snapshots are read."""
    read = {host.name: answers_of(host) for host in hosts if host.snapshot is not None}
    live = {host.name: host.text for host in hosts if host.snapshot is None}
    if live:
        texts = {name: saved.name for name, saved in read.items()} | live
        asked = ask(
            tuple(live.values()),
            tuple(read.values()),
            wanted.asked,
            width=wanted.width,
            ways=wanted.probe_ways,
            leaving=frozenset(texts[host.name] for host in fleet.hosts),
            arriving=None if to is None else frozenset(texts[host.name] for host in to.hosts),
            led={texts[host.name]: host.migration_address for host in hosts if host.migration_address is not None},
        )
        read |= dict(zip(live, asked, strict=True))
    return [read[host.name] for host in hosts]


def _led(hosts: Sequence[FleetHost], answers: Sequence[SavedHost]) -> dict[str, str]:
    """Return the migration addresses of the inventory, by the names under which the hosts have answered."""
    given = zip(hosts, answers, strict=True)
    return {saved.name: host.migration_address for host, saved in given if host.migration_address is not None}
