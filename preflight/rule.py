"""All that a rule's author needs: the decorator, severities, and how to say what is wrong and where."""

import enum
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TypeAlias, TypeVar

from msgspec import Struct

from preflight.answers import Unreadable
from preflight.facts.text.located import Located, Location
from preflight.request.applicability import (
    unless_data_over_tls,
    unless_disks_host_is_given,
    unless_live,
    unless_name_is_announced,
    unless_offline,
    unless_over_network,
    unless_over_rdma,
    unless_over_tls,
    unless_peer_to_peer,
    unless_several_over_ssh,
    unless_storage_is_copied,
    without_data_connection,
)
from preflight.request.migration import Migration, Role, Transport

__all__ = [
    "AnyChange",
    "Change",
    "Finding",
    "Findings",
    "HostsLine",
    "Location",
    "Migration",
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
    "unless_disks_host_is_given",
    "unless_live",
    "unless_name_is_announced",
    "unless_offline",
    "unless_over_network",
    "unless_over_rdma",
    "unless_over_tls",
    "unless_peer_to_peer",
    "unless_several_over_ssh",
    "unless_storage_is_copied",
    "without_data_connection",
]


T = TypeVar("T")


class Severity(enum.StrEnum):
    """How bad a finding is, decided by what really happens in the lab."""

    #: The migration fails, or is unsafe for the guest.
    ERROR = "error"
    #: It works, but slower, riskier or outside the vendor's support.
    WARNING = "warning"
    #: Worth knowing.
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for INFO, 1 for WARNING, 2 for ERROR."""
        return ("info", "warning", "error").index(self.value)


class Change(Struct, frozen=True):
    """One setting of libvirt's or sshd's files that cures a finding."""

    path: str
    key: str
    value: int | str


class HostsLine(Struct, frozen=True):
    """A name that /etc/hosts is to lead to an address, which cures a finding.

    `replaces` is the wrong address that the file gives to the name now, as it is written there; None where it gives
    none. Other names of that address keep it.
    """

    name: str
    address: str
    replaces: str | None = None

    @property
    def path(self) -> str:
        """The one file that it can be about."""
        return "/etc/hosts"


#: What `preflight fix` can write.
AnyChange: TypeAlias = Change | HostsLine


class Finding(Struct, frozen=True):
    """What is wrong and where; the runner adds which rule said it and about which guest.

    `host` is None when the finding is about the host that a rule of one `host` was asked about.
    `predicted_error` is text that libvirt's or ssh's message will contain.
    `severity` is given only where this finding is milder than its rule. `change` is what `preflight fix` would write.
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
    """A finding about the one host that the rule was asked about (its parameter is called `host`).

    `at` is the value that is wrong, or its place; `error` the text that libvirt or ssh will give.
    """
    location = at.at if isinstance(at, Located) else at
    return Finding(message, role, location, error, fix, severity, change)


def of_each(things: Iterable[T], judge: Callable[[T], Iterable[Finding]]) -> Findings:
    """Yield what is found about each thing; what could not be read of one is raised once all are judged.

    Of several the last is the reason: one `Unreadable` makes the whole rule unknown.
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
    """What `@rule` leaves in a rule file: the function, how bad its findings are, and when it applies."""

    check: Check
    severity: Severity
    #: None when the rule always applies; else it says why it does not apply to this migration, or None.
    skip: Callable[[Migration], str | None] | None = None
    #: Messages of libvirt, QEMU or ssh by which users meet the problem, beside those that findings predict.
    errors: tuple[str, ...] = ()


def rule(
    severity: Severity,
    *,
    skip: Callable[[Migration], str | None] | None = None,
    errors: Iterable[str] = (),
) -> Callable[[Check], RuleBody]:
    """Mark a rule file's `check` function.

    The function's parameters say what it needs: the name says whose fact it is (`source`, `destination`, `source_x`,
    `destination_x`, `host` for a rule that is asked about each host alone, `guest`, `guests` for all that are judged,
    `migration`), the type says which. `guest` is the guest as it will be on the destination, `source_guest` as it is:
    `--dname` and `--xml` may change it.
    `skip` answers why the rule has nothing to say about a migration of this kind, or None when it has.
    `errors` are messages of libvirt, QEMU or ssh that the problem leads to and that no finding gives as a text of its
    own, the most typical first, with `...` for names, paths and numbers. `preflight explain` finds the rule by them.
    """

    def mark(check: Check) -> RuleBody:
        return RuleBody(check, severity, skip, tuple(errors))

    return mark
