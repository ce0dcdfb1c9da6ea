"""The steps of a journal: one struct each, told apart by their `step`, every field typed."""

from typing import Annotated, Literal, TypeAlias, get_args

from msgspec import Meta, Struct

from preflight.fields import GuestName, Moment, Said, Uuid, Word, Xml
from preflight.plan.make import MOST_GUESTS

#: The values of `migrate.outcome.Result` and `migrate.observation.Place`, which lie above; a test compares them.
ResultName = Literal["arrived", "stayed", "stopped", "paused", "both", "lost", "unknown"]
PlaceName = Literal["absent", "off", "running", "paused", "shutting down", "crashed", "suspended", "other", "unknown"]
#: Seconds. A clock that was set back makes them negative.
Lapse: TypeAlias = Annotated[float, Meta(ge=-1e15, le=1e15)]


class Told(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What belongs to a step; here nothing."""


class Begun(Told, frozen=True, kw_only=True):
    """The guest as it was when its move began; None where that was not seen. `xml` is its definition."""

    name: GuestName | None = None
    xml: Xml | None = None
    paused: bool | None = None
    is_defined_there: bool | None = None


class Release(Told, frozen=True, kw_only=True):
    """Whether the source was then seen without a process of the guest."""

    confirmed: bool = False


class Files(Told, frozen=True, kw_only=True):
    """The state files that lie on the destination now."""

    paths: tuple[Said, ...] = ()


class Settling(Told, frozen=True, kw_only=True):
    """An act of `migrate.outcome.Act`, in words, and why it was decided upon."""

    act: Word = ""
    why: Said = ""


class Outcome(Told, frozen=True, kw_only=True):
    """How a guest's move ended. `error` is libvirt's own, `why` what preflight makes of it."""

    result: ResultName
    source: PlaceName | None = None
    destination: PlaceName | None = None
    error: Said | None = None
    why: Said = ""
    seconds: Lapse | None = None
    downtime: Lapse | None = None


class SeenRow(Told, frozen=True, kw_only=True):
    """One guest as both hosts were last seen to have it; the fields of `migrate.ledger.Row`."""

    name: GuestName
    uuid: Uuid
    result: ResultName | None = None
    source: PlaceName | None = None
    destination: PlaceName | None = None
    persistent: bool | None = None
    error: Said | None = None
    why: Said = ""
    rule: Word | None = None
    seconds: Lapse | None = None
    downtime: Lapse | None = None
    began: bool = False
    #: State files of a guest that is off, of which the source keeps its own.
    kept: tuple[Said, ...] = ()


class Rows(Told, frozen=True, kw_only=True):
    """All guests of the plan, as a run left them."""

    rows: Annotated[tuple[SeenRow, ...], Meta(max_length=MOST_GUESTS)]
    interrupted: bool = False


class _Step(Struct, frozen=True, kw_only=True, tag_field="step", omit_defaults=True, forbid_unknown_fields=True):
    """One step. `at` is in seconds since the epoch, `told` what else belongs to it."""

    at: Moment

    @property
    def step(self) -> str:
        """Its name in the file."""
        return str(self.__struct_config__.tag)


class _OfGuest(_Step, frozen=True, kw_only=True):
    guest: Uuid


class _OfRun(_Step, frozen=True, kw_only=True):
    guest: None = None


class Begin(_OfGuest, frozen=True, kw_only=True, tag="begin"):
    """A guest's move begins."""

    told: Begun = Begun()


class Paused(_OfGuest, frozen=True, kw_only=True, tag="paused"):
    """preflight has paused it on the source, so that it converges."""

    told: Told = Told()


class HandedOver(_OfGuest, frozen=True, kw_only=True, tag="handed-over"):
    """libvirt has said that the source has let it go."""

    told: Release = Release()


class Copied(_OfGuest, frozen=True, kw_only=True, tag="copied"):
    """What an off guest needs besides its definition lies on the destination."""

    told: Files = Files()


class Defined(_OfGuest, frozen=True, kw_only=True, tag="defined"):
    """It is defined on the destination and what was copied is whole there."""

    told: Told = Told()


class Settle(_OfGuest, frozen=True, kw_only=True, tag="settle"):
    """A step that settles what went wrong."""

    told: Settling = Settling()


class Ended(_OfGuest, frozen=True, kw_only=True, tag="ended"):
    """How its move ended, as both hosts say."""

    told: Outcome


class RunBegun(_OfRun, frozen=True, kw_only=True, tag="run"):
    """The run begins."""

    told: Told = Told()


class Resumed(_OfRun, frozen=True, kw_only=True, tag="resumed"):
    """The run is gone on with."""

    told: Told = Told()


class Interrupted(_OfRun, frozen=True, kw_only=True, tag="interrupted"):
    """The run was interrupted."""

    told: Told = Told()


class Over(_OfRun, frozen=True, kw_only=True, tag="over"):
    """The run is over, and both hosts were looked at."""

    told: Rows


Entry: TypeAlias = (
    Begin | Paused | HandedOver | Copied | Defined | Settle | Ended | RunBegun | Resumed | Interrupted | Over
)
StepName = Literal[
    "begin", "paused", "handed-over", "copied", "defined", "settle", "ended", "run", "resumed", "interrupted", "over"
]

#: Each step's struct and that of what it tells, by its name in the file.
STEPS = {str(kind.__struct_config__.tag): (kind, kind.__annotations__["told"]) for kind in get_args(Entry)}
