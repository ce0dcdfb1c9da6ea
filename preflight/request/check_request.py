"""The request of a check: the hosts as typed or as saved, and every option that the check depends on."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from preflight.answers import SavedHost
from preflight.request.migration import Mode, Transport

if TYPE_CHECKING:
    from preflight.request.method import Method


@dataclass(frozen=True, slots=True)
class Asked:
    """The request of a check. The hosts are as typed or as saved; `timeout` is in seconds, for all of one host."""

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
    #: The disks to copy if storage is copied; empty for all that can be copied.
    disks: tuple[str, ...] = ()
    #: The given lists of disks, by the option as it is typed: ("--migrate-disks", ("vda", "vdb")).
    disk_lists: tuple[tuple[str, tuple[str, ...]], ...] = ()
    tls: bool = False
    #: Whether the definitions of guests that are off are migrated too.
    as_they_are: bool = False
    #: The other flags and parameters of `virsh migrate` that are requested, by its names.
    flags: frozenset[str] = frozenset()
    migrateuri: str | None = None
    listen_address: str | None = None
    disks_port: int | None = None
    disks_uri: str | None = None
    persistent: bool | None = None
    undefinesource: bool = True
    tls_destination: str | None = None
    #: The name and the XML of the guest on the destination.
    dname: str | None = None
    xml: str | None = None
    #: The bandwidth of one migration in MiB/s; None for that of the link.
    bandwidth: float | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    rules: tuple[Path, ...] = ()
    both_ways: bool = False
    #: Whether facts that only `preflight capacity` shows are collected too.
    sizing: bool = False
    timeout: float = 60.0


def moved_by(asked: Asked, method: "Method") -> Asked:
    """Return the same request for guests that are migrated by this method."""
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
    )
