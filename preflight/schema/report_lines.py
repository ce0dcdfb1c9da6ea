"""A line of `check --format jsonl`, or of `rehearse --format jsonl`. A public contract."""

from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from preflight.schema import rehearsal, report
from preflight.schema.document import Contract
from preflight.schema.fields import Count, SomeText, Text

#: The version of the contract. It changes only when something is removed or changes its meaning.
FORMAT: Final = 1


class Head(Contract):
    """The first line: what was checked."""

    kind: Literal["report"] = Field(description="The kind of line.")
    format: Literal[1] = Field(description="The version of this contract.")
    source: report.Host = Field(description="The host that guests would leave.")
    destination: report.Host = Field(description="The host that guests would move to.")
    narrowed: bool = Field(description="True if --select or --ignore left rules out.")
    request: report.Request = Field(description="The request of the check.")
    provenance: report.Provenance | None = Field(
        description="When, where and by whom the report was made; null if the program that made it did not say."
    )


class _OfKind(Contract):
    """The field that a line begins with."""

    kind: str = Field(description="The kind of line.")


class _OfRule(_OfKind):
    """What a line about a rule begins with."""

    rule: SomeText = Field(description="The name of the rule; `preflight explain` describes it.")
    topic: SomeText = Field(description="The topic of the rule, such as login.")
    subject: SomeText = Field(
        description="The subject of the rule: pair, source, destination, guests, or `guest NAME`."
    )


class Finding(report.Finding, _OfRule):
    """A problem and its place."""

    kind: Literal["finding"] = Field(description="The kind of line.")


class Unknown(_OfRule):
    """Something that could not be determined."""

    kind: Literal["unknown"] = Field(description="The kind of line.")
    severity: report.Severity = Field(description="Severity of the problem that the rule looks for.")
    reason: Text = Field(description="The reason.")
    resolve: report.Resolve = None


class Rehearsed(rehearsal.Guest, _OfKind):
    """A guest of a rehearsal, and libvirt's answer; a check has no such line."""

    kind: Literal["rehearsed"] = Field(description="The kind of line.")


class Ending(Contract):
    """The last line: the verdict."""

    kind: Literal["verdict"] = Field(description="The kind of line.")
    verdict: report.Verdict = Field(description="The verdict of the whole check.")
    exit_code: Literal[0, 1, 3, 4, 130] = Field(
        description="The exit code of the command; 4 and 130 only of a rehearsal."
    )
    errors: Count = Field(description="Errors; the same error of several guests counts once.")
    warnings: Count = Field(description="Warnings; the same warning of several guests counts once.")
    unknown: Count = Field(description="Rules that could not be applied everywhere.")
    passed: Count = Field(description="Results of rules that found nothing.")


Line: TypeAlias = Head | Finding | Unknown | Rehearsed | Ending

#: Reads a line.
LINE: TypeAdapter[Line] = TypeAdapter(Annotated[Line, Field(discriminator="kind")])
