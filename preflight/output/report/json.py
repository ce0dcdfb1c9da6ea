"""The report as JSON: a public contract, described by docs/report.schema.json."""

import json

from preflight.capacity.limit import Capacity
from preflight.judge.report import HostSummary, Report, Result
from preflight.rule import Finding
from preflight.visible import escaped

#: The version of the contract. It changes only when something is removed or changes its meaning.
FORMAT = 1
#: Results that are turned to text at once, and what stands around them.
_AT_ONCE = 1000
_OPEN, _CLOSE = '{\n  "results": [\n', "\n  ]\n}"


def render(report: Report, _colour: bool) -> str:
    """The report as indented JSON with a final newline."""
    # a few results at a time: the values of 200,000, and the pieces of their text, would take half a GiB
    some = range(0, len(report.results), _AT_ONCE)
    results = [_text({"results": [*map(_result, report.results[at : at + _AT_ONCE])]}) for at in some]
    listed = ",\n".join(text.removeprefix(_OPEN).removesuffix(_CLOSE) for text in results)
    whole = f"{_OPEN}{listed}{_CLOSE}" if results else _text({"results": []})
    head, tail = _text(_head(report)), _text(_tail(report))
    return "".join((head.removesuffix("\n}"), ",", whole[1:].removesuffix("\n}"), ",", tail[1:], "\n"))


def _text(values: dict[str, object]) -> str:
    return escaped(json.dumps(values, indent=2, ensure_ascii=False))


def _head(report: Report) -> dict[str, object]:
    return {
        "format": FORMAT,
        "verdict": report.verdict.value,
        "narrowed": report.narrowed,
        "source": _host(report.source),
        "destination": _host(report.destination),
    }


def _tail(report: Report) -> dict[str, object]:
    return {
        "guests": [{"name": guest.name, "verdict": guest.verdict.value} for guest in report.guests],
        "capacity": _capacity(report.capacity),
    }


def _host(host: HostSummary) -> dict[str, object]:
    return {
        "name": host.name,
        "hostname": host.hostname,
        "release": host.release,
        "libvirt": host.libvirt,
        "qemu": host.qemu,
        "openssh": host.openssh,
    }


def _result(result: Result) -> dict[str, object]:
    return {
        "rule": result.rule.name,
        "subject": result.subject,
        "severity": result.severity.value,
        "outcome": result.outcome.value,
        "reason": result.reason,
        "findings": [_finding(finding, result.guest) for finding in result.findings],
    }


def _finding(finding: Finding, guest: str | None) -> dict[str, object]:
    at = finding.location
    return {
        "host": finding.host.value if finding.host else None,
        "guest": guest,
        "message": finding.message,
        "location": {"path": at.path, "line": at.line, "column": at.column} if at else None,
        "predicted_error": finding.predicted_error,
        "fix": finding.fix,
    }


def _capacity(capacity: Capacity) -> dict[str, object]:
    binding = capacity.binding
    return {
        "concurrent": capacity.concurrent,
        "burst": capacity.burst,
        "limited_by": {"name": binding.name, "host": binding.host.value} if binding else None,
        "limits": [
            {
                "name": limit.name,
                "host": limit.host.value,
                "configured": limit.configured,
                "in_use": limit.in_use,
                "allows": limit.allows,
            }
            for limit in capacity.counted
        ],
    }
