"""Reasons not to rehearse a guest: the rehearsal would move the guest, or harm the guest or a file. Pure."""

from collections.abc import Iterator, Mapping
from typing import Final

from preflight.facts import Daemons, QemuUser, Storage
from preflight.facts.fact import Unreadable
from preflight.facts.guest.guests import GuestState
from preflight.host import Guest, Host
from preflight.judge.report import Report, Verdict
from preflight.rehearse.limits import TOUCHED
from preflight.rehearse.traces import Marks, Seen
from preflight.request.check_request import Migration
from preflight.request.method import Method
from preflight.units import MIB

#: File systems of one host alone, by their names in stat(1) of coreutils.
_LOCAL: Final = frozenset(("ext2/ext3", "xfs", "btrfs", "tmpfs", "overlayfs", "zfs", "f2fs"))
#: The rule that the data port is blocked: libvirt then holds the guest for two minutes, and heeds no abort.
_PORTS: Final = "migration-ports-filtered"


def keeps_by_method(method: Method) -> str | None:
    """Return why no guest is rehearsed by this method; None if guests may be rehearsed."""
    if method.compressed:
        return "compressed memory is sent so fast that a guest could move before the rehearsal is aborted"
    if method.suspend and method.postcopy:
        return "a rehearsal leaves out --suspend, which libvirt refuses together with --postcopy"
    if method.migrateuri is not None and not method.migrateuri.startswith("tcp:"):
        return "QEMU is not known to limit the rate of memory that is not sent over TCP"
    return None


def keeps_by_check(
    guest: Guest, marks: Marks, report: Report, hosts: tuple[Host, Host], *, anyway: bool, run_hooks: bool
) -> str | None:
    """Return why the guest is not rehearsed by what the check has found; None if guests may be rehearsed."""
    return next(_by_check(guest, marks, report, hosts, anyway=anyway, run_hooks=run_hooks), None)


def _by_check(
    guest: Guest, marks: Marks, report: Report, hosts: tuple[Host, Host], *, anyway: bool, run_hooks: bool
) -> Iterator[str]:
    if not guest.running:
        yield "the guest is off: only running guests are rehearsed"
        return
    if guest.state is not GuestState.RUNNING:
        yield "the guest is not running, but paused: only running guests are rehearsed"
    if guest.job:
        yield "a job is running on the guest"
    verdict = next((one.verdict for one in report.guests if one.name == guest.name), Verdict.UNDETERMINED)
    if verdict is Verdict.NOT_READY and not anyway:
        yield "the check reports NOT READY; --anyway rehearses the guest nevertheless"
    if marks.memory < TOUCHED:
        yield (
            f"the guest has {marks.memory // MIB} MiB of memory; less than {TOUCHED // MIB} MiB could be sent before"
            " the rehearsal is certain to be aborted"
        )
    if not run_hooks:
        yield from _hooks(hosts[1])
    yield from _ports(report)
    yield from _images(guest, hosts, report.migration)


def _ports(report: Report) -> Iterator[str]:
    """Yield why a rehearsal could not be aborted: a finding that is certain, whatever severity the user gives it."""
    if _PORTS not in {rule.name for rule in report.rules}:
        yield f"the rule {_PORTS} is ignored: it finds a blocked data port, for which libvirt ignores an abort"
    for one in report.results:
        if one.rule.name == _PORTS and any(each.severity in (None, one.rule.severity) for each in one.findings):
            yield "the data port is blocked: libvirt would keep the job for two minutes and ignore an abort"


def _hooks(destination: Host) -> Iterator[str]:
    try:
        hooks = destination.fact(Daemons).hooks
    except Unreadable as why:
        yield f"the destination's hook scripts, which a rehearsal would run, are unknown: {why}"
        return
    if hooks:
        yield f"the destination would run its hook scripts ({', '.join(hooks)}); --run-hooks allows that"


def _images(guest: Guest, hosts: tuple[Host, Host], migration: Migration) -> Iterator[str]:
    """Yield why the destination's libvirt would take an image from the source, or change another file of its own."""
    for disk in guest.disks:
        if not migration.copies(disk.target, by_default=disk.copied_by_default):
            for path in disk.paths:
                try:
                    why = _image(path, hosts, is_written=not disk.readonly)
                except Unreadable as unknown:
                    why = (
                        f"it is not known whether the destination's libvirt would change the owner of {path}: {unknown}"
                    )
                if why is not None:
                    yield why


def _image(path: str, hosts: tuple[Host, Host], *, is_written: bool) -> str | None:
    """Return why the image must not be opened on the destination.

    libvirt makes its QEMU's user the owner. When the migration fails, it leaves an image on shared storage as it is
    (virSecurityManagerRestoreAllLabel, migrated); any other image it gives back, to root if it has not noted the owner.
    """
    source, destination = (host.fact(Storage).look(path) for host in hosts)
    user = hosts[1].fact(QemuUser)
    if destination.kind != "file" or user.dynamic_ownership is False:
        return None
    if destination.is_networked_with(source) and not destination.shared:
        return f"{path} is on network storage that the destination's libvirt does not treat as shared"
    if not destination.shared:
        return f"the destination has its own file {path}, and libvirt would open it for writing" if is_written else None
    entry = user.entries.get(path)
    if entry is None:
        raise Unreadable("its owner there is unknown")
    if (entry.owner, entry.group) == (user.uid, user.gid):
        return None
    return (
        f"{path} is on storage that both hosts share: the destination's libvirt would make its own QEMU user"
        f" ({user.uid}:{user.gid}) the owner in place of {entry.owner}:{entry.group}"
    )


def keeps_by_traces(marks: Marks, seen: Seen, sizes: Mapping[str, int]) -> str | None:
    """Return why the guest is not rehearsed by what the destination has just before; None if nothing is in the way."""
    if seen.processes:
        return f"the destination has a QEMU process of the guest, {seen.processes[0]}"
    if marks.tpm is not None and marks.tpm in seen.paths:
        return (
            f"the destination has {marks.tpm}: if both hosts see the same TPM state, libvirt there deletes it when the"
            " migration fails"
        )
    for path in marks.files:
        if path in seen.paths and seen.paths[path].file_system not in _LOCAL:
            return f"{path} is on a file system that both hosts may share, and libvirt would change its owner"
    for copy in marks.copies:
        if copy.path in seen.paths:
            return f"{copy.path} exists on the destination already, and copying {copy.target} would write to it"
    return _room(marks, seen, sizes)


def _room(marks: Marks, seen: Seen, sizes: Mapping[str, int]) -> str | None:
    """Return why there is not twice the room for the copies; images on one file system are not told apart."""
    needed = 2 * sum(sizes[copy.target] for copy in marks.copies)
    for copy in marks.copies:
        free = seen.room.get(copy.path)
        if free is None:
            return f"the free space for {copy.path} is unknown"
        if free < needed:
            return (
                f"{free // MIB} MiB are free for {copy.path}, and a rehearsal requires twice the size of all copied"
                f" disks, {needed // MIB} MiB"
            )
    return None
