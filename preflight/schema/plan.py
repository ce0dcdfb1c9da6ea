"""A plan: a whole run, computed from a check that reported READY, to be executed now or later.

It is the file that `preflight plan` writes, and the first line of a journal. Nothing unknown in it is ignored, because
it is executed.
"""

from typing import Annotated, Any, Final, Literal

from pydantic import FailFast, Field, SerializerFunctionWrapHandler, TypeAdapter, field_validator, model_serializer
from pydantic_core import PydanticCustomError

from preflight.request.method import Method
from preflight.request.migration import Transport
from preflight.request.options import declared
from preflight.schema.document import Document
from preflight.schema.fields import (
    Digest,
    GuestName,
    Kib,
    Line,
    MachineId,
    Moment,
    RuleName,
    Said,
    Seconds,
    Uuid,
    Version,
    Word,
)
from preflight.schema.inside import Inside

#: The version of the format. 2 added both hosts' identities, 3 the version of preflight that wrote it.
FORMAT: Final = 3
#: The formats that are read, and the same in words.
FORMATS, READ = (2, 3), "2 and 3"
#: Most `own_file.marks` of a plan, since every field may be wrong and each error costs. A plan of 5,000 guests has
#: 140,000.
MOST_MARKS = 400_000
#: Most guests in one plan. Judging a thousand takes seconds, and no host has this many.
MOST_GUESTS = 5_000

#: A number of migrations or calls at a time.
_AtATime = Annotated[int, Field(ge=1, le=65535)]


#: The help text of each option.
OPTIONS = {
    name: option.help or " ".join(switch.help for switch in option.switches) for name, option in declared().items()
}


class Identity(Document):
    """Identity of a machine, independent of the name by which it is reached."""

    uuid: Uuid = Field(description="libvirt's UUID of the host.")
    machine_id: MachineId | None = Field(description="/etc/machine-id; null if there is none.")


class PlannedGuest(Document):
    """One guest, as it was when the plan was made. An active guest is moved live, one that is off by its definition."""

    name: GuestName = Field(description="Name of the guest on the source.")
    uuid: Uuid = Field(description="UUID of the guest.")
    active: bool = Field(description="True if the guest is running or paused.")
    paused: bool = Field(description="True if the guest is paused, and is to stay paused.")
    persistent: bool = Field(description="True if the source has a definition of the guest.")
    autostart: bool = Field(description="True if the host starts the guest at boot.")
    memory_kib: Kib = Field(description="KiB of memory that the guest may have.")
    touched_kib: Kib = Field(
        description="KiB that the guest has touched, as far as its QEMU reports it: the memory that has to be sent."
    )
    is_defined_there: bool = Field(
        default=False, description="True if the destination already has a definition of the guest."
    )
    seconds: Seconds | None = Field(
        default=None,
        description="Duration of the move in seconds, by the pre-copy model; null if the link's speed is not known.",
    )


class RehearsedGuests(Document):
    """The rehearsal after which a plan was made."""

    at: Moment = Field(description="Time at which the rehearsal ended, in seconds since the epoch.")
    guests: Annotated[tuple[Uuid, ...], Field(min_length=1, max_length=MOST_GUESTS), FailFast()] = Field(
        description="UUIDs of the guests that the destination accepted."
    )


class StayingGuest(Document):
    """A guest that was selected and is not READY, so that it stays."""

    name: GuestName = Field(description="Name of the guest on the source.")
    uuid: Uuid | None = Field(default=None, description="UUID of the guest; null if it could not be read.")
    rule: RuleName = Field(description="The rule that is against it.")
    why: Said = Field(description="What the rule found, or why it could not be applied.")


class MigrationPlan(Document):
    """A whole run: the guests, their order, the number at a time, and the options. Hosts are as the user named them."""

    preflight_plan: Literal[2, 3] = Field(default=FORMAT, description="The version of this format.")
    preflight_version: Version | None = Field(
        default=None,
        description="Version of the preflight that made the plan; null in format 2, which does not record it.",
    )
    made: Moment = Field(description="Time at which the plan was made, in seconds since the epoch.")
    lapses: Moment = Field(description="Time at which the plan expires, in seconds since the epoch.")
    source: Line = Field(description="The host that the guests leave.")
    destination: Line = Field(description="The host that the guests move to.")
    source_identity: Identity = Field(description="The machine to which the source's name led when the plan was made.")
    destination_identity: Identity = Field(
        description="The machine to which the destination's name led when the plan was made."
    )
    transport: Transport = Field(description="Transport of the control connection.")
    destination_uri: Line = Field(
        description="URI of the destination's libvirt, as used by whichever side opens the control connection."
    )
    is_uri_given: bool = Field(default=False, description="True if the user gave that URI.")
    method: Annotated[Method, Inside(OPTIONS)] = Field(
        description="The options of `preflight migrate` by which the guests are moved; an option that is left out has"
        " its default."
    )
    guests: Annotated[tuple[PlannedGuest, ...], Field(min_length=1, max_length=MOST_GUESTS), FailFast()] = Field(
        description="The guests in the order in which they start. If there are several, the first moves alone."
    )
    width: _AtATime = Field(description="Number of migrations at a time.")
    because: Line = Field(description="The reason for that number.")
    spacing: Annotated[float, Field(ge=0, le=24 * 3600.0)] = Field(description="Seconds between two starts.")
    calls: _AtATime = Field(
        default=1,
        description="Calls that may be outstanding on the shared connection to the source, by its max_client_requests.",
    )
    seconds: Seconds | None = Field(
        default=None,
        description="Duration of all moves in seconds, by the pre-copy model; null if the link's speed is not known.",
    )
    warnings: Annotated[int, Field(ge=0, le=2**31)] = Field(default=0, description="Number of warnings of the check.")
    ignore: Annotated[tuple[Word, ...], FailFast()] = Field(
        default=(), description="The rules and subjects that the check left out."
    )
    digests: dict[Word, Digest] = Field(
        default_factory=dict,
        description="Digests of every fact that an error rule has read, by host and fact, such as `source QemuConf`,"
        " and of each guest.",
    )
    rehearsal: bool = Field(
        default=False,
        description="True if the migrations are begun and taken back, by `preflight rehearse`; left out otherwise.",
    )
    rehearsed: RehearsedGuests | None = Field(
        default=None,
        description="The rehearsal of the guests before the plan was made, on the facts of `digests`; left out if there"
        " was none.",
    )
    stays: Annotated[tuple[StayingGuest, ...], Field(max_length=MOST_GUESTS), FailFast()] = Field(
        default=(),
        description="The guests that were selected and are not READY, with --ready-only; left out if there are none.",
    )

    @model_serializer(mode="wrap")
    def _leave_out(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Return the values, without those that only some runs have, since older releases refuse them."""
        values: dict[str, Any] = write(self)
        if not self.rehearsal:
            del values["rehearsal"]
        if self.rehearsed is None:
            del values["rehearsed"]
        if not self.stays:
            del values["stays"]
        return values

    @field_validator("guests")
    @classmethod
    def _refuse_twice(cls, guests: tuple[PlannedGuest, ...]) -> tuple[PlannedGuest, ...]:
        for field in ("name", "uuid"):
            seen: set[str] = set()
            for guest in guests:
                text = getattr(guest, field)
                if text in seen:
                    raise PydanticCustomError("twice", "the guest {name} is listed twice", {"name": text})
                seen.add(text)
        return guests

    @property
    def live(self) -> tuple[PlannedGuest, ...]:
        """The guests that are active."""
        return tuple(guest for guest in self.guests if guest.active)

    @property
    def off(self) -> tuple[PlannedGuest, ...]:
        """The guests that are off."""
        return tuple(guest for guest in self.guests if not guest.active)


#: Reads a plan.
PLAN = TypeAdapter(MigrationPlan)
