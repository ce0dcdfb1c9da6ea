"""Collection from hosts that are looked at without another one: all that is known without a destination."""

from collections.abc import Collection
from functools import partial

from preflight.answers import Answers
from preflight.collect.peers import batch
from preflight.collect.session import LiveVisit
from preflight.collect.waiting import Waiting
from preflight.threads import side_by_side


def ask(visits: Collection[LiveVisit], wanted: Collection[str]) -> None:
    """Ask hosts, side by side, for the wanted records; each visit keeps its answers."""
    with Waiting(visits, steps=len(visits)) as waiting:
        side_by_side(*(waiting.step(partial(_ask, visit, wanted)) for visit in visits), waiting=waiting)


def _ask(visit: LiveVisit, wanted: Collection[str]) -> None:
    about = batch(visit.name, visit.first())
    visit.add(Answers({}, about.absent))
    further = {kept: command for kept, command in about.commands.items() if kept.partition(":")[0] in wanted}
    visit.ask(further, stay=False)
    visit.leave()
