"""The results of a check, as values rather than text for people."""

import enum
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from preflight.answers import Taken
from preflight.capacity.limit import Capacity
from preflight.connection.files_read import FileRead
from preflight.facts.ssh.session import Session
from preflight.judge.guests import Skip
from preflight.request.check_request import Asked, Gate, Migration
from preflight.request.configured import Waiver
from preflight.request.migration import FailOn, OnUnknown, Role
from preflight.rule import Finding, Severity


class Outcome(enum.StrEnum):
    """The outcome of one rule for one subject."""

    PASSED = "passed"
    FAILED = "failed"
    #: A fact that the rule needs could not be read.
    UNKNOWN = "unknown"
    WAIVED = "waived"
    NOT_APPLICABLE = "not-applicable"


class Verdict(enum.StrEnum):
    """The verdict of the whole check, or on one guest."""

    READY = "ready"
    NOT_READY = "not-ready"
    UNDETERMINED = "undetermined"

    @property
    def exit_code(self) -> int:
        """Return 0 for ready, 1 for not ready, 3 for undetermined."""
        return {"ready": 0, "not-ready": 1, "undetermined": 3}[self.value]


#: The verdicts, the most severe first.
SEVERE = (Verdict.NOT_READY, Verdict.UNDETERMINED, Verdict.READY)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the most severe of these verdicts; READY if there is none."""
    return min(verdicts, key=SEVERE.index, default=Verdict.READY)


def best(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the least severe of these verdicts; NOT READY if there is none."""
    return max(verdicts, key=SEVERE.index, default=Verdict.NOT_READY)


class Decides:
    """The weight of an outcome: what has a rule's outcome, and the severity of what was found, decides by it."""

    __slots__ = ()

    outcome: "Outcome"
    severity: Severity

    @property
    def blocks(self) -> bool:
        """Report whether this alone makes the verdict NOT READY."""
        return self.outcome is Outcome.FAILED and self.severity is Severity.ERROR

    @property
    def obscures(self) -> bool:
        """Report whether this rules out the verdict READY, since a blocker may hide behind it."""
        return self.outcome is Outcome.UNKNOWN and self.severity is Severity.ERROR


class RuleText(Struct, frozen=True):
    """A rule's name and documentation, for printing a result."""

    name: str
    #: The rule's subject, which is the name of its folder, such as `login`.
    topic: str
    title: str
    why: str
    fix: str
    #: The severity of its findings, unless a finding is milder.
    severity: Severity


#: The subject of a result about all judged guests together rather than one of them; also of a result about each guest
#: if not even their list could be read.
ALL_GUESTS = "guests"


class Result(Decides, Struct, frozen=True):
    """The result of one rule for one subject.

    `subject` is "pair", "source", "destination", "guest NAME" or `ALL_GUESTS`. `severity` is that of the worst finding,
    or the rule's own if there is none. `reason` is set for every outcome except passed; for failed only if something
    is unknown in addition to the findings.
    """

    rule: RuleText
    subject: str
    severity: Severity
    outcome: Outcome
    reason: str | None = None
    findings: tuple[Finding, ...] = ()
    guest: str | None = None


class Use(enum.StrEnum):
    """The effect of a waiver on one check."""

    WAIVES = "waives"
    #: It would cover a finding, but its last day is over, so that the finding counts.
    EXPIRED = "expired"
    #: It is about these hosts and covers no finding.
    UNUSED = "unused"
    #: It names one of these hosts with or without a domain, other than the check does, and so does not cover it.
    MISNAMED = "misnamed"


class Applied(Struct, frozen=True):
    """A waiver that is about the hosts of a check, or seems to be meant for them, and its effect."""

    waiver: Waiver
    use: Use


class Gap(Struct, frozen=True):
    """One cause for which most of what a host is asked for is unknown, so that it is reported once."""

    #: The hosts; several if both have the same reason.
    roles: tuple[Role, ...]
    #: The end of the reason of everything that is unknown because of it.
    why: str
    #: The hosts and the cause, unless a finding has the cause.
    text: str
    #: The gap as the cause of a verdict: "the missing login to host2".
    name: str
    #: The results that it leaves open; none if no rule needed the answers.
    results: tuple[Result, ...]

    def leaves_open(self, role: Role, reason: str | None) -> bool:
        """Report whether something about a host is unknown for this reason alone."""
        return role in self.roles and (reason or "").endswith(self.why)


class HostSummary(Struct, frozen=True):
    """A host as the report names it; a field is None if it is not known."""

    name: str
    hostname: str | None = None
    release: str | None = None
    libvirt: str | None = None
    qemu: str | None = None
    openssh: str | None = None
    #: The reason for every missing answer if the login failed: a text with the host's name, a colon and the cause.
    no_login: str | None = None
    #: The reason for every missing answer of libvirt if it could not be queried: a clause, a colon and the cause.
    no_libvirt: str | None = None
    #: True if the answers come from a snapshot rather than from the host itself.
    saved: bool = False
    #: The snapshot file, as it was given; None for a host that was asked, and for a destination in the source's file.
    file: str | None = None
    #: Time at which the host was asked, in whole seconds since the epoch; None if its answers do not say so.
    taken: int | None = None
    #: Who took the snapshot; None if it does not say so, or if there is none.
    made: Taken | None = None
    #: The user of the login and the address that it came from; None if they are not known.
    session: Session | None = None
    #: The files that were read on the host.
    files: tuple[FileRead, ...] = ()
    #: The host name or address that guests' memory is sent to, by an inventory; None for none.
    migration_address: str | None = None


class GuestVerdict(Struct, frozen=True):
    """The verdict on one guest: from its results and those about the hosts."""

    name: str
    verdict: Verdict


class Made(Struct, frozen=True):
    """When, on which machine, by whom and with which version of preflight a report was made."""

    #: Whole seconds since the epoch.
    at: int
    machine: str
    user: str
    version: str
    #: Installed packs of rules that were applied, each with its version.
    packs: tuple[tuple[str, str], ...] = ()
    #: Path and SHA-256 of the files on this machine that the report depends on; empty unless the report has a format
    #: that shows them.
    files: tuple[tuple[str, str], ...] = ()


class Report(Struct, frozen=True):
    """The report of a whole check."""

    migration: Migration
    source: HostSummary
    destination: HostSummary
    results: tuple[Result, ...]
    guests: tuple[GuestVerdict, ...]
    capacity: Capacity
    #: The request that was checked.
    asked: Asked
    #: True if some rules were skipped, so that READY does not cover the problems that they look for.
    narrowed: bool = False
    #: Guests of the source that are not among the selected ones, by the reason.
    skipped: Mapping[Skip, tuple[str, ...]] = {}
    #: The rules that were applied, sorted by name.
    rules: tuple[RuleText, ...] = ()
    #: The site's waivers that are about these hosts and whose rule was applied.
    waivers: tuple[Applied, ...] = ()
    gate: Gate = Gate()
    #: Who made the report and when; None where nobody asks. The judge reads no clock: its caller adds this.
    made: Made | None = None

    @property
    def command(self) -> str:
        """Return the command of preflight that made the report."""
        return "check"

    @property
    def is_pair(self) -> bool:
        """Report whether there are two hosts, between which guests are migrated."""
        return True

    @property
    def of_files(self) -> bool:
        """Report whether the host is a directory of its files."""
        return False

    def file(self, path: str) -> str | None:  # noqa: ARG002 - for files that are no host yet
        """Return the path under which a reader finds a file of a host; None if it is on the host itself."""
        return None

    @property
    def own_options(self) -> tuple[str, ...]:
        """Return the options that only that command has, as words of a command line."""
        return ()

    @property
    def remark(self) -> str:
        """Return what the line with the verdict says in addition to the numbers; empty for a check."""
        return ""

    @property
    def verdict(self) -> Verdict:
        """Return the verdict; a proven blocker outranks an unknown."""
        return judge(self.results)

    @property
    def exit_code(self) -> int:
        """Return the exit code: that of the verdict, unless `gate` says otherwise."""
        gate = self.gate
        if gate.fail_on is not FailOn.NEVER and not gate.exit_zero:
            mildest = Severity(gate.fail_on.value).rank
            if any(one.outcome is Outcome.FAILED and one.severity.rank >= mildest for one in self.results):
                return Verdict.NOT_READY.exit_code
        obscured = gate.unknown is OnUnknown.FAIL and any(one.obscures for one in self.results)
        return (Verdict.UNDETERMINED if obscured else Verdict.READY).exit_code

    def age(self, host: HostSummary) -> int | None:
        """Return the age of a host's answers in seconds when the report was made; None if it is not known."""
        if self.made is None or (host.saved and host.taken is None):
            return None
        return max(0, self.made.at - (self.made.at if host.taken is None else host.taken))

    def host(self, role: Role) -> HostSummary:
        """Return the host in this role."""
        return self.source if role is Role.SOURCE else self.destination

    def at(self, role: Role, path: str) -> str:
        """Return a file of a host as people read it: with the host's name, if it is on the host."""
        return self.file(path) or f"{self.host(role).name}:{path}"

    def gaps(self) -> tuple[Gap, ...]:
        """Return what leaves most of a host unknown: a login that failed, a libvirt that could not be queried."""
        unknown = [one for one in self.results if one.outcome is Outcome.UNKNOWN]
        gaps: list[Gap] = []
        for roles, why, name, said in self._silences():
            due = tuple(one for one in unknown if (one.reason or "").endswith(why))
            seen = {id(one) for one in due}
            unknown = [one for one in unknown if id(one) not in seen]
            cause = why.partition(": ")[2]
            text = said if self._names(cause) else f"{said}: {cause}"
            gaps.append(Gap(roles, why, text, name, due))
        return tuple(gaps)

    def _silences(self) -> Iterator[tuple[tuple[Role, ...], str, str, str]]:
        """Yield the hosts, the reason, its name as a cause, and its text without the cause."""
        roles = tuple(Role) if self.is_pair else (Role.SOURCE,)  # a host alone has both roles
        without_libvirt: dict[str, list[Role]] = {}
        for role in roles:
            host = self.host(role)
            if host.no_login is not None:
                yield (role,), host.no_login, f"the missing login to {host.name}", host.no_login.partition(": ")[0]
            if host.no_libvirt is not None:
                without_libvirt.setdefault(host.no_libvirt, []).append(role)
        for why, mute in without_libvirt.items():  # where both hosts say the same, no reason tells them apart
            names = " and ".join(self.host(role).name for role in mute)
            yield (
                tuple(mute),
                why,
                f"the missing answers of libvirt on {names}",
                f"libvirt on {names} could not be queried",
            )

    def _names(self, cause: str) -> bool:
        """Report whether a finding has the cause in its text or in the error that it predicts."""
        found = (finding for one in self.results if one.outcome is Outcome.FAILED for finding in one.findings)
        return any(cause in finding.message or cause in (finding.predicted_error or "") for finding in found)


def judge(results: Iterable[Result]) -> Verdict:
    """Return the verdict that follows from these results."""
    undetermined = False
    for result in results:
        if result.blocks:
            return Verdict.NOT_READY
        undetermined = undetermined or result.obscures
    return Verdict.UNDETERMINED if undetermined else Verdict.READY


def judge_each(results: Iterable[Result], guests: Iterable[str]) -> Iterator[tuple[str, Verdict]]:
    """Yield each guest's verdict: from the results about the guest and those about the hosts.

    Results are sorted by guest first: searching all results for each of 2,000 guests took a minute.
    """
    own: dict[str | None, list[Result]] = {}
    for result in results:
        if result.subject != ALL_GUESTS:
            own.setdefault(result.guest, []).append(result)
    of_hosts = judge(own.get(None, ()))
    for guest in guests:
        yield guest, worst((of_hosts, judge(own.get(guest, ()))))
