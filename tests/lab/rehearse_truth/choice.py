"""Chooses the rows: one of each cause and release, of those that fail and of those that move. Pure."""

from collections.abc import Mapping
from itertools import chain

from tests.lab.truth.row import Row

#: Rows that are chosen.
MOST = 250


def is_possible(row: Row) -> bool:
    """Report whether a rehearsal can be asked: about one guest at a time, and one that runs."""
    return row.live and row.at_once == 1 and "--offline" not in row.check and "--no-guests" not in row.check


def chosen(rows: Mapping[str, Row], most: int = MOST) -> dict[str, Row]:
    """Return the first row by name of each rule and pair of releases that fails; then of those that move; then more.

    So many at most. The same rows give the same choice.
    """
    rounds: dict[tuple[int, bool], list[str]] = {}
    met: dict[tuple[str, ...], int] = {}
    for name, row in sorted(rows.items()):
        if is_possible(row):
            kind = (row.rule, row.source, row.destination, row.expect)
            met[kind] = met.get(kind, 0) + 1
            rounds.setdefault((met[kind], row.expect == "moves"), []).append(name)
    names = list(chain.from_iterable(rounds[key] for key in sorted(rounds)))
    return {name: rows[name] for name in sorted(names[:most])}
