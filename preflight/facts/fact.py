"""What all facts have in common: frozen values, parsed from records that a connection has brought or kept.

They are msgspec's structs: frozen as pydantic's models, and read from JSON as strictly, but each is declared in
microseconds. A check declares a hundred of them while ssh shakes hands, so this is time that a user waits.
"""

from typing import Any, Self, TypeVar

from msgspec import Struct
from msgspec.json import decode

from preflight.answers import MISSING, Record, Unreadable
from preflight.units import MIB

__all__ = ["MISSING", "Fact", "Record", "Unreadable", "read_json"]

T = TypeVar("T")


class Fact(Struct, frozen=True, kw_only=True):
    """One frozen value parsed from records.

    A fact's `parse` takes the records that the table in `preflight.collect.sources` names for it, in that order,
    and raises `Unreadable` with the reason when they do not tell.
    """

    @classmethod
    def parse(cls, *records: Any, **named: Any) -> Self:  # Any: each fact names the records that it takes
        """Make the fact of its records; raises `Unreadable`."""
        raise NotImplementedError


#: Characters of one text of JSON; a list of short words takes twelve times as many bytes.
LONGEST_JSON = 8 * MIB


def read_json(text: str, form: type[T], what: str, *, longest: int = LONGEST_JSON) -> T:
    """Read JSON that the collector wrote, in the form which a struct declares; raises `Unreadable` where it is not.

    `what` begins the reason, as in "the list of networks is".
    """
    if len(text) > longest:
        raise Unreadable(f"{what} longer than {longest >> 20} MiB")
    try:
        return decode(text, type=form)
    except RecursionError:
        raise Unreadable(f"{what} not in the format that preflight collects: it is nested too deeply") from None
    except ValueError as why:
        raise Unreadable(f"{what} not in the format that preflight collects: {why}") from None
