"""Works out what resuming a run would do for each guest, from the guest's present state on both hosts."""

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
    """The steps that remain for one guest, in words, and the reason; no steps if nothing remains."""

    name: str
    steps: tuple[str, ...]
    why: str = ""


def outlook(run: Run, known: Mapping[str, Past]) -> tuple[Outlook, ...]:
    """Ask both hosts about each guest, and return what would be done, without doing it."""
    return tuple(_of(run, guest, known.get(guest.uuid, Past())) for guest in run.plan.guests)


def _of(run: Run, guest: PlannedGuest, past: Past) -> Outlook:
    if past.is_done:
        return Outlook(guest.name, (), "the guest has arrived")
    source, destination = look_at_both(run, guest.uuid)
    intent = past.intent(run, guest)
    is_broken_off = source.is_broken_off or destination.is_broken_off or source.reason == IN_POSTCOPY
    if guest.active and past.began and source.place.active and destination.place.active and is_broken_off:
        return Outlook(guest.name, ("resume its post-copy migration",), "the post-copy migration was interrupted")
    if guest.active and past.began:
        decision, intent = decided(run.logs, guest.name, intent, source, destination)
        if decision.acts:
            return Outlook(guest.name, tuple(map(_words, decision.acts)), decision.why)
    result, why = judge(intent, source, destination)
    if result is Result.STAYED:
        return Outlook(guest.name, ("move the guest, if a check reports READY",), why)
    verb = "has" if result is Result.ARRIVED else "is"
    return Outlook(guest.name, (), why or f"the guest {verb} {result.value}")


def _words(act: Act) -> str:
    return str(act.value)
