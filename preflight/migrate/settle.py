"""Looks at a guest on both hosts, and does what `recovery` says until nothing is left to do."""

import concurrent.futures
import contextlib
import time
from typing import Any

from msgspec import Struct

from preflight.facts.record import Unreadable
from preflight.migrate import call
from preflight.migrate.end import HostSilent, until
from preflight.migrate.event import Event
from preflight.migrate.recovery import Act, Decision, Intent, Result, decide
from preflight.migrate.run import Run
from preflight.migrate.sighting import Place, Sighting
from preflight.plan import PlannedGuest

#: Seconds between two tries.
PAUSE = 0.5
_ON_SOURCE = (Act.START_ON_SOURCE, Act.END_ON_SOURCE, Act.UNDEFINE_ON_SOURCE, Act.DEFINE_ON_SOURCE)


class Settled(Struct, frozen=True):
    """What both hosts say once nothing is left to do, or the time is up."""

    decision: Decision
    source: Sighting
    destination: Sighting
    done: tuple[str, ...] = ()


class _Changed(Exception):
    """The guest is no longer what the step was decided upon."""


def look_at_both(run: Run, uuid: str) -> tuple[Sighting, Sighting]:
    """What both hosts say at about the same moment."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        source = pool.submit(run.source.look, uuid)
        destination = pool.submit(run.destination.look, uuid)
        return source.result(), destination.result()


def settle(run: Run, guest: PlannedGuest, intent: Intent, *, xml: str | None, patience: float | None = None) -> Settled:
    """Bring a guest into the state that it was asked for, or back; as far as both hosts answer in time.

    What can be done is tried once, however long the look at a silent host took. A host that has been silent for that
    time is not waited for again. `xml` is its definition, for a host that has none although it should.
    """
    import libvirt

    patience = run.settings.patience if patience is None else patience
    is_time_left = until(patience)
    done: list[str] = []
    before: tuple[Act, ...] | None = None
    while True:
        source, destination = look_at_both(run, guest.uuid)
        decision = decide(intent, source, destination)
        is_waited_for = is_time_left() and max(run.source.silent_for, run.destination.silent_for) < patience
        if not decision.acts and (decision.result is not Result.UNKNOWN or not is_waited_for):
            return Settled(decision, source, destination, tuple(done))
        if before is not None and not is_time_left():
            left = ", ".join(decision.acts)
            late = Decision((), decision.result, f"{decision.why or 'it is not settled'}; left to do: {left}")
            return Settled(late, source, destination, tuple(done))
        if decision.acts == before:
            time.sleep(PAUSE)  # there is nothing to do but wait, or what was done failed, or did not last
        before = decision.acts
        for act in decision.acts:
            if act is Act.WAIT:
                break
            run.tell(Event("settling", guest.name, f"{act}: {decision.why}" if decision.why else str(act)))
            run.journal.note("settle", guest.uuid, act=act, why=decision.why)
            try:
                _do(run, guest, act, xml)
                done.append(str(act))
            except (libvirt.libvirtError, HostSilent, _Changed) as why:
                done.append(f"{act}: {why}")
                break


def _do(run: Run, guest: PlannedGuest, act: Act, xml: str | None) -> None:
    end = run.source if act in _ON_SOURCE else run.destination
    if act in (Act.DEFINE_ON_SOURCE, Act.DEFINE_ON_DESTINATION):
        if xml is None:
            raise _Changed("its definition is not known")
        try:
            wanted = xml if act is Act.DEFINE_ON_SOURCE else call.definition(run.plan.method, xml)
        except Unreadable as why:
            raise _Changed(str(why)) from None
        end.shared().defineXML(wanted)
        return
    domain = end.domain(guest.uuid)
    if act in (Act.START_ON_SOURCE, Act.START_ON_DESTINATION):
        domain.resume()
    elif act in (Act.END_ON_SOURCE, Act.END_ON_DESTINATION):
        if end.look(guest.uuid).place is not Place.PAUSED:
            raise _Changed("it is no longer paused")
        domain.destroy()
    else:
        undefine(domain)


def undefine(domain: Any) -> None:
    """Undefine a guest and leave its files; raises `libvirt.libvirtError`, also where it is active."""
    import libvirt

    if domain.isActive():
        raise _Changed("it is active")
    keep = libvirt.VIR_DOMAIN_UNDEFINE_KEEP_NVRAM
    with contextlib.suppress(libvirt.libvirtError):
        domain.undefineFlags(keep | getattr(libvirt, "VIR_DOMAIN_UNDEFINE_KEEP_TPM", 0))
        return
    domain.undefineFlags(keep)  # a daemon of before 8.9 knows no KEEP_TPM
