"""Groups intents that a decision cannot tell apart, so that one of each group is tried for all of them."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

from msgspec.structs import replace

from preflight.migrate.outcome import Intent


class _Read:
    """Stands in for an intent, and keeps the names of those of its fields that were read."""

    def __init__(self, intent: Intent, read: set[str], given: frozenset[str] = frozenset()) -> None:
        self._intent, self._read, self._given = intent, read, given

    def __getattr__(self, name: str) -> Any:
        if name not in Intent.__struct_fields__:  # a property or a method, which reads fields
            return getattr(Intent, name).__get__(self)
        if name not in self._given:
            self._read.add(name)
        return getattr(self._intent, name)

    def but(self, **fields: object) -> "_Read":
        return _Read(replace(self._intent, **fields), self._read, self._given | fields.keys())


def but(intent: Intent, **fields: object) -> Intent:
    """Return the intent with other values in some fields, as `replace` does, which would read all the others."""
    return cast("Intent", intent.but(**fields)) if isinstance(intent, _Read) else replace(intent, **fields)


class Groups:
    """Intents by the values of their fields: each set of intents is a number, with one bit for each intent."""

    def __init__(self, intents: Sequence[Intent]) -> None:
        self.intents = intents
        self._all = (1 << len(intents)) - 1
        self._with: dict[tuple[str, object], int] = {}
        for number, intent in enumerate(intents):
            for name in Intent.__struct_fields__:
                key = name, getattr(intent, name)
                self._with[key] = self._with.get(key, 0) | 1 << number

    def each(self) -> Iterator[Intent]:
        """Yield an intent of each group: what is done with one before the next is done alike with its whole group.

        Code that depends on nothing but the intent, and has read the same values of it, has taken the same course.
        """
        left = self._all
        while left:
            intent, read = self.intents[left.bit_length() - 1], set[str]()
            yield cast("Intent", _Read(intent, read))
            left &= ~self._like(intent, read)

    def _like(self, intent: Intent, read: set[str]) -> int:
        alike = self._all
        for name in read:
            alike &= self._with[name, getattr(intent, name)]
        return alike
