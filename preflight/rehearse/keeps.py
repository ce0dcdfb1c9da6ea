"""Why a guest must not be rehearsed: for a rehearsal would move it, or harm it or a file. Pure: it looks at no host."""

from collections.abc import Iterator, Mapping
from typing import Final

from preflight.facts import Daemons, QemuUser, Storage
from preflight.facts.fact import Unreadable
from preflight.facts.guest.guests import GuestState
from preflight.host import Guest, Host
from preflight.judge.report import Report, Verdict
from preflight.rehearse.traces import Marks, Seen
from preflight.request.check_request import Migration
from preflight.schema.plan import PlannedGuest
from preflight.units import KIB, MIB

#: Bytes of touched memory that a guest must have. In half a second QEMU passes up to 233 MiB of zero pages at 1 MiB/s,
#: nine bytes for each page of 4 KiB.
LEAST: Final = 256 * MIB
#: The rule that the data port is blocked: libvirt then holds the guest for two minutes, and heeds no abort.
_PORTS: Final = "migration-ports-filtered"


def keeps_by_check(
    guest: Guest, planned: PlannedGuest, report: Report, destination: Host, *, anyway: bool, run_hooks: bool
) -> str | None:
    """Return why the guest is not rehearsed by what the check has found; None if nothing speaks against it."""
    return next(_by_check(guest, planned, report, destination, anyway=anyway, run_hooks=run_hooks), None)


def _by_check(
    guest: Guest, planned: PlannedGuest, report: Report, destination: Host, *, anyway: bool, run_hooks: bool
) -> Iterator[str]:
    if not guest.running:
        yield "it is off: only guests that run are rehearsed"
        return
    if guest.state is not GuestState.RUNNING:
        yield "it is not running, but paused: only guests that run are rehearsed"
    if guest.job:
        yield "a job is running on it"
    verdict = next((one.verdict for one in report.guests if one.name == guest.name), Verdict.UNDETERMINED)
    if verdict is Verdict.NOT_READY and not anyway:
        yield "the check says NOT READY; with --anyway it is rehearsed all the same"
    touched = planned.touched_kib * KIB
    if touched < LEAST:
        yield (
            f"it has touched only {touched // MIB} MiB of its memory: with less than {LEAST // MIB} MiB all of it could"
            " be sent before the rehearsal is aborted"
        )
    if not run_hooks:
        yield from _hooks(destination)
    if any(one.rule.name == _PORTS and one.blocks for one in report.results):
        yield "the data port is blocked: libvirt would hold the guest for two minutes, and no abort would help"
    yield from _images(guest, destination, report.migration)


def _hooks(destination: Host) -> Iterator[str]:
    try:
        hooks = destination.fact(Daemons).hooks
    except Unreadable as why:
        yield f"it is not known whether the destination has hook scripts, which a rehearsal would run: {why}"
        return
    if hooks:
        yield f"the destination would run its hook scripts ({', '.join(hooks)}); --run-hooks allows that"


def _images(guest: Guest, destination: Host, migration: Migration) -> Iterator[str]:
    """Yield why the destination's libvirt would make its own QEMU user the owner of images that the source uses."""
    shared: list[str] = []
    try:
        storage, user = destination.fact(Storage), destination.fact(QemuUser)
        for disk in guest.disks:
            if migration.copies(disk.target, by_default=disk.copied_by_default):
                continue
            for path in disk.paths:
                entry = user.entries.get(path)
                is_its_own = entry is not None and (entry.owner, entry.group) == (user.uid, user.gid)
                if storage.look(path).shared and not is_its_own:
                    shared.append(path)
    except Unreadable as why:
        yield f"it is not known whether the destination's QEMU would take over the owner of the guest's images: {why}"
        return
    if shared and user.dynamic_ownership is not False:
        yield (
            f"{shared[0]} is on storage that both hosts share: the destination's libvirt would make its own QEMU user"
            f" ({user.uid}:{user.gid}) the owner"
        )


def keeps_by_traces(marks: Marks, seen: Seen, sizes: Mapping[str, int]) -> str | None:
    """Return why the guest is not rehearsed by what the destination has just before; None if nothing is in the way."""
    if seen.processes:
        return f"the destination has a QEMU process of it, {seen.processes[0]}"
    if marks.tpm is not None and marks.tpm in seen.paths:
        return (
            f"the destination has {marks.tpm}: if both hosts see the same TPM state, libvirt there deletes it when the"
            " migration is taken back"
        )
    for copy in marks.copies:
        if copy.path in seen.paths:
            return f"{copy.path} is on the destination already, and copying {copy.target} would write into it"
    return _room(marks, seen, sizes)


def _room(marks: Marks, seen: Seen, sizes: Mapping[str, int]) -> str | None:
    """Return why there is not twice the room for the copies; images on one file system are not told apart."""
    needed = 2 * sum(sizes[copy.target] for copy in marks.copies)
    for copy in marks.copies:
        free = seen.room.get(copy.path)
        if free is None:
            return f"it is not known how much room there is for {copy.path}"
        if free < needed:
            return (
                f"{free // MIB} MiB are free for {copy.path}, and a rehearsal wants twice the size of all copied disks,"
                f" {needed // MIB} MiB"
            )
    return None
