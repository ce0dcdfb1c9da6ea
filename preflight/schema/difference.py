"""The output of `diff --format json`: what differs between two snapshots, pairs or reports. A public contract."""

from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from preflight.schema.document import Contract
from preflight.schema.fields import Instant, RuleName, SomeText, Text
from preflight.schema.report import Outcome, Severity, Verdict

#: The version of the contract. It changes only when something is removed or changes its meaning.
FORMAT: Final = 1

#: Values of `fleet.difference.Kind` and `Effect`; a test compares them.
KindName: TypeAlias = Literal["added", "gone", "changed"]
EffectName: TypeAlias = Literal["worse", "better", "neither"]


class Side(Contract):
    """One of the two states that were compared."""

    path: Text = Field(description="The file or directory, as it was given.")
    hosts: tuple[SomeText, ...] = Field(description="The hosts: one, or source and destination.")
    taken: Instant | None = Field(
        description="Time at which the hosts were last asked, or at which the report was made; null if not known."
    )
    by: Text = Field(description="Who took the snapshot or made the report; empty if that is not known.")


class Change(Contract):
    """One change of a host."""

    host: SomeText = Field(description="The host's name.")
    guest: Text | None = Field(description="The guest that the change is about; null if it is about the host.")
    kind: KindName = Field(description="added, gone or changed.")
    text: Text = Field(description="The change in words.")
    path: Text | None = Field(description="The file that has it; null if it is in no file.")
    line: Annotated[int, Field(ge=1)] | None = Field(
        description="The line in that file: of the newer state, or of the older one if it is gone; null if not known."
    )
    records: tuple[Text, ...] = Field(description="The answers that show it.")


class ChangedResult(Contract):
    """A finding or an unknown that is new, or no longer there."""

    rule: RuleName = Field(description="The rule.")
    subject: SomeText = Field(description="The subject, as in a report.")
    severity: Severity = Field(description="Severity of the finding; of an unknown, that of its rule.")
    before: Outcome | None = Field(description="The outcome in the older state; null if there was none.")
    after: Outcome | None = Field(description="The outcome in the newer state; null if there is none.")
    effect: EffectName = Field(
        description="worse, better, or neither: the outcome is the same, and only the message differs."
    )
    text: Text = Field(description="Message of the finding, or reason of the unknown.")
    because: tuple[Text, ...] = Field(description="The changes that explain it, in words; empty if none is known.")


class ChangedVerdict(Contract):
    """The verdict before and after."""

    before: Verdict = Field(description="The verdict on the older state.")
    after: Verdict = Field(description="The verdict on the newer state.")


class GuestVerdict(ChangedVerdict):
    """The verdict on a guest before and after."""

    guest: SomeText = Field(description="The guest's name.")


class Difference(Contract):
    """What differs between two snapshots, pairs of snapshots or reports."""

    kind: Literal["difference"] = Field(description="The kind of document.")
    format: Literal[1] = Field(description="The version of this contract.")
    what: Literal["snapshots", "reports"] = Field(description="What was compared.")
    old: Side = Field(description="The older state.")
    new: Side = Field(description="The newer state.")
    changes: tuple[Change, ...] = Field(description="The changes of the hosts, in the order of the hosts.")
    results: tuple[ChangedResult, ...] = Field(
        description="Findings and unknowns that are new, the worst first, then those that are gone."
    )
    verdict: ChangedVerdict | None = Field(description="The verdict before and after; null for a single host.")
    guests: tuple[GuestVerdict, ...] = Field(description="The guests of both states whose verdict differs.")
    worse: bool = Field(description="True if the verdict, or that on a guest, became worse.")
    exit_code: Literal[0, 1] = Field(description="The exit code: 1 if `worse`.")


#: Reads a difference.
DIFFERENCE = TypeAdapter(Difference)
