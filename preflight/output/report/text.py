"""The report for a person at a terminal: worst last, then what limits how many at once, then the verdict."""

from collections.abc import Iterable, Iterator

from preflight.capacity.limit import Limit
from preflight.judge.report import Outcome, Report, Result, Verdict
from preflight.output.terminal import excerpt, labelled, one_line, padded, paint, places, width
from preflight.request.migration import Role
from preflight.rule import Finding, Severity

#: What stands in place of the guests' verdicts: nothing is ready that was not looked at.
NO_GUEST = "no guest was judged: what follows is about the hosts alone"

_COLOUR = {"error": "red", "warning": "yellow", "info": "blue", "unknown": "yellow"}


def render(report: Report, colour: bool) -> str:
    """The report as lines of text with a final newline."""
    columns = width()
    lines = [one_line(_host(report, "source")), one_line(_host(report, "destination")), ""]
    failed = [result for result in report.results if result.outcome is Outcome.FAILED]
    for severity in (Severity.INFO, Severity.WARNING):
        lines += _all_findings(report, failed, severity, columns, colour)
    lines += _unknowns(report, columns, colour)
    lines += _all_findings(report, failed, Severity.ERROR, columns, colour)
    lines += _guests(report, colour)
    lines += _capacity(report, columns)
    lines += ["", _verdict(report, colour)]
    return "\n".join(lines) + "\n"


def _host(report: Report, end: str) -> str:
    host = report.source if end == "source" else report.destination
    known = [host.release, host.libvirt and f"libvirt {host.libvirt}", host.qemu and f"QEMU {host.qemu}", host.openssh]
    described = ", ".join(part for part in known if part) or "nothing is known of it"
    return f"{end + ':':<13}{host.name}  ({described})"


def _name(report: Report, finding: Finding) -> str:
    if finding.host is None:
        return ""
    return report.source.name if finding.host.value == "source" else report.destination.name


def _all_findings(
    report: Report, failed: list[Result], severity: Severity, columns: int | None, colour: bool
) -> Iterator[str]:
    for result in failed:
        if result.severity is not severity:
            continue
        about = "" if result.guest is None else f" ({result.subject})"
        for finding in result.findings:
            label = paint(f"{severity.value}:", _COLOUR[severity.value], "bold", colour=colour)
            tag = paint(f"[{result.rule.name}]", "dim", colour=colour)
            yield f"{label} {one_line(finding.message + about)}  {tag}"
            at = finding.location
            if at is not None:
                place = f"  --> {one_line(_name(report, finding))}:{one_line(at.path)}:{at.line}:{at.column}"
                if at.text:
                    yield place
                    yield from excerpt(at.text, at.column, at.end_column, at.line)
                else:
                    yield f"{place} (where a line is missing)"
            elif finding.host is not None:  # a default stands in no file, and both hosts may have it
                yield f"  --> {one_line(_name(report, finding))}"
            if result.rule.why:
                yield from labelled("why", " ".join(result.rule.why.split()), width=columns)
            if finding.predicted_error:
                yield from labelled("libvirt", finding.predicted_error, width=columns)
            yield from labelled("fix", finding.fix or " ".join(result.rule.fix.split()), width=columns)
            yield ""


def _unknowns(report: Report, columns: int | None, colour: bool) -> Iterator[str]:
    """Grouped by reason: one host that cannot be looked into leaves many rules undecided."""
    reasons: dict[str, list[Result]] = {}
    of_login = {role: report.without_login(report.host(role)) for role in Role}
    told = {id(result) for results in of_login.values() for result in results}
    for result in report.results:
        if result.outcome is Outcome.UNKNOWN and id(result) not in told:
            reasons.setdefault(result.reason or "", []).append(result)
    listed = [
        (report.no_login(report.host(role)), results, f"{counted(results)}; --format json names them")
        for role, results in of_login.items()
        if results
    ]
    listed += [(reason, tuple(results), _named(results)) for reason, results in reasons.items()]
    for reason, results, left_open in listed:
        decisive = any(result.obscures for result in results)
        label = paint("unknown:", _COLOUR["unknown"], "bold", colour=colour)
        yield f"{label} {one_line(reason)}"
        yield from labelled("left open", left_open, width=columns, column=11)
        if not decisive:
            yield from labelled("", "none of these could make it NOT READY", width=columns, column=11)
        yield ""


def counted(results: Iterable[Result]) -> str:
    """How many rules these are the results of."""
    rules = len({result.rule.name for result in results})
    return f"{rules} {'rule' if rules == 1 else 'rules'}"


def _named(results: Iterable[Result]) -> str:
    return ", ".join(
        sorted({f"{result.rule.name} ({result.subject})" if result.guest else result.rule.name for result in results})
    )


def _guests(report: Report, colour: bool) -> Iterator[str]:
    if not report.guests:
        yield from (NO_GUEST, "")
        return
    wide = max(places(one_line(guest.name)) for guest in report.guests)
    for guest in report.guests:
        yield f"guest {padded(one_line(guest.name), wide)}  {_word(guest.verdict, colour)}"
    yield ""


def _capacity(report: Report, columns: int | None) -> Iterator[str]:
    capacity, asked = report.capacity, report.migration.concurrency
    if capacity.concurrent is None:
        yield from labelled("capacity", "not known: no limit could be read", width=columns, indent=0, column=10)
    else:
        binding, at_most = capacity.binding, "at most " if capacity.unread else ""
        assert binding is not None
        text = (
            f"{at_most}{capacity.concurrent} migrations at once (limited by {binding.name} on the {binding.host.value})"
        )
        if capacity.safe is not None and capacity.safe < capacity.concurrent:
            text += f", {at_most}{capacity.safe} with workers left for progress and abort"
        first = capacity.burst_binding
        if first is not None and first.allows is not None and first.allows < capacity.concurrent:
            text += f", {at_most}{first.allows} started at the same instant ({first.name} on the {first.host.value})"
        yield from labelled("capacity", text + f"; asked for: {asked}", width=columns, indent=0, column=10)
    yield from _unread(report, columns)


def _unread(report: Report, columns: int | None) -> Iterator[str]:
    groups: dict[tuple[Role, str | None], list[Limit]] = {}
    for limit in report.capacity.unread:
        no_login = report.host(limit.host).no_login
        of_login = no_login is not None and (limit.reason or "").endswith(no_login)
        groups.setdefault((limit.host, None if of_login else limit.name), []).append(limit)
    for (role, alone), limits in groups.items():
        why = limits[0].reason if alone else report.no_login(report.host(role))
        text = f"{', '.join(limit.name for limit in limits)} on the {role.value}: {why}"
        yield from labelled("unread", text, width=columns, indent=10, column=8)


def _word(verdict: Verdict, colour: bool) -> str:
    words = {
        Verdict.READY: ("READY", "green"),
        Verdict.NOT_READY: ("NOT READY", "red"),
        Verdict.UNDETERMINED: ("UNDETERMINED", "yellow"),
    }
    text, style = words[verdict]
    return paint(text, style, "bold", colour=colour)


def _verdict(report: Report, colour: bool) -> str:
    failed = [result for result in report.results if result.outcome is Outcome.FAILED]
    count = {
        "error": sum(result.severity is Severity.ERROR for result in failed),
        "warning": sum(result.severity is Severity.WARNING for result in failed),
        "unknown": sum(result.outcome is Outcome.UNKNOWN for result in report.results),
        "passed": sum(result.outcome is Outcome.PASSED for result in report.results),
    }
    plural = {"error": "errors", "warning": "warnings", "unknown": "unknown", "passed": "passed"}
    counted = ", ".join(f"{number} {word if number == 1 else plural[word]}" for word, number in count.items())
    ends = one_line(f"{report.source.name} -> {report.destination.name}")
    scope = "; only selected rules were judged" if report.narrowed else ""
    return f"{_word(report.verdict, colour)}  {ends}: {counted}{scope}"
