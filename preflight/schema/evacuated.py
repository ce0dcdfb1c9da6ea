"""The output of `status RECORD --format json` on an evacuation: each guest that was to leave. A public contract."""

from typing import Final, Literal

from pydantic import Field, TypeAdapter

from preflight.schema.document import Contract
from preflight.schema.fields import Moment, SomeText, Text
from preflight.schema.status import Guest, StageName

#: The version of the contract. It changes only when something is removed or changes its meaning.
FORMAT: Final = 1


class Moved(Guest):
    """A guest by the last run that was to move it, according to that run's journal."""

    from_host: SomeText = Field(description="The host that the run moved it from.")
    to_host: SomeText = Field(description="The host that the run was to move it to.")


class Leaving(Contract):
    """A guest that was to leave."""

    name: SomeText = Field(description="Name of the guest.")
    uuid: Text = Field(description="UUID of the guest.")
    done: bool = Field(description="True if it is where it was to go, as requested.")
    stays_because: Text = Field(description="Why it stays, by the last plan; empty if it was to go.")
    moved: Moved | None = Field(description="The last run that was to move it; null if there was none.")


class Closed(Contract):
    """A way that was given up."""

    guest: Text | None = Field(description="UUID of the guest; null for all guests.")
    destination: SomeText = Field(description="The destination.")
    why: Text = Field(description="The reason.")


class Evacuated(Contract):
    """An evacuation, according to its record and the journals of its runs. No host was asked."""

    kind: Literal["evacuation"] = Field(description="The kind of document.")
    format: Literal[1] = Field(description="The version of this contract.")
    made: Moment = Field(description="Time at which it was planned, in seconds since the epoch.")
    stage: StageName | None = Field(
        description="running: a process is at work on it. over: every guest is where it was to go. cut off: neither is"
        " true, so that it can be resumed. null in the output of the run itself."
    )
    source: SomeText = Field(description="The host that is emptied.")
    destinations: tuple[SomeText, ...] = Field(description="The hosts that guests may move to.")
    home: bool = Field(description="True if the guests are brought home, and each is to be on the source again.")
    done: bool = Field(description="True if every guest is where it was to go, as requested.")
    guests: tuple[Leaving, ...] = Field(description="Every guest that was to leave.")
    closed: tuple[Closed, ...] = Field(description="The ways that were given up.")


#: Reads the output.
EVACUATED = TypeAdapter(Evacuated)
