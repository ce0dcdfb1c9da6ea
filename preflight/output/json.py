"""The report as JSON: a public contract, described by docs/report.schema.json."""

import json

from preflight.report import Capacity, HostSummary, Report, Result
from preflight.rule import Finding
from preflight.visible import escaped

#: The version of the contract. It changes only when something is removed or changes its meaning.
FORMAT = 1


def render(report: Report, _colour: bool) -> str:
    """The report as indented JSON with a final newline."""
    text = json.dumps(as_dict(report), indent=2, ensure_ascii=False)
    return escaped(text) + "\n"


def as_dict(report: Report) -> dict[str, object]:
    """The report as plain values."""
    return {
        "format": FORMAT,
        "verdict": report.verdict.value,
        "narrowed": report.narrowed,
        "source": _host(report.source),
        "destination": _host(report.destination),
        "results": [_result(result) for result in report.results],
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
