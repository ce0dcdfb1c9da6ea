"""An audit as workflow commands, which GitHub Actions shows as annotations: one for each cause, the worst first."""

from collections.abc import Iterator

from preflight.fleet.audited import Audited
from preflight.output.audit.artifacts import place
from preflight.output.audit.causes import BETWEEN, Told, told
from preflight.output.audit.origin import in_one_line
from preflight.output.audit.text import numbers, verdict
from preflight.output.report.github import annotation, shortened
from preflight.output.terminal import listed
from preflight.rule import Severity


def render(audited: Audited, _colour: bool) -> str:
    """Return the commands and, as lines of the log, the numbers, the origin and the verdict."""
    ending = (numbers(audited.matrix), in_one_line(audited), verdict(audited, colour=False))
    return "\n".join((*shortened(_commands(audited)), *ending)) + "\n"


def _commands(audited: Audited) -> Iterator[str]:
    ways = sum(1 for _ in audited.matrix.ways)
    for one in told(audited):
        if one.is_decisive or one.kind in ("warning", "info"):
            yield _command(audited, one, ways)


def _command(audited: Audited, one: Told, ways: int) -> str:
    group, first = one.group, one.group.causes[0]
    said = [f"{listed(one.hosts) or BETWEEN}: {one.summary}", one.effect(ways)]
    if first.predicted_error:
        said.append(f"libvirt: {first.predicted_error}")
    if one.help:
        said.append(": ".join(one.help))
    is_unknown = one.kind == "unknown"
    severity = Severity.ERROR if is_unknown else group.severity
    where = place(audited.matrix, first, sorted(group.ways))
    return annotation(severity, said, where, "unknown" if is_unknown else group.rule.name)
