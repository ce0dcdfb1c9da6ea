"""An audit as one HTML file: the matrix, the causes to deal with, and the guests and hosts that are left over."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from preflight.fleet.audited import Audited
from preflight.fleet.matrix import Cause, Cell, Matrix
from preflight.judge.report import Outcome, Verdict
from preflight.output.audit import cpus
from preflight.output.audit.causes import Told, by_rule, decisive_of, in_short, told
from preflight.output.audit.names import short_names
from preflight.output.audit.origin import origin
from preflight.output.audit.sums import odd, stuck, sums, unreachable
from preflight.output.audit.text import because
from preflight.output.page.template import fill
from preflight.output.report.text import WORDS
from preflight.output.terminal import excerpt
from preflight.visible import many, one_line

#: Rows, and columns, of a matrix beyond which a page has the sums of each host alone.
_WIDEST = 128
#: Causes that are shown as cards; the others are counted.
_CARDS = 200
#: Places in files that a card quotes, and the longest lists of ways and of texts that it has.
_QUOTED = 3
_LONGEST = 400
#: What a cell shows, besides the numbers of its causes.
_SIGNS = {Verdict.READY: "✓", Verdict.NOT_READY: "✕", Verdict.UNDETERMINED: "?"}


class _Square(Struct, frozen=True):
    """A cell of the matrix."""

    verdict: str
    sign: str
    #: How many migrations can run at once; empty unless the way is READY.
    allows: str
    causes: tuple[int, ...]
    #: The verdict in words, and the limit on the migrations; empty unless the way is READY.
    word: str
    limit: str


class _Row(Struct, frozen=True):
    """A row of the matrix."""

    number: int
    name: str
    #: None where the source is the destination, or a way was not judged.
    squares: tuple[_Square | None, ...]


class _Excerpt(Struct, frozen=True):
    """A place in a file."""

    place: str
    lines: tuple[str, ...]


class _Card(Struct, frozen=True):
    """A cause, with what a reader needs to act on it."""

    told: Told
    effect: str
    texts: tuple[str, ...]
    places: tuple[_Excerpt, ...]
    more_places: int
    predicted_error: str
    why: str
    #: The ways that it blocks, by the source.
    ways: tuple[tuple[str, str], ...]
    more_ways: int


def render(audited: Audited, _colour: bool) -> str:
    """Return the audit as a page with a final newline."""
    matrix = audited.matrix
    names = short_names(matrix)
    groups = told(audited)
    decisive = [one for one in groups if one.is_decisive]
    ways = sum(1 for _ in matrix.ways)
    rows, columns = _grid(audited, groups, names)
    counted = matrix.verdicts()
    return fill(
        "audit.html",
        verdict=audited.verdict.value,
        word=WORDS[audited.verdict][0],
        sentence=because(audited),
        no_logins=tuple(host.no_login for host in matrix.hosts if host.no_login is not None),
        counts=tuple(
            (counted[one], f"{'way' if counted[one] == 1 else 'ways'} {WORDS[one][0]}")
            for one in WORDS
            if counted[one] or one is Verdict.READY
        ),
        hosts=many(len(matrix.hosts), "host"),
        guests=many(sum(map(len, matrix.guests)), "guest"),
        columns=tuple((number + 1, names[number]) for number in columns),
        rows=rows,
        widest=_WIDEST,
        sums=tuple(_sums(matrix, names)),
        cards=tuple(_card(one, names, ways) for one in decisive[:_CARDS]),
        more=len(decisive) - _CARDS,
        milder=tuple(map(in_short, by_rule(one for one in groups if not one.is_decisive).values())),
        stuck=tuple(_stuck(audited, groups, names)),
        nobody=tuple(
            (best.value, words, tuple(names[number] for number in unreachable(matrix)[best]))
            for best, words in (
                (Verdict.NOT_READY, "No way to these hosts is READY, and each has an error"),
                (Verdict.UNDETERMINED, "No way to these hosts is certain"),
            )
            if unreachable(matrix)[best]
        ),
        odd=tuple((names[number], tuple(texts)) for number, texts in odd(audited).items()),
        cpus=tuple((cpus.heading(one, audited, names), one.xml) for one in audited.baselines.found),
        cpu_remarks=(*cpus.freed(audited, names), *cpus.left_out(audited, names)),
        made=tuple((label.capitalize(), [said]) for label, said in origin(audited)),
    )


def _grid(audited: Audited, groups: Sequence[Told], names: Sequence[str]) -> tuple[tuple[_Row, ...], tuple[int, ...]]:
    """Return the rows of the matrix and the numbers of its columns; nothing if it is too large for a page."""
    matrix = audited.matrix
    sources = [number for number, row in enumerate(matrix.cells) if row]
    columns = sorted({destination for row in matrix.cells for destination in row})
    if len(sources) > _WIDEST or len(columns) > _WIDEST:
        return (), ()
    deciding = decisive_of(audited, groups)

    def square(cell: Cell | None) -> _Square | None:
        if cell is None:
            return None
        is_ready = cell.verdict is Verdict.READY
        return _Square(
            verdict=cell.verdict.value,
            sign=_SIGNS[cell.verdict],
            allows="" if not is_ready or cell.allows is None else str(cell.allows),
            causes=deciding.of(cell),
            word=WORDS[cell.verdict][0],
            limit=_limit(cell),
        )

    rows = tuple(
        _Row(
            source + 1,
            names[source],
            tuple(square(matrix.cells[source].get(destination)) for destination in columns),
        )
        for source in sources
    )
    return rows, tuple(columns)


def _limit(cell: Cell) -> str:
    """Return the limit on the migrations of a way that is READY, in words."""
    if cell.verdict is not Verdict.READY:
        return ""
    if cell.allows is None or cell.limited_by is None:
        return "no limit could be read"
    return one_line(f"limited by {cell.limited_by[0]} on {cell.limited_by[1]}")


def _sums(matrix: Matrix, names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield the row of each host: its releases, its guests, and how many of its ways are READY."""
    for number, one in sums(matrix).items():
        host = matrix.hosts[number]
        yield (
            f"{number + 1} {names[number]}",
            host.release or "?",
            host.libvirt or "?",
            host.qemu or "?",
            str(len(matrix.guests[number])) if one.leaving else "",
            f"{one.leaving_ready} of {one.leaving}" if one.leaving else "",
            f"{one.arriving_ready} of {one.arriving}" if one.arriving else "",
        )


def _card(one: Told, names: Sequence[str], ways: int) -> _Card:
    located = {(cause.host, cause.location): cause for cause in one.group.causes if cause.location is not None}
    by_source: dict[int, list[int]] = {}
    for source, destination in sorted(one.group.ways):
        by_source.setdefault(source, []).append(destination)
    leading = [(names[source], ", ".join(names[to] for to in there)) for source, there in by_source.items()]
    rule = one.group.rule
    return _Card(
        told=one,
        effect=one.effect(ways),
        texts=one.texts[:_LONGEST],
        places=tuple(_excerpt(cause) for cause in [*located.values()][:_QUOTED]),
        more_places=len(located) - _QUOTED,
        predicted_error=next((cause.predicted_error for cause in one.group.causes if cause.predicted_error), ""),
        why=" ".join(rule.why.split()) if one.group.outcome is Outcome.FAILED else "",
        ways=tuple(leading[:_LONGEST]),
        more_ways=len(leading) - _LONGEST,
    )


def _excerpt(cause: Cause) -> _Excerpt:
    at = cause.location
    assert at is not None
    place = f"{cause.host or ''}:{at.path}:{at.line}:{at.column}"
    lines = tuple(excerpt(at.text, at.column, at.end_column, at.line)[1:]) if at.text else ()
    return _Excerpt(f"{place}{'' if at.text else ' (a line is missing here)'}", lines)


def _stuck(
    audited: Audited, groups: Sequence[Told], names: Sequence[str]
) -> Iterator[tuple[str, str, str, tuple[str, ...], tuple[int, ...], int]]:
    """Yield verdict, its word, host, guests, the numbers of the causes that stop them, and how many guests they are."""
    matrix = audited.matrix
    deciding = decisive_of(audited, groups)
    for (number, best), guests in stuck(matrix).items():
        due = {at for cell in matrix.cells[number].values() for name in guests for at in deciding.of(cell, name)}
        yield best.value, WORDS[best][0], names[number], tuple(guests), tuple(sorted(due)), len(guests)
