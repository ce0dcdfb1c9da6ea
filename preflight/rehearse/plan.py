"""The plan of a rehearsal: a run of the guests that are rehearsed, by the method of a rehearsal."""

import time
from collections.abc import Sequence

from preflight import __version__
from preflight.judge.check import Checked
from preflight.plan.make import LAPSES_AFTER, Pace, Refused, identity_of, in_order, spacing
from preflight.rehearse.method import rehearsed
from preflight.request.method import Method
from preflight.schema.document import Wrong, held
from preflight.schema.plan import MigrationPlan, PlannedGuest


def plan(
    checked: Checked, method: Method, guests: Sequence[PlannedGuest], pace: Pace, *, is_uri_given: bool
) -> MigrationPlan:
    """Return the plan for these guests, of which there is at least one; raises `Refused`."""
    report, now = checked.report, time.time()
    source, destination = identity_of(checked.source), identity_of(checked.destination)
    try:
        with held():
            return MigrationPlan(
                preflight_version=__version__,
                made=now,
                lapses=now + LAPSES_AFTER,
                source=report.source.name,
                destination=report.destination.name,
                source_identity=source,
                destination_identity=destination,
                transport=report.migration.transport,
                destination_uri=report.migration.destination_uri or "",
                is_uri_given=is_uri_given,
                method=rehearsed(method),
                guests=in_order(guests),
                width=pace.width,
                because=pace.because,
                calls=pace.calls,
                spacing=spacing(checked),
                rehearsal=True,
            )
    except Wrong as why:
        raise Refused(
            f"refused: the rehearsal would contain a value that no journal can hold: {why}; correct it on the host"
        ) from None
