"""The lines of `migrate --events`: what happens during a run, told apart by their `kind`. A public contract."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from preflight.schema.document import Contract
from preflight.schema.fields import SomeText, Text
from preflight.schema.journal import PlaceName, ResultName

#: The version of the contract. It changes only when something is removed or changes its meaning.
FORMAT: Final = 1


class Sample(Contract):
    """One reading of a migration job (virDomainGetJobStats). Sizes are in bytes, rates in bytes a second."""

    elapsed: float = Field(description="Seconds since the migration began.")
    memory_total: int = Field(description="Bytes of the guest's memory.")
    memory_remaining: int = Field(description="Bytes that are left to send.")
    rate: int = Field(description="Bytes a second that the link carries.")
    dirty_rate: int = Field(description="Bytes a second that the guest writes.")
    iteration: int = Field(
        description="Passes over the memory, from 1; 0 before the first, or where QEMU does not say."
    )
    expected_downtime: float | None = Field(
        description="Seconds for which QEMU expects the guest to stand still if it handed over now; null where it does"
        " not say."
    )


class _Event(Contract):
    time: float = Field(description="When it happened, in seconds since the epoch.")
    kind: str = Field(description="What happened.")


class _OfGuest(_Event):
    guest: SomeText = Field(description="The name of the guest that it happened to.")


class Started(_OfGuest):
    """A guest's move begins."""

    kind: Literal["started"] = Field(description="What happened.")


class Progress(_OfGuest):
    """How far a migration is."""

    kind: Literal["progress"] = Field(description="What happened.")
    sample: Sample = Field(description="The reading.")


class NotConverging(_OfGuest):
    """A guest writes as fast as the link carries."""

    kind: Literal["not-converging"] = Field(description="What happened.")
    text: Text = Field(default="", description="What could be done, for a person.")
    sample: Sample = Field(description="The reading by which that is known.")


class Timeout(_OfGuest):
    """A migration has lasted as long as it may."""

    kind: Literal["timeout"] = Field(description="What happened.")
    text: Text = Field(default="", description="What is done about it, for a person.")


class Aborting(_OfGuest):
    """A migration is aborted."""

    kind: Literal["aborting"] = Field(description="What happened.")
    text: Text = Field(default="", description="Why, for a person.")


class HandedOver(_OfGuest):
    """libvirt has said that the source has let the guest go."""

    kind: Literal["handed-over"] = Field(description="What happened.")


class Settling(_OfGuest):
    """What went wrong is being settled."""

    kind: Literal["settling"] = Field(description="What happened.")
    text: Text = Field(default="", description="What is done, and why, for a person.")


class Waiting(_OfGuest):
    """A guest waits."""

    kind: Literal["waiting"] = Field(description="What happened.")
    text: Text = Field(default="", description="What for, for a person.")


class HowItEnded(Contract):
    """What both hosts say of a guest whose move has ended."""

    result: ResultName = Field(description="What became of it, as in `status --format json`.")
    source: PlaceName = Field(description="What the source has of it.")
    destination: PlaceName = Field(description="What the destination has of it.")


class Ended(_OfGuest):
    """A guest's move has ended."""

    kind: Literal["ended"] = Field(description="What happened.")
    text: Text = Field(default="", description="libvirt's error, or what preflight makes of it; left out if plain.")
    told: HowItEnded = Field(description="How.")


class Stopping(_Event):
    """No further guest is started."""

    kind: Literal["stopping"] = Field(description="What happened.")
    text: Text = Field(default="", description="Why, for a person.")


class Note(_OfGuest):
    """Something worth knowing."""

    kind: Literal["note"] = Field(description="What happened.")
    text: Text = Field(default="", description="It, for a person.")


Event: TypeAlias = (
    Started | Progress | NotConverging | Timeout | Aborting | HandedOver | Settling | Waiting | Ended | Stopping | Note
)

#: Holds a line to its form.
EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="kind")])


def values(told: Mapping[str, Any]) -> dict[str, Any]:
    """What a line is to hold, held to the contract; raises pydantic's `ValidationError`."""
    return EVENT.validate_python(told).model_dump(exclude_unset=True)
