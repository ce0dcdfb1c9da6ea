"""The runs that have a journal, for people."""

import time
from collections.abc import Iterator, Sequence

from preflight.migrate.runs import Found, PastRun, Stage
from preflight.output.terminal import columns, places, width, wrapped
from preflight.visible import one_line

#: Names of unfinished guests that are shown.
_NAMED = 5
HEADS = ("begun", "from", "to", "guests", "state", "not arrived", "journal")


def render(found: Found, _colour: bool) -> str:
    """Return a line for each run, and a line for each journal that cannot be read."""
    runs, older = found.runs, found.older
    where = one_line(str(found.directory))
    readable = [run for run in runs if run.stage is not Stage.DAMAGED]
    lines, wide = list[str](), width()
    if readable:
        lines += _table([HEADS, *map(cells, readable)], wide)
    elif not runs:
        lines.append(f"no journal in {where}")
    damaged = [run for run in runs if run.stage is Stage.DAMAGED]
    lines += (
        part
        for run in damaged
        for part in wrapped(f"damaged: {one_line(run.path)}: {one_line(run.why or '')}", width=wide)
    )
    if older:
        lines.append(f"{older} older journals in {where} are not listed")
    return "\n".join(lines) + "\n"


def _table(rows: Sequence[tuple[str, ...]], wide: int | None) -> Iterator[str]:
    """Yield the lines of a table; if it is too wide, the journals follow, whole, so that they can be copied."""
    whole = columns(rows)
    if wide is None or max(map(places, whole)) <= wide:
        yield from whole
        return
    yield from columns([row[:-1] for row in rows], width=wide)
    yield ""
    yield "journals, in the same order:"
    yield from (row[-1] for row in rows[1:])


def cells(run: PastRun) -> tuple[str, ...]:
    """Return the cells of a run's row."""
    named = ", ".join(map(one_line, run.unfinished[:_NAMED]))
    more = f" and {len(run.unfinished) - _NAMED} more" if len(run.unfinished) > _NAMED else ""
    return (
        time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(run.made or 0)),
        one_line(run.source or ""),
        one_line(run.destination or ""),
        str(run.guests),
        run.stage.value,
        named + more,
        one_line(run.path),
    )
