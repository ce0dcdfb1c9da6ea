"""The questions of a way, which are the same for many of them."""

from collections.abc import Callable, Hashable
from typing import Self

from msgspec import Struct

from preflight.collect.follow_up import Further


class Questions(Struct, frozen=True):
    """What both ends of a way are asked."""

    here: Further
    there: Further
    #: The contents of what the destination is asked: by record, and about guests that its libvirt builds.
    records: int
    definitions: int

    @classmethod
    def of(cls, further: tuple[Further, Further], number: Callable[[Hashable], int]) -> Self:
        """Number the questions to the destination, which it has in common with those of other ways."""
        here, there = further
        asked = (there.commands, there.made_of.items(), there.records.items(), there.absent.items())
        return cls(here, there, number(tuple(map(tuple, asked))), number(tuple(there.definitions.items())))
