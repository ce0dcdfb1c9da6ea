"""Observes a guest on both hosts and carries out what `decide` returns until nothing is left to do."""

import concurrent.futures
import time
from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from preflight.facts.fact import Unreadable
from preflight.migrate import call
from preflight.migrate.end import HostSilent
from preflight.migrate.events import Event
from preflight.migrate.observation import Place, Sighting
from preflight.migrate.outcome import Act, Decision, Intent, Result
from preflight.migrate.run import Run
from preflight.migrate.source_log import decided
from preflight.migrate.undefine import NotUndefined, undefine
from preflight.schema.plan import PlannedGuest
from preflight.threads import until

#: Seconds between two tries.
PAUSE = 0.5
_ON_SOURCE = (Act.START_ON_SOURCE, Act.END_ON_SOURCE, Act.UNDEFINE_ON_SOURCE, Act.DEFINE_ON_SOURCE)


class Settled(Struct, frozen=True):
    """The state on both hosts once nothing is left to do, or the time is up."""

    decision: Decision
    source: Sighting
    destination: Sighting
    done: tuple[str, ...] = ()
    #: True if libvirt has reported by then that the source let the guest go.
    handed_over: bool = False


class _Changed(Exception):
    """The guest has changed since the step was decided."""


def look_at_both(run: Run, uuid: str) -> tuple[Sighting, Sighting]:
    """Observe a guest on both hosts at about the same moment."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        source = pool.submit(run.source.look, uuid)
        destination = pool.submit(run.destination.look, uuid)
        return source.result(), destination.result()


def settle(
    run: Run,
    guest: PlannedGuest,
    intent: Intent,
    *,
    xml: str | None,
    patience: float | None = None,
    is_handed_over: Callable[[], bool] = lambda: False,
) -> Settled:
    """Bring a guest into the requested state, or back into its old one, as far as both hosts answer in time.

    Both hosts are observed before each step. A possible step is tried once even if a silent host used up the time. A
    host that has been silent for `patience` seconds is not waited for again. `xml` is the guest's definition, for a
    host that should have one and does not; `is_handed_over` reports on a call that may still complete.
    """
    import libvirt

    patience = run.settings.patience if patience is None else patience
    is_time_left = until(patience)
    done: list[str] = []
    before: tuple[Act, ...] | None = None
    while True:
        source, destination = look_at_both(run, guest.uuid)
        intent = replace(intent, handed_over=intent.handed_over or is_handed_over())
        if intent.handed_over and intent.watched and not intent.confirmed and source.place in (Place.ABSENT, Place.OFF):
            intent = replace(intent, confirmed=True)
            run.journal.note("handed-over", guest.uuid, confirmed=True)
        decision, intent = decided(run.logs, guest.name, intent, source, destination)
        is_waited_for = is_time_left() and max(run.source.silent_for, run.destination.silent_for) < patience
        if not decision.acts and (decision.result is not Result.UNKNOWN or not is_waited_for):
            return Settled(decision, source, destination, tuple(done), intent.handed_over)
        if before is not None and not is_time_left():
            left = ", ".join(decision.acts)
            late = Decision((), decision.result, f"{decision.why or 'the guest is not settled'}; left to do: {left}")
            return Settled(late, source, destination, tuple(done), intent.handed_over)
        if decision.acts == before:
            time.sleep(PAUSE)  # nothing to do but wait, or the step failed, or its effect did not last
        before = decision.acts
        act = decision.acts[0] if decision.acts else Act.WAIT
        if act is Act.WAIT:
            continue
        run.tell(Event("settling", guest.name, f"{act}: {decision.why}" if decision.why else str(act)))
        run.journal.note("settle", guest.uuid, act=act, why=decision.why)
        try:
            _do(run, guest, act, xml, (source, destination))
            done.append(str(act))
        except (libvirt.libvirtError, HostSilent, NotUndefined, _Changed) as why:
            done.append(f"{act}: {why}")
            continue
        if act is Act.END_ON_SOURCE:
            intent = replace(intent, ended_on_source=True)
        elif act is Act.END_ON_DESTINATION:
            intent = replace(intent, ended_on_destination=True)


def _do(run: Run, guest: PlannedGuest, act: Act, xml: str | None, seen: tuple[Sighting, Sighting]) -> None:
    end = run.source if act in _ON_SOURCE else run.destination
    if act in (Act.DEFINE_ON_SOURCE, Act.DEFINE_ON_DESTINATION):
        if xml is None:
            raise _Changed("the guest's definition is not known")
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
        # observe again: the source may have let the guest go between two answers, or its owner may have acted
        now = look_at_both(run, guest.uuid)
        if now[end is run.destination].place is not Place.PAUSED:
            raise _Changed("the guest is no longer paused")
        if now != seen:
            raise _Changed("the guest has changed since it was looked at")
        domain.destroy()
    else:
        undefine(domain)
