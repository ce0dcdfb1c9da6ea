"""Errors that `preflight fix` does not fix, each with the reason and the step for a person."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from msgspec import Struct

from preflight.judge.report import Outcome, Result
from preflight.request.migration import Role
from preflight.rule import Finding, Severity

_NOT_ITS_OWN = (
    "preflight changes only /etc/hosts, limits and the announced name in libvirt's configuration, and limits of sshd;"
    " this problem is elsewhere"
)
_NOT_CERTAIN = "preflight knows no line or value that is certain to fix the problem"


class Unmended(Struct, frozen=True):
    """One error that remains: its rule, its subject, why it is not fixed, and the step for a person."""

    rule: str
    #: The host or the guest that it concerns; "both hosts" if it concerns the pair.
    subject: str
    message: str
    why: str
    step: str


def unmended(
    results: Iterable[Result],
    able: Collection[str],
    failed: Mapping[tuple[Role, str], str],
    hosts: Mapping[Role, str],
) -> tuple[Unmended, ...]:
    """Return the errors that no change fixes, each once.

    `able` are the rules that may ask for a change, `failed` the files that cannot be changed, with the reasons.
    """
    found = (
        Unmended(
            result.rule.name, _subject(result, finding, hosts), finding.message, why, finding.fix or result.rule.fix
        )
        for result in results
        for finding in _errors(result)
        if (why := _why(result, finding, able, failed)) is not None
    )
    return tuple(dict.fromkeys(found))


def _errors(result: Result) -> Iterator[Finding]:
    """Yield the findings that make the verdict NOT READY: one without a severity has the severity of its rule."""
    if result.outcome is Outcome.FAILED and result.severity is Severity.ERROR:
        yield from (one for one in result.findings if one.severity in (None, Severity.ERROR))


def _why(result: Result, finding: Finding, able: Collection[str], failed: Mapping[tuple[Role, str], str]) -> str | None:
    """Return why an error is not fixed; None if a change fixes it."""
    if finding.change is None or finding.host is None:
        return _NOT_CERTAIN if result.rule.name in able else _NOT_ITS_OWN
    return failed.get((finding.host, finding.change.path))


def _subject(result: Result, finding: Finding, hosts: Mapping[Role, str]) -> str:
    if finding.host is not None:
        host = hosts[finding.host]
        return host if result.guest is None else f"{host}, guest {result.guest}"
    return "both hosts" if result.subject == "pair" else result.subject
