"""What came out of a check: values, no text for people."""

import enum
from collections.abc import Iterable, Iterator

from msgspec import Struct

from preflight.migration import Migration, Role
from preflight.rule import Finding, Location, Severity


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


class Scope(enum.StrEnum):
    """What a limit limits."""

    #: Migrations that run together.
    IN_FLIGHT = "in flight"
    #: Migrations that start at the same instant.
    BURST = "at once"
    #: Those that one program drives over one connection, or over one login.
    ONE_CONNECTION = "over one connection"
    #: None: who is beyond it waits for a moment. It is told so that nobody has to look for it.
    WAITS = "only waits"


class Limit(Struct, frozen=True):
    """One limit in the path of a migration, on one host, and how many migrations it allows.

    `configured` is the value in force and `in_use` what is taken of it now, in the limit's own unit (clients, workers,
    ports, unauthenticated connections); None where not known. `allows` is a number of migrations: None when it could
    not be read, and `reason` says why, or where it is none. A migration `takes` that much of it. `written` is the value
    as the file or the program has it, `at` its place; None for a default.
    """

    name: str
    host: Role
    configured: int | None
    in_use: int | None
    allows: int | None
    scope: Scope = Scope.IN_FLIGHT
    reason: str | None = None
    takes: int = 1
    #: So many of what it allows are better left free.
    reserve: int = 0
    written: str | None = None
    at: Location | None = None
    #: What happens to a migration more than it allows.
    beyond: str = ""

    @property
    def counts(self) -> bool:
        """Whether it is one of those that migrations with a connection each run into."""
        return self.scope in (Scope.IN_FLIGHT, Scope.BURST)

    @property
    def burst(self) -> bool:
        """Whether it limits only how many start at the same instant."""
        return self.scope is Scope.BURST


class Capacity(Struct, frozen=True):
    """How many migrations can be in flight, how many may start at the same instant, and what stops the next one."""

    limits: tuple[Limit, ...]
    #: Whether all numbers are each way, while as many go the other way.
    both_ways: bool = False

    @property
    def counted(self) -> tuple[Limit, ...]:
        """The limits that migrations with a connection each run into."""
        return tuple(limit for limit in self.limits if limit.counts)

    @property
    def binding(self) -> Limit | None:
        """The limit that stops the next migration in flight; the first of several equals."""
        return _lowest(limit for limit in self.limits if limit.scope is Scope.IN_FLIGHT)

    @property
    def concurrent(self) -> int | None:
        """How many can be in flight together, by the limits that could be read."""
        return None if self.binding is None else self.binding.allows

    @property
    def safe(self) -> int | None:
        """How many can be in flight and leave what should stay free, by the limits that could be read."""
        left = [
            max(0, limit.allows - limit.reserve)
            for limit in self.limits
            if limit.scope is Scope.IN_FLIGHT and limit.allows is not None
        ]
        return min(left, default=None)

    @property
    def next_binding(self) -> Limit | None:
        """The limit that would stop the next one if the binding one were raised."""
        binding = self.binding
        return _lowest(limit for limit in self.limits if limit.scope is Scope.IN_FLIGHT and limit is not binding)

    @property
    def burst_binding(self) -> Limit | None:
        """The limit that stops the next one of those started at the same instant."""
        return _lowest(self.counted)

    @property
    def burst(self) -> int | None:
        """How many may start at the same instant."""
        return None if self.burst_binding is None else self.burst_binding.allows

    @property
    def classic(self) -> int | None:
        """Red Hat's estimate: each migration takes two clients of max_clients, whichever host has fewer."""
        clients = [limit.configured for limit in self.limits if limit.name == "max_clients"]
        return None if None in clients or not clients else min(filter(None, clients), default=0) // 2

    @property
    def unread(self) -> tuple[Limit, ...]:
        """The limits that count and could not be read: the true number may be lower."""
        return tuple(limit for limit in self.counted if limit.allows is None)

    @property
    def over_one_connection(self) -> int | None:
        """How many a program may drive over one connection to the source's daemon; None when not known.

        More, and the daemon closes that connection after half a minute, which ends all of them.
        """
        requests = (limit for limit in self.limits if limit.name == "max_client_requests")
        return min((limit.allows for limit in requests if limit.allows is not None), default=None)


def _lowest(limits: Iterable[Limit]) -> Limit | None:
    return min(
        (limit for limit in limits if limit.allows is not None), key=lambda limit: limit.allows or 0, default=None
    )


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
