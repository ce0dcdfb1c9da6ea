"""What came out of a check: values, no text for people."""

import enum
from collections.abc import Iterable, Iterator

from msgspec import Struct

from preflight.capacity.limit import Capacity
from preflight.request.check_request import Asked
from preflight.request.migration import Migration, Role
from preflight.rule import Finding, Severity


class Outcome(enum.StrEnum):
    """What became of one rule about one subject."""

    PASSED = "passed"
    FAILED = "failed"
    #: A fact that the rule needs could not be had.
    UNKNOWN = "unknown"
    WAIVED = "waived"
    NOT_APPLICABLE = "not-applicable"


class Verdict(enum.StrEnum):
    """The answer of the whole check, or for one guest."""

    READY = "ready"
    NOT_READY = "not-ready"
    UNDETERMINED = "undetermined"

    @property
    def exit_code(self) -> int:
        """0 ready, 1 not ready, 3 undetermined."""
        return {"ready": 0, "not-ready": 1, "undetermined": 3}[self.value]


class RuleText(Struct, frozen=True):
    """A rule's name and what its documentation says, for whoever prints a result."""

    name: str
    #: The folder that the rule lies in, such as `sshd`.
    topic: str
    title: str
    why: str
    fix: str


#: The subject of what concerns all guests that are judged together and none of them alone; also of what would be said
#: of each, where not even their list could be had.
ALL_GUESTS = "guests"


class Result(Struct, frozen=True):
    """One rule about one subject.

    `subject` is "pair", "source", "destination", "guest NAME" or `ALL_GUESTS`. `severity` is that of the worst finding,
    and the rule's own where it has none. `reason` is given for every outcome but passed; for failed only where
    something is unknown beside what was found.
    """

    rule: RuleText
    subject: str
    severity: Severity
    outcome: Outcome
    reason: str | None = None
    findings: tuple[Finding, ...] = ()
    guest: str | None = None

    @property
    def blocks(self) -> bool:
        """Whether this alone makes the verdict NOT READY."""
        return self.outcome is Outcome.FAILED and self.severity is Severity.ERROR

    @property
    def obscures(self) -> bool:
        """Whether this keeps the verdict from being READY, since a blocker may hide behind it."""
        return self.outcome is Outcome.UNKNOWN and self.severity is Severity.ERROR


class HostSummary(Struct, frozen=True):
    """A host as the report names it; None where it is not known."""

    name: str
    hostname: str | None = None
    release: str | None = None
    libvirt: str | None = None
    qemu: str | None = None
    openssh: str | None = None
    #: What is said in place of each answer where it could not be logged in to: its name, and behind a colon the cause.
    no_login: str | None = None


class GuestVerdict(Struct, frozen=True):
    """One guest's own answer: its results and those about the hosts."""

    name: str
    verdict: Verdict


class Report(Struct, frozen=True):
    """A whole check."""

    migration: Migration
    source: HostSummary
    destination: HostSummary
    results: tuple[Result, ...]
    guests: tuple[GuestVerdict, ...]
    capacity: Capacity
    #: What was asked to be checked.
    asked: Asked
    #: Whether some rules were left out, so that READY says nothing of what they look for.
    narrowed: bool = False

    @property
    def verdict(self) -> Verdict:
        """A proven blocker outranks an unknown."""
        return judge(self.results)

    def host(self, role: Role) -> HostSummary:
        """The host in this role."""
        return self.source if role is Role.SOURCE else self.destination

    def without_login(self, host: HostSummary) -> tuple[Result, ...]:
        """The results that are unknown because the host could not be logged in to: one cause, to be said once."""
        why = host.no_login
        if why is None:
            return ()
        unknown = (one for one in self.results if one.outcome is Outcome.UNKNOWN)
        return tuple(one for one in unknown if (one.reason or "").endswith(why))

    def no_login(self, host: HostSummary) -> str:
        """Say that the host could not be logged in to, with the cause unless a finding gives it."""
        said, _, cause = (host.no_login or "").partition(": ")
        failed = (one for one in self.results if one.outcome is Outcome.FAILED)
        given = any(cause in finding.message for one in failed for finding in one.findings)
        return said if given else f"{said}: {cause}"


def judge(results: Iterable[Result]) -> Verdict:
    """The verdict that these results give."""
    undetermined = False
    for result in results:
        if result.blocks:
            return Verdict.NOT_READY
        undetermined = undetermined or result.obscures
    return Verdict.UNDETERMINED if undetermined else Verdict.READY


def judge_each(results: Iterable[Result], guests: Iterable[str]) -> Iterator[tuple[str, Verdict]]:
    """Each guest's own verdict: that of the results about it and of those about the hosts.

    Those are sorted by guest first: to look at all results for each of 2,000 guests took a minute.
    """
    own: dict[str | None, list[Result]] = {}
    for result in results:
        if result.subject != ALL_GUESTS:
            own.setdefault(result.guest, []).append(result)
    of_hosts = judge(own.get(None, ()))
    for guest in guests:
        verdicts = {of_hosts, judge(own.get(guest, ()))}
        yield guest, next(one for one in (Verdict.NOT_READY, Verdict.UNDETERMINED, Verdict.READY) if one in verdicts)
