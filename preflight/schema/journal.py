"""A run's journal: a file of JSON lines, the plan first, then one line a step, told apart by its `step`.

The steps are pydantic's dataclasses rather than models: the longest journal that is read has half a million lines, and
as models each takes 4.1 µs and 540 bytes, so 1.2 µs and 100 bytes.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeAlias

from pydantic import FailFast, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from preflight.schema.complaint import explained
from preflight.schema.document import CLOSED, Document, Wrong
from preflight.schema.fields import GuestName, Lapse, Moment, Said, Uuid, Word, Xml
from preflight.schema.plan import MOST_GUESTS, MigrationPlan

#: The version of the format. 2: each step is of its own form, and the plan knows both hosts. 3: so does the plan's
#: format, which says which preflight wrote it.
FORMAT: Final = 3
#: The formats that are read, and in words: a run that an older preflight began can be gone on with.
FORMATS, READ = (2, 3), "2 and 3"

#: The values of `migrate.outcome.Result` and `migrate.observation.Place`, which lie above; a test compares them.
ResultName = Literal["arrived", "stayed", "stopped", "paused", "both", "lost", "unknown"]
PlaceName = Literal["absent", "off", "running", "paused", "shutting down", "crashed", "suspended", "other", "unknown"]


class Head(Document):
    """The first line: the run's plan."""

    preflight_journal: Literal[2, 3] = Field(default=FORMAT, description="The version of this format.")
    plan: MigrationPlan = Field(description="What the run was to do.")


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class Told:
    """What belongs to a step; here nothing."""


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class Mark:
    """A position in a log file."""

    inode: Annotated[int, Field(ge=0, lt=2**64)] = Field(description="The inode number of the file.")
    size: Annotated[int, Field(ge=0, lt=2**63)] = Field(description="The size of the file in bytes.")


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class Begun:
    """The guest as it was when its move began; null where that was not seen."""

    name: GuestName | None = Field(default=None, description="Its name.")
    xml: Xml | None = Field(default=None, description="Its definition.")
    paused: bool | None = Field(default=None, description="Whether it was paused.")
    is_defined_there: bool | None = Field(
        default=None, description="Whether the destination had a definition of it already."
    )
    log: Mark | None = Field(default=None, description="How far the log of the guest's QEMU reached on the source.")


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class Release:
    """How sure it is that the source has let the guest go."""

    confirmed: bool = Field(
        default=False, description="Whether the source was then seen without a process of the guest."
    )


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class Files:
    """State files."""

    paths: Annotated[tuple[Said, ...], FailFast()] = Field(
        default=(), description="Those that lie on the destination now."
    )


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class Settling:
    """What is done to settle what went wrong."""

    act: Word = Field(default="", description="What is done, in words.")
    why: Said = Field(default="", description="Why that was decided upon.")


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class Outcome:
    """How a guest's move ended."""

    result: ResultName = Field(description="What became of it.")
    source: PlaceName | None = Field(default=None, description="What the source has of it.")
    destination: PlaceName | None = Field(default=None, description="What the destination has of it.")
    error: Said | None = Field(default=None, description="libvirt's own words.")
    why: Said = Field(default="", description="What preflight makes of it.")
    seconds: Lapse | None = Field(default=None, description="Seconds that its move took.")
    downtime: Lapse | None = Field(default=None, description="Seconds for which it stood still.")


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class SeenRow:
    """One guest as both hosts were last seen to have it; the fields of `migrate.ledger.Row`."""

    name: GuestName = Field(description="Its name.")
    uuid: Uuid = Field(description="Its UUID.")
    result: ResultName | None = Field(default=None, description="What became of it.")
    source: PlaceName | None = Field(default=None, description="What the source has of it.")
    destination: PlaceName | None = Field(default=None, description="What the destination has of it.")
    persistent: bool | None = Field(default=None, description="Whether the host that has it has a definition of it.")
    error: Said | None = Field(default=None, description="libvirt's own words.")
    why: Said = Field(default="", description="What preflight makes of it.")
    rule: Word | None = Field(default=None, description="The rule that explains the error.")
    seconds: Lapse | None = Field(default=None, description="Seconds that its move took.")
    downtime: Lapse | None = Field(default=None, description="Seconds for which it stood still.")
    began: bool = Field(default=False, description="Whether its move was begun at all.")
    kept: Annotated[tuple[Said, ...], FailFast()] = Field(
        default=(), description="State files of a guest that is off, of which the source keeps its own."
    )


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class Rows:
    """All guests of the plan, as a run left them."""

    rows: Annotated[tuple[SeenRow, ...], Field(max_length=MOST_GUESTS), FailFast()] = Field(
        description="A row a guest."
    )
    interrupted: bool = Field(default=False, description="Whether the run was interrupted.")


_STEP: Any = Field(description="Which step it is.")
_NOTHING: Any = Field(default=Told(), description="Nothing more belongs to it.")


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class _OfGuest:
    step: str = _STEP
    at: Moment = Field(description="When, in seconds since the epoch.")
    guest: Uuid = Field(description="The UUID of the guest that it is about.")


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class _OfRun:
    step: str = _STEP
    at: Moment = Field(description="When, in seconds since the epoch.")
    guest: None = Field(default=None, description="It is about the run, and so about no guest alone.")


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class Begin(_OfGuest):
    """A guest's move begins."""

    step: Literal["begin"] = _STEP
    told: Begun = Field(default=Begun(), description="The guest as it was.")


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class Paused(_OfGuest):
    """preflight has paused it on the source, so that it converges."""

    step: Literal["paused"] = _STEP
    told: Told = _NOTHING


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class HandedOver(_OfGuest):
    """libvirt has said that the source has let it go."""

    step: Literal["handed-over"] = _STEP
    told: Release = Field(default=Release(), description="How sure that is.")


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class Copied(_OfGuest):
    """What an off guest needs besides its definition lies on the destination."""

    step: Literal["copied"] = _STEP
    told: Files = Field(default=Files(), description="What lies there.")


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class Defined(_OfGuest):
    """It is defined on the destination and what was copied is whole there."""

    step: Literal["defined"] = _STEP
    told: Told = _NOTHING


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class Settle(_OfGuest):
    """A step that settles what went wrong."""

    step: Literal["settle"] = _STEP
    told: Settling = Field(default=Settling(), description="An act of `migrate.outcome.Act`, and its reason.")


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class Ended(_OfGuest):
    """How its move ended, as both hosts say."""

    step: Literal["ended"] = _STEP
    told: Outcome = Field(description="How it ended.")


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class RunBegun(_OfRun):
    """The run begins."""

    step: Literal["run"] = _STEP
    told: Told = _NOTHING


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class Resumed(_OfRun):
    """The run is gone on with."""

    step: Literal["resumed"] = _STEP
    told: Told = _NOTHING


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class Interrupted(_OfRun):
    """The run was interrupted."""

    step: Literal["interrupted"] = _STEP
    told: Told = _NOTHING


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class Over(_OfRun):
    """The run is over, and both hosts were looked at."""

    step: Literal["over"] = _STEP
    told: Rows = Field(description="Where every guest is.")


Entry: TypeAlias = (
    Begin | Paused | HandedOver | Copied | Defined | Settle | Ended | RunBegun | Resumed | Interrupted | Over
)
StepName = Literal[
    "begin", "paused", "handed-over", "copied", "defined", "settle", "ended", "run", "resumed", "interrupted", "over"
]

#: Read the first line, and every other.
HEAD = TypeAdapter(Head)
STEP: TypeAdapter[Entry] = TypeAdapter(Annotated[Entry, Field(discriminator="step")])


class Ready(NamedTuple):
    """A step's line but for its moment, so that nothing is left to do for it when it happens."""

    before: bytes
    after: bytes

    def at(self, moment: float) -> bytes:
        """The line of a step that happens now, in seconds since the epoch."""
        return b"%b%a%b" % (self.before, moment, self.after)


def ready(step: StepName, guest: str | None, told: Mapping[str, Any]) -> Ready:
    """Hold a step that is to be written to its form; raises `Wrong`."""
    values = {"step": step, "at": 0.0, "guest": guest} | ({"told": told} if told else {})
    try:
        made = STEP.validate_python(values)
    except ValidationError as why:
        raise Wrong(explained(why, tagged=True)) from None
    line = STEP.dump_json(made, exclude_defaults=True)
    before, _, after = line.partition(b'"at":0.0')
    return Ready(before + b'"at":', after)
