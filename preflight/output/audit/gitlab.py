"""An audit as GitLab's Code Quality JSON: an issue for each cause, at its place."""

from collections.abc import Iterator
from typing import Any

from preflight.fleet.audited import Audited
from preflight.output.audit.artifacts import filed, key, place
from preflight.output.audit.origin import in_one_line
from preflight.output.report.artifacts import fingerprint
from preflight.output.report.gitlab import OF_UNKNOWN, SEVERITIES, issue, text, with_origin


def render(audited: Audited, _colour: bool) -> str:
    """Return the list of issues, the worst first."""
    return text(with_origin(_issues(audited), in_one_line(audited)))


def _issues(audited: Audited) -> Iterator[dict[str, Any]]:
    for one in filed(audited):
        yield issue(one.finding.message, one.rule.name, one.fingerprint, SEVERITIES[one.severity], one.place)
    matrix = audited.matrix
    seen: dict[str, int] = {}
    for cause, met in zip(matrix.causes, matrix.met_by(), strict=True):
        if cause.obscures:
            yield issue(
                f"unknown, which leaves {len(met)} ways open: {cause.text}",
                cause.rule.name,
                fingerprint(key(matrix, cause, met), seen),
                OF_UNKNOWN,
                place(matrix, cause, met),
            )
