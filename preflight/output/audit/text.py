"""An audit for a person at a terminal: the matrix, then each cause once, then hosts and guests that are left over."""

from collections.abc import Iterator, Mapping

from preflight.fleet.audited import Audited
from preflight.fleet.groups import Group
from preflight.fleet.matrix import Matrix
from preflight.judge.report import Outcome, Verdict
from preflight.output.report.text import WORDS
from preflight.output.terminal import labelled, listed, one_line, padded, paint, places, width, wrapped
from preflight.visible import GUEST, unnamed

#: What a cell shows; a way that is READY shows how many migrations it allows at once.
_SIGNS = {Verdict.NOT_READY: ("NO", "red"), Verdict.UNDETERMINED: ("?", "yellow")}
#: Columns that the name of a host may take.
_NAME = 24
#: The columns of a matrix where no terminal says how many there are.
_USUAL = 120
#: Causes that are listed with their texts; the others are counted.
_LISTED = 40
#: Differences of one host that are listed, and the characters that are shown of each.
_DIFFERENCES = 6
_LONGEST = 160
#: Texts of one group that are quoted.
_QUOTED = 2
#: The column in which the text of a cause begins.
_COLUMN = 7


def render(audited: Audited, colour: bool) -> str:
    """Return the audit as lines of text with a final newline."""
    columns = width()
    matrix = audited.matrix
    lines = [*_numbers(audited), ""]
    lines += _grid(matrix, columns or _USUAL, colour)
    lines += _groups(audited, columns, colour)
    lines += _left_over(audited, columns)
    word, style = WORDS[audited.verdict]
    lines += ["", f"{paint(word, style, 'bold', colour=colour)}  {_because(audited)}"]
    return "\n".join(lines) + "\n"


def _numbers(audited: Audited) -> Iterator[str]:
    matrix = audited.matrix
    counted = matrix.verdicts()
    guests = sum(map(len, matrix.guests))
    ways = sum(counted.values())
    found = ", ".join(f"{counted[one]} {WORDS[one][0]}" for one in WORDS if counted[one]) or "none judged"
    yield f"{_count(len(matrix.hosts), 'host')}, {_count(guests, 'guest')}, {_count(ways, 'way')}: {found}"
    for host in matrix.hosts:
        if host.no_login is not None:
            yield f"  {one_line(host.no_login)}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def short_names(matrix: Matrix) -> list[str]:
    """Return the hosts' names without the domain that all of them share."""
    names = [one_line(host.name) for host in matrix.hosts]
    parts = [name.split(".") for name in names]
    shared = 0
    while all(len(part) > shared + 1 and part[-1 - shared] == parts[0][-1 - shared] for part in parts):
        shared += 1
    if any(part[-1].isdigit() for part in parts):
        return names  # addresses
    return [".".join(part[: len(part) - shared]) for part in parts]


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
        yield from _sums(matrix, names, sources)
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


def _sums(matrix: Matrix, names: list[str], sources: list[int]) -> Iterator[str]:
    """Yield how many ways from and to each host are READY, for hosts to or from which not all are."""
    to: dict[int, list[Verdict]] = {}
    for _, destination, cell in matrix.ways:
        to.setdefault(destination, []).append(cell.verdict)
    whole = 0
    for number in sorted({*sources, *to}):
        leaving = [cell.verdict for cell in matrix.cells[number].values()]
        arriving = to.get(number, [])
        ready = [sum(one is Verdict.READY for one in ways) for ways in (leaving, arriving)]
        if ready == [len(leaving), len(arriving)]:
            whole += 1
        else:
            yield (
                f"{names[number]}: {ready[0]} of {len(leaving)} ways from it are READY, "
                f"{ready[1]} of {len(arriving)} to it"
            )
    if whole:
        yield f"{_count(whole, 'host')}: all ways from and to {'it' if whole == 1 else 'them'} are READY"
    yield ""


def _groups(audited: Audited, columns: int | None, colour: bool) -> Iterator[str]:
    matrix = audited.matrix
    names = {host.name: short for host, short in zip(matrix.hosts, short_names(matrix), strict=True)}
    ways = sum(1 for _ in matrix.ways)
    decisive = [group for group in audited.groups if group.blocks or group.obscures]
    for group in decisive[:_LISTED]:
        yield from _group(group, names, ways, columns, colour)
    if len(decisive) > _LISTED:
        yield f"{len(decisive) - _LISTED} further causes, in --format json"
        yield ""
    milder = [group for group in audited.groups if not (group.blocks or group.obscures)]
    counted: dict[str, int] = {}
    for group in milder:
        counted[group.rule.name] = counted.get(group.rule.name, 0) + len(group.ways)
    if counted:
        shown = sorted(counted.items(), key=lambda one: (-one[1], one[0]))
        text = ", ".join(f"{name} ({_count(number, 'way')})" for name, number in shown)
        yield from wrapped(f"warnings, and unknowns that decide nothing: {text}", width=columns)
        yield ""


def _group(group: Group, names: Mapping[str, str], ways: int, columns: int | None, colour: bool) -> Iterator[str]:
    word, style = ("UNKNOWN", "yellow") if group.outcome is Outcome.UNKNOWN else ("ERROR", "red")
    does = "leaves open" if group.outcome is Outcome.UNKNOWN else "blocks"
    rest = f", {group.alone} of them alone" if 0 < group.alone < len(group.ways) else ""
    where = listed([names[host] for host in group.hosts]) or "between hosts"
    head = f"{paint(word, style, colour=colour)}  {where}: {does} {len(group.ways)} of {_count(ways, 'way')}{rest}"
    yield from wrapped(f"{head}  [{group.rule.name}]", width=columns, indent=_COLUMN)
    for text in group.texts[:_QUOTED]:
        yield from labelled("", text, width=columns, column=_COLUMN - 2)
    if len(group.texts) > _QUOTED:
        more = f"and {len(group.texts) - _QUOTED} more like {'it' if _QUOTED == 1 else 'these'}"
        yield from labelled("", more, width=columns, column=_COLUMN - 2)
    if group.guests:
        label = GUEST if any(GUEST in text for text in group.texts) else _count(len(group.guests), "guest")
        yield from labelled("", f"{label}: {listed(group.guests)}", width=columns, column=_COLUMN - 2)
    fixes = list(dict.fromkeys(unnamed(cause.fix, cause.guest) for cause in group.causes if cause.fix))
    if group.outcome is not Outcome.UNKNOWN:
        fix = fixes[0] if len(fixes) == 1 else " ".join(group.rule.fix.split())
        yield from labelled("fix", fix, width=columns, column=_COLUMN - 2)
    yield ""


def _left_over(audited: Audited, columns: int | None) -> Iterator[str]:
    matrix = audited.matrix
    names = short_names(matrix)
    stuck: dict[tuple[int, Verdict], list[str]] = {}
    for number, guest, best in matrix.stuck():
        stuck.setdefault((number, best), []).append(guest)
    for (number, best), guests in stuck.items():
        what = "that can go nowhere" if best is Verdict.NOT_READY else "for which no way is certain"
        yield from wrapped(f"guests of {names[number]} {what}: {listed(guests)}", width=columns)
    nobody = {best: [names[number] for number, one in matrix.unreachable() if one is best] for best in WORDS}
    if nobody[Verdict.NOT_READY]:
        yield from wrapped(f"hosts that can take nobody: {listed(nobody[Verdict.NOT_READY])}", width=columns)
    if nobody[Verdict.UNDETERMINED]:
        yield from wrapped(f"hosts to which no way is certain: {listed(nobody[Verdict.UNDETERMINED])}", width=columns)
    odd: dict[int, list[str]] = {}
    for one in audited.odd:
        odd.setdefault(one.host, []).append(one.text)
    for number, texts in odd.items():
        yield f"the odd one out: {names[number]} (the others -> this host)"
        for text in texts[:_DIFFERENCES]:
            yield from wrapped(f"  {_short(one_line(text))}", width=columns, indent=4)
        if len(texts) > _DIFFERENCES:
            yield f"  and {len(texts) - _DIFFERENCES} more, in --format json"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _because(audited: Audited) -> str:
    if audited.every:
        return "every way is READY" if audited.verdict is Verdict.READY else "not every way is READY (--need all)"
    if audited.verdict is Verdict.READY:
        return "every guest can go somewhere" if any(audited.matrix.guests) else "every host has a way that is READY"
    if audited.verdict is Verdict.NOT_READY:
        return "some guests can go nowhere (--need any)"
    return "some guests have no way that is certain (--need any)"
