"""Works out what a run that is gone on with would do for each guest, from how both hosts have it now."""

from collections.abc import Mapping

from msgspec import Struct

from preflight.migrate.ledger import judge
from preflight.migrate.observation import IN_POSTCOPY
from preflight.migrate.outcome import Act, Result
from preflight.migrate.past import Past
from preflight.migrate.run import Run
from preflight.migrate.settle import look_at_both
from preflight.migrate.source_log import decided
from preflight.schema.plan import PlannedGuest


class Outlook(Struct, frozen=True):
    """What is to be done for one guest, in words, or nothing; and why."""

    name: str
    steps: tuple[str, ...]
    why: str = ""


def outlook(run: Run, known: Mapping[str, Past]) -> tuple[Outlook, ...]:
    """Look at each guest on both hosts, and say what would be done; nothing is."""
    return tuple(_of(run, guest, known.get(guest.uuid, Past())) for guest in run.plan.guests)


def _of(run: Run, guest: PlannedGuest, past: Past) -> Outlook:
    if past.is_done:
        return Outlook(guest.name, (), "it has arrived")
    source, destination = look_at_both(run, guest.uuid)
    intent = past.intent(run, guest)
    is_broken_off = source.is_broken_off or destination.is_broken_off or source.reason == IN_POSTCOPY
    if guest.active and past.began and source.place.active and destination.place.active and is_broken_off:
        return Outlook(guest.name, ("go on with its post-copy migration",), "post-copy broke off")
    if guest.active and past.began:
        decision, intent = decided(run.logs, guest.name, intent, source, destination)
        if decision.acts:
            return Outlook(guest.name, tuple(map(_words, decision.acts)), decision.why)
    result, why = judge(intent, source, destination)
    if result is Result.STAYED:
        return Outlook(guest.name, ("move, if a check says READY",), why)
    return Outlook(guest.name, (), why or f"it is {result.value}")


def _words(act: Act) -> str:
    return str(act.value)
