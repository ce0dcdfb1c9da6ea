"""When, where, by whom and with which options a report was made, and the age of its answers, in words."""

import time
from collections.abc import Iterable, Iterator

from preflight.judge.report import HostSummary, Made, Report
from preflight.output.report.next_step import arguments, at_once, connected, of_site, quoted, selection
from preflight.request.check_request import Asked, Gate
from preflight.request.migration import Role
from preflight.visible import many, one_line

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def instant(moment: int) -> str:
    """Return a moment, in seconds since the epoch, in UTC as RFC 3339 has it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def shown(moment: int) -> str:
    """Return a moment, in seconds since the epoch, for people."""
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(moment))


def lasting(seconds: int) -> str:
    """Return a duration for people, in its greatest unit, rounded down."""
    for unit, name in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute")):
        if seconds >= unit:
            return many(int(seconds // unit), name)
    return "less than a minute"


def made(report: Report) -> str:
    """Return when, where, by whom and with which version the report was made; empty if that is not known."""
    return "" if report.made is None else made_by(report.made)


def made_by(by: Made) -> str:
    """Return when, where, by whom and with which version a report was made."""
    return one_line(f"{shown(by.at)} by {by.user} on {by.machine}, preflight {by.version}{_with_packs(by.packs)}")


def _with_packs(packs: Iterable[tuple[str, str]]) -> str:
    return "".join(f", pack {name} {version}".rstrip() for name, version in packs)


def options(report: Report) -> str:
    """Return the options, the selection and the ignored rules, as words of a command line; empty if there are none."""
    asked = report.asked
    # a command that acts takes the guests as arguments, and one about single hosts takes none
    selected = selection(asked) if report.command == "check" else arguments(report) if report.is_pair else []
    words = [*selected, *report.own_options, *requested(asked)]
    gate = report.gate
    words += [
        word
        for option, value, default in (
            ("--fail-on", gate.fail_on, Gate().fail_on),
            ("--unknown", gate.unknown, Gate().unknown),
        )
        if value is not default
        for word in (option, value.value)
    ]
    words += ["--exit-zero"] if gate.exit_zero else []
    return " ".join(quoted(words))


def requested(asked: Asked) -> list[str]:
    """Return the options of a request other than those that select guests, as words of a command line."""
    words = [*at_once(asked, "--concurrency"), *connected(asked), *asked.method.typed]
    words += [word for rule in asked.select for word in ("--select", rule)]
    words += [word for rule in asked.ignore for word in ("--ignore", rule)]
    return words + of_site(asked)


def origin(report: Report) -> Iterator[tuple[str, str]]:
    """Yield a label and a text: who made the report and when, the age of its answers, and its options."""
    for label, text in (
        ("made", made(report)),
        ("answers", answers(report)),
        ("logins", logins(report)),
        ("read", read(report)),
        ("options", options(report)),
    ):
        if text:
            yield label, text


def in_one_line(report: Report) -> str:
    """Return the origin of the report in one line, for formats that have room for no more."""
    return "; ".join(f"{label} {text}" for label, text in origin(report))


def answers(report: Report) -> str:
    """Return where the answers come from and how old they are."""
    if not report.is_pair:
        return _answers(report, report.source)
    said: dict[str, list[str]] = {}
    for role in Role:
        said.setdefault(_answers(report, report.host(role)), []).append(role.value)
    return "; ".join(f"{' and '.join(roles)} {what}" for what, roles in said.items())


def _answers(report: Report, host: HostSummary) -> str:
    if not host.saved:
        return "asked for this report"
    if report.of_files:
        return f"from the files in {one_line(host.file or '')}"
    return ", ".join(("from a snapshot", *_taken(report, host)))


def _taken(report: Report, host: HostSummary) -> Iterator[str]:
    if host.taken is None:
        yield "whose age is not known"
        return
    yield f"taken {shown(host.taken)}"
    age = report.age(host)
    if age is not None:
        yield f"{lasting(age)} before this report"
    if host.made is not None:
        by = host.made
        yield one_line(f"by {by.user} on {by.machine} with preflight {by.version}{_with_packs(by.packs)}")


def logins(report: Report) -> str:
    """Return as whom and from where the hosts were logged in to; empty if that is not known of either."""
    said: dict[str, list[str]] = {}
    for role in Role:
        if text := login(report.host(role)):
            said.setdefault(text, []).append(role.value)
    return "; ".join(f"{' and '.join(roles)} {text}" for text, roles in said.items())


def login(host: HostSummary) -> str:
    """Return as whom and from where a host was logged in to; empty if that is not known."""
    if host.session is None:
        return ""
    user = host.session.user or ("root" if host.session.is_root else "a user")
    rights = "" if host.session.is_root else " with sudo"
    return f"as {user}{rights}" + (f" from {host.session.client}" if host.session.client else "")


def read(report: Report) -> str:
    """Return how many files were read on each host; empty if none was. Formats with room list them with digests."""
    read = {role: len(report.host(role).files) for role in Role}
    if len(set(read.values())) == 1 and (number := read[Role.SOURCE]):
        return f"{many(number, 'file')} on each host"
    return ", ".join(f"{many(number, 'file')} on the {role.value}" for role, number in read.items() if number)


def digests(report: Report) -> Iterator[tuple[str, str, str]]:
    """Yield place, path and SHA-256 of each file that was read, with a remark where secrets were blanked out."""
    for role in Role:
        for one in report.host(role).files:
            yield role.value, one.path, f"{one.sha256}{' (redacted)' if one.redacted else ''}"
    for path, sha256 in report.made.files if report.made else ():
        yield "this machine", path, sha256
