"""Both ends of a request: the hosts, how they are reached, and the logins, already started.

This module imports little, so that ssh connects while the rest of preflight is still being loaded.
"""

import contextlib
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from preflight.answers import SavedHost
from preflight.collect import questions
from preflight.connection import snapshot
from preflight.connection.channel import Channel
from preflight.connection.logins import close_all, open_channel
from preflight.connection.target import Kind, Target, TargetError, parse_target
from preflight.request.check_request import Asked, Migration
from preflight.request.data_uri import data_uri
from preflight.request.migration import Transport


class End(Struct, frozen=True):
    """One end of a request: a target with a channel to it, or its saved answers."""

    target: Target
    channel: Channel | None = None
    saved: SavedHost | None = None


class Opened(Struct, frozen=True):
    """A request with its logins in progress."""

    asked: Asked
    migration: Migration
    source: End
    destination: End


@contextlib.contextmanager
def open_hosts(asked: Asked) -> Iterator[Opened]:
    """Start the logins at both ends, and log out at the end; raises `UserError` for unusable input."""
    ends = _ends(asked)
    targets = [end if isinstance(end, Target) else parse_target(end.name) for end in ends]
    migration = migration_between(asked, *targets)
    channels: list[Channel] = []
    opened = []
    try:
        for end, target in zip(ends, targets, strict=True):
            if isinstance(end, SavedHost):
                opened.append(End(target, saved=end))
            else:
                channel = open_channel(end, questions.PRELUDE, asked.timeout)
                channels.append(channel)
                opened.append(End(target, channel=channel))
        yield Opened(asked, migration, *opened)
    finally:
        close_all(channels)


def reversed_hosts(opened: Opened, asked: Asked) -> Opened:
    """Return the same logins for the opposite direction; `asked` names the hosts in that order."""
    migration = migration_between(asked, opened.destination.target, opened.source.target)
    return Opened(asked, migration, opened.destination, opened.source)


def _ends(asked: Asked) -> tuple[Target | SavedHost, Target | SavedHost]:
    if asked.destination is not None:
        return _one(asked.source), _one(asked.destination)
    first = parse_target(asked.source) if isinstance(asked.source, str) else None
    saved = snapshot.read(first.path) if first and first.path else []
    if len(saved) != 2:
        raise TargetError(
            f"{asked.source}: the DESTINATION is missing; only a file written by `check --save` holds both hosts"
        )
    return saved[0], saved[1]


def _one(end: str | SavedHost) -> Target | SavedHost:
    if isinstance(end, SavedHost):
        return end
    target = parse_target(end)
    if target.path is None:
        return target
    hosts = snapshot.read(target.path)
    if len(hosts) != 1:
        raise TargetError(f"{target.path}: holds {len(hosts)} hosts: give it alone, or two files of one host each")
    return hosts[0]


def own_transport(target: Target) -> str:
    """Return the default transport for a host's libvirt, if no other is requested."""
    if target.kind is Kind.LOCAL:
        return Transport.UNIX
    return target.transport or Transport.SSH


def migration_between(asked: Asked, source: Target, destination: Target) -> Migration:
    """Return the migration that is asked for between two hosts; raises `TargetError`."""
    if asked.destination_uri is not None:
        if not asked.destination_uri.strip():
            raise TargetError(
                f"--destination-uri: {asked.destination_uri!r} is blank: omit it, or give one such as qemu+ssh://host/system"
            )
        uri = parse_target(asked.destination_uri)
        if uri.uri is None:
            raise TargetError(f"{asked.destination_uri}: not a libvirt URI such as qemu+ssh://host/system")
        transport = Transport(own_transport(uri))
        if asked.transport not in (None, transport):
            raise TargetError(
                f"{asked.destination_uri}: does not use {asked.transport}, which --transport requires: omit one of"
                " the two"
            )
    else:
        transport = asked.transport or Transport(own_transport(destination))
    method, disks_to = asked.method, data_uri("--disks-uri", asked.method.disks_uri)
    return Migration(
        method=method,
        transport=transport,
        concurrency=asked.concurrency,
        offline=asked.offline,
        as_they_are=asked.as_they_are,
        both_ways=asked.both_ways,
        probe=asked.probe,
        memory_to=data_uri("--migrateuri", method.migrateuri),
        disks_to=replace(disks_to, port=method.disks_port or disks_to.port),
        source_over_ssh=own_transport(source) == Transport.SSH,
        destination_uri=asked.destination_uri or destination.libvirt_uri(transport),
    )
