"""The output of `status --format json`: each guest of one run, or a summary of all runs. Public contracts."""

from typing import Final, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from preflight.schema.document import Contract
from preflight.schema.fields import Count, Moment, RuleName, SomeText, Text
from preflight.schema.journal import PlaceName, ResultName

#: The version of both contracts. It changes only when something is removed or changes its meaning.
FORMAT: Final = 1

#: The values of `migrate.runs.Stage`; a test compares them.
StageName: TypeAlias = Literal["running", "over", "cut off", "damaged"]


class Guest(Contract):
    """One guest of a run, according to the journal."""

    name: SomeText = Field(description="Name of the guest on the source.")
    uuid: Text = Field(description="UUID of the guest.")
    result: ResultName | None = Field(
        description="Result for the guest; null until the hosts have been asked. arrived: on the destination. stayed:"
        " on the source, as before. stopped: off where it should run. paused: paused where it should run. both: running"
        " on both hosts. lost: on neither host. unknown: a host did not answer."
    )
    source: PlaceName | None = Field(
        description="State of the guest on the source; null until the hosts have been asked."
    )
    destination: PlaceName | None = Field(
        description="State of the guest on the destination; null until the hosts have been asked."
    )
    persistent: bool | None = Field(
        description="True if the host that has the guest also has its definition; null if not known."
    )
    error: Text | None = Field(
        description="libvirt's error message; null without an error, or once the guest has arrived."
    )
    why: Text = Field(
        description="preflight's reason for the result; empty if it is obvious. A guest that has arrived but"
        " has a `why` has not arrived as requested."
    )
    rule: RuleName | None = Field(
        description="The rule that explains the error, for `preflight explain`; null if there is none."
    )
    seconds: float | None = Field(description="Duration of the move in seconds; null if not known.")
    downtime: float | None = Field(description="Downtime of the guest in seconds; null if not known.")
    began: bool = Field(description="True if the move has begun.")
    kept: tuple[Text, ...] = Field(
        description="State files, of a guest that is off, of which the source keeps its own copy."
    )


class Staying(Contract):
    """A guest that was selected with `--ready-only` and stays because it is not READY."""

    name: SomeText = Field(description="Name of the guest on the source.")
    rule: RuleName = Field(description="The rule that is against it, for `preflight explain`.")
    why: Text = Field(description="What the rule found, or why it could not be applied.")


class Status(Contract):
    """The state of each guest according to the journal of one run. No host was asked."""

    kind: Literal["status"] = Field(description="The kind of document.")
    format: Literal[1] = Field(description="The version of this contract.")
    made: Moment = Field(description="Time at which the run was planned, in seconds since the epoch.")
    source: Text = Field(description="The host that the guests leave, as the user named it.")
    destination: Text = Field(description="The host that the guests move to, as the user named it.")
    rehearsal: bool = Field(description="True if the run is a rehearsal, which takes each guest back.")
    arrived: bool = Field(description="True if every guest has arrived and is there as requested.")
    guests: tuple[Guest, ...] = Field(description="Every guest of the plan, in its order.")
    stays: tuple[Staying, ...] = Field(
        default=(),  # as without --ready-only, which came with this field
        description="The guests that were selected too, and are not in the plan because they are not READY.",
    )


class Run(Contract):
    """One run; of a damaged journal only the path and the reason are known."""

    path: SomeText = Field(description="Path of the journal.")
    stage: StageName = Field(
        description="running: a process is at work on the run. over: the run has ended, and both hosts were asked about"
        " every guest. cut off: neither is true, so the run can be resumed. damaged: the file is not a journal, or is"
        " damaged."
    )
    made: float | None = Field(
        description="Time at which the plan was made, in seconds since the epoch; null for a damaged journal."
    )
    source: Text | None = Field(description="The host that the guests leave; null for a damaged journal.")
    destination: Text | None = Field(description="The host that the guests move to; null for a damaged journal.")
    guests: Count = Field(description="Number of guests in the plan.")
    unfinished: tuple[Text, ...] = Field(description="Names of the guests that have not arrived as requested.")
    why: Text | None = Field(description="The defect of a damaged journal; null for any other.")


class Runs(Contract):
    """The runs whose journals are in a directory, newest first."""

    kind: Literal["runs"] = Field(description="The kind of document.")
    format: Literal[1] = Field(description="The version of this contract.")
    directory: Text = Field(description="Directory of the journals.")
    older: Count = Field(description="Number of older journals there that were not read.")
    runs: tuple[Run, ...] = Field(description="The runs.")


#: Read the output of `status JOURNAL` and of `status`.
STATUS, RUNS = TypeAdapter(Status), TypeAdapter(Runs)
