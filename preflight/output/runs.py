"""The runs whose journals are there, for people and for programs."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from preflight.migrate.runs import PastRun, Stage
from preflight.schema import document, status
from preflight.visible import one_line

#: Names of unfinished guests that are shown.
_NAMED = 5


class Render(Protocol):
    """Prints runs in one format."""

    def __call__(self, directory: Path, runs: Sequence[PastRun], older: int) -> str:
        """The text; `older` journals were not read."""


def text(directory: Path, runs: Sequence[PastRun], older: int) -> str:
    """For people: a line a run, a line for each journal that cannot be read."""
    from tabulate import tabulate

    where = one_line(str(directory))
    readable = [run for run in runs if run.stage is not Stage.DAMAGED]
    lines = []
    if readable:
        heads = ("begun", "from", "to", "guests", "state", "not arrived", "journal")
        lines.append(tabulate([_cells(run) for run in readable], headers=heads, disable_numparse=True))
    elif not runs:
        lines.append(f"no journal in {where}")
    damaged = [run for run in runs if run.stage is Stage.DAMAGED]
    lines += [f"damaged: {one_line(run.path)}: {one_line(run.why or '')}" for run in damaged]
    if older:
        lines.append(f"{older} older journals in {where} are not listed")
    return "\n".join(lines) + "\n"


def _cells(run: PastRun) -> tuple[str, ...]:
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


def as_json(directory: Path, runs: Sequence[PastRun], older: int) -> str:
    """For programs: a public contract, described by docs/runs.schema.json."""
    return document.text(
        status.Runs(
            format=status.FORMAT,
            directory=str(directory),
            older=older,
            runs=tuple(
                status.Run(
                    path=run.path,
                    stage=run.stage.value,
                    made=run.made,
                    source=run.source,
                    destination=run.destination,
                    guests=run.guests,
                    unfinished=run.unfinished,
                    why=run.why,
                )
                for run in runs
            ),
        )
    )


FORMATS: Mapping[str, Render] = {"text": text, "json": as_json}
