"""The output of `audit --format json`: every way between many hosts, and each cause once. A public contract."""

from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from preflight.schema.document import Contract
from preflight.schema.fields import Count, SomeText, Text
from preflight.schema.report import Excerpt, Host, RuleName, Severity, Verdict

#: The version of the contract. It changes only when something is removed or changes its meaning.
FORMAT: Final = 1

#: The number of a host in `hosts`, from 0.
HostNumber: TypeAlias = Annotated[int, Field(ge=0, description="The number of a host in `hosts`, from 0.")]
#: A way, as the numbers of its source and its destination.
Way: TypeAlias = tuple[HostNumber, HostNumber]
#: Outcomes of a rule that a cause can have.
CauseOutcome: TypeAlias = Literal["failed", "unknown", "waived"]


class Guest(Contract):
    """A guest, and where it can go."""

    host: HostNumber = Field(description="The number of the guest's host.")
    name: SomeText = Field(description="The guest's name.")
    ready: tuple[HostNumber, ...] = Field(description="The hosts for which the verdict on this guest is ready.")
    undetermined: tuple[HostNumber, ...] = Field(description="The hosts for which it is undetermined.")


class Destination(Contract):
    """A way from a source, without its causes."""

    host: HostNumber = Field(description="The number of the destination.")
    verdict: Verdict = Field(description="The verdict on all guests of the source together.")
    allows: Count | None = Field(description="Number of migrations that can be in flight at once; null if not known.")


class Source(Contract):
    """The ways from one host."""

    host: HostNumber = Field(description="The number of the source.")
    ways: tuple[Destination, ...] = Field(description="The ways from it.")


class Cause(Contract):
    """A finding or an unknown, with all ways that meet it."""

    rule: RuleName = Field(description="The rule.")
    outcome: CauseOutcome = Field(description="failed for a finding, waived if a waiver covers it, or unknown.")
    severity: Severity = Field(description="Severity of the finding; of an unknown, that of its rule.")
    host: SomeText | None = Field(description="The host that has it; null if it is about both hosts of a way.")
    guest: Text | None = Field(description="The guest of the ways' source that it is about; null for none.")
    message: SomeText = Field(description="The problem, or the reason why nothing is known.")
    location: Excerpt | None = Field(description="The place of the wrong value in a file; null if no file has it.")
    predicted_error: Text | None = Field(description="Text of the error that a migration would end with.")
    fix: Text | None = Field(description="The remedy for this finding; null if the rule's general advice applies.")
    ways: tuple[Way, ...] = Field(description="The ways that meet it.")


class Odd(Contract):
    """What is different on one host and alike on all others."""

    host: HostNumber = Field(description="The number of the host.")
    text: SomeText = Field(description="What differs, in words.")


class Audit(Contract):
    """All ways between many hosts."""

    kind: Literal["audit"] = Field(description="The kind of document.")
    format: Literal[1] = Field(description="The version of this contract.")
    hosts: tuple[Host, ...] = Field(description="The hosts, which are named by their number elsewhere.")
    guests: tuple[Guest, ...] = Field(description="The guests that were judged.")
    sources: tuple[Source, ...] = Field(description="The ways, by their source.")
    causes: tuple[Cause, ...] = Field(description="What is wrong or unknown, each once.")
    takes_nobody: tuple[HostNumber, ...] = Field(description="The hosts to which every way is not-ready.")
    odd: tuple[Odd, ...] = Field(description="What differs on one host alone.")
    need: Literal["any", "all"] = Field(
        description="What `verdict` asks for: that every guest has a way that is ready (any), or that every way is."
    )
    verdict: Verdict = Field(description="The verdict on all hosts, by `need`.")
    exit_code: Literal[0, 1, 3] = Field(description="The exit code that follows from the verdict.")


#: Reads an audit.
AUDIT = TypeAdapter(Audit)
