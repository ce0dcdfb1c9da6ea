"""An audit in one line a cause: `HOST:PATH:LINE:COLUMN: severity rule: message (blocks N of M ways)`."""

from collections.abc import Iterator

from preflight.fleet.audited import Audited
from preflight.output.audit.causes import BETWEEN, Told, told
from preflight.output.audit.origin import in_one_line
from preflight.output.audit.text import numbers, verdict
from preflight.output.report.concise import name
from preflight.output.terminal import one_line

#: Hosts that are named before a cause.
_NAMED = 10


def render(audited: Audited, _colour: bool) -> str:
    """Return a line for each cause, the worst first, then the numbers, the origin and the verdict; none is wrapped."""
    return "\n".join(_lines(audited)) + "\n"


def _lines(audited: Audited) -> Iterator[str]:
    ways = sum(1 for _ in audited.matrix.ways)
    for one in told(audited):
        said = f"{_place(one)}: {one.kind} {one.group.rule.name}: {one.summary}"
        yield one_line(f"{said} ({one.effect(ways)})")
    yield f"# {numbers(audited.matrix)}"
    yield f"# {in_one_line(audited)}"
    yield verdict(audited, colour=False)


def _place(one: Told) -> str:
    """Return the hosts, or the place in a file if it is the only one."""
    hosts = one.group.hosts
    if not hosts:
        return BETWEEN
    places = {cause.location for cause in one.group.causes}
    if len(hosts) == 1 and len(places) == 1 and (at := places.pop()) is not None:
        return f"{name(hosts[0])}:{at.path}:{at.line}:{at.column}"
    more = f" and {len(hosts) - _NAMED} more" if len(hosts) > _NAMED else ""
    return ",".join(map(name, hosts[:_NAMED])) + more
