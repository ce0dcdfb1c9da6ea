"""The difference between two snapshots, pairs or reports, as one HTML file."""

from preflight.fleet.difference import Difference
from preflight.output.difference.alike import guests_alike
from preflight.output.difference.markdown import heading
from preflight.output.difference.text import NOTHING, SIGNS, because, by_host, groups, headline, of_side, of_verdict
from preflight.output.page.template import fill


def render(found: Difference, _colour: bool) -> str:
    """Return a page with the verdict, the results with their causes, and the changes of each host."""
    return fill(
        "difference.html",
        heading=heading(found),
        verdict=None if found.verdict is None else found.verdict.after.value,
        sides=(("Old", of_side(found.old)), ("New", of_side(found.new))),
        guests=tuple((guests, of_verdict(one)) for guests, one in guests_alike(found.guests)),
        results=tuple(
            (title.capitalize(), tuple((headline(one), tuple(because(one))) for one in results))
            for title, results in groups(found.results)
        ),
        hosts=tuple(
            (host, tuple((SIGNS[change.kind], change.kind.value, change.text) for change in changes))
            for host, changes in by_host(found.changes)
        ),
        nothing=NOTHING.capitalize() if found.is_empty else "",
    )
