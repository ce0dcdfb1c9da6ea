"""The report of `check --format json`: whether guests can be migrated, with the reasons. A public contract."""

import calendar
import re
import time
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import ConfigDict, Field, JsonValue, TypeAdapter, model_validator

from preflight.schema.document import Contract, Wrong
from preflight.schema.fields import AnyText, Count, Digest, Instant, RuleName, SomeText, Text, Version

#: The version of the contract. It changes only when something is removed or changes its meaning.
FORMAT: Final = 1

#: Values of `judge.report.Verdict` and `judge.report.Outcome`, `rule.Severity` and `request.migration.Role`; a test
#: compares them.
Verdict: TypeAlias = Literal["ready", "not-ready", "undetermined"]
Outcome: TypeAlias = Literal["passed", "failed", "unknown", "waived", "not-applicable"]
Severity: TypeAlias = Literal["error", "warning", "info"]
Role: TypeAlias = Literal["source", "destination"]
#: Values of `judge.guests.Skip`.
SkipReason: TypeAlias = Literal["off", "running", "left out"]
#: Values of `request.migration.Transport`, and of --fail-on and --unknown.
Transport: TypeAlias = Literal["ssh", "tls", "tcp", "unix"]
FailOn: TypeAlias = Literal["error", "warning", "never"]
OnUnknown: TypeAlias = Literal["fail", "warn"]
#: Values of `judge.report.Use`.
Use: TypeAlias = Literal["waives", "expired", "unused", "misnamed"]
#: Values of `capacity.limit.Scope`; a test compares them.
Scope: TypeAlias = Literal["in flight", "at once", "over one connection", "only waits"]

_PATH = re.compile("^/")
#: What would make something known that a document leaves open.
Resolve: TypeAlias = Annotated[
    Text | None,
    Field(
        description="The right or the command that would make it known, for people; null if nothing is unknown, or if"
        " docs/troubleshooting.md names none."
    ),
]
#: A number, or sshd's MaxStartups.
_VALUE = re.compile("^[0-9]{1,10}(:[0-9]{1,10}:[0-9]{1,10})?$")
_SUBJECT = re.compile("^(pair$|source$|destination$|guests$|guest )")
#: The release of a program, as three numbers.
_Release: TypeAlias = Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")]
_VERDICT = (
    "ready (exit code 0): no error was found, and no rule that could find one is unknown. not-ready (1): an error was"
    " found. undetermined (3): no error was found, but a rule that could find one is unknown."
)
_ROLE = "The host's role in the migration."


class Host(Contract):
    """One host. Every value except the name is null if it is not known."""

    name: SomeText = Field(description="The host, as the user named it.")
    hostname: Text | None = Field(description="The kernel's host name.")
    release: Text | None = Field(description="The operating system, as os-release calls it.")
    libvirt: _Release | None = Field(description="The libvirt daemon's release, such as 9.0.0.")
    qemu: _Release | None = Field(description="QEMU's release, such as 7.2.22.")
    openssh: Text | None = Field(description="The output of `ssh -V`.")
    no_login: Text | None = Field(description="The reason for every missing answer if the login failed, else null.")
    no_libvirt: Text | None = Field(
        default=None,
        description="The reason for every missing answer of libvirt if it could not be queried, else null.",
    )


class Location(Contract):
    """A place in a file on a host."""

    path: Annotated[str, AnyText(_PATH)] = Field(description="Absolute path of the file on the host.")
    line: Annotated[int, Field(ge=1)] = Field(description="Line number, from 1.")
    column: Annotated[int, Field(ge=1)] = Field(description="Column in characters, from 1.")


class Excerpt(Location):
    """A place in a file on a host, with the line that is there."""

    end_column: Annotated[int, Field(ge=1)] = Field(description="Column behind the last character of the value.")
    text: Text = Field(description="The whole line, without its newline; empty if a line is missing here.")


class Setting(Contract):
    """A setting in a file that `preflight fix` would write."""

    path: Annotated[str, AnyText(_PATH)] = Field(description="Absolute path of the file on the host.")
    key: SomeText = Field(description="Name of the setting.")
    value: int | Text = Field(description="Value of the setting.")


class HostsLine(Contract):
    """A line of /etc/hosts that `preflight fix` would write."""

    name: SomeText = Field(description="The host name.")
    address: SomeText = Field(description="The address of that name.")
    replaces: Text | None = Field(description="The wrong address that the file has for the name; null if it has none.")


class Finding(Contract):
    """A problem and its place."""

    host: Role | None = Field(description="The host that has the problem; null if it is not about a single host.")
    guest: Text | None = Field(description="The name of the guest that has the problem, else null.")
    severity: Severity = Field(description="Severity of this finding, which may be milder than that of its rule.")
    message: SomeText = Field(description="The problem, for people.")
    location: Excerpt | None = Field(
        description="The place of the wrong value in a file on the host; null if no file contains it."
    )
    predicted_error: Text | None = Field(
        description="Text that libvirt's or ssh's error message would contain; null if none is known."
    )
    fix: Text | None = Field(
        description="The remedy for this particular finding; null if only the rule's general advice applies."
    )
    change: Setting | HostsLine | None = Field(
        description="The change that `preflight fix` would make; null if it has none for this finding."
    )


#: The dependencies between the fields of `Result`, for readers of the schema.
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
    """The result of one rule for one host, for the pair of hosts, for one guest or for all guests."""

    model_config = ConfigDict(json_schema_extra={"allOf": _TOGETHER})

    rule: RuleName = Field(description="The name of the rule; `preflight explain` describes it.")
    subject: Annotated[str, AnyText(_SUBJECT)] = Field(
        description="What the result is about: pair, source, destination or `guest NAME`; or guests, for all of them"
        " together, or if not even the list of guests could be read."
    )
    severity: Severity = Field(
        description="Severity of the worst finding; the rule's own severity if there is none. error: the migration"
        " fails or is unsafe. warning: it works, but more slowly, with more risk or outside the vendor's support."
        " info: worth knowing."
    )
    outcome: Outcome = Field(
        description="passed: nothing was found. failed: see findings. unknown: a fact that the rule needs could not be"
        " read. waived: the user has accepted the findings. not-applicable: the rule does not concern a migration of"
        " this kind."
    )
    reason: Text | None = Field(
        description="The reason for every outcome except passed; for failed only if something is unknown besides the"
        " findings. Else null."
    )
    resolve: Resolve = None
    findings: tuple[Finding, ...] = Field(description="The findings; empty unless failed or waived.")

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
    """The verdict for one guest, from its own results and those about the hosts."""

    name: SomeText = Field(description="The guest's name.")
    verdict: Verdict = Field(description=_VERDICT)


class Skipped(Contract):
    """One guest of the source that was not judged, although it was not excluded by naming others."""

    name: SomeText = Field(description="The guest's name.")
    reason: SkipReason = Field(
        description="off, running: the guest is, and guests of the other kind were selected. left out: by --except."
    )


class LimitName(Contract):
    """Reference to one of the limits."""

    name: str = Field(description="Name of the limit, as in limits.")
    host: Role = Field(description=_ROLE)


class LimitSetting(Contract):
    """The setting that raises a limit."""

    path: Text = Field(description="Absolute path of the file that sets the limit, or would.")
    key: Text = Field(description="The key in that file.")
    value: Annotated[str, AnyText(_VALUE)] = Field(description="The value in use.")
    then: Text = Field(description="The action that makes a new value effective.")
    most: Count | None = Field(description="The greatest possible value; null if no bound matters.")


class Limit(Contract):
    """One limit in the path of a migration, on one host."""

    name: Annotated[str, Field(min_length=1)] = Field(description="The limit, as its configuration file calls it.")
    host: Role = Field(description=_ROLE)
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
    left: int | None = Field(
        description="The part that is free for migrations, in the limit's own unit; negative if more is in use than the"
        " limit allows. Null if not known."
    )
    allows: Count | None = Field(
        description="Migrations that the limit allows; null if it could not be read, so the true capacity may be lower."
    )
    burst: bool = Field(description="True if it limits only how many migrations start at the same instant.")
    reserve: Count = Field(description="The part of what it allows that should stay free.")
    seconds_apart: Annotated[float, Field(ge=0)] | None = Field(
        description="Seconds between two starts at which none is lost; null if it does not limit starts."
    )
    setting: LimitSetting | None = Field(description="The setting that raises it; null if none does.")
    beyond: Text | None = Field(description="The consequence for a migration beyond the limit; null if it is obvious.")
    reason: Text | None = Field(
        description="Why `allows` is not known; null if it is known, or if this entry sets no number."
    )
    resolve: Resolve = None


class ShortLimit(Contract):
    """A limit that falls short of the requested number of migrations, and the setting that raises it."""

    name: Annotated[str, Field(min_length=1)] = Field(description="Name of the limit, as in limits.")
    host: Role = Field(description=_ROLE)
    stops: bool = Field(
        description="True if fewer than requested can be in flight. False if fewer can start at the same instant, or if"
        " too few workers stay free for progress and abort."
    )
    allows: Count = Field(description="Migrations that the limit allows.")
    path: Text | None = Field(
        description="Absolute path of the file that sets the limit, or would; null if no setting raises it."
    )
    key: Text | None = Field(description="The key in that file.")
    value: Annotated[str, AnyText(_VALUE)] | None = Field(description="The value in use.")
    sufficient: Annotated[str, AnyText(_VALUE)] | None = Field(
        description="The least value that is sufficient for the request; null if there is none."
    )
    then: Text | None = Field(description="The action that makes a new value effective.")
    seconds_apart: Annotated[float, Field(ge=0)] | None = Field(
        description="Seconds between two starts at which none is lost; null if that does not help."
    )


class Capacity(Contract):
    """The number of migrations that can be in flight together, by the configuration and the present use."""

    concurrent: Count | None = Field(
        description="Migrations that can be in flight together, by the limits that could be read; null if none could."
    )
    burst: Count | None = Field(
        description="Migrations that can start at the same instant, by the limits that could be read; null if none"
        " could."
    )
    limited_by: LimitName | None = Field(
        description="The limit that stops the next migration in flight; null if none could be read."
    )
    requested: Count = Field(description="The requested number of concurrent migrations.")
    short: tuple[ShortLimit, ...] = Field(
        description="The limits that fall short of that number: first those for migrations in flight, then those for"
        " migrations that start at the same instant, each from the lowest."
    )
    limits: tuple[Limit, ...] = Field(description="Every limit in the path of a migration of this kind.")


class Rule(Contract):
    """A rule that was applied."""

    name: SomeText = Field(description="The name of the rule, as in results.")
    topic: SomeText = Field(description="The topic of the rule, such as login.")
    severity: Severity = Field(description="Severity of its findings, unless a finding is milder.")
    title: Text = Field(description="The problem that the rule looks for.")
    why: Text = Field(description="The reason why that matters.")
    fix: Text = Field(description="General advice on how to fix it.")


class Request(Contract):
    """The request of the check: what was to be migrated and how, and what was checked of it."""

    guests: tuple[Text, ...] = Field(description="The guests that were named; empty for all.")
    no_guests: bool = Field(description="True if only the hosts were checked.")
    offline: bool = Field(description="True if only guests that are off were checked.")
    as_they_are: bool = Field(
        description="True if guests that run and guests that are off were checked, each in its state: with --all, or if"
        " guests were named."
    )
    left_out: tuple[Text, ...] = Field(description="The guests that --except left out, as typed.")
    concurrency: Annotated[int, Field(ge=1)] = Field(description="Number of migrations started at the same time.")
    transport: Transport = Field(description="Transport of the control connection.")
    is_transport_given: bool = Field(description="True if the user gave that transport.")
    destination_uri: Text | None = Field(description="libvirt URI of the destination; null unless the user gave one.")
    options: tuple[Text, ...] = Field(
        description="The other options of the migration, as words of a command line; FILE stands for a file's path."
    )
    select: tuple[Text, ...] = Field(description="The rules and topics that were selected; empty for all.")
    ignore: tuple[Text, ...] = Field(description="The rules and topics that were left out.")
    probe: bool = Field(description="True if the destination opened a port for the source: --probe.")
    severity: tuple[Text, ...] = Field(description="The rules whose severity was changed, as RULE=SEVERITY.")
    thresholds: tuple[Text, ...] = Field(description="The rules whose threshold was changed, as RULE=NUMBER.")
    rules: tuple[Text, ...] = Field(description="The directories of further rules.")
    packs: tuple[Text, ...] = Field(description="The installed packs of further rules.")
    configuration: Text | None = Field(description="Path of the configuration file; null if there was none.")
    fail_on: FailOn = Field(description="The mildest finding that gives exit code 1.")
    unknown: OnUnknown = Field(description="fail if the verdict undetermined gives exit code 3, warn if it gives 0.")
    exit_zero: bool = Field(description="True if no finding gives exit code 1, whatever fail_on says.")


class Waiver(Contract):
    """An accepted risk: a waiver that is about these hosts, or names them otherwise, and whose rule was applied."""

    rule: SomeText = Field(description="The rule whose findings it accepts.")
    scope: Text = Field(description="The hosts or pairs of hosts that it is about, separated by commas.")
    reason: Text = Field(description="Why the findings are accepted.")
    expires: Annotated[str, Field(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$")] = Field(
        description="The last day on which it applies, in UTC."
    )
    ticket: Text = Field(description="The ticket that it is discussed in; empty if there is none.")
    file: Text = Field(description="Path of the file that it is in.")
    use: Use = Field(
        description="waives: it covers a finding. expired: it would, but its last day is over, so that the finding"
        " counts. unused: it covers none. misnamed: it names a host of the check with or without a domain, and the"
        " check does not, so that it covers none of its findings."
    )


class Session(Contract):
    """The login in which a host answered."""

    user: Text | None = Field(description="Name of the user on the host; null if the session did not name one.")
    root: Literal["login", "sudo"] = Field(
        description="How commands were run as root: login if the user is root, sudo if `sudo -n` ran them."
    )
    client: Text | None = Field(
        description="Address from which the login came, as the host saw it; null for this machine."
    )


class FileRead(Contract):
    """A configuration file that was read on a host."""

    path: Text = Field(description="Path of the file.")
    sha256: Digest = Field(
        description="SHA-256 of the text that was judged: the file's own, unless it is redacted or not UTF-8."
    )
    redacted: bool = Field(description="True if secrets in it were blanked out.")


class FileHere(Contract):
    """A file on the machine on which preflight ran: a snapshot, the configuration, or a site's own rules."""

    path: Text = Field(description="Path of the file.")
    sha256: Digest = Field(description="SHA-256 of the file.")


class Pack(Contract):
    """An installed pack of rules."""

    name: SomeText = Field(description="Name of the pack.")
    version: Text = Field(description="Version of its distribution; empty if it has none.")


class Taken(Contract):
    """When, where, by whom and with which versions a snapshot was taken."""

    at: Instant = Field(description="Time at which it was written.")
    machine: Text = Field(description="Host name of the machine on which preflight ran.")
    user: Text = Field(description="Name of the user who ran preflight.")
    version: Text = Field(description="Version of preflight.")
    packs: tuple[Pack, ...] = Field(description="The installed packs of rules whose questions were asked.")


class Answers(Contract):
    """The origin and the age of the answers of one host."""

    origin: Literal["live", "snapshot"] = Field(
        description="live: the host itself was asked. snapshot: a file that had been saved before."
    )
    file: Text | None = Field(
        description="The snapshot file, as it was given; null for a host that was asked, and for a destination whose"
        " answers are in the source's file.",
    )
    taken: Instant | None = Field(description="Time at which the host was asked; null if it is not known.")
    age: Count | None = Field(description="Seconds from then until the report was made; null if that is not known.")
    snapshot: Taken | None = Field(
        description="Who took the snapshot; null if it does not say so, or if the host itself was asked."
    )
    session: Session | None = Field(description="The login to the host; null if it is not known.")
    files: tuple[FileRead, ...] = Field(description="The configuration files that were read on the host, by path.")


class Provenance(Contract):
    """When, where, by whom and with which version the report was made, and how old the answers are.

    Nothing else in a report depends on these: the same snapshots give the same report except for this field.
    """

    made: Instant = Field(description="Time at which the report was made.")
    machine: Text = Field(description="Host name of the machine on which preflight ran.")
    user: Text = Field(description="Name of the user who ran preflight.")
    version: Version = Field(description="Version of preflight.")
    packs: tuple[Pack, ...] = Field(description="The installed packs of rules that were applied.")
    files: tuple[FileHere, ...] = Field(
        description="The files on that machine that the report depends on: snapshots, the configuration file, and rules"
        " of the site's own."
    )
    source: Answers = Field(description="The answers of the source.")
    destination: Answers = Field(description="The answers of the destination.")


class Report(Contract):
    """The verdict on migrating guests from one KVM host to another, with the reasons."""

    kind: Literal["report"] = Field(description="The kind of document.")
    format: Literal[1] = Field(description="The version of this contract.")
    verdict: Verdict = Field(description=f"The verdict of the whole check, which the exit code repeats. {_VERDICT}")
    narrowed: bool = Field(
        description="True if --select or --ignore left rules out: the verdict then does not cover what those rules"
        " check."
    )
    source: Host = Field(description="The host that guests would leave.")
    destination: Host = Field(description="The host that guests would move to.")
    results: tuple[Result, ...] = Field(
        description="The result of each rule for each host, pair of hosts or guest that it concerns, ordered by rule,"
        " then by subject."
    )
    guests: tuple[Guest, ...] = Field(
        description="Each guest that was judged, in the order in which it was named or listed; empty if only the hosts"
        " were judged."
    )
    skipped: tuple[Skipped, ...] = Field(
        description="The guests of the source that were not judged; empty if guests were selected by name."
    )
    capacity: Capacity = Field(description="The number of migrations that these hosts allow at a time.")
    rules: tuple[Rule, ...] = Field(description="Every rule that was applied, ordered by name.")
    waivers: tuple[Waiver, ...] = Field(
        description="The waivers that are about these hosts and whose rule was applied."
    )
    request: Request = Field(description="The request of the check.")
    exit_code: Literal[0, 1, 3] = Field(
        description="The exit code of the check: that of the verdict, unless fail_on, unknown or exit_zero change it."
    )
    provenance: Provenance | None = Field(
        description="When, where and by whom the report was made; null if the program that made it did not say."
    )


#: Reads a report.
REPORT = TypeAdapter(Report)


def instant_of(text: str) -> int:
    """Return the seconds since the epoch of an `Instant`; raises `Wrong` for a date that does not exist."""
    try:
        return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))
    except (ValueError, OverflowError):
        raise Wrong(f"{text} is not a time") from None
