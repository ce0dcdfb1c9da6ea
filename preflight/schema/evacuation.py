"""The record of an evacuation: which guests are to leave a host, the runs that took them, and who stays and why.

The record is a plan until it has a run. Each run is a migration to one destination, with a journal of its own in the
directory beside the record. Nothing unknown in it is ignored, because it is executed.
"""

from typing import Annotated, Final, Literal

from pydantic import FailFast, Field, TypeAdapter

from preflight.request.method import Method
from preflight.request.migration import Transport
from preflight.schema.document import Document
from preflight.schema.fields import GuestName, Line, Moment, Said, Seconds, Uuid, Version, Word
from preflight.schema.inside import Inside
from preflight.schema.plan import MOST_GUESTS, OPTIONS, Identity

#: The version of the format.
FORMAT: Final = 1
#: Most destinations of one evacuation, and most runs: each round has one for each destination at most.
MOST_DESTINATIONS, MOST_RUNS = 256, 10_000

#: Of a host name or an address; how the memory's URI is read decides.
_ADDRESS = "^[0-9A-Za-z_:][0-9A-Za-z._:%-]{0,252}$"
_Guests = Annotated[tuple[Uuid, ...], Field(max_length=MOST_GUESTS), FailFast()]


class Leaving(Document):
    """A guest that is to leave."""

    name: GuestName = Field(description="Name of the guest.")
    uuid: Uuid = Field(description="UUID of the guest.")


class Host(Document):
    """A host, and the machine to which its name led when the evacuation was planned."""

    name: Line = Field(description="The host as the user named it, or as the inventory reaches it.")
    identity: Identity = Field(description="The machine.")


class Leg(Document):
    """The guests that go from one host to another, in the order in which they start."""

    source: Line = Field(description="The host that they leave.")
    destination: Line = Field(description="The destination.")
    guests: Annotated[_Guests, Field(min_length=1)] = Field(description="UUIDs of the guests.")
    width: Annotated[int, Field(ge=1, le=65535)] | None = Field(
        description="Number of migrations at a time; null if the checks before the run are to decide."
    )
    journal: Annotated[str, Field(pattern="^[0-9A-Za-z._-]{1,100}$")] | None = Field(
        default=None,
        description="Name of the run's journal in the directory beside the record; null for a leg that is planned.",
    )


class Closed(Document):
    """A way that is not tried again."""

    guest: Uuid | None = Field(description="UUID of the guest; null for all guests.")
    destination: Line = Field(description="The destination.")
    why: Said = Field(description="The reason.")


class Staying(Document):
    """A guest that stays on the source, by the last plan."""

    guest: Uuid = Field(description="UUID of the guest.")
    why: Said = Field(description="The reason.")


class Evacuation(Document):
    """An evacuation: what was asked for, what is planned, and what was done."""

    preflight_evacuation: Literal[1] = Field(default=FORMAT, description="The version of this format.")
    preflight_version: Version = Field(description="Version of the preflight that wrote it.")
    made: Moment = Field(description="Time at which it was planned, in seconds since the epoch.")
    source: Host = Field(description="The host that is emptied.")
    destinations: Annotated[tuple[Host, ...], Field(min_length=1, max_length=MOST_DESTINATIONS), FailFast()] = Field(
        description="The hosts that guests may move to."
    )
    transport: Transport | None = Field(description="The transport that the user asked for; null for the usual one.")
    method: Annotated[Method, Inside(OPTIONS)] = Field(
        description="The options of `preflight migrate` by which the guests are moved."
    )
    ignore: Annotated[tuple[Word, ...], FailFast()] = Field(
        default=(), description="The rules and subjects that the checks leave out."
    )
    reserve: Word | None = Field(default=None, description="The value of --reserve-memory.")
    overcommit: Annotated[float, Field(gt=0, le=1e6)] | None = Field(
        default=None, description="The value of --cpu-ratio: the most virtual CPUs for each CPU of a destination."
    )
    apart: tuple[tuple[GuestName, ...], ...] = Field(default=(), description="The groups of --keep-apart.")
    together: tuple[tuple[GuestName, ...], ...] = Field(default=(), description="The groups of --keep-together.")
    window: Seconds | None = Field(default=None, description="The value of --window in seconds.")
    link: Annotated[float, Field(gt=0, le=1e9)] | None = Field(
        default=None, description="The value of --link: MiB/s that the source's link carries."
    )
    weights: dict[Line, Annotated[float, Field(gt=0, le=1e6)]] = Field(
        default_factory=dict, description="The weights of destinations in the inventory."
    )
    addresses: dict[Line, Annotated[str, Field(pattern=_ADDRESS)]] = Field(
        default_factory=dict,
        description="The host names and addresses that the memory of guests is sent to, by host, from the inventory.",
    )
    guests: Annotated[tuple[Leaving, ...], Field(max_length=MOST_GUESTS), FailFast()] = Field(
        description="The guests that are to leave."
    )
    planned: tuple[Leg, ...] = Field(default=(), description="What the last plan would do; empty once it is done.")
    staying: tuple[Staying, ...] = Field(default=(), description="The guests that stay by the last plan.")
    width: Annotated[int, Field(ge=1, le=65535)] | None = Field(
        default=None,
        description="Number of migrations at a time in all by the last plan; null if only the runs limit it.",
    )
    seconds: Seconds | None = Field(
        default=None, description="Duration of the last plan in seconds, by the pre-copy model; null if not known."
    )
    runs: Annotated[tuple[Leg, ...], Field(max_length=MOST_RUNS)] = Field(
        default=(), description="The runs that were begun, in their order."
    )
    closed: tuple[Closed, ...] = Field(default=(), description="The ways that are not tried again.")
    home: bool = Field(default=False, description="True once the guests are brought home.")
    over: bool = Field(default=False, description="True once nothing is left to do.")


#: Reads a record.
EVACUATION = TypeAdapter(Evacuation)
