"""An audit as Markdown, for tickets, wikis and summaries of CI jobs."""

from collections.abc import Iterator

from preflight.fleet.audited import Audited
from preflight.fleet.matrix import Cell
from preflight.judge.report import Verdict
from preflight.output.audit import cpus
from preflight.output.audit.causes import BETWEEN, Deciding, Told, by_rule, decisive_of, in_short, told
from preflight.output.audit.names import short_names
from preflight.output.audit.origin import origin
from preflight.output.audit.sums import odd, stuck, sums, unreachable
from preflight.output.audit.text import NOBODY, because, difference, numbers, without_a_way
from preflight.output.markdown_text import table, text
from preflight.output.report.text import WORDS
from preflight.output.terminal import listed

#: Columns of a matrix beyond which only the sums of each host are shown.
_WIDEST = 32
#: Causes that are listed; the others are counted.
_LISTED = 100
#: Differences of one host that are listed.
_DIFFERENCES = 6
_SIGNS = {Verdict.READY: "✓", Verdict.NOT_READY: "✕", Verdict.UNDETERMINED: "?"}


def render(audited: Audited, _colour: bool) -> str:
    """Return the audit as Markdown with tables."""
    return "\n".join(_lines(audited)) + "\n"


def _lines(audited: Audited) -> Iterator[str]:
    matrix = audited.matrix
    names = [text(name) for name in short_names(matrix)]
    groups = told(audited)
    yield f"## {WORDS[audited.verdict][0]}: {because(audited)}"
    yield ""
    yield f"{numbers(matrix)}."
    yield ""
    if down := [f"- {text(host.no_login)}" for host in matrix.hosts if host.no_login is not None]:
        yield from (*down, "")
    yield from _matrix(audited, names, decisive_of(audited, groups))
    yield from _causes(audited, groups)
    yield from _left_over(audited, names)
    yield from _cpus(audited)
    yield "---"
    yield ""
    yield from (f"- {label.capitalize()}: {text(said)}" for label, said in origin(audited))


def _matrix(audited: Audited, names: list[str], deciding: Deciding) -> Iterator[str]:
    matrix = audited.matrix
    sources = [number for number, row in enumerate(matrix.cells) if row]
    destinations = sorted({destination for _, destination, _ in matrix.ways})
    if not sources:
        return
    yield "### Ways"
    yield ""
    if len(destinations) > _WIDEST:
        rows = (
            (
                names[number],
                f"{one.leaving_ready} of {one.leaving}",
                f"{one.arriving_ready} of {one.arriving}",
            )
            for number, one in sums(matrix).items()
        )
        yield from table(("Host", "READY from it", "READY to it"), rows)
        return
    heads = ("from \\\\ to", *(f"{number + 1} {names[number]}" for number in destinations))
    cells = (
        (
            f"{source + 1} {names[source]}",
            *(_cell(matrix.cells[source].get(destination), deciding) for destination in destinations),
        )
        for source in sources
    )
    yield from table(heads, cells)
    yield "✓: READY, and how many migrations can run at once; ✕: NOT READY, ?: UNDETERMINED, and the numbers of causes."
    yield ""


def _cell(cell: Cell | None, deciding: Deciding) -> str:
    if cell is None:
        return "·"
    said = [] if cell.allows is None else [str(cell.allows)]
    if cell.verdict is not Verdict.READY:
        said = list(map(str, deciding.of(cell)))
    return " ".join((_SIGNS[cell.verdict], *said))


def _causes(audited: Audited, groups: list[Told]) -> Iterator[str]:
    ways = sum(1 for _ in audited.matrix.ways)
    decisive = [one for one in groups if one.is_decisive]
    if decisive:
        yield "### Causes"
        yield ""
        rows = (
            (
                str(one.number),
                one.kind,
                f"`{one.group.rule.name}`",
                text(listed(one.hosts) or BETWEEN),
                text(one.summary),
                one.effect(ways),
                text(one.help[1] if one.help else ""),
            )
            for one in decisive[:_LISTED]
        )
        yield from table(("", "Kind", "Rule", "Hosts", "Problem", "Ways", "Fix, or what resolves it"), rows)
    if len(decisive) > _LISTED:
        yield f"{len(decisive) - _LISTED} further causes are in the format json."
        yield ""
    if milder := by_rule(one for one in groups if not one.is_decisive):
        yield "### Warnings, and what decides nothing"
        yield ""
        yield from table(
            ("Kind", "Rule", "Hosts", "Finding or reason", "Ways"),
            ((kind, f"`{rule}`", *map(text, said)) for kind, rule, *said in map(in_short, milder.values())),
        )


def _left_over(audited: Audited, names: list[str]) -> Iterator[str]:
    matrix = audited.matrix
    lines = [
        f"- guests of {names[number]} {without_a_way(best)}: {text(listed(guests))}"
        for (number, best), guests in stuck(matrix).items()
    ]
    lines += [
        f"- {what}: {listed([names[number] for number in hosts])}"
        for best, what in NOBODY.items()
        if (hosts := unreachable(matrix)[best])
    ]
    for number, texts in odd(audited).items():
        lines.append(f"- the odd one out: {names[number]} (the others → this host)")
        lines += [f"  - {text(difference(one))}" for one in texts[:_DIFFERENCES]]
        if len(texts) > _DIFFERENCES:
            lines.append(f"  - and {len(texts) - _DIFFERENCES} more")
    if lines:
        yield "### Left over"
        yield ""
        yield from (*lines, "")


def _cpus(audited: Audited) -> Iterator[str]:
    shown = short_names(audited.matrix)
    for one in audited.baselines.found:
        yield f"### {text(cpus.heading(one, audited, shown).removeprefix('the '))}"
        yield ""
        yield from (f"    {line}" for line in one.xml.splitlines())
        yield ""
    if lines := [*cpus.freed(audited, shown), *cpus.left_out(audited, shown)]:
        yield from (*(f"- {text(line)}" for line in lines), "")
