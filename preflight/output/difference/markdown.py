"""The difference between two snapshots, pairs or reports, as Markdown."""

from collections.abc import Iterator

from preflight.fleet.difference import ChangedResult, Difference, Effect
from preflight.output.difference.text import NOTHING, SIGNS, by_host, groups, of_side, of_verdict
from preflight.output.markdown_text import table, text
from preflight.visible import named


def render(found: Difference, _colour: bool) -> str:
    """Return a heading with the verdict, the results with their causes, and a table of changes."""
    return "\n".join(_lines(found)).rstrip("\n") + "\n"


def _lines(found: Difference) -> Iterator[str]:
    yield f"## {text(heading(found))}"
    yield ""
    yield f"- Old: {text(of_side(found.old))}"
    yield f"- New: {text(of_side(found.new))}"
    yield from (f"- Guest {text(named(one.guest or ''))}: {text(of_verdict(one))}" for one in found.guests)
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


def _result(result: ChangedResult) -> Iterator[str]:
    about = f" ({text(result.subject)})" if result.subject.startswith("guest ") else ""
    gone = "resolved " if result.effect is Effect.BETTER else ""
    yield f"- **{gone}{result.severity}** {text(result.text)}{about} (`{result.rule}`)"
    yield from (f"    - because: {text(why)}" for why in result.because)


def heading(found: Difference) -> str:
    """Return the hosts and what became of the verdict."""
    hosts = " and ".join(dict.fromkeys((*found.old.hosts, *found.new.hosts)))
    return hosts if found.verdict is None else f"{hosts}: {of_verdict(found.verdict)}"
