"""The report of `check --format json`: whether guests can be migrated, and why not. A public contract."""

import re
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import ConfigDict, Field, JsonValue, TypeAdapter, model_validator

from preflight.schema.document import Contract
from preflight.schema.fields import AnyText, Count, SomeText, Text

#: The version of the contract. It changes only when something is removed or changes its meaning.
FORMAT: Final = 1

#: Values of `judge.report.Verdict` and `judge.report.Outcome`, `rule.Severity` and `request.migration.Role`; a test
#: compares them.
Verdict: TypeAlias = Literal["ready", "not-ready", "undetermined"]
Outcome: TypeAlias = Literal["passed", "failed", "unknown", "waived", "not-applicable"]
Severity: TypeAlias = Literal["error", "warning", "info"]
Role: TypeAlias = Literal["source", "destination"]

_PATH = re.compile("^/")
_SUBJECT = re.compile("^(pair$|source$|destination$|guests$|guest )")
#: A program's release, as three numbers.
_Release: TypeAlias = Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")]
_VERDICT = (
    "ready (exit code 0): no error was found, and nothing that could be one was left open. not-ready (1): an error was"
    " found. undetermined (3): no error was found, but what could be one was left open."
)
_ROLE = "Which end of the migration a host is."


class Host(Contract):
    """One host. Each value but the name is null where it is not known."""

    name: SomeText = Field(description="The host as the user named it.")
    hostname: Text | None = Field(description="The kernel's host name.")
    release: Text | None = Field(description="The operating system, as os-release calls it.")
    libvirt: _Release | None = Field(description="The libvirt daemon's release, as 9.0.0.")
    qemu: _Release | None = Field(description="QEMU's release, as 7.2.22.")
    openssh: Text | None = Field(description="What `ssh -V` says.")


class Location(Contract):
    """A place in a host's file."""

    path: Annotated[str, AnyText(_PATH)] = Field(description="The file's absolute path on the host.")
    line: Annotated[int, Field(ge=1)] = Field(description="From 1.")
    column: Annotated[int, Field(ge=1)] = Field(description="In characters, from 1.")


class Finding(Contract):
    """What is wrong, and where."""

    host: Role | None = Field(description="The host that it is about; null when it is about none alone.")
    guest: Text | None = Field(description="The name of the guest that it is about, else null.")
    message: SomeText = Field(description="What is wrong, for a person.")
    location: Location | None = Field(
        description="The place of the value that is wrong, in a file of the host's; null when no file holds it."
    )
    predicted_error: Text | None = Field(
        description="Text that libvirt's or ssh's message would contain; null when none is known."
    )
    fix: Text | None = Field(
        description="What to do about this very finding; null when only the rule's general advice holds."
    )


#: What `Result` demands of fields together, for whoever reads the schema.
_TOGETHER: list[JsonValue] = [
    {
        "if": {"properties": {"outcome": {"const": "failed"}}},
        "then": {"properties": {"findings": {"minItems": 1}}},
    },
    {
        "if": {"properties": {"outcome": {"const": "passed"}}},
        "then": {"properties": {"reason": {"type": "null"}}},
    },
    {
        "if": {"properties": {"outcome": {"enum": ["unknown", "waived", "not-applicable"]}}},
        "then": {"properties": {"reason": {"type": "string"}}},
    },
    {
        "if": {"properties": {"outcome": {"enum": ["passed", "unknown", "not-applicable"]}}},
        "then": {"properties": {"findings": {"maxItems": 0}}},
    },
]


class Result(Contract):
    """One rule about one subject."""

    model_config = ConfigDict(json_schema_extra={"allOf": _TOGETHER})

    rule: Annotated[str, Field(pattern="^[a-z0-9]+(-[a-z0-9]+)*$")] = Field(
        description="The rule's name; `preflight explain` tells more."
    )
    subject: Annotated[str, AnyText(_SUBJECT)] = Field(
        description="What the rule was asked about: pair, source, destination, `guest NAME`; or guests, for all of them"
        " together, or where not even their list could be had."
    )
    severity: Severity = Field(
        description="That of the worst finding; the rule's own where there is none. error: the migration fails or is"
        " unsafe. warning: it works, but slower, riskier or outside the vendor's support. info: worth knowing."
    )
    outcome: Outcome = Field(
        description="passed: nothing was found. failed: see findings. unknown: a fact that the rule needs could not be"
        " had. waived: the user has accepted what was found. not-applicable: the rule says nothing about a migration of"
        " this kind."
    )
    reason: Text | None = Field(
        description="Why, for every outcome but passed; for failed only where something is unknown beside what was"
        " found. Else null."
    )
    findings: tuple[Finding, ...] = Field(description="What was found; empty unless failed or waived.")

    @model_validator(mode="after")
    def _belong_together(self) -> Self:
        given = self.reason is not None
        if self.outcome != "failed" and given is (self.outcome == "passed"):
            raise ValueError(f"{self.outcome}, and {'a' if given else 'no'} reason")
        found = bool(self.findings)
        if self.outcome != "waived" and found is not (self.outcome == "failed"):
            raise ValueError(f"{self.outcome}, and {'findings' if found else 'no finding'}")
        return self


class Guest(Contract):
    """One guest's own answer: its results and those about the hosts."""

    name: SomeText = Field(description="The guest's name.")
    verdict: Verdict = Field(description=_VERDICT)


class LimitName(Contract):
    """One of the limits."""

    name: str = Field(description="The limit's name, as in limits.")
    host: Role = Field(description=_ROLE)


class Limit(Contract):
    """One limit on one host."""

    name: Annotated[str, Field(min_length=1)] = Field(description="What limits, as its configuration file calls it.")
    host: Role = Field(description=_ROLE)
    configured: Count | None = Field(
        description="In the limit's own unit: clients, workers, ports, logins under way. Null when not known."
    )
    in_use: Count | None = Field(description="In the same unit, now. Null when not known.")
    allows: Count | None = Field(
        description="Migrations that it allows; null when it could not be read, so the true capacity may be lower."
    )


class Capacity(Contract):
    """How many migrations can be in flight together, as configured and as used now."""

    concurrent: Count | None = Field(
        description="Migrations in flight together, by the limits that could be read; null when none could."
    )
    burst: Count | None = Field(description="Migrations started at the same instant, likewise.")
    limited_by: LimitName | None = Field(
        description="The limit that stops the next migration in flight; null when none could be read."
    )
    limits: tuple[Limit, ...] = Field(description="Every limit in the path of a migration of this kind.")


class Report(Contract):
    """Whether guests can be migrated from one KVM host to another, and why not."""

    format: Literal[1] = Field(description="The version of this contract.")
    verdict: Verdict = Field(description=f"The answer of the whole check; the exit code says the same. {_VERDICT}")
    narrowed: bool = Field(
        description="Whether --select or --ignore left rules out: the verdict then says nothing of what those look for."
    )
    source: Host = Field(description="The host that guests would leave.")
    destination: Host = Field(description="The host that guests would go to.")
    results: tuple[Result, ...] = Field(
        description="What became of each rule about each subject that it concerns, in the order of rules, then of"
        " subjects."
    )
    guests: tuple[Guest, ...] = Field(
        description="Each guest that was judged, in the order in which it was named or listed; empty when the hosts"
        " alone were judged."
    )
    capacity: Capacity = Field(description="How many migrations these hosts take at a time.")


#: Reads a report.
REPORT = TypeAdapter(Report)
