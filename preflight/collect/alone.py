"""Questions for one host that is looked at without another one: all that is known without a destination."""

from collections.abc import Collection
from functools import partial

from preflight.collect import questions
from preflight.collect.follow_up import paths_on
from preflight.collect.pair import Waiting
from preflight.collect.session import LiveVisit
from preflight.collect.sources import Sources, make_host
from preflight.facts.fact import Unreadable
from preflight.facts.guest.guests import Guests
from preflight.host import Guest
from preflight.request.migration import Role
from preflight.threads import side_by_side


def ask(visits: Collection[LiveVisit], wanted: Collection[str], sources: Sources) -> None:
    """Ask hosts, side by side, for the wanted records; each visit keeps its answers."""
    waiting = Waiting(visits)
    side_by_side(*(partial(_ask, visit, wanted, sources) for visit in visits), waiting=waiting)


def _ask(visit: LiveVisit, wanted: Collection[str], sources: Sources) -> None:
    host = make_host(Role.SOURCE, visit.name, visit.first(), sources)
    guests: tuple[Guest, ...]
    try:
        guests = host.fact(Guests).all
    except Unreadable:
        guests = ()  # the rules report it
    further = {
        "paths": questions.stat_paths(paths_on((host,), guests)),
        "started-with": questions.started_with([guest.name for guest in guests if guest.running]),
        "usb-devices": questions.USB_DEVICES,
    }
    visit.ask({record: command for record, command in further.items() if record in wanted}, stay=False)
    visit.leave()
