"""Moves a guest that is off: first its state files, then its definition.

The source's definition is removed only after both have been verified on the destination. At every moment at least one
host has the definition with everything that belongs to it.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Final

from msgspec.structs import replace

from preflight.facts.fact import Unreadable
from preflight.migrate import call
from preflight.migrate.end import HostSilent
from preflight.migrate.events import Event
from preflight.migrate.lane import Lane
from preflight.migrate.live import definition, end
from preflight.migrate.observation import Place
from preflight.migrate.outcome import Decision, Result
from preflight.migrate.root_shell import FilesError, Shell
from preflight.migrate.run import Ended, Run
from preflight.migrate.settle import PAUSE, Settled, look_at_both
from preflight.migrate.state_copy import copy, is_same
from preflight.migrate.state_files import State, states
from preflight.migrate.state_listing import listed
from preflight.migrate.state_taken import require_free
from preflight.migrate.undefine import NotUndefined, undefine
from preflight.request.migration import Mode
from preflight.schema.plan import PlannedGuest
from preflight.threads import Late, until, within

#: Part of libvirt's error while another migration of the guest is running (qemuMigrationJobIsAllowed).
_BUSY: Final = "another migration job is already running"


class _Refused(Exception):
    """The guest is not moved and stays as it is. The text is the reason."""


def move_off(
    run: Run, guest: PlannedGuest, lane: Lane, source: Shell, destination: Shell, *, known: str | None
) -> Ended:
    """Move a guest that is off, or finish a move that was begun. `known` is its definition if the journal has it.

    Every step can be repeated. Raises `JournalError` before anything is done.
    """
    import libvirt

    xml = definition(run, guest) or known
    run.journal.write("begin", guest.uuid, name=guest.name, xml=xml)
    run.tell(Event("started", guest.name))
    error = None
    why = ""
    kept: list[str] = []
    try:
        why = _when_free(run, guest, lambda: _move(run, guest, lane, source, destination, xml, kept))
    except (libvirt.libvirtError, HostSilent, FilesError, Unreadable, NotUndefined, _Refused) as failure:
        error = str(failure)
    intent = run.intent(guest, handed_over=error is None)
    where = _where(run, guest, is_whole=error is None, why=why)
    return replace(end(run, guest, where, intent, error=error), kept=tuple(kept))


def _when_free(run: Run, guest: PlannedGuest, move: Callable[[], str]) -> str:
    """Move the guest, and start over as long as libvirt reports that another migration of it is running.

    libvirt keeps the job of a client that was killed until it notices that the client's connection is closed.
    """
    import libvirt

    is_time_left = until(run.settings.patience)
    is_told = False
    while True:
        try:
            return move()
        except libvirt.libvirtError as why:
            is_busy = why.get_error_code() == libvirt.VIR_ERR_OPERATION_INVALID and _BUSY in str(why)
            if not is_busy or not is_time_left() or run.stopping.is_set():
                raise
        if not is_told:
            run.tell(Event("waiting", guest.name, "another migration of the guest is running: waiting for it to end"))
            is_told = True
        time.sleep(PAUSE)


def _move(
    run: Run, guest: PlannedGuest, lane: Lane, source: Shell, destination: Shell, xml: str | None, kept: list[str]
) -> str:
    """Move the guest; return what is not as requested although it has arrived, or an empty text.

    The paths of state files of which the source keeps its own copy are put into `kept`.
    """
    kept.clear()
    here, there = look_at_both(run, guest.uuid)
    if Place.UNKNOWN in (here.place, there.place):
        raise _Refused(here.why or there.why or "a host does not answer")
    if here.place is Place.ABSENT and there.place is Place.OFF:  # it has already been moved
        return _start_with(run, guest)
    if here.place is Place.ABSENT and there.place is Place.ABSENT:
        # no step of a run removes it from both hosts: its owner may have moved it on, and it would end up on two hosts
        raise _Refused("neither host knows the guest any more; the journal has its definition, for `virsh define`")
    if here.place is not Place.OFF or there.place.active:
        raise _Refused("the guest is no longer off")
    if xml is None:
        raise _Refused("the guest's definition cannot be read")
    own = run.source.domain(guest.uuid)
    if own.hasManagedSaveImage():
        raise _Refused(
            "its saved state (virsh managedsave) would not move with it: start the guest, or remove the saved state"
        )
    if there.place is Place.OFF and run.destination.domain(guest.uuid).hasManagedSaveImage():
        raise _Refused("the destination has a saved state of this guest and would start it from that old memory")
    needed = list(states(xml, guest.uuid))
    for state in needed:
        listed(state, source)  # raises for state that cannot be moved whole, before any part of it is moved
    require_free(needed, guest.uuid, run.destination.shared(), destination)
    kept += [state.path for state in needed if copy(state, source, destination)]
    run.journal.note("copied", guest.uuid, paths=kept)
    if there.place is Place.ABSENT:
        _define(run, guest, lane, xml)
    else:
        run.destination.shared().defineXML(call.definition(run.plan.method, xml))
    _verify(run, guest, needed, source, destination)
    if run.plan.method.undefinesource:
        run.journal.note("defined", guest.uuid)
        undefine(own)
    else:
        if guest.autostart:
            own.setAutostart(0)  # otherwise both hosts would start it
        run.journal.note("defined", guest.uuid)
    for path in kept:
        run.tell(Event("note", guest.name, f"the source keeps its own {path}"))
    return _start_with(run, guest)


def _start_with(run: Run, guest: PlannedGuest) -> str:
    """Enable autostart on the destination if the source had it; call this only once the source no longer starts it.

    Return why that failed, or an empty text.
    """
    import libvirt

    if guest.autostart:
        try:
            run.destination.domain(guest.uuid).setAutostart(1)
        except (libvirt.libvirtError, HostSilent) as why:
            return f"autostart could not be enabled on the destination (virsh autostart {guest.name}): {why}"
    return ""


def _define(run: Run, guest: PlannedGuest, lane: Lane, xml: str) -> None:
    """Define the guest on the destination by libvirt's offline migration or, with `dumpxml`, literally from its XML."""
    import libvirt

    method = run.plan.method
    if method.dumpxml:
        run.destination.shared().defineXML(call.definition(method, xml))
        return
    flags = libvirt.VIR_MIGRATE_OFFLINE | libvirt.VIR_MIGRATE_PERSIST_DEST
    domain = lane.source().lookupByUUIDString(guest.uuid)
    # seen with libvirt 9.0: an offline migration ignores persistent_xml
    given = {"destination_name": method.dname, "destination_xml": method.persistent_xml or method.xml}
    parameters = {name: value for name, value in given.items() if value is not None}
    if method.mode is Mode.MANAGED:
        call_it: Callable[[], object] = partial(domain.migrate3, lane.destination(), parameters, flags)
    else:
        flags |= libvirt.VIR_MIGRATE_PEER2PEER
        call_it = partial(domain.migrateToURI3, run.plan.destination_uri, parameters, flags)
    try:
        within(run.settings.stall, call_it)
    except Late as why:
        raise HostSilent(f"libvirt's call {why}") from None


def _verify(run: Run, guest: PlannedGuest, needed: list[State], source: Shell, destination: Shell) -> None:
    there = run.destination.look(guest.uuid)
    if there.place is not Place.OFF or not there.persistent:
        raise _Refused("the destination does not have the guest's definition after the move")
    for state in needed:
        if not is_same(state, source, destination):
            raise FilesError(f"{state.path}: the destination's copy differs from the source's")


def _where(run: Run, guest: PlannedGuest, *, is_whole: bool, why: str) -> Settled:
    """Find where the definition is after the move.

    `is_whole` says that the definition on the destination was verified; `why` is what is not as requested.
    """
    here, there = look_at_both(run, guest.uuid)
    stays_too = is_whole and not run.plan.method.undefinesource
    if Place.UNKNOWN in (here.place, there.place):
        decision = Decision((), Result.UNKNOWN, here.why or there.why)
    elif there.place is not Place.ABSENT and (here.place is Place.ABSENT or (stays_too and here.place is Place.OFF)):
        decision = Decision((), Result.ARRIVED, why)
    elif here.place is Place.ABSENT and there.place is Place.ABSENT:
        decision = Decision((), Result.LOST, "neither host knows the guest")
    else:
        both = there.place is Place.OFF and here.place is Place.OFF
        decision = Decision((), Result.STAYED, "both hosts have its definition" if both else "")
    return Settled(decision, here, there)
