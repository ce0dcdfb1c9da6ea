"""What `capacity --format json` says: how many migrations these hosts take, and how long. A public contract."""

from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from preflight.schema.document import Contract
from preflight.schema.fields import Count, SomeText, Text
from preflight.schema.report import LimitName, Location, Role

#: The version of the contract. It changes only when something is removed or changes its meaning.
FORMAT: Final = 1

#: The values of `capacity.limit.Scope`; a test compares them.
Scope: TypeAlias = Literal["in flight", "at once", "over one connection", "only waits"]
#: A measure, from none.
_Measure: TypeAlias = Annotated[float, Field(ge=0)]


class Limit(Contract):
    """One limit in the path of a migration, on one host."""

    name: Annotated[str, Field(min_length=1)] = Field(description="What limits, as its configuration file calls it.")
    host: Role = Field(description="Which end of the migration the host is.")
    scope: Scope = Field(
        description="What it limits. in flight: migrations that run together. at once: those that start at the same"
        " instant. over one connection: those that one program drives over one connection, or over one login. only"
        " waits: none, since who is beyond it waits for a moment."
    )
    configured: Count | None = Field(
        description="The value in force, in the limit's own unit (clients, workers, ports, logins under way, files)."
        " Null when not known."
    )
    written: Text | None = Field(description="The value as the file or the program has it; null for a default.")
    location: Location | None = Field(description="The place of that; null where no file holds it.")
    in_use: Count | None = Field(description="In the limit's own unit, now. Null when not known.")
    takes: Count = Field(description="What one migration takes of it.")
    allows: Count | None = Field(
        description="Migrations that it allows; null when it could not be read, so the true capacity may be lower."
    )
    burst: bool = Field(description="Whether it limits only how many start at the same instant.")
    beyond: Text | None = Field(
        description="What happens to a migration more than it allows; null where that is plain."
    )
    reason: Text | None = Field(description="Why `allows` is not known, or none; else null.")


class Need(Contract):
    """One guest's need of one kind of memory."""

    name: SomeText = Field(description="The guest's name.")
    needs_kib: Count = Field(description="KiB that it takes of the destination.")


class Room(Contract):
    """One kind of memory at the destination."""

    name: Text = Field(description="Which: `memory`, or `huge pages of 2048 KiB`.")
    free_kib: int = Field(description="KiB that could be given out now.")
    promised_kib: Count = Field(description="KiB of that which guests that run there may still take.")
    guests: tuple[Need, ...] = Field(description="The guests that need it, in the order in which they were asked for.")
    fitting: tuple[Text, ...] = Field(description="The names of those that it is enough for, one after the other.")


class Guest(Contract):
    """One guest alone on the link, by the pre-copy model."""

    name: SomeText = Field(description="The guest's name.")
    touched_mib: _Measure = Field(description="MiB of memory that have to be sent.")
    dirty_mib_per_s: _Measure | None = Field(
        description="MiB/s of memory that it writes; null without --measure-dirty-rate."
    )
    converges: bool = Field(description="Whether its migration comes to an end by itself.")
    seconds: _Measure | None = Field(description="Seconds that it takes; null when it does not converge.")
    downtime_seconds: _Measure | None = Field(
        description="Seconds for which it stands still at most; null when it does not converge."
    )
    sent_mib: _Measure | None = Field(description="MiB that are sent in all; null when it does not converge.")


class Capacity(Contract):
    """How many migrations two KVM hosts take at a time, what stops the next one, and how long these guests take."""

    format: Literal[1] = Field(description="The version of this contract.")
    limits: tuple[Limit, ...] = Field(description="Every limit in the path of a migration of this kind.")
    in_flight: Count | None = Field(
        description="Migrations in flight together, by the limits that could be read; null when none could."
    )
    safe: Count | None = Field(
        description="Likewise, with left free what is better left free, to tell of progress and to abort."
    )
    burst: Count | None = Field(description="Migrations started at the same instant, likewise.")
    over_one_connection: Count | None = Field(
        description="Migrations that one program may drive over one connection to the source's daemon; null when not"
        " known."
    )
    both_ways: bool = Field(description="Whether all numbers are each way, while as many go the other way.")
    limited_by: LimitName | None = Field(
        description="The limit that stops the next migration in flight; null when none could be read."
    )
    next: LimitName | None = Field(
        description="The limit that would stop it if that one were raised; null without one."
    )
    burst_limited_by: LimitName | None = Field(
        description="The limit that stops the next one of those started at the same instant; null when none could be"
        " read."
    )
    classic: Count | None = Field(
        description="Red Hat's estimate, of two clients of max_clients a migration; null when max_clients is not known."
    )
    recommended: Count | None = Field(
        description="How many at a time take the shortest time for these guests; null when that is not known."
    )
    link_mib_per_s: _Measure | None = Field(
        description="MiB/s of memory that the link carries, as given or by the driver; null when not known."
    )
    room: tuple[Room, ...] = Field(
        description="Which guests the destination has memory for, by kinds of memory; empty when not known."
    )
    guests: tuple[Guest, ...] = Field(
        description="Each guest alone on the link; empty when the link's speed is not known."
    )
    seconds: _Measure | None = Field(
        description="Seconds for all guests, so many at a time as asked for or recommended; null when not known, or"
        " endless."
    )
    window_seconds: _Measure | None = Field(description="Seconds of --window; null without.")
    fits: bool | None = Field(description="Whether what was asked for can be had; null when that is not known.")


#: Reads what `capacity` has written.
CAPACITY = TypeAdapter(Capacity)
