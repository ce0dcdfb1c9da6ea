"""Decides what has to be done for a guest, from what both hosts report about it. Pure: it contacts no host.

A guest is started, ended, defined or undefined only if that certainly does no harm, whatever its owner may have done
during the migration. Everything else is reported, with the commands that a person who knows more may run.
"""

from preflight.migrate.history import History, on_destination, on_source
from preflight.migrate.observation import IN_POSTCOPY, POSTCOPY_FAILED, RUNS_MIGRATED, RUNS_UNPAUSED, Place, Sighting
from preflight.migrate.outcome import Act, Decision, Intent, LogEnd, Result

#: The state of a guest that has a process but is neither running nor paused, as a predicate.
_OTHERWISE = {
    Place.CRASHED: "has crashed",
    Place.SHUTTING_DOWN: "is shutting down",
    Place.SUSPENDED: "has suspended itself to memory",
    Place.OTHER: "is in a state unknown to preflight",
}


def decide(intent: Intent, source: Sighting, destination: Sighting) -> Decision:
    """Return the next steps for a guest that was to be moved."""
    if source.place.active and destination.place.active and (source.is_broken_off or destination.is_broken_off):
        why = "post-copy was interrupted: the guest's memory is split between both hosts until --resume"
        return Decision((), Result.PAUSED, why)
    if source.job or destination.job:
        return Decision((Act.WAIT,), Result.UNKNOWN, _job(intent, source, destination))
    if Place.UNKNOWN in (source.place, destination.place):
        return _one_answers(intent, source, destination)
    if intent.is_off:
        return _off(intent, source, destination)
    if source.place.active and destination.place.active:
        return _both_active(intent, source, destination)
    if destination.place.active:
        return _on_destination(intent, source, destination)
    if source.place.active:
        return _on_source(intent, source, destination)
    return _nowhere_active(intent, source, destination)


def _job(intent: Intent, source: Sighting, destination: Sighting) -> str:
    """Return which job a guest waits for, and how a person can end a job that never ends by itself."""
    has_sender = source.place.active or source.place is Place.UNKNOWN
    if has_sender or not destination.job or destination.place is not Place.PAUSED:
        return "a libvirt job is still running on the guest"
    # seen with libvirt 9.0 when the source lost its power during Finish, which then waits for the rest of the memory
    why = "the destination is still receiving the guest, but the source no longer has a process for it"
    advice = f"if that job does not end, restart the libvirt daemon on {intent.hosts[1]} (its guests keep running)"
    return f"{why}; {advice}"


def _one_answers(intent: Intent, source: Sighting, destination: Sighting) -> Decision:
    silent = "source" if source.place is Place.UNKNOWN else "destination"
    why = f"the {silent} does not answer"
    # the source let the guest go a moment ago; with autostart it would start again on a source that has crashed
    is_left = silent == "source" and intent.handed_over and intent.watched and not intent.autostart
    if is_left and destination.place is Place.PAUSED and not _keeps_from_start(intent, destination):
        return Decision((Act.START_ON_DESTINATION,), Result.PAUSED, why)
    return Decision((), Result.UNKNOWN, why)


def _off(intent: Intent, source: Sighting, destination: Sighting) -> Decision:
    """Decide about a guest that was off: its move is repeated from the start, so nothing is done for it here."""
    if source.place.active and destination.place.active:
        return Decision((), Result.BOTH, f"the guest has been started on both hosts; {_either(intent)}")
    if source.place is destination.place is Place.ABSENT:
        return _lost(intent)
    is_moved = source.place is Place.ABSENT or (intent.handed_over and not intent.undefine)
    if destination.place is not Place.ABSENT and is_moved and not source.place.active:
        return Decision((), Result.ARRIVED)
    if destination.place.active:
        why = "the guest has been started on the destination, and the source still has its definition"
        return Decision((), Result.STAYED, f"{why}; to keep it there, {intent.here('undefine --keep-nvram')}")
    return Decision((), Result.STAYED, "both hosts have its definition" if destination.place is Place.OFF else "")


def _both_active(intent: Intent, source: Sighting, destination: Sighting) -> Decision:
    if destination.reason == POSTCOPY_FAILED or source.reason in (IN_POSTCOPY, POSTCOPY_FAILED):
        return Decision((), Result.PAUSED, "post-copy was interrupted: the guest's memory is split between both hosts")
    if source.place in (Place.RUNNING, Place.PAUSED) and _has_never_run_there(intent, destination):
        return Decision((Act.END_ON_DESTINATION,), Result.BOTH, "the destination has a copy that never ran")
    # a copy that libvirt stopped at the hand-over, or preflight before it, has not run since
    is_left = source.place is Place.PAUSED and _is_ours_on_source(intent, source, anyway=intent.handed_over)
    if is_left and _is_whole_there(intent, destination):
        return Decision(
            (Act.END_ON_SOURCE,), Result.BOTH, "the guest is on the destination, and the source has the remains of it"
        )
    why = "the guest is active on both hosts, and preflight cannot determine which copy is the right one"
    return Decision((), Result.BOTH, f"{why}; {_either(intent)}")


def _has_never_run_there(intent: Intent, destination: Sighting) -> bool:
    if destination.place is not Place.PAUSED or intent.handed_over or destination.cpu_time != 0:
        return False
    # libvirt gives "paused by user" as the reason for a guest that has arrived to be started by preflight
    past = on_destination(destination)
    return past is History.NEVER_RAN or (past is History.STOPPED_BY_OWNER and intent.safe)


def _is_ours_on_source(intent: Intent, source: Sighting, *, anyway: bool) -> bool:
    """Return True if the paused copy on the source has not run since a migration, or preflight for it, stopped it."""
    past = on_source(source)
    ours = past is History.STOPPED_BY_OWNER and intent.paused_by_us and (intent.watched or anyway)
    return past is History.LET_GO or ours


def _is_whole_there(intent: Intent, destination: Sighting) -> bool:
    """Return True if the destination's copy is the guest, so that the source's, which has not run since, is useless."""
    if intent.handed_over:
        arrived = on_destination(destination) not in (History.NEVER_RAN, History.UNKNOWN)
        return arrived and destination.place in (Place.RUNNING, Place.PAUSED)
    if destination.place is not Place.RUNNING:
        return False
    # resumed by its owner, it has changed the disks that the source's copy would need unchanged
    has_run = destination.reason == RUNS_UNPAUSED and bool(destination.cpu_time)
    return destination.reason == RUNS_MIGRATED or (has_run and intent.shares_disks)


def _on_destination(intent: Intent, source: Sighting, destination: Sighting) -> Decision:
    acts: list[Act] = []
    if destination.place is Place.PAUSED and intent.wanted is Place.RUNNING:
        why = _keeps_from_start(intent, destination) or _may_have_run_here(intent, source)
        if why:
            return Decision((), Result.PAUSED, f"{why}; to start it, {intent.there('resume')}")
        acts.append(Act.START_ON_DESTINATION)
    is_let_go = source.place is Place.ABSENT or _was_let_go(intent, source) or intent.ended_on_source
    if intent.persist and not destination.persistent and (is_let_go or intent.handed_over):
        acts.append(Act.DEFINE_ON_DESTINATION)
    has_definition = destination.persistent or Act.DEFINE_ON_DESTINATION in acts
    # the source's process died with its host, no other was started, and the guest that arrived is running
    runs_on = destination.place is Place.RUNNING and destination.reason in (RUNS_MIGRATED, RUNS_UNPAUSED)
    went_down = on_source(source) is History.UNKNOWN and intent.log_end is LogEnd.NONE and runs_on
    is_old = is_let_go or went_down or (intent.handed_over and on_source(source) is History.UNKNOWN)
    if intent.undefine and source.place is Place.OFF and is_old and has_definition:
        acts.append(Act.UNDEFINE_ON_SOURCE)
    if Act.START_ON_DESTINATION in acts:
        return Decision(tuple(acts), Result.PAUSED, "the guest is paused on the destination")
    otherwise = _OTHERWISE.get(destination.place)
    if otherwise is not None:
        return _stands(
            intent, tuple(acts), destination.place, f"the guest {otherwise} on the destination", Result.ARRIVED
        )
    if Act.DEFINE_ON_DESTINATION in acts:
        why = "the guest is not defined on the destination"
    elif intent.undefine and source.place is Place.OFF:
        why = "the source still has its definition"
        if not acts:
            why += f", and the guest may have run there since; if it has not, {intent.here('undefine --keep-nvram')}"
    else:
        is_otherwise = destination.place is Place.RUNNING and intent.wanted is not Place.RUNNING
        why = "the guest is running although it was to stay paused" if is_otherwise else ""
    return Decision(tuple(acts), Result.ARRIVED, why)


def _keeps_from_start(intent: Intent, destination: Sighting) -> str:
    """Return why the paused copy on the destination must not be started, as the destination reports it, or ""."""
    past = on_destination(destination)
    if destination.reason in (IN_POSTCOPY, POSTCOPY_FAILED):
        return "post-copy was interrupted"
    if intent.wanted is not Place.RUNNING:
        return "the guest is to stay paused"
    if past is History.NEVER_RAN:
        return "the guest's memory may be incomplete: libvirt has not reported that it arrived"
    if past is not History.STOPPED_BY_OWNER:
        return f"the guest was paused on the destination, but not by a user (libvirt's reason {destination.reason})"
    if not intent.safe or destination.cpu_time:
        return "the guest has been paused on the destination"
    if destination.cpu_time is None and not intent.handed_over:
        return "libvirt does not report whether the guest has run on the destination"
    return ""


def _may_have_run_here(intent: Intent, source: Sighting) -> str:
    """Return why the source, which has no process of the guest, may have run it since, or "" if it has not.

    If preflight drove the migration, the source may have been left with a paused copy, even if libvirt reported that
    the guest arrived (Confirm gets lost). If that copy is gone later, somebody removed it, and the guest may have been
    shut down since, or run on a third host.
    """
    past = on_source(source)
    if _was_let_go(intent, source) and intent.log_end is LogEnd.MIGRATED:
        is_gone = True
    elif intent.log_end is LogEnd.MORE and not intent.watched:
        is_gone = False
    elif intent.watched and intent.handed_over:
        is_gone = source.place is Place.ABSENT or intent.ended_on_source or past in (History.LET_GO, History.UNKNOWN)
    else:
        # its definition was removed together with its process, so nobody can have started it there again
        is_gone = source.place is Place.ABSENT and intent.undefine and (intent.peer_to_peer or intent.confirmed)
    return "" if is_gone else "the guest may have run since, on the source or on a third host"


def _was_let_go(intent: Intent, source: Sighting) -> bool:
    """Return True if the source, which has no process of the guest, ended it because the migration was confirmed."""
    has_none = source.place in (Place.ABSENT, Place.OFF)
    by_log = has_none and intent.log_end is LogEnd.MIGRATED and on_source(source) in (History.LET_GO, History.UNKNOWN)
    return by_log or (source.place is Place.OFF and on_source(source) is History.LET_GO)


def _on_source(intent: Intent, source: Sighting, destination: Sighting) -> Decision:
    acts: list[Act] = []
    if source.place is Place.PAUSED and intent.running:
        why = _keeps_from_start_here(intent, source, destination)
        if why:
            return Decision((), Result.PAUSED, f"{why}; to start it, {intent.here('resume')}")
        acts.append(Act.START_ON_SOURCE)
    is_new_there = destination.place is Place.OFF and not intent.was_defined_there
    is_left_over = on_destination(destination) is History.NEVER_RAN or intent.ended_on_destination
    if is_new_there and is_left_over and not intent.handed_over:
        acts.append(Act.UNDEFINE_ON_DESTINATION)
    if intent.persistent and not source.persistent and not intent.handed_over:
        acts.append(Act.DEFINE_ON_SOURCE)
    if Act.START_ON_SOURCE in acts:
        return Decision(tuple(acts), Result.PAUSED, "the guest is paused on the source")
    otherwise = _OTHERWISE.get(source.place)
    if otherwise is not None:
        return _stands(intent, tuple(acts), source.place, f"the guest {otherwise} on the source", Result.STAYED)
    if is_new_there and Act.UNDEFINE_ON_DESTINATION not in acts:
        why = "the destination has a definition of the guest, and it may have run there"
        return Decision(tuple(acts), Result.STAYED, f"{why}; if not, {intent.there('undefine --keep-nvram')}")
    return Decision(tuple(acts), Result.STAYED)


def _keeps_from_start_here(intent: Intent, source: Sighting, destination: Sighting) -> str:
    """Return why the paused copy on the source must not be started, or ""."""
    if source.reason in (IN_POSTCOPY, POSTCOPY_FAILED):
        return "post-copy was interrupted"
    if intent.handed_over:
        return "the guest was handed over and has run on the destination since: this copy is older than its disks"
    if not _is_ours_on_source(intent, source, anyway=False):
        by_user = on_source(source) is History.STOPPED_BY_OWNER
        otherwise = f"the guest was paused, but not by its user (libvirt's reason {source.reason})"
        return "the guest has been paused by its user" if by_user else otherwise
    is_seen = intent.watched and (destination.place is Place.ABSENT or intent.was_defined_there)
    if intent.ended_on_destination or on_destination(destination) is History.NEVER_RAN or is_seen:
        return ""
    return "all of the guest's memory may have been sent, and it may have run on the destination since"


def _stands(intent: Intent, acts: tuple[Act, ...], place: Place, why: str, where: Result) -> Decision:
    """Decide about a guest that has a process on one host and is neither running nor paused."""
    if place is not Place.SUSPENDED:
        return Decision(acts, Result.STOPPED, why)
    wake = intent.there("dompmwakeup") if where is Result.ARRIVED else intent.here("dompmwakeup")
    return Decision(acts, where, f"{why}; {wake}")


def _nowhere_active(intent: Intent, source: Sighting, destination: Sighting) -> Decision:
    if source.place is destination.place is Place.ABSENT:
        return _lost(intent)
    why = "the guest is not running on either host"
    if source.place is destination.place is Place.OFF:
        is_old = _was_let_go(intent, source) or intent.ended_on_source
        is_there = intent.handed_over or intent.log_end is LogEnd.MIGRATED
        if is_there and intent.undefine and is_old:
            return Decision((Act.UNDEFINE_ON_SOURCE,), Result.STOPPED, why)
        # libvirt defines a guest on the destination only once it has arrived: it may have run there last, unseen
        why += ", and both have its definition: start it where it last ran"
        return Decision((), Result.STOPPED, f"{why}, {intent.here('start')}, or {intent.there('start')}")
    only = intent.here("start") if source.place is Place.OFF else intent.there("start")
    return Decision((), Result.STOPPED, f"{why}; {only}")


def _lost(intent: Intent) -> Decision:
    """Decide about a guest that neither host has: its owner may have moved it on, so it is not defined again."""
    if not intent.persistent:
        return Decision((), Result.LOST, "neither host has the guest; it was transient, so it disappears when it stops")
    why = "neither host has the guest: it may have been moved elsewhere"
    where = "its definition is in the journal, for virsh define on the host where the guest belongs"
    return Decision((), Result.LOST, f"{why}; {where}")


def _either(intent: Intent) -> str:
    return f"end the other, {intent.here('destroy')}, or {intent.there('destroy')}"
