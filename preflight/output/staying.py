"""The guests that stay because they are not READY, for people."""

from typing import Protocol

from preflight.visible import named, one_line


class Staying(Protocol):
    """A guest that stays, from a plan or from a saved report."""

    @property
    def name(self) -> str:
        """Return the guest's name."""

    @property
    def rule(self) -> str:
        """Return the rule that is against it."""

    @property
    def why(self) -> str:
        """Return what the rule found, or why it could not be applied."""


def staying(guest: Staying) -> str:
    """Return which guest stays, and why, on one line."""
    return one_line(f"{named(guest.name)}: {guest.why}  [{guest.rule}]")
