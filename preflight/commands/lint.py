"""`preflight lint`: single hosts, or directories of their files, judged and reported."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec.structs import replace

from preflight.answers import SavedHost
from preflight.collect import alone, directory, questions
from preflight.collect.endpoints import own_transport
from preflight.collect.session import LiveVisit
from preflight.commands.made import made_now
from preflight.connection import snapshot
from preflight.connection.channel import Channel
from preflight.connection.logins import close_all, open_channel
from preflight.connection.target import Target, parse_target
from preflight.errors import UserError
from preflight.judge import lint as judge
from preflight.output import formats

#: Hosts that are asked at the same time.
_AT_ONCE = 16


def lint(
    hosts: Sequence[str],
    files: Path | None,
    request: judge.Request,
    *,
    timeout: float,
    output_format: str,
    reports: tuple[tuple[str, Path], ...],
    colour: bool,
) -> int:
    """Judge the hosts, or those in a directory, publish the report, and return the exit code; raises `UserError`."""
    if files is not None:
        found = tuple(judge.lint_directory(one, request) for one in directory.read(files))
    else:
        targets = [parse_target(host) for host in dict.fromkeys(hosts)]
        found = tuple(_of_hosts(targets, request, timeout))
    made = made_now()
    linted = judge.Linted(tuple(replace(host, made=made) for host in found))
    formats.publish("lint", output_format, linted, reports, colour=colour)
    return linted.exit_code


def _of_hosts(targets: Sequence[Target], request: judge.Request, timeout: float) -> Iterator[judge.HostReport]:
    """Yield the report on each host, in order; a file of two hosts has two reports."""
    saved = {target.text: snapshot.read(target.path) for target in targets if target.path is not None}
    live = [target for target in targets if target.path is None]
    asked: dict[str, SavedHost] = {}
    for at in range(0, len(live), _AT_ONCE):
        asked |= _asked(live[at : at + _AT_ONCE], request, timeout)
    for target in targets:
        if target.path is None:
            yield judge.lint_host(asked[target.text], request, is_saved=False)
        for host in saved.get(target.text, ()):
            yield judge.lint_host(host, request, is_saved=True, file=target.text)


def _asked(targets: Sequence[Target], request: judge.Request, timeout: float) -> dict[str, SavedHost]:
    """Return the answers of these hosts, by their names as typed."""
    wanted, own = judge.needed(request.site)
    channels: list[Channel] = []
    try:
        channels += (open_channel(target, questions.PRELUDE, timeout) for target in targets)
        visits = [
            LiveVisit(target, channel, wanted, own_transport(target), own=own, timeout=timeout)
            for target, channel in zip(targets, channels, strict=True)
        ]
        alone.ask(visits, wanted)
    finally:
        close_all(channels)
    return {target.text: visit.saved() for target, visit in zip(targets, visits, strict=True)}


def refuse_both(hosts: Sequence[str], files: Path | None) -> None:
    """Raise `UserError` unless either hosts or a directory is given."""
    if bool(hosts) is (files is not None):
        raise UserError("name hosts, or give --files DIR" + (", but not both" if hosts else ""))
