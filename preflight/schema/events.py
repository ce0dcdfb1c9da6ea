"""The lines of `migrate --events`: the events of a run, distinguished by their `kind`. A public contract."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import ConfigDict, Field, TypeAdapter

from preflight.schema.document import Contract
from preflight.schema.fields import SomeText, Text
from preflight.schema.journal import PlaceName, ResultName

#: The version of the contract. It changes only when something is removed or changes its meaning.
FORMAT: Final = 1


class Sample(Contract):
    """One reading of a migration job (virDomainGetJobStats). Sizes are in bytes, rates in bytes per second."""

    elapsed: float = Field(description="Seconds since the migration began.")
    memory_total: int = Field(description="Bytes of the guest's memory.")
    memory_remaining: int = Field(description="Bytes that are left to send.")
    rate: int = Field(description="Bytes per second that the link carries.")
    dirty_rate: int = Field(description="Bytes per second that the guest writes.")
    iteration: int = Field(
        description="Pass over the memory, from 1; 0 before the first, or if QEMU does not report it."
    )
    expected_downtime: float | None = Field(
        description="Downtime in seconds that QEMU expects if the guest is handed over now; null if QEMU does not"
        " report it."
    )


class _Event(Contract):
    model_config = ConfigDict(json_schema_serialization_defaults_required=False)

    time: float = Field(description="Time of the event, in seconds since the epoch.")
    kind: str = Field(description="The kind of event.")


class _OfGuest(_Event):
    guest: SomeText = Field(description="Name of the guest.")


class Started(_OfGuest):
    """A guest's move begins."""

    kind: Literal["started"] = Field(description="The kind of event.")


class Progress(_OfGuest):
    """Progress of a migration."""

    kind: Literal["progress"] = Field(description="The kind of event.")
    sample: Sample = Field(description="The reading.")


class NotConverging(_OfGuest):
    """A migration does not converge: its passes make no progress."""

    kind: Literal["not-converging"] = Field(description="The kind of event.")
    text: Text = Field(default="", description="The numbers and the remedy, for people.")
    sample: Sample = Field(description="The reading that showed it.")


class Timeout(_OfGuest):
    """A migration has reached its time limit."""

    kind: Literal["timeout"] = Field(description="The kind of event.")
    text: Text = Field(default="", description="The action taken, for people.")


class Aborting(_OfGuest):
    """A migration is aborted."""

    kind: Literal["aborting"] = Field(description="The kind of event.")
    text: Text = Field(default="", description="The reason, for people.")


class HandedOver(_OfGuest):
    """libvirt has reported that the source has handed the guest over."""

    kind: Literal["handed-over"] = Field(description="The kind of event.")


class Settling(_OfGuest):
    """A migration that went wrong is being settled."""

    kind: Literal["settling"] = Field(description="The kind of event.")
    text: Text = Field(default="", description="The action and its reason, for people.")


class Waiting(_OfGuest):
    """A guest waits."""

    kind: Literal["waiting"] = Field(description="The kind of event.")
    text: Text = Field(default="", description="What the guest waits for, for people.")


class HowItEnded(Contract):
    """State of a guest on both hosts after its move has ended."""

    result: ResultName = Field(description="Result for the guest, as in `status --format json`.")
    source: PlaceName = Field(description="State of the guest on the source.")
    destination: PlaceName = Field(description="State of the guest on the destination.")


class Ended(_OfGuest):
    """A guest's move has ended."""

    kind: Literal["ended"] = Field(description="The kind of event.")
    text: Text = Field(default="", description="libvirt's error, or preflight's reason; left out if there is none.")
    told: HowItEnded = Field(description="How the move ended.")


class Stopping(_Event):
    """No further guest is started."""

    kind: Literal["stopping"] = Field(description="The kind of event.")
    text: Text = Field(default="", description="The reason, for people.")


class Note(_OfGuest):
    """A remark about a guest."""

    kind: Literal["note"] = Field(description="The kind of event.")
    text: Text = Field(default="", description="The remark, for people.")


Event: TypeAlias = (
    Started | Progress | NotConverging | Timeout | Aborting | HandedOver | Settling | Waiting | Ended | Stopping | Note
)

#: Validates a line.
EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="kind")])


def values(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a line, validated against the contract; raises pydantic's `ValidationError`."""
    return EVENT.validate_python(told).model_dump(exclude_unset=True)
