"""The result of a diagnosis: one item for each means, with its state and the command that mends it."""

import enum
from collections.abc import Iterator

from msgspec import Struct


class State(enum.StrEnum):
    """The state of one means."""

    OK = "ok"
    #: preflight works without it, or with a part of it: some facts will be UNKNOWN.
    LIMITED = "limited"
    #: Nothing can be checked without it.
    MISSING = "missing"


class Item(Struct, frozen=True):
    """One means of preflight."""

    #: What it is, in a word or two.
    name: str
    state: State
    #: What was found; may contain text of a host.
    message: str
    #: The command or the step that mends it; empty if nothing has to be mended, or if another item's command does.
    mend: str = ""


class Examined(Struct, frozen=True):
    """A host, and what preflight can do there."""

    #: The name by which reports mean the host.
    name: str
    #: The host as preflight reaches it.
    target: str
    items: tuple[Item, ...]


class Diagnosis(Struct, frozen=True):
    """This machine, and the hosts that were named."""

    machine: tuple[Item, ...]
    hosts: tuple[Examined, ...] = ()

    @property
    def items(self) -> Iterator[Item]:
        """Yield every item."""
        yield from self.machine
        for host in self.hosts:
            yield from host.items

    def count(self, state: State) -> int:
        """Return the number of items in this state."""
        return sum(item.state is state for item in self.items)

    @property
    def exit_code(self) -> int:
        """Return 0 if everything is there, 1 if something is missing, 3 if something is only limited."""
        if self.count(State.MISSING):
            return 1
        return 3 if self.count(State.LIMITED) else 0
