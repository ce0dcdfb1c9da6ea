"""Base class of all facts: frozen values, parsed from records that were collected from a host or read from a snapshot.

Facts are msgspec structs: as frozen as pydantic models and read from JSON as strictly, but declared in microseconds.
A check declares a hundred of them during the ssh handshake, and the user waits for that.
"""

import enum
from pathlib import Path
from typing import Any, Self, TypeVar

from msgspec import Struct
from msgspec.json import decode

from preflight.answers import MISSING, NotAsked, Record, Unreadable
from preflight.units import MIB

__all__ = [
    "LIMIT_PROVES_NOTHING",
    "MISSING",
    "OPTIONAL",
    "Fact",
    "NotAsked",
    "Question",
    "Record",
    "Unreadable",
    "read_json",
]

T = TypeVar("T")


class Optionally(enum.Enum):
    """The need of a fact for a record."""

    OPTIONAL = enum.auto()


#: Marks a record without which the fact still has content: `parse` then gets one with code 1 and the reason in `err`.
OPTIONAL = Optionally.OPTIONAL


class Question(Struct, frozen=True):
    """Question of a site's own, in the annotation of a parameter of `parse`, which takes the answer.

    `record` names the answer, as `site.memory-pressure`. `file` is a `.sh` file among the site's rules, whose function
    `memory_pressure` prints it. The file's head declares `# preflight: read-only`.

        def parse(cls, pressure: Annotated[Record, Question("site.memory-pressure", FILE)])
    """

    record: str
    file: Path


#: Ends the reason of a fact that a host did not report within a time limit of preflight's own.
LIMIT_PROVES_NOTHING = "a time limit proves no failure: repeat with a longer one (--timeout)"


class Fact(Struct, frozen=True, kw_only=True):
    """One frozen value parsed from records, and from other facts of the same host.

    The signature of a fact's `parse` names what it is made of. A parameter of type `Record` is the record of its name,
    with hyphens, or of the name in its annotation; any other type is another fact. If that fact could not be
    determined, neither can this one, unless the parameter also takes the reason, an `Unreadable`. A `Question` in the
    annotation asks for a record that preflight itself does not ask for. `parse` raises
    `Unreadable` with the reason if the fact cannot be determined.

        def parse(cls, kernel: Record, hosts: Annotated[Record, "etc.hosts"], units: Annotated[Record, OPTIONAL])
        def parse(cls, limits: Record, daemons: Daemons, versions: Versions | Unreadable)
    """

    @classmethod
    def parse(cls, *parts: Any) -> Self:  # Any: each fact names the parts that it takes
        """Parse the fact from its parts; raises `Unreadable`."""
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
