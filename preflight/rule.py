"""Everything that the author of a rule needs: the decorator, severities and findings."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TypeAlias, TypeVar

from msgspec import Struct

from preflight.answers import Unreadable
from preflight.facts.fact import OPTIONAL, Fact, Question, Record
from preflight.facts.text.located import Located, Location
from preflight.request.applicability import (
    unless_data_over_tls,
    unless_disks_are_sent_elsewhere,
    unless_disks_host_is_given,
    unless_libvirt_migrates,
    unless_live,
    unless_name_is_announced,
    unless_offline,
    unless_over_network,
    unless_over_rdma,
    unless_over_ssh,
    unless_over_tls,
    unless_peer_to_peer,
    unless_several_over_ssh,
    unless_storage_is_copied,
    without_data_connection,
)
from preflight.request.check_request import Migration
from preflight.request.migration import Role, Transport
from preflight.request.severity import Severity

__all__ = [
    "OPTIONAL",
    "AnyChange",
    "Change",
    "Fact",
    "Finding",
    "Findings",
    "HostsLine",
    "Location",
    "Migration",
    "Question",
    "Record",
    "Role",
    "RuleBody",
    "Severity",
    "Transport",
    "Unreadable",
    "of_each",
    "on_destination",
    "on_host",
    "on_source",
    "rule",
    "unless_data_over_tls",
    "unless_disks_are_sent_elsewhere",
    "unless_disks_host_is_given",
    "unless_libvirt_migrates",
    "unless_live",
    "unless_name_is_announced",
    "unless_offline",
    "unless_over_network",
    "unless_over_rdma",
    "unless_over_ssh",
    "unless_over_tls",
    "unless_peer_to_peer",
    "unless_several_over_ssh",
    "unless_storage_is_copied",
    "without_data_connection",
]


T = TypeVar("T")


class Change(Struct, frozen=True):
    """A setting in a file of libvirt or sshd that fixes a finding."""

    path: str
    key: str
    value: int | str


class HostsLine(Struct, frozen=True):
    """A line of /etc/hosts that maps a name to an address, which fixes a finding.

    `replaces` is the wrong address that the file now has for the name, as written there; None if it has none. Other
    names of that address keep it.
    """

    name: str
    address: str
    replaces: str | None = None

    @property
    def path(self) -> str:
        """Return the path of the hosts file."""
        return "/etc/hosts"


#: A change that `preflight fix` can make.
AnyChange: TypeAlias = Change | HostsLine


class Finding(Struct, frozen=True):
    """A problem and its place; the runner adds the rule and the guest.

    `host` is None if the finding is about the host to which a rule with a `host` parameter is applied.
    `predicted_error` is text that the message of libvirt or ssh will contain.
    `severity` is set only if this finding is milder than its rule. `change` is what `preflight fix` would write.
    """

    message: str
    host: Role | None = None
    location: Location | None = None
    predicted_error: str | None = None
    fix: str | None = None
    severity: Severity | None = None
    change: AnyChange | None = None


Findings: TypeAlias = Iterator[Finding]
At: TypeAlias = Located[object] | Location | None


def on_host(
    message: str,
    *,
    at: At = None,
    error: str | None = None,
    fix: str | None = None,
    severity: Severity | None = None,
    change: AnyChange | None = None,
    role: Role | None = None,
) -> Finding:
    """Return a finding about the host to which the rule is applied (its parameter is called `host`).

    `at` is the wrong value, or its place; `error` is text that the message of libvirt or ssh will contain.
    """
    location = at.at if isinstance(at, Located) else at
    return Finding(message, role, location, error, fix, severity, change)


def of_each(things: Iterable[T], judge: Callable[[T], Iterable[Finding]]) -> Findings:
    """Yield the findings about each thing; if one could not be read, raise `Unreadable` after all are judged.

    If several could not be read, the last one is raised: one `Unreadable` makes the whole rule unknown.
    """
    unknown: Unreadable | None = None
    for thing in things:
        try:
            yield from judge(thing)
        except Unreadable as why:
            unknown = why
    if unknown is not None:
        raise unknown


on_source = partial(on_host, role=Role.SOURCE)
on_destination = partial(on_host, role=Role.DESTINATION)

Check: TypeAlias = Callable[..., Iterable[Finding]]


class RuleBody(Struct, frozen=True):
    """The value that `@rule` leaves in a rule file: the function, its severity, and when it applies."""

    check: Check
    severity: Severity
    #: Returns why the rule does not apply to a migration, or None if it applies; None if the rule always applies.
    skip: Callable[[Migration], str | None] | None = None
    #: Messages of libvirt, QEMU or ssh by which users meet the problem, in addition to those that findings predict.
    errors: tuple[str, ...] = ()
    #: True if a migration despite a finding can lose, overwrite or confuse a guest's data.
    guards_data: bool = False
    #: True if its findings pass on a host's own refusal, which other rules may explain.
    quotes: bool = False
    #: The value of the parameter `threshold: float`, unless a site sets another; None if the rule has none.
    threshold: float | None = None


def rule(
    severity: Severity,
    *,
    skip: Callable[[Migration], str | None] | None = None,
    errors: Iterable[str] = (),
    guards_data: bool = False,
    quotes: bool = False,
    threshold: float | None = None,
) -> Callable[[Check], RuleBody]:
    """Mark a rule file's `check` function.

    The function's parameters declare what it needs. A parameter's name says whose fact it is: `source`, `destination`,
    `source_x`, `destination_x`, `host` for a rule that is applied to each host alone, `guest`, `guests` for all guests
    that are judged, `migration`. Its type says which fact. `guest` is the guest as it will be on the destination,
    `source_guest` the guest as it is: `--dname` and `--xml` may change it.
    `skip` answers why the rule has nothing to say about a migration of this kind, or None when it has.
    `errors` are messages of libvirt, QEMU or ssh that the problem leads to and that no finding gives as a text of its
    own, the most typical first, with `...` for names, paths and numbers. `preflight explain` finds the rule by them.
    `guards_data` says that a migration despite a finding can lose, overwrite or confuse a guest's data: a site can
    neither waive such a rule nor lower its severity.
    `quotes` says that findings predict a host's own refusal: the rules of the same report that predict it too are named
    in the finding.
    `threshold` is the default of a number that sites differ about; the function takes it as `threshold: float`.
    """

    def mark(check: Check) -> RuleBody:
        return RuleBody(check, severity, skip, tuple(errors), guards_data, quotes, threshold)

    return mark
