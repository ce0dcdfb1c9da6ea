"""The output of `capacity --format json`: migrations that two hosts allow, and their duration. A public contract."""

from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from preflight.schema.document import Contract
from preflight.schema.fields import Count, SomeText, Text
from preflight.schema.report import LimitName, Location, Role, ShortLimit

#: The version of the contract. It changes only when something is removed or changes its meaning.
FORMAT: Final = 1

#: The values of `capacity.limit.Scope`; a test compares them.
Scope: TypeAlias = Literal["in flight", "at once", "over one connection", "only waits"]
#: A measured amount, 0 or more.
_Measure: TypeAlias = Annotated[float, Field(ge=0)]


class Limit(Contract):
    """One limit in the path of a migration, on one host."""

    name: Annotated[str, Field(min_length=1)] = Field(description="The limit, as its configuration file calls it.")
    host: Role = Field(description="The host's role in the migration.")
    scope: Scope = Field(
        description="The migrations that it limits. in flight: those that run at the same time. at once: those that"
        " start at the same instant. over one connection: those that one program drives over one connection, or over"
        " one login. only waits: none, since a migration beyond the limit only waits briefly."
    )
    configured: Count | None = Field(
        description="The effective value, in the limit's own unit (clients, workers, ports, logins under way, files)."
        " Null if not known."
    )
    written: Text | None = Field(description="The value as it is in the file or the program; null for a default.")
    location: Location | None = Field(description="The place of that value; null if no file contains it.")
    in_use: Count | None = Field(description="The present use, in the limit's own unit. Null if not known.")
    takes: Count = Field(description="The use by one migration, in the limit's own unit.")
    allows: Count | None = Field(
        description="Migrations that the limit allows; null if it could not be read, so the true capacity may be lower."
    )
    burst: bool = Field(description="True if it limits only how many migrations start at the same instant.")
    beyond: Text | None = Field(description="The consequence for a migration beyond the limit; null if it is obvious.")
    reason: Text | None = Field(
        description="Why `allows` is not known; null if it is known, or if this entry sets no number."
    )


class Need(Contract):
    """One guest's need of one kind of memory."""

    name: SomeText = Field(description="The guest's name.")
    needs_kib: Count = Field(description="KiB that the guest needs on the destination.")


class Room(Contract):
    """One kind of memory on the destination."""

    name: Text = Field(description="The kind: `memory`, or `huge pages of 2048 KiB`.")
    free_kib: int = Field(description="KiB that are available now.")
    promised_kib: Count = Field(
        description="KiB of the available memory that guests already running there may still claim."
    )
    guests: tuple[Need, ...] = Field(description="The guests that need it, in the requested order.")
    fitting: tuple[Text, ...] = Field(
        description="The names of the guests for which it is sufficient, counted one after the other."
    )


class Guest(Contract):
    """One guest that migrates alone over the link, by the pre-copy model."""

    name: SomeText = Field(description="The guest's name.")
    touched_mib: _Measure = Field(description="MiB of memory that have to be sent.")
    dirty_mib_per_s: _Measure | None = Field(
        description="The guest's dirty rate in MiB/s; null without --measure-dirty-rate."
    )
    converges: bool = Field(description="True if the migration ends by itself.")
    seconds: _Measure | None = Field(
        description="Duration of the migration in seconds; null if the migration does not converge."
    )
    downtime_seconds: _Measure | None = Field(
        description="Longest downtime in seconds; null if the migration does not converge."
    )
    sent_mib: _Measure | None = Field(
        description="MiB that are sent in total; null if the migration does not converge."
    )


class Capacity(Contract):
    """Concurrent migrations that two KVM hosts allow, the limit that stops the next one, and the guests' duration."""

    format: Literal[1] = Field(description="The version of this contract.")
    limits: tuple[Limit, ...] = Field(description="Every limit in the path of a migration of this kind.")
    in_flight: Count | None = Field(
        description="Migrations that can be in flight together, by the limits that could be read; null if none could."
    )
    safe: Count | None = Field(
        description="The same, minus the reserve that should stay free for reporting progress and for aborting."
    )
    burst: Count | None = Field(
        description="Migrations that can start at the same instant, by the limits that could be read; null if none"
        " could."
    )
    over_one_connection: Count | None = Field(
        description="Migrations that one program may drive over one connection to the source's daemon; null if not"
        " known."
    )
    both_ways: bool = Field(
        description="True if all numbers are per direction, with as many migrations going the other way at the"
        " same time."
    )
    limited_by: LimitName | None = Field(
        description="The limit that stops the next migration in flight; null if none could be read."
    )
    next: LimitName | None = Field(
        description="The limit that would stop it if that limit were raised; null if there is none."
    )
    burst_limited_by: LimitName | None = Field(
        description="The limit that stops the next migration that starts at the same instant; null if none could be"
        " read."
    )
    requested: Count | None = Field(description="Migrations given by --concurrency; null without it.")
    fits_limits: bool | None = Field(
        description="True if the limits allow that number, false if they do not; null without --concurrency, or if a"
        " limit could not be read."
    )
    short: tuple[ShortLimit, ...] = Field(
        description="The limits that fall short of that number: first those for migrations in flight, then those for"
        " migrations that start at the same instant, each from the lowest."
    )
    classic: Count | None = Field(
        description="Red Hat's estimate, with two clients of max_clients for each migration; null if max_clients is not"
        " known."
    )
    recommended: Count | None = Field(
        description="The number of concurrent migrations that takes the shortest time for these guests; null if not"
        " known."
    )
    link_mib_per_s: _Measure | None = Field(
        description="MiB/s of memory that the link carries, as given or by the driver; null if not known."
    )
    room: tuple[Room, ...] = Field(
        description="The guests for which the destination has memory, by kind of memory; empty if not known."
    )
    guests: tuple[Guest, ...] = Field(
        description="Each guest alone on the link; empty if the link's speed is not known."
    )
    seconds: _Measure | None = Field(
        description="Seconds for all guests, with the requested or recommended number at a time; null if not known, or"
        " endless."
    )
    seconds_at_least: _Measure | None = Field(
        description="Lower bound of that duration: guests whose dirty rate was not measured write nothing. Null if not"
        " known, or endless."
    )
    seconds_at_most: _Measure | None = Field(
        description="Upper bound of that duration: such guests write as fast as they can. Null if not known, or"
        " endless."
    )
    window_seconds: _Measure | None = Field(description="Seconds given by --window; null without it.")
    fits_window: bool | None = Field(
        description="True if the duration's upper bound is within the window, false if its lower bound exceeds it; null"
        " without --window, or if neither is so."
    )
    bearable_dirty_mib_per_s: Count | None = Field(
        description="Dirty rate in MiB/s up to which all fit into the window if no guest that was not measured exceeds"
        " it; null if the answer does not depend on it."
    )
    fits: bool | None = Field(description="True if the request can be met; null if that is not known.")


#: Reads the output of `capacity`.
CAPACITY = TypeAdapter(Capacity)
