"""A run's journal: a file of JSON lines, first the plan, then one line per step, distinguished by its `step`.

The steps are pydantic dataclasses rather than models. The longest journal that is read has half a million lines; as a
model each takes 4.1 µs and 540 bytes, as a dataclass 1.2 µs and 100 bytes.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeAlias

from pydantic import FailFast, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from preflight.schema.complaint import explained
from preflight.schema.document import CLOSED, Document, Wrong
from preflight.schema.fields import GuestName, Lapse, Moment, Said, Uuid, Word, Xml
from preflight.schema.plan import MOST_GUESTS, MigrationPlan

#: The version of the format. 2: each step has its own form, and the plan identifies both hosts. 3: the plan is in
#: format 3, which records the version of preflight that wrote it.
FORMAT: Final = 3
#: The formats that are read, and the same in words: a run that an older preflight began can be resumed.
FORMATS, READ = (2, 3), "2 and 3"

#: The values of `migrate.outcome.Result` and `migrate.observation.Place`, which are in a higher layer; a test compares
#: them.
ResultName = Literal["arrived", "stayed", "stopped", "paused", "both", "lost", "unknown"]
PlaceName = Literal["absent", "off", "running", "paused", "shutting down", "crashed", "suspended", "other", "unknown"]


class Head(Document):
    """The first line: the run's plan."""

    preflight_journal: Literal[2, 3] = Field(default=FORMAT, description="The version of this format.")
    plan: MigrationPlan = Field(description="The plan of the run.")


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class Told:
    """Details of a step that has none."""


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class Mark:
    """A position in a log file."""

    inode: Annotated[int, Field(ge=0, lt=2**64)] = Field(description="The inode number of the file.")
    size: Annotated[int, Field(ge=0, lt=2**63)] = Field(description="The size of the file in bytes.")


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class Begun:
    """State of the guest when its move began; null if it was not observed."""

    name: GuestName | None = Field(default=None, description="Name of the guest.")
    xml: Xml | None = Field(default=None, description="Definition of the guest.")
    paused: bool | None = Field(default=None, description="True if the guest was paused.")
    is_defined_there: bool | None = Field(
        default=None, description="True if the destination already had a definition of the guest."
    )
    log: Mark | None = Field(default=None, description="End of the log of the guest's QEMU on the source at that time.")


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class Release:
    """Certainty that the source has handed the guest over."""

    confirmed: bool = Field(
        default=False, description="True if the source was then seen to have no process of the guest."
    )


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class Files:
    """State files."""

    paths: Annotated[tuple[Said, ...], FailFast()] = Field(
        default=(), description="Paths of the state files that are now on the destination."
    )


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class Settling:
    """An act that settles a move that went wrong."""

    act: Word = Field(default="", description="The act, in words.")
    why: Said = Field(default="", description="Reason for the act.")


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class Outcome:
    """The end of a guest's move."""

    result: ResultName = Field(description="Result for the guest.")
    source: PlaceName | None = Field(default=None, description="State of the guest on the source.")
    destination: PlaceName | None = Field(default=None, description="State of the guest on the destination.")
    error: Said | None = Field(default=None, description="libvirt's error message.")
    why: Said = Field(default="", description="preflight's reason for the result.")
    seconds: Lapse | None = Field(default=None, description="Duration of the move in seconds.")
    downtime: Lapse | None = Field(default=None, description="Downtime of the guest in seconds.")


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class SeenRow:
    """One guest as it was last seen on both hosts; the fields of `migrate.ledger.Row`."""

    name: GuestName = Field(description="Name of the guest.")
    uuid: Uuid = Field(description="UUID of the guest.")
    result: ResultName | None = Field(default=None, description="Result for the guest.")
    source: PlaceName | None = Field(default=None, description="State of the guest on the source.")
    destination: PlaceName | None = Field(default=None, description="State of the guest on the destination.")
    persistent: bool | None = Field(
        default=None, description="True if the host that has the guest also has its definition."
    )
    error: Said | None = Field(default=None, description="libvirt's error message.")
    why: Said = Field(default="", description="preflight's reason for the result.")
    rule: Word | None = Field(default=None, description="The rule that explains the error.")
    seconds: Lapse | None = Field(default=None, description="Duration of the move in seconds.")
    downtime: Lapse | None = Field(default=None, description="Downtime of the guest in seconds.")
    began: bool = Field(default=False, description="True if the move has begun.")
    kept: Annotated[tuple[Said, ...], FailFast()] = Field(
        default=(), description="State files, of a guest that is off, of which the source keeps its own copy."
    )


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class Rows:
    """All guests of the plan, as the run left them."""

    rows: Annotated[tuple[SeenRow, ...], Field(max_length=MOST_GUESTS), FailFast()] = Field(
        description="One row per guest."
    )
    interrupted: bool = Field(default=False, description="True if the run was interrupted.")


_STEP: Any = Field(description="The kind of step.")
_NOTHING: Any = Field(default=Told(), description="Always empty: the step has no details.")


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class _OfGuest:
    step: str = _STEP
    at: Moment = Field(description="Time of the step, in seconds since the epoch.")
    guest: Uuid = Field(description="UUID of the guest.")


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class _OfRun:
    step: str = _STEP
    at: Moment = Field(description="Time of the step, in seconds since the epoch.")
    guest: None = Field(default=None, description="Always null: the step concerns the run as a whole.")


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class Begin(_OfGuest):
    """A guest's move begins."""

    step: Literal["begin"] = _STEP
    told: Begun = Field(default=Begun(), description="State of the guest at that time.")


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class Paused(_OfGuest):
    """preflight has paused the guest on the source to make the migration converge."""

    step: Literal["paused"] = _STEP
    told: Told = _NOTHING


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class HandedOver(_OfGuest):
    """libvirt has reported that the source has handed the guest over."""

    step: Literal["handed-over"] = _STEP
    told: Release = Field(default=Release(), description="Certainty of the hand-over.")


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class Copied(_OfGuest):
    """The state files that a guest that is off needs are on the destination."""

    step: Literal["copied"] = _STEP
    told: Files = Field(default=Files(), description="The state files that are there.")


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class Defined(_OfGuest):
    """The guest is defined on the destination, and the copied state files are complete there."""

    step: Literal["defined"] = _STEP
    told: Told = _NOTHING


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class Settle(_OfGuest):
    """preflight settles a move that went wrong."""

    step: Literal["settle"] = _STEP
    told: Settling = Field(default=Settling(), description="An act of `migrate.outcome.Act`, and its reason.")


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class Ended(_OfGuest):
    """The guest's move has ended, as both hosts report."""

    step: Literal["ended"] = _STEP
    told: Outcome = Field(description="How the move ended.")


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class RunBegun(_OfRun):
    """The run begins."""

    step: Literal["run"] = _STEP
    told: Told = _NOTHING


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class Resumed(_OfRun):
    """The run is resumed."""

    step: Literal["resumed"] = _STEP
    told: Told = _NOTHING


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class Interrupted(_OfRun):
    """The run was interrupted."""

    step: Literal["interrupted"] = _STEP
    told: Told = _NOTHING


@dataclass(config=CLOSED, frozen=True, kw_only=True, slots=True)
class Over(_OfRun):
    """The run is over, and both hosts were asked about every guest."""

    step: Literal["over"] = _STEP
    told: Rows = Field(description="State of every guest.")


Entry: TypeAlias = (
    Begin | Paused | HandedOver | Copied | Defined | Settle | Ended | RunBegun | Resumed | Interrupted | Over
)
StepName = Literal[
    "begin", "paused", "handed-over", "copied", "defined", "settle", "ended", "run", "resumed", "interrupted", "over"
]

#: Read the first line, and every further line.
HEAD = TypeAdapter(Head)
STEP: TypeAdapter[Entry] = TypeAdapter(Annotated[Entry, Field(discriminator="step")])


class Ready(NamedTuple):
    """A step's line without its time, prepared so that hardly anything is left to do when the step happens."""

    before: bytes
    after: bytes

    def at(self, moment: float) -> bytes:
        """Return the line for a step at this moment, in seconds since the epoch."""
        return b"%b%a%b" % (self.before, moment, self.after)


def ready(step: StepName, guest: str | None, told: Mapping[str, Any]) -> Ready:
    """Validate a step that is to be written, and prepare its line; raises `Wrong`."""
    values = {"step": step, "at": 0.0, "guest": guest} | ({"told": told} if told else {})
    try:
        made = STEP.validate_python(values)
    except ValidationError as why:
        raise Wrong(explained(why, tagged=True)) from None
    line = STEP.dump_json(made, exclude_defaults=True)
    before, _, after = line.partition(b'"at":0.0')
    return Ready(before + b'"at":', after)
