"""The difference between two snapshots, pairs or reports, for people."""

from collections.abc import Iterable, Iterator

from preflight.fleet.difference import Change, ChangedResult, ChangedVerdict, Difference, Effect, Kind, Side
from preflight.judge.report import Verdict
from preflight.output.difference.alike import Alike, alike, guests_alike
from preflight.output.report.provenance import shown
from preflight.output.terminal import paint, width, wrapped
from preflight.visible import named, one_line

WORDS = {Verdict.READY: "READY", Verdict.NOT_READY: "NOT READY", Verdict.UNDETERMINED: "UNDETERMINED"}
#: The sign of each kind of change.
SIGNS = {Kind.ADDED: "+", Kind.GONE: "-", Kind.CHANGED: "~"}
NOTHING = "nothing differs"
_COLOURS = {Kind.ADDED: "green", Kind.GONE: "red", Kind.CHANGED: "yellow"}


def render(found: Difference, colour: bool) -> str:
    """Return the changes of each host, of the results, and the verdict."""
    wide = width()
    lines = [line for side in sides(found) for line in wrapped(side, width=wide, indent=5)]
    for host, changes in by_host(found.changes):
        lines += ["", f"{named(host)}:"]
        for change in changes:
            sign = paint(SIGNS[change.kind], _COLOURS[change.kind], colour=colour)
            first, *more = wrapped(one_line(change.text), width=None if wide is None else wide - 4, indent=0)
            lines += [f"  {sign} {first}", *(f"    {line}" for line in more)]
    for title, results in groups(found.results):
        lines += ["", f"{title}:"]
        for result in results:
            lines += wrapped(f"  {headline(result)}", width=wide, indent=4)
            lines += (line for why in because(result) for line in wrapped(f"    {why}", width=wide, indent=6))
    if found.is_empty:
        lines += ["", NOTHING]
    lines += ["", *(line for said in verdicts(found) for line in wrapped(said, width=wide))]
    return "\n".join(lines) + "\n"


def sides(found: Difference) -> Iterator[str]:
    """Yield a line for each of the two states: the file, its time, and who made it."""
    yield f"old: {of_side(found.old)}"
    yield f"new: {of_side(found.new)}"


def of_side(side: Side) -> str:
    """Return the file, its hosts, its time, and who made it."""
    said = [one_line(side.path)]
    if side.taken is not None:
        said.append(shown(side.taken))
    if side.by:
        said.append(f"by {one_line(side.by)}")
    return ", ".join(said)


def by_host(changes: Iterable[Change]) -> Iterator[tuple[str, list[Change]]]:
    """Yield each host that changed, with its changes."""
    found: dict[str, list[Change]] = {}
    for change in changes:
        found.setdefault(change.host, []).append(change)
    yield from found.items()


def groups(results: Iterable[ChangedResult]) -> Iterator[tuple[str, list[Alike]]]:
    """Yield the results that are worse, better and neither, each group with a title, and those alike as one."""
    these = alike(results)
    for effect, title in (
        (Effect.WORSE, "worse"),
        (Effect.BETTER, "better"),
        (Effect.NEITHER, "other words for the same result"),
    ):
        if some := [one for one in these if one.effect is effect]:
            yield title, some


def headline(one: Alike) -> str:
    """Return results that are alike in one line."""
    rule = "" if one.rule is None else f"  [{one.rule}]"
    return f"{one.said}: {one_line(one.text)}{one.guests}{rule}"


def because(one: Alike) -> Iterator[str]:
    """Yield the rules that are left open, if they are several, and the changes that explain the results."""
    if one.left_open is not None:
        yield one.left_open
    yield from (f"because: {one_line(text)}" for text in one.because)


def verdicts(found: Difference) -> Iterator[str]:
    """Yield what became of the verdicts on the guests, and of the verdict as a whole."""
    yield from (f"g{guests[1:]}: {of_verdict(one)}" for guests, one in guests_alike(found.guests))
    if found.verdict is None:
        yield "no verdict on one host alone: compare two files of `preflight check --save`, or two reports"
    else:
        yield f"verdict: {of_verdict(found.verdict)}"


def of_verdict(one: ChangedVerdict) -> str:
    """Return a verdict before and after."""
    if one.before is one.after:
        return f"still {WORDS[one.after]}"
    return f"{WORDS[one.before]} -> {WORDS[one.after]} ({'worse' if one.is_worse else 'better'})"
