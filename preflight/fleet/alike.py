"""Destinations that are alike: what is found of one of them, for the same source, is found of all of them.

Of a fleet, most hosts agree in most facts: releases, settings, devices. The rules that take only such facts have the
same results for all destinations that agree in them, and one look finds these results together.
"""

from collections.abc import Iterable, Iterator, Sequence

#: The most kinds of destinations that are told apart, as a share of them: each has to be judged once.
_SHARE = 0.1


class Alike:
    """The rules whose facts many destinations have alike, by the numbers of units, and the destinations that agree."""

    def __init__(self, keys: Iterable[Sequence[int]]) -> None:
        """Take, for each destination, the contents of the facts that each unit takes of it, each as one number."""
        ends = list(keys)
        self.units = frozenset(_alike([list(taken) for taken in zip(*ends, strict=True)], len(ends)))
        self._order = sorted(self.units)
        self._kinds: dict[tuple[int, ...], int] = {}
        #: By the identity of the keys, which are kept so that no others get it.
        self._known: dict[int, tuple[Sequence[int], int]] = {}

    def kind(self, keys: Sequence[int]) -> int:
        """Return a number that is the same for destinations which agree in all facts that these units take."""
        known = self._known.get(id(keys))
        if known is None:
            contents = tuple(keys[number] for number in self._order)
            known = self._known[id(keys)] = keys, self._kinds.setdefault(contents, len(self._kinds))
        return known[1]


def _alike(taken: Sequence[Sequence[int]], ends: int) -> Iterator[int]:
    """Yield the numbers of the units by whose facts together few kinds of destinations are told apart."""
    kinds = [0] * ends
    most = max(1.0, ends * _SHARE)
    for number in sorted(range(len(taken)), key=lambda number: len(set(taken[number]))):
        numbers: dict[tuple[int, int], int] = {}
        told_apart = [numbers.setdefault(both, len(numbers)) for both in zip(kinds, taken[number], strict=True)]
        if len(numbers) <= most:
            kinds = told_apart
            yield number
