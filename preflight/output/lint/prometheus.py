"""The report on single hosts as gauges for the textfile collector of Prometheus's node exporter."""

from collections.abc import Iterable, Iterator

from preflight.judge.lint import HostReport, Linted
from preflight.judge.report import Outcome, Verdict
from preflight.output.report.problems import problems
from preflight.output.report.prometheus import Gauge, written
from preflight.rule import Severity


def render(linted: Linted, _colour: bool) -> str:
    """Return the gauges, each with its help and its type."""
    return written("preflight_host_", _gauges(linted))


def _gauges(linted: Linted) -> Iterator[Gauge]:
    gauges = (
        ("ready", "1 if the verdict on the host is READY, else 0.", _ready),
        ("findings", "Findings about the host by severity.", _findings),
        ("unknown_rules", "Rules whose facts could not be read.", _unknown),
        ("report_timestamp_seconds", "Time at which the host was linted.", _made),
    )
    for name, what, of in gauges:
        yield (
            name,
            what,
            [({"host": host.source.name, **labels}, value) for host in linted.hosts for labels, value in of(host)],
        )


def _ready(report: HostReport) -> Iterable[tuple[dict[str, str], float]]:
    yield {}, int(report.verdict is Verdict.READY)


def _findings(report: HostReport) -> Iterable[tuple[dict[str, str], float]]:
    found = problems(report.results)
    for severity in Severity:
        yield {"severity": severity.value}, sum(one.severity is severity for one in found)


def _unknown(report: HostReport) -> Iterable[tuple[dict[str, str], float]]:
    yield {}, len({one.rule.name for one in report.results if one.outcome is Outcome.UNKNOWN})


def _made(report: HostReport) -> Iterable[tuple[dict[str, str], float]]:
    if report.made is not None:
        yield {}, report.made.at
