"""A plan: a whole run, worked out from a check that said READY, to be carried out now or later.

The file that `preflight plan` writes, and the head of a journal. It is a program, so nothing in it is passed over.
"""

from typing import Annotated, Final, Literal

from pydantic import FailFast, Field, TypeAdapter, field_validator
from pydantic_core import PydanticCustomError

from preflight.request.method import Method
from preflight.request.migration import Transport
from preflight.request.options import declared
from preflight.schema.document import Document
from preflight.schema.fields import Digest, GuestName, Kib, Line, MachineId, Moment, Seconds, Uuid, Version, Word
from preflight.schema.inside import Inside

#: The version of the format. 2: both hosts' identities. 3: which preflight wrote it.
FORMAT: Final = 3
#: The formats that are read, and in words.
FORMATS, READ = (2, 3), "2 and 3"
#: `own_file.marks` of one: every field may be wrong, and each is a complaint. That of 5,000 guests has 140,000.
MOST_MARKS = 400_000
#: Guests in one plan. Judging them takes seconds for a thousand, and no host has as many.
MOST_GUESTS = 5_000

#: So many migrations or calls at a time.
_AtATime = Annotated[int, Field(ge=1, le=65535)]


#: What each option says of itself.
_OPTIONS = {
    name: option.help or " ".join(switch.help for switch in option.switches) for name, option in declared().items()
}


class Identity(Document):
    """Which machine a host is, whatever name leads to it."""

    uuid: Uuid = Field(description="libvirt's own UUID for the host.")
    machine_id: MachineId | None = Field(description="/etc/machine-id; null where there is none.")


class PlannedGuest(Document):
    """One guest, and what it was when the plan was made. An active one is moved live, another by its definition."""

    name: GuestName = Field(description="Its name on the source.")
    uuid: Uuid = Field(description="Its UUID.")
    active: bool = Field(description="Whether it runs, or is paused.")
    paused: bool = Field(description="Whether it is paused, and stays so.")
    persistent: bool = Field(description="Whether the source has a definition of it.")
    autostart: bool = Field(description="Whether it starts with its host.")
    memory_kib: Kib = Field(description="KiB of memory that it may have.")
    touched_kib: Kib = Field(description="KiB that it has touched, as far as its QEMU tells: what has to be sent.")
    is_defined_there: bool = Field(default=False, description="Whether the destination has a definition of it already.")
    seconds: Seconds | None = Field(
        default=None,
        description="Seconds that it will take by the pre-copy model; null where the link's speed is not known.",
    )


class MigrationPlan(Document):
    """A whole run: which guests, in which order, how many at a time, and how. Hosts are as the user named them."""

    preflight_plan: Literal[2, 3] = Field(default=FORMAT, description="The version of this format.")
    preflight_version: Version | None = Field(
        default=None, description="The preflight that made it; null in format 2, which did not say."
    )
    made: Moment = Field(description="When it was made, in seconds since the epoch.")
    lapses: Moment = Field(description="When it lapses, in seconds since the epoch.")
    source: Line = Field(description="The host that guests leave.")
    destination: Line = Field(description="The host that guests go to.")
    source_identity: Identity = Field(description="Which machine the source's name led to when the plan was made.")
    destination_identity: Identity = Field(description="Which machine the destination's name led to.")
    transport: Transport = Field(description="What the control connection runs over.")
    destination_uri: Line = Field(
        description="The URI of the destination's libvirt as whoever opens the control connection uses it."
    )
    is_uri_given: bool = Field(default=False, description="Whether the user gave that URI.")
    method: Annotated[Method, Inside(_OPTIONS)] = Field(
        description="How guests are moved, by the options of `preflight migrate`; what is left out is as by default."
    )
    guests: Annotated[tuple[PlannedGuest, ...], Field(min_length=1, max_length=MOST_GUESTS), FailFast()] = Field(
        description="In the order in which they start. The first goes alone where there are others."
    )
    width: _AtATime = Field(description="How many at a time.")
    because: Line = Field(description="What decides how many at a time.")
    spacing: Annotated[float, Field(ge=0, le=24 * 3600.0)] = Field(description="Seconds between two starts.")
    calls: _AtATime = Field(
        default=1,
        description="Calls that the connection which looks and steers may have outstanding, by max_client_requests of"
        " the source.",
    )
    seconds: Seconds | None = Field(
        default=None,
        description="Seconds for all of them by the pre-copy model; null where the link's speed is not known.",
    )
    warnings: Annotated[int, Field(ge=0, le=2**31)] = Field(default=0, description="Warnings of the check.")
    ignore: Annotated[tuple[Word, ...], FailFast()] = Field(
        default=(), description="The rules and topics that the check left out."
    )
    digests: dict[Word, Digest] = Field(
        default_factory=dict,
        description="What every rule that can block has read, by end and fact, as `source QemuConf`; and each guest.",
    )

    @field_validator("guests")
    @classmethod
    def _refuse_twice(cls, guests: tuple[PlannedGuest, ...]) -> tuple[PlannedGuest, ...]:
        for field in ("name", "uuid"):
            seen: set[str] = set()
            for guest in guests:
                text = getattr(guest, field)
                if text in seen:
                    raise PydanticCustomError("twice", "the guest {name} is in it twice", {"name": text})
                seen.add(text)
        return guests

    @property
    def live(self) -> tuple[PlannedGuest, ...]:
        """The guests that are active."""
        return tuple(guest for guest in self.guests if guest.active)

    @property
    def off(self) -> tuple[PlannedGuest, ...]:
        """The guests that are not."""
        return tuple(guest for guest in self.guests if not guest.active)


#: Reads a plan.
PLAN = TypeAdapter(MigrationPlan)
