"""Base class of all facts: frozen values, parsed from records that were collected from a host or read from a snapshot.

Facts are msgspec structs: as frozen as pydantic models and read from JSON as strictly, but declared in microseconds.
A check declares a hundred of them during the ssh handshake, and the user waits for that.
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

    A fact's `parse` takes the records that the table in `preflight.collect.sources` lists for it, in that order, and
    raises `Unreadable` with the reason if the fact cannot be determined from them.
    """

    @classmethod
    def parse(cls, *records: Any, **named: Any) -> Self:  # Any: each fact names the records that it takes
        """Parse the fact from its records; raises `Unreadable`."""
        raise NotImplementedError


#: Maximum length of a JSON text, in characters; a list of short words takes twelve times as many bytes in memory.
LONGEST_JSON = 8 * MIB


def read_json(text: str, form: type[T], what: str, *, longest: int = LONGEST_JSON) -> T:
    """Decode JSON that the collector wrote into `form`; raises `Unreadable` if it does not match.

    `what` starts the reason, as in "the list of networks is".
    """
    if len(text) > longest:
        raise Unreadable(f"{what} longer than {longest >> 20} MiB")
    try:
        return decode(text, type=form)
    except RecursionError:
        raise Unreadable(f"{what} not in the format that preflight collects: it is nested too deeply") from None
    except ValueError as why:
        raise Unreadable(f"{what} not in the format that preflight collects: {why}") from None
