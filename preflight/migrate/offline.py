"""Moves a guest that is off: what it needs, then its definition; and only when both are whole there it goes here.

At every moment at least one host has the definition with all that belongs to it.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from preflight.facts.record import Unreadable
from preflight.migrate import call, files
from preflight.migrate.end import HostSilent, within
from preflight.migrate.event import Event
from preflight.migrate.files import FilesError, Shell, State
from preflight.migrate.live import Lane, definition, end
from preflight.migrate.recovery import Decision, Result
from preflight.migrate.run import Ended, Run
from preflight.migrate.settle import Settled, look_at_both
from preflight.migrate.sighting import Place
from preflight.migration import Mode
from preflight.plan import PlannedGuest


class _Refused(Exception):
    """It is not moved, and stays as it is."""


def move_off(
    run: Run, guest: PlannedGuest, lane: Lane, source: Shell, destination: Shell, *, known: str | None
) -> Ended:
    """Move a guest that is off, or finish what was begun. `known` is its definition where the journal has it.

    Every step can be done again. Raises `JournalError` before anything is done.
    """
    import libvirt

    xml = definition(run, guest) or known
    run.journal.write("begin", guest.uuid, name=guest.name, xml=xml)
    run.tell(Event("started", guest.name))
    error = None if xml else "its definition cannot be read"
    try:
        if xml:
            _move(run, guest, lane, source, destination, xml)
    except (libvirt.libvirtError, HostSilent, FilesError, Unreadable, _Refused) as why:
        error = str(why)
    intent = run.intent(guest, handed_over=error is None)
    return end(run, guest, _where(run, guest, is_whole=error is None), intent, error=error)


def _move(run: Run, guest: PlannedGuest, lane: Lane, source: Shell, destination: Shell, xml: str) -> None:
    here, there = look_at_both(run, guest.uuid)
    if Place.UNKNOWN in (here.place, there.place):
        raise _Refused(here.why or there.why or "a host does not answer")
    if here.place is Place.ABSENT and there.place is Place.OFF:  # it has moved already
        _start_with(run, guest)
        return
    if here.place is Place.ABSENT and there.place is Place.ABSENT:
        run.source.shared().defineXML(xml)
        raise _Refused("neither host knew it: it is defined on the source again")
    if here.place is not Place.OFF or there.place.active:
        raise _Refused("it is no longer off")
    own = run.source.domain(guest.uuid)
    if own.hasManagedSaveImage():
        raise _Refused("its saved state (virsh managedsave) would not move with it: start it, or remove that state")
    needed = list(files.states(xml, guest.uuid))
    copied = [state for state in needed if files.copy(state, source, destination)]
    run.journal.note("copied", guest.uuid, paths=[state.path for state in copied])
    if there.place is Place.ABSENT:
        _define(run, guest, lane, xml)
    else:
        run.destination.shared().defineXML(call.definition(run.plan.method, xml))
    _verify(run, guest, needed, source, destination)
    run.journal.note("defined", guest.uuid)
    if run.plan.method.undefinesource:
        _undefine(own, leave_files=len(copied) != len(needed))
    elif guest.autostart:
        own.setAutostart(0)  # or it would start on both hosts
    _start_with(run, guest)


def _start_with(run: Run, guest: PlannedGuest) -> None:
    """Have the destination start it with itself, if the source did; only when it is no longer the source's to start."""
    if guest.autostart:
        run.destination.domain(guest.uuid).setAutostart(1)


def _define(run: Run, guest: PlannedGuest, lane: Lane, xml: str) -> None:
    """On the destination, by libvirt's offline migration, or literally from the XML."""
    import libvirt

    method = run.plan.method
    if method.dumpxml:
        run.destination.shared().defineXML(call.definition(method, xml))
        return
    flags = libvirt.VIR_MIGRATE_OFFLINE | libvirt.VIR_MIGRATE_PERSIST_DEST
    domain = lane.source().lookupByUUIDString(guest.uuid)
    # seen with libvirt 9.0: an offline migration passes over persistent_xml
    given = {"destination_name": method.dname, "destination_xml": method.persistent_xml or method.xml}
    parameters = {name: value for name, value in given.items() if value is not None}
    if method.mode is Mode.MANAGED:
        call_it: Callable[[], object] = partial(domain.migrate3, lane.destination(), parameters, flags)
    else:
        flags |= libvirt.VIR_MIGRATE_PEER2PEER
        call_it = partial(domain.migrateToURI3, run.plan.destination_uri, parameters, flags)
    within(run.settings.stall, call_it)


def _verify(run: Run, guest: PlannedGuest, needed: list[State], source: Shell, destination: Shell) -> None:
    there = run.destination.look(guest.uuid)
    if there.place is not Place.OFF or not there.persistent:
        raise _Refused("the destination does not have its definition afterwards")
    for state in needed:
        if not files.is_same(state, source, destination):
            raise FilesError(f"{state.path}: the destination's is not the source's")


def _undefine(domain: Any, *, leave_files: bool) -> None:
    """On the source, with the files that were copied; they stay where some were not: both hosts may see them."""
    import libvirt

    if domain.isActive():
        raise _Refused("it was started meanwhile")
    if leave_files:
        keep = libvirt.VIR_DOMAIN_UNDEFINE_KEEP_NVRAM
        tpm = getattr(libvirt, "VIR_DOMAIN_UNDEFINE_KEEP_TPM", 0)
    else:
        keep, tpm = libvirt.VIR_DOMAIN_UNDEFINE_NVRAM, getattr(libvirt, "VIR_DOMAIN_UNDEFINE_TPM", 0)
    try:
        domain.undefineFlags(keep | tpm)
    except libvirt.libvirtError:
        if not tpm or (leave_files and "<tpm" in domain.XMLDesc()):
            raise
        domain.undefineFlags(keep)  # a daemon of before 8.9 knows no flag for a TPM's state, and removes it


def _where(run: Run, guest: PlannedGuest, *, is_whole: bool) -> Settled:
    """Where the definition is afterwards; `is_whole`: the destination's was seen to be."""
    here, there = look_at_both(run, guest.uuid)
    stays_too = is_whole and not run.plan.method.undefinesource
    if Place.UNKNOWN in (here.place, there.place):
        decision = Decision((), Result.UNKNOWN, here.why or there.why)
    elif there.place is not Place.ABSENT and (here.place is Place.ABSENT or (stays_too and here.place is Place.OFF)):
        decision = Decision((), Result.ARRIVED)
    elif here.place is Place.ABSENT and there.place is Place.ABSENT:
        decision = Decision((), Result.LOST, "neither host knows it")
    else:
        both = there.place is Place.OFF and here.place is Place.OFF
        decision = Decision((), Result.STAYED, "both hosts have its definition" if both else "")
    return Settled(decision, here, there)
