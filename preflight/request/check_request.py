"""What a command asks to have checked: its hosts as typed or as saved, and every option that a check goes by."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from preflight.answers import SavedHost
from preflight.request.migration import Mode, Transport

if TYPE_CHECKING:
    from preflight.request.method import Method


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user asked to have checked, hosts as typed or as saved. `timeout` is in seconds, for a whole host."""

    source: str | SavedHost
    destination: str | SavedHost | None = None
    guests: tuple[str, ...] = ()
    no_guests: bool = False
    concurrency: int = 1
    mode: Mode = Mode.MANAGED
    transport: Transport | None = None
    destination_uri: str | None = None
    offline: bool = False
    copy_storage: bool = False
    #: The disks that are copied then; empty for all that can be.
    disks: tuple[str, ...] = ()
    #: The lists of disks that are given, by the option as it is typed: ("--migrate-disks", ("vda", "vdb")).
    disk_lists: tuple[tuple[str, tuple[str, ...]], ...] = ()
    tls: bool = False
    #: Whether guests that are off are moved too, by their definition.
    as_they_are: bool = False
    #: The further flags and parameters of `virsh migrate` that are asked for, by its names.
    flags: frozenset[str] = frozenset()
    migrateuri: str | None = None
    listen_address: str | None = None
    disks_port: int | None = None
    disks_uri: str | None = None
    persistent: bool | None = None
    undefinesource: bool = True
    tls_destination: str | None = None
    #: The guest's name, and its XML, on the destination.
    dname: str | None = None
    xml: str | None = None
    #: MiB/s that a migration may send; None for as much as the link takes.
    bandwidth: float | None = None
    #: The options that say how guests are moved, as they would be typed again.
    options: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    rules: tuple[Path, ...] = ()
    both_ways: bool = False
    #: Whether what `preflight capacity` alone shows is asked for too.
    sizing: bool = False
    timeout: float = 60.0


def moved_by(asked: Asked, method: "Method") -> Asked:
    """The same, with guests moved in this way."""
    return replace(
        asked,
        mode=method.mode,
        copy_storage=method.copies_storage,
        disks=method.migrate_disks,
        disk_lists=method.disk_lists,
        tls=method.tls,
        bandwidth=method.bandwidth,
        flags=method.asked,
        migrateuri=method.migrateuri,
        listen_address=method.listen_address,
        disks_port=method.disks_port,
        disks_uri=method.disks_uri,
        persistent=method.persistent,
        undefinesource=method.undefinesource,
        tls_destination=method.tls_destination,
        dname=method.dname,
        xml=method.xml,
        options=method.typed,
    )
