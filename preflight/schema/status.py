"""What `status --format json` says: of one run each guest, or all runs in short. Public contracts."""

from typing import Final, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from preflight.schema.document import Contract
from preflight.schema.fields import Count, SomeText, Text
from preflight.schema.journal import PlaceName, ResultName

#: The version of both contracts. It changes only when something is removed or changes its meaning.
FORMAT: Final = 1

#: The values of `migrate.runs.Stage`; a test compares them.
StageName: TypeAlias = Literal["running", "over", "cut off", "damaged"]


class Guest(Contract):
    """One guest of a run, as the journal has it."""

    name: SomeText = Field(description="Its name on the source.")
    uuid: Text = Field(description="Its UUID.")
    result: ResultName | None = Field(
        description="What became of it; null while nobody has looked. arrived: it is on the destination. stayed: it is"
        " on the source as it was. stopped: it is off where it should run. paused: it stands still where it should run."
        " both: it runs on both hosts. lost: neither host has it. unknown: a host did not say."
    )
    source: PlaceName | None = Field(description="What the source had of it; null while nobody has looked.")
    destination: PlaceName | None = Field(description="What the destination had of it; null while nobody has looked.")
    persistent: bool | None = Field(
        description="Whether the host that has it has a definition of it; null when not known."
    )
    error: Text | None = Field(description="libvirt's own words; null without an error, or once it has arrived.")
    why: Text = Field(
        description="What preflight makes of it; empty where it is plain. A guest that has arrived and has a `why` is"
        " not there as it was asked for."
    )
    rule: Text | None = Field(
        description="The rule that explains the error, for `preflight explain`; null without one."
    )
    seconds: float | None = Field(description="Seconds that its move took; null when not known.")
    downtime: float | None = Field(description="Seconds for which it stood still; null when not known.")
    began: bool = Field(description="Whether its move was begun at all.")
    kept: tuple[Text, ...] = Field(description="State files of a guest that is off, of which the source keeps its own.")


class Status(Contract):
    """What the journal of one run says of each guest. No host was asked."""

    format: Literal[1] = Field(description="The version of this contract.")
    source: Text = Field(description="The host that guests leave, as the user named it.")
    destination: Text = Field(description="The host that guests go to, as the user named it.")
    arrived: bool = Field(description="Whether every guest has arrived, and is there as it was asked for.")
    guests: tuple[Guest, ...] = Field(description="Every guest of the plan, in its order.")


class Run(Contract):
    """One run; of a damaged journal only the path and the reason are known."""

    path: SomeText = Field(description="The journal's path.")
    stage: StageName = Field(
        description="running: a process is at work on it. over: both hosts were looked at in the end. cut off: neither,"
        " so that it can be gone on with. damaged: the file is no journal, or a damaged one."
    )
    made: float | None = Field(description="When its plan was made, in seconds since the epoch; null of a damaged one.")
    source: Text | None = Field(description="The host that guests leave; null of a damaged one.")
    destination: Text | None = Field(description="The host that guests go to; null of a damaged one.")
    guests: Count = Field(description="How many guests its plan has.")
    unfinished: tuple[Text, ...] = Field(description="The names of those that have not arrived as they were asked for.")
    why: Text | None = Field(description="What is wrong with a damaged one; else null.")


class Runs(Contract):
    """The runs whose journals lie in a directory, the newest first."""

    format: Literal[1] = Field(description="The version of this contract.")
    directory: Text = Field(description="Where the journals lie.")
    older: Count = Field(description="Journals there that are older, and were not read.")
    runs: tuple[Run, ...] = Field(description="Each run.")


#: Read what `status JOURNAL` and `status` have written.
STATUS, RUNS = TypeAdapter(Status), TypeAdapter(Runs)
