"""The difference between two snapshots, pairs or reports, as Markdown."""

from collections.abc import Iterator

from preflight.fleet.difference import Difference
from preflight.output.difference.alike import Alike, guests_alike
from preflight.output.difference.text import NOTHING, SIGNS, because, by_host, groups, of_side, of_verdict
from preflight.output.markdown_text import table, text


def render(found: Difference, _colour: bool) -> str:
    """Return a heading with the verdict, the results with their causes, and a table of changes."""
    return "\n".join(_lines(found)).rstrip("\n") + "\n"


def _lines(found: Difference) -> Iterator[str]:
    yield f"## {text(heading(found))}"
    yield ""
    yield f"- Old: {text(of_side(found.old))}"
    yield f"- New: {text(of_side(found.new))}"
    yield from (f"- {text(guests)}: {text(of_verdict(one))}" for guests, one in guests_alike(found.guests))
    yield ""
    if found.is_empty:
        yield f"{NOTHING.capitalize()}."
    for title, results in groups(found.results):
        yield f"### {title.capitalize()}"
        yield ""
        yield from (line for result in results for line in _result(result))
        yield ""
    for host, changes in by_host(found.changes):
        yield f"### {text(host)}"
        yield ""
        yield from table(("", "Change"), ((SIGNS[change.kind], text(change.text)) for change in changes))


def _result(one: Alike) -> Iterator[str]:
    rule = "" if one.rule is None else f" (`{one.rule}`)"
    yield f"- **{one.said}** {text(one.text)}{text(one.guests)}{rule}"
    yield from (f"    - {text(why)}" for why in because(one))


def heading(found: Difference) -> str:
    """Return the hosts and what became of the verdict."""
    hosts = " and ".join(dict.fromkeys((*found.old.hosts, *found.new.hosts)))
    return hosts if found.verdict is None else f"{hosts}: {of_verdict(found.verdict)}"
