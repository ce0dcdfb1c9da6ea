"""What all facts have in common: frozen values, parsed from records that a connection has brought or kept."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from preflight.record import Record, Unreadable

__all__ = ["Fact", "Record", "Unreadable"]


class Fact(BaseModel):
    """One frozen value parsed from records.

    A fact's `parse` takes the records that the table in `preflight.collect` names for it, in that order,
    and raises `Unreadable` with the reason when they do not tell.
    """

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True, defer_build=True)

    @classmethod
    def parse(cls, *records: Any, **named: Any) -> Self:  # Any: each fact names the records that it takes
        """Make the fact of its records; raises `Unreadable`."""
        raise NotImplementedError
