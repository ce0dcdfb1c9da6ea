"""Events of a run, as values for whatever shows them: a terminal, or a file of JSON lines."""

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

from msgspec import Struct

from preflight.migrate.progress import Sample

Kind = Literal[
    "started",
    "progress",
    "not-converging",
    "timeout",
    "aborting",
    "handed-over",
    "settling",
    "waiting",
    "ended",
    "stopping",
    "note",
]


class Event(Struct, frozen=True, omit_defaults=True):
    """Something that happened to one guest (by name) or to the run. `text` is for people, `told` for programs."""

    kind: Kind
    guest: str | None = None
    text: str = ""
    sample: Sample | None = None
    told: dict[str, Any] = {}


#: Called from any thread.
Tell: TypeAlias = Callable[[Event], None]
