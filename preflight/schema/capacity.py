"""The output of `capacity --format json`: migrations that two hosts allow, and their duration. A public contract."""

from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from preflight.schema.document import Contract
from preflight.schema.fields import Count, SomeText, Text
from preflight.schema.report import Host, Limit, LimitName, Provenance, Request, ShortLimit, Skipped

#: The version of the contract. It changes only when something is removed or changes its meaning.
FORMAT: Final = 1

#: A measured amount, 0 or more.
_Measure: TypeAlias = Annotated[float, Field(ge=0)]


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
    untouched_mib: _Measure = Field(description="MiB of memory that the guest has never written to.")
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

    kind: Literal["capacity"] = Field(description="The kind of document.")
    format: Literal[1] = Field(description="The version of this contract.")
    source: Host = Field(description="The host that guests would leave.")
    destination: Host = Field(description="The host that guests would move to.")
    skipped: tuple[Skipped, ...] = Field(
        description="The guests of the source that were not counted; empty if guests were selected by name."
    )
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
    link_because: Text | None = Field(description="The origin of that number; null if it is not known.")
    no_forecast: Text | None = Field(description="Why durations are not known; null if they are.")
    no_room: Text | None = Field(description="Why the destination's free memory is not known; null if it is.")
    memory_unread: Text | None = Field(
        description="Why all memory of the guests is counted as touched; null if it is known what they have touched."
    )
    not_counted: tuple[Text, ...] = Field(description="Why guests are missing from the durations, a reason each.")
    off: tuple[Text, ...] = Field(description="The guests that are off, which have no memory to send.")
    copied: tuple[Text, ...] = Field(
        description="The guests with disks that are copied, whose data is not counted in the durations."
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
        description="Lower bound of that duration: guests whose dirty rate was not measured write nothing, and others"
        " somewhat less than measured. Null if not known, or endless."
    )
    seconds_at_most: _Measure | None = Field(
        description="Upper bound of that duration: such guests write as fast as they can, and others somewhat more than"
        " measured. Null if not known, or endless, as it is if disks are copied."
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
    request: Request = Field(
        description="The request, as far as `preflight check` has the same options; fail_on, unknown and exit_zero"
        " have no effect."
    )
    provenance: Provenance | None = Field(
        description="When, where and by whom the answer was made; null if the program that made it did not say."
    )


#: Reads the output of `capacity`.
CAPACITY = TypeAdapter(Capacity)
