"""The report as gauges for the textfile collector of Prometheus's node exporter.

The collector refuses timestamps, so the time is a gauge. No label is taken from a host but the names of the two ends:
neither messages nor guests, whose number has no bound. Who made the check, and with which options as
typed, is in the labels of a gauge of its own.
"""

import calendar
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from preflight.judge.report import Applied, Made, Outcome, Report, Verdict
from preflight.output.report import provenance
from preflight.output.report.problems import problems
from preflight.request.migration import Role
from preflight.rule import Severity
from preflight.visible import clean

#: Seconds of a day.
_DAY = 86_400

_Sample: TypeAlias = tuple[Mapping[str, str], float]
#: The name of a gauge, its help, and its samples.
Gauge: TypeAlias = tuple[str, str, Sequence[_Sample]]


def render(report: Report, _colour: bool) -> str:
    """Return the gauges, each with its help and its type."""
    return text(report)


def text(report: Report, *more: Gauge) -> str:
    """Return the report's gauges and more of them: each has a name, its help and its samples."""
    ends = {"source": report.source.name, "destination": report.destination.name}
    return written("preflight_", (*_gauges(report), *more), ends)


def written(prefix: str, gauges: Iterable[Gauge], labels: Mapping[str, str] | None = None) -> str:
    """Return gauges whose names have a prefix, and whose samples all have these labels."""
    return "".join(f"{line}\n" for line in _lines(prefix, gauges, labels or {}))


def _lines(prefix: str, gauges: Iterable[Gauge], of_all: Mapping[str, str]) -> Iterator[str]:
    for name, what, samples in gauges:
        if samples:
            yield f"# HELP {prefix}{name} {what}"
            yield f"# TYPE {prefix}{name} gauge"
        for labels, value in samples:
            yield _sample(f"{prefix}{name}", {**of_all, **labels}, value)


def _sample(name: str, labels: Mapping[str, str], value: float) -> str:
    """Return the line of one sample."""
    shown = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
    return f"{name}{{{shown}}} {value}" if shown else f"{name} {value}"


def _gauges(report: Report) -> Iterator[Gauge]:
    found = problems(report.results)
    verdict = report.verdict
    yield "ready", "1 if the verdict is READY, else 0.", [({}, int(verdict is Verdict.READY))]
    yield (
        "verdict",
        "1 for the verdict that the check gave, 0 for the others.",
        [({"verdict": one.value}, int(one is verdict)) for one in Verdict],
    )
    by_severity = Counter(one.severity for one in found)
    yield "findings", "Findings by severity.", [({"severity": one.value}, by_severity[one]) for one in Severity]
    by_rule = Counter((one.rule.name, one.severity.value) for one in found)
    yield (
        "rule_findings",
        "Findings by rule, for rules that found something.",
        [({"rule": rule, "severity": severity}, count) for (rule, severity), count in sorted(by_rule.items())],
    )
    unknown = {one.rule.name for one in report.results if one.outcome is Outcome.UNKNOWN}
    yield "unknown_rules", "Rules whose facts could not be read.", [({}, len(unknown))]
    yield (
        "waiver_expiry_timestamp_seconds",
        "The end of the last day of each waiver that is about these hosts.",
        [({"rule": one.waiver.rule, "use": one.use.value}, end) for one, end in _last(report)],
    )
    guests = Counter(one.verdict for one in report.guests)
    yield "guests", "Guests by verdict.", [({"verdict": one.value}, guests[one]) for one in Verdict]
    capacity = report.capacity
    if capacity.concurrent is not None:
        yield "capacity_migrations", "Migrations that can be in flight together.", [({}, capacity.concurrent)]
    if report.made is not None:
        yield (
            "report_info",
            "Always 1, with the machine, the user and the version that made the report, and the options.",
            [(_info(report, report.made), 1)],
        )
        yield "report_timestamp_seconds", "Time at which the check was made.", [({}, report.made.at)]
    taken: list[_Sample] = [
        ({"role": role.value}, host.taken) for role in Role if (host := report.host(role)).taken is not None
    ]
    yield "answers_timestamp_seconds", "Time at which each host was asked.", taken


def _info(report: Report, made: Made) -> Mapping[str, str]:
    """Return the labels that say who made the report and how; they change only with the job that makes it."""
    return {
        "machine": made.machine,
        "user": made.user,
        "version": made.version,
        "command": report.command,
        "options": provenance.options(report),
    }


def _last(report: Report) -> Iterator[tuple[Applied, int]]:
    """Yield for each rule and use the waiver that expires first: its hosts are patterns, and no label."""
    first: dict[tuple[str, str], Applied] = {}
    for one in sorted(report.waivers, key=lambda one: one.waiver.expires):
        first.setdefault((one.waiver.rule, one.use.value), one)
    for one in first.values():
        year, month, day = map(int, one.waiver.expires.split("-"))
        yield one, calendar.timegm((year, month, day, 0, 0, 0)) + _DAY


def _escaped(text: str) -> str:
    return clean(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
