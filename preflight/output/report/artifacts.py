"""The names under which reports for machines file a finding: a path, a line, and a fingerprint that stays the same.

Such reports are about files in a repository, and a host's file is in none. Its stable name is `hosts/HOST/PATH`, as if
the hosts' files were there. A finding that is about no file is filed under `hosts/HOST/libvirt`, one about a guest
under `hosts/HOST/guests/GUEST`, and one about neither host alone under `hosts/SOURCE/to/DESTINATION`.
"""

import re
from collections.abc import Iterator
from hashlib import sha256
from typing import NamedTuple

from preflight.judge.report import Outcome, Report, Result, RuleText
from preflight.output.report.problems import in_order, severity
from preflight.request.migration import Role
from preflight.rule import AnyChange, Change, Finding, Location, Severity
from preflight.visible import encodable, one_line

#: Whatever in a host's name could end a name of a directory, or begin a URI's scheme.
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
#: Subjects of results whose findings depend on one host alone.
_OF_ONE_HOST = ("source", "destination")


class Place(NamedTuple):
    """The path under which something is filed, and its location if that is the path of a file."""

    path: str
    at: Location | None = None

    @property
    def line(self) -> int:
        """Return the line, 1 where there is no file."""
        return 1 if self.at is None else self.at.line


class Filed(NamedTuple):
    """A finding with the name under which it is filed."""

    rule: RuleText
    finding: Finding
    severity: Severity
    place: Place
    #: The host, and the guest if there is one, by name.
    about: str
    #: The same for the same finding in every report, whatever its line and its numbers; unique in this report.
    fingerprint: str


def filed(report: Report) -> Iterator[Filed]:
    """Yield every finding, the worst first, each under a fingerprint of its own."""
    seen: dict[str, int] = {}
    failed = in_order(result for result in report.results if result.outcome is Outcome.FAILED)
    found = [(result, finding, severity(result, finding)) for result in failed for finding in result.findings]
    found.sort(key=lambda one: -one[2].rank)
    for result, finding, how_bad in found:
        host = report.source.name if finding.host is None else report.host(finding.host).name
        yield Filed(
            result.rule,
            finding,
            how_bad,
            place(report, result, finding),
            f"{host} {result.subject}" if result.guest else host,
            fingerprint(_key(report, result, finding), seen),
        )


def fingerprint(key: str, seen: dict[str, int]) -> str:
    """Return a fingerprint of the key, another one each time; `seen` counts the keys."""
    number = seen[key] = seen.get(key, 0) + 1
    return digest(key, str(number))


def place(report: Report, result: Result, finding: Finding | None) -> Place:
    """Return the place under which a finding is filed, or what is unknown about a subject."""
    role = None if finding is None else finding.host
    if role is None and result.subject in _OF_ONE_HOST:
        role = Role(result.subject)
    at = None if finding is None else finding.location
    if at is not None and (file := report.file(at.path)) is not None:
        return Place("/".join(_parts(file)), at)
    if role is not None or result.guest is not None:
        return on_host(report.host(role or Role.SOURCE).name, None if role is None else at, result.guest)
    if report.of_files and report.source.file is not None:
        return Place("/".join(_parts(report.source.file)))
    if not report.is_pair:
        return on_host(report.source.name)
    return between(report.source.name, report.destination.name)


def on_host(host: str, at: Location | None = None, guest: str | None = None) -> Place:
    """Return the place of something about a host: in a file, or about a guest, or neither."""
    if at is not None:
        return Place("/".join(("hosts", directory(host), *_parts(at.path))), at)
    if guest is not None:
        return Place(f"hosts/{directory(host)}/guests/{directory(guest)}")
    return Place(f"hosts/{directory(host)}/libvirt")


def between(source: str, destination: str) -> Place:
    """Return the place of something about neither host alone."""
    return Place(f"hosts/{directory(source)}/to/{directory(destination)}")


def directory(name: str) -> str:
    """Return a name as the name of a directory: a colon would be taken for the end of a scheme."""
    safe = _UNSAFE.sub("_", name)
    return safe if safe.strip(".") else "_"


def digest(*parts: str) -> str:
    """Return 32 hexadecimal digits that depend on these texts alone."""
    return sha256("\0".join(map(encodable, parts)).encode()).hexdigest()[:32]


def _parts(path: str) -> Iterator[str]:
    """Yield the parts of a path, none of which leads out of the host's directory."""
    for part in one_line(path).split("/"):
        if part not in ("", ".", ".."):
            yield part


def _key(report: Report, result: Result, finding: Finding) -> str:
    """Return the text that is the same for the same finding in every report: no line, and no message with numbers."""
    ends = (report.source.name, report.destination.name)
    if result.subject in _OF_ONE_HOST:
        ends = (report.host(Role(result.subject)).name, "")
    at = finding.location
    role = "" if finding.host is None else finding.host.value
    return "\0".join(
        (result.rule.name, *ends, result.subject, role, "" if at is None else at.path, setting(finding.change))
    )


def setting(change: AnyChange | None) -> str:
    """Return the name of the setting that a change is about; empty if there is none."""
    return change.key if isinstance(change, Change) else "" if change is None else change.name
