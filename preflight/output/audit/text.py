"""An audit for a person at a terminal: the matrix, then each cause once, then hosts and guests that are left over."""

from collections.abc import Iterator

from preflight.fleet.audited import Audited
from preflight.fleet.matrix import Matrix
from preflight.judge.report import Verdict
from preflight.output.audit import cpus
from preflight.output.audit.causes import BETWEEN, QUOTED, Told, told
from preflight.output.audit.names import short_names
from preflight.output.audit.origin import tried
from preflight.output.audit.sums import odd, stuck, sums, unreachable
from preflight.output.report.text import WORDS
from preflight.output.terminal import columns as in_columns
from preflight.output.terminal import labelled, listed, one_line, padded, paint, places, width, wrapped
from preflight.visible import GUEST, many

#: What a cell shows; a way that is READY shows how many migrations it allows at once.
_SIGNS = {Verdict.NOT_READY: ("NO", "red"), Verdict.UNDETERMINED: ("?", "yellow")}
#: What is said of hosts to which the best verdict on any way is this.
NOBODY = {
    Verdict.NOT_READY: "hosts that can take nobody",
    Verdict.UNDETERMINED: "hosts to which no way is certain",
}
#: Columns that the name of a host may take.
_NAME = 24
#: The columns of a matrix where no terminal says how many there are.
_USUAL = 120
#: Causes that are listed with their texts; the others are counted.
_LISTED = 40
#: Differences of one host that are listed, and the characters that are shown of each.
_DIFFERENCES = 6
_LONGEST = 160
#: The column in which the text of a cause begins.
_COLUMN = 7


def render(audited: Audited, colour: bool) -> str:
    """Return the audit as lines of text with a final newline."""
    columns = width()
    matrix = audited.matrix
    lines = [*_head(matrix, columns), ""]
    lines += _grid(matrix, columns or _USUAL, colour)
    lines += _groups(audited, columns, colour)
    lines += left_over(audited, columns)
    lines += common_cpus(audited, columns)
    lines.append(verdict(audited, colour=colour))
    return "\n".join(lines) + "\n"


def numbers(matrix: Matrix) -> str:
    """Return how many hosts, guests and ways there are, and how many ways have each verdict."""
    counted = matrix.verdicts()
    guests = sum(map(len, matrix.guests))
    ways = sum(counted.values())
    found = ", ".join(f"{counted[one]} {WORDS[one][0]}" for one in WORDS if counted[one]) or "none judged"
    return f"{many(len(matrix.hosts), 'host')}, {many(guests, 'guest')}, {many(ways, 'way')}: {found}"


def _head(matrix: Matrix, columns: int | None) -> Iterator[str]:
    yield numbers(matrix)
    yield from (f"{label}: {said}" for label, said in tried(matrix))
    for host in matrix.hosts:
        if host.no_login is not None:
            yield from wrapped(f"  {one_line(host.no_login)}", width=columns, indent=4)


def _grid(matrix: Matrix, columns: int, colour: bool) -> Iterator[str]:
    """Yield the matrix, a row for each source and a column for each destination; only sums if it is too wide."""
    sources = [number for number, row in enumerate(matrix.cells) if row]
    destinations = sorted({destination for row in matrix.cells for destination in row})
    if not sources:
        return
    names = [name if places(name) <= _NAME else f"{name[: _NAME - 1]}…" for name in short_names(matrix)]
    heads = [f"{number + 1}" for number in destinations]
    wide = max(4, *(len(head) + 1 for head in heads))
    left = max(places(f"{number + 1} {names[number]}") for number in {*sources, *destinations}) + 1
    if left + wide * len(destinations) > columns:
        yield from _sums(matrix, names, columns)
        return
    yield padded("from \\ to", left) + "".join(f"{head:>{wide}}" for head in heads)
    for source in sources:
        row = matrix.cells[source]
        line = padded(f"{source + 1} {names[source]}", left)
        for destination in destinations:
            cell = row.get(destination)
            sign, style = (
                ("·", "dim") if cell is None else _SIGNS.get(cell.verdict, (str(cell.allows or "yes"), "green"))
            )
            line += " " * (wide - len(sign)) + paint(sign, style, colour=colour)
        yield line.rstrip()
    if others := [number for number in destinations if number not in sources]:
        yield "to: " + ", ".join(f"{number + 1} {names[number]}" for number in others)
    yield "a number: READY, and so many migrations at once; NO: NOT READY; ?: UNDETERMINED"
    yield ""


def _sums(matrix: Matrix, names: list[str], columns: int) -> Iterator[str]:
    """Yield how many ways from and to hosts are READY: alike hosts in one line, those with the fewest first."""
    alike: dict[tuple[int, int, int, int], list[str]] = {}
    for number, one in sums(matrix).items():
        key = (one.leaving_ready, one.arriving_ready, one.leaving, one.arriving)
        alike.setdefault(key, []).append(names[number])
    rows = [
        (str(len(hosts)), _of(leaving, all_leaving), _of(arriving, all_arriving), listed(hosts))
        for (leaving, arriving, all_leaving, all_arriving), hosts in sorted(alike.items(), key=_fewest)
    ]
    yield from in_columns([("hosts", "READY from each", "READY to each", "names"), *rows], width=columns)
    yield ""


def _of(number: int, every: int) -> str:
    return f"{number} of {every}" if every else ""


def _fewest(one: tuple[tuple[int, int, int, int], list[str]]) -> tuple[int, tuple[int, ...]]:
    """Return what sorts hosts: by the smaller number of ways that are READY, from them or to them."""
    (leaving, arriving, all_leaving, all_arriving), _ = one
    return min(leaving if all_leaving else arriving, arriving if all_arriving else leaving), one[0]


def _groups(audited: Audited, columns: int | None, colour: bool) -> Iterator[str]:
    ways = sum(1 for _ in audited.matrix.ways)
    groups = told(audited)
    decisive = [one for one in groups if one.is_decisive]
    for one in decisive[:_LISTED]:
        yield from _group(one, ways, columns, colour)
    if len(decisive) > _LISTED:
        yield f"{len(decisive) - _LISTED} further causes, in --format json"
        yield ""
    counted: dict[str, int] = {}
    for one in groups:
        if not one.is_decisive:
            counted[one.group.rule.name] = counted.get(one.group.rule.name, 0) + len(one.group.ways)
    if counted:
        shown = sorted(counted.items(), key=lambda one: (-one[1], one[0]))
        text = ", ".join(f"{name} ({many(number, 'way')})" for name, number in shown)
        yield from wrapped(f"warnings, and unknowns that decide nothing: {text}", width=columns)
        yield ""


def _group(one: Told, ways: int, columns: int | None, colour: bool) -> Iterator[str]:
    word, style = ("UNKNOWN", "yellow") if one.kind == "unknown" else ("ERROR", "red")
    head = f"{paint(word, style, colour=colour)}  {listed(one.hosts) or BETWEEN}: {one.effect(ways)}"
    yield from wrapped(f"{head}  [{one.group.rule.name}]", width=columns, indent=_COLUMN)
    for text in one.texts[:QUOTED]:
        yield from labelled("", text, width=columns, column=_COLUMN - 2)
    if len(one.texts) > QUOTED:
        more = f"and {len(one.texts) - QUOTED} more like these"
        yield from labelled("", more, width=columns, column=_COLUMN - 2)
    if guests := one.group.guests:
        label = GUEST if any(GUEST in text for text in one.texts) else many(len(guests), "guest")
        label = f"at least {label}" if one.has_more_guests and label != GUEST else label
        yield from labelled("", f"{label}: {listed(guests)}", width=columns, column=_COLUMN - 2)
    if one.help:
        label, said = one.help
        yield from labelled(label, said, width=columns, column=max(_COLUMN - 2, len(label) + 2))
    yield ""


def verdict(audited: Audited, *, colour: bool) -> str:
    """Return the line that begins with the verdict."""
    word, style = WORDS[audited.verdict]
    return f"{paint(word, style, 'bold', colour=colour)}  {because(audited)}"


def without_a_way(best: Verdict) -> str:
    """Return what is said of guests whose best verdict is this."""
    return "that can go nowhere" if best is Verdict.NOT_READY else "for which no way is certain"


def left_over(audited: Audited, columns: int | None) -> Iterator[str]:
    """Yield the guests that can go nowhere, the hosts that can take nobody, and what is different on one host.

    An empty line ends them, if there are any.
    """
    lines = list(_left_over(audited, columns))
    yield from (*lines, *[""][: len(lines)])


def _left_over(audited: Audited, columns: int | None) -> Iterator[str]:
    matrix = audited.matrix
    names = short_names(matrix)
    for (number, best), guests in stuck(matrix).items():
        yield from wrapped(f"guests of {names[number]} {without_a_way(best)}: {listed(guests)}", width=columns)
    for best, what in NOBODY.items():
        if hosts := unreachable(matrix)[best]:
            yield from wrapped(f"{what}: {listed([names[number] for number in hosts])}", width=columns)
    for number, texts in odd(audited).items():
        yield f"the odd one out: {names[number]} (the others -> this host)"
        for text in texts[:_DIFFERENCES]:
            yield from wrapped(f"  {difference(text)}", width=columns, indent=4)
        if len(texts) > _DIFFERENCES:
            yield f"  and {len(texts) - _DIFFERENCES} more, in --format json"


def common_cpus(audited: Audited, columns: int | None) -> Iterator[str]:
    """Yield the CPUs that hosts have in common, the hosts without one, and an empty line if there are any."""
    names = short_names(audited.matrix)
    lines: list[str] = []
    for one in audited.baselines.found:
        lines += wrapped(f"{cpus.heading(one, audited, names)}:", width=columns)
        lines += (f"  {line}" for line in cpus.in_lines(one, (columns or _USUAL) - 2))
    for said in (*cpus.freed(audited, names), *cpus.left_out(audited, names)):
        lines += wrapped(said, width=columns)
    yield from (*lines, *[""][: len(lines)])


def difference(text: str) -> str:
    """Return what is different, not without end."""
    text = one_line(text)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def because(audited: Audited) -> str:
    """Return what the verdict is due to, and whether it covers all rules."""
    asked = audited.matrix.asked
    return f"{_due(audited)}{'; only selected rules were applied' if asked.select or asked.ignore else ''}"


def _due(audited: Audited) -> str:
    if audited.every:
        return "every way is READY" if audited.verdict is Verdict.READY else "not every way is READY (--need all)"
    if audited.verdict is Verdict.READY:
        return "every guest can go somewhere" if any(audited.matrix.guests) else "every host has a way that is READY"
    if audited.verdict is Verdict.NOT_READY:
        return "some guests can go nowhere (--need any)"
    return "some guests have no way that is certain (--need any)"
