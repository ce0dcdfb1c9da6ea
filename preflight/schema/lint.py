"""The report of `lint --format json`, and a line of `lint --format jsonl`. Public contracts."""

import re
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from preflight.schema import report
from preflight.schema.document import Contract
from preflight.schema.fields import AnyText, Count, Instant, RuleName, SomeText, Text

#: The version of both contracts. It changes only when something is removed or changes its meaning.
FORMAT: Final = 1

_SUBJECT = re.compile("^(host$|guests$|guest )")
_Subject: TypeAlias = Annotated[str, AnyText(_SUBJECT)]
_ABOUT = "What the result is about: host, `guest NAME`, or guests, for all of the host's guests together."


class _Found(Contract):
    """A problem and its place."""

    guest: Text | None = Field(description="The name of the guest that has the problem, else null.")
    severity: report.Severity = Field(
        description="Severity of this finding, which may be milder than that of its rule."
    )
    message: SomeText = Field(description="The problem, for people.")
    location: report.Excerpt | None = Field(
        description="The place of the wrong value in a file on the host; null if no file contains it."
    )
    file: Text | None = Field(
        description="The path of that file in the directory of --files, as given on the command line; else null."
    )
    predicted_error: Text | None = Field(
        description="Text that the error message of libvirt or ssh would contain; null if none is known."
    )
    fix: Text | None = Field(
        description="The remedy for this particular finding; null if only the rule's general advice applies."
    )
    change: report.Setting | report.HostsLine | None = Field(
        description="The setting or line that would remove the finding; null if none is known."
    )


class Finding(_Found):
    """A problem and its place."""


class Result(Contract):
    """The result of one rule for one host, for one of its guests or for all of them."""

    rule: RuleName = Field(description="The name of the rule; `preflight explain` describes it.")
    subject: _Subject = Field(description=_ABOUT)
    severity: report.Severity = Field(
        description="Severity of the worst finding; the rule's own severity if there is none."
    )
    outcome: report.Outcome = Field(description="As in the report of a check.")
    reason: Text | None = Field(description="The reason for every outcome except passed, as in the report of a check.")
    resolve: report.Resolve = None
    findings: tuple[Finding, ...] = Field(description="The findings; empty unless failed or waived.")


class NotApplied(Contract):
    """Rules that were not applied to a host."""

    reason: SomeText = Field(description="Why: the end of a sentence about these rules.")
    rules: tuple[RuleName, ...] = Field(description="The names of the rules.")


class Host(Contract):
    """One host, and what was found about it."""

    host: report.Host = Field(description="The host.")
    origin: Literal["live", "snapshot", "files"] = Field(
        description="Where the answers are from: the host itself, a snapshot, or a directory of its files."
    )
    file: Text | None = Field(description="The snapshot or the directory, as given; null for a live host.")
    taken: Instant | None = Field(description="When the host was asked; null if that is not known, or for files.")
    verdict: report.Verdict = Field(description="The verdict on this host, as in the report of a check.")
    results: tuple[Result, ...] = Field(description="The results, sorted by rule.")
    guests: tuple[report.Guest, ...] = Field(description="The guests of the host, and the verdict on each.")
    waivers: tuple[report.Waiver, ...] = Field(description="The site's waivers that are about this host.")
    not_applied: tuple[NotApplied, ...] = Field(description="The rules that were not applied, by reason.")


class Request(Contract):
    """The options."""

    select: tuple[SomeText, ...] = Field(description="The rules and subjects of --select.")
    ignore: tuple[SomeText, ...] = Field(description="The rules and subjects of --ignore.")
    severity: tuple[SomeText, ...] = Field(description="Each --severity, as RULE=SEVERITY.")
    thresholds: tuple[SomeText, ...] = Field(description="Each --threshold, as RULE=NUMBER.")
    rules: tuple[Text, ...] = Field(description="The directories of --rules.")
    packs: tuple[Text, ...] = Field(description="The packs of --pack.")
    configuration: Text | None = Field(description="The configuration file that was used; null for none.")
    fail_on: report.FailOn = Field(description="The value of --fail-on.")
    unknown: report.OnUnknown = Field(description="The value of --unknown.")
    exit_zero: bool = Field(description="True if --exit-zero was given.")


class Made(Contract):
    """When, where and by whom the report was made."""

    made: Instant = Field(description="When the report was made.")
    machine: Text = Field(description="The machine on which preflight ran.")
    user: Text = Field(description="The user who ran it.")
    version: Text = Field(description="The version of preflight.")


class Lint(Contract):
    """The whole report."""

    kind: Literal["lint"] = Field(description="The kind of document.")
    format: Literal[1] = Field(description="The version of this contract.")
    verdict: report.Verdict = Field(description="The worst verdict on any of the hosts.")
    exit_code: Literal[0, 1, 3] = Field(description="The exit code of the command.")
    narrowed: bool = Field(description="True if --select or --ignore left rules out.")
    hosts: tuple[Host, ...] = Field(description="The hosts, in the order in which they were given.")
    rules: tuple[report.Rule, ...] = Field(description="The rules that were applied to any host.")
    request: Request = Field(description="The options of the command.")
    made: Made | None = Field(description="When, where and by whom the report was made; null if that is not known.")


#: Reads a report.
LINT: TypeAdapter[Lint] = TypeAdapter(Lint)


class Head(Contract):
    """The first line: what was asked for."""

    kind: Literal["lint"] = Field(description="The kind of line.")
    format: Literal[1] = Field(description="The version of this contract.")
    narrowed: bool = Field(description="True if --select or --ignore left rules out.")
    request: Request = Field(description="The options of the command.")
    made: Made | None = Field(description="When, where and by whom the report was made; null if that is not known.")


class FindingLine(_Found):
    """A problem of one host."""

    kind: Literal["finding"] = Field(description="The kind of line.")
    host: SomeText = Field(description="The host, as the user named it.")
    rule: RuleName = Field(description="The name of the rule.")
    topic: SomeText = Field(description="The topic of the rule, such as files.")
    subject: _Subject = Field(description=_ABOUT)


class UnknownLine(Contract):
    """Something about one host that could not be determined."""

    kind: Literal["unknown"] = Field(description="The kind of line.")
    host: SomeText = Field(description="The host, as the user named it.")
    rule: RuleName = Field(description="The name of the rule.")
    topic: SomeText = Field(description="The topic of the rule, such as files.")
    subject: _Subject = Field(description=_ABOUT)
    severity: report.Severity = Field(description="Severity of the problem that the rule looks for.")
    reason: Text = Field(description="The reason.")
    resolve: report.Resolve = None


class HostLine(Contract):
    """The verdict on one host."""

    kind: Literal["host"] = Field(description="The kind of line.")
    host: SomeText = Field(description="The host, as the user named it.")
    verdict: report.Verdict = Field(description="The verdict on this host.")
    errors: Count = Field(description="Errors; the same error of several guests counts once.")
    warnings: Count = Field(description="Warnings; the same warning of several guests counts once.")
    unknown: Count = Field(description="Rules that could not be applied everywhere.")
    passed: Count = Field(description="Results of rules that found nothing.")


class Ending(Contract):
    """The last line: the verdict on all hosts."""

    kind: Literal["verdict"] = Field(description="The kind of line.")
    verdict: report.Verdict = Field(description="The worst verdict on any of the hosts.")
    exit_code: Literal[0, 1, 3] = Field(description="The exit code of the command.")


Line: TypeAlias = Head | FindingLine | UnknownLine | HostLine | Ending

#: Reads a line.
LINE: TypeAdapter[Line] = TypeAdapter(Annotated[Line, Field(discriminator="kind")])
