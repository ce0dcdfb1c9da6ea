"""An audit as tables: a row for each cause, and a row for each host."""

from preflight.fleet.audited import Audited
from preflight.output.audit.causes import BETWEEN, told
from preflight.output.audit.names import short_names
from preflight.output.audit.origin import origin
from preflight.output.audit.sums import sums
from preflight.output.audit.text import common_cpus, left_over, numbers, verdict
from preflight.output.terminal import columns, labelled, listed, one_line, width, wrapped


def render(audited: Audited, _colour: bool) -> str:
    """Return a table of causes, one of hosts, the guests and hosts that are left over, the origin and the verdict."""
    wide = width()
    names = short_names(audited.matrix)
    causes = [
        (
            one.kind,
            one.group.rule.name,
            listed(one.hosts) or BETWEEN,
            str(len(one.group.ways)),
            str(one.group.alone) if one.is_decisive else "",
            one_line(one.summary),
        )
        for one in told(audited)
    ]
    hosts = [
        (
            names[number],
            str(one.leaving),
            str(one.leaving_ready),
            str(one.arriving),
            str(one.arriving_ready),
        )
        for number, one in sums(audited.matrix).items()
    ]
    parts = [
        *columns([("kind", "rule", "hosts", "ways", "alone", "finding or reason"), *causes], width=wide),
        "",
        *columns([("host", "ways from it", "READY", "ways to it", "READY"), *hosts], width=wide),
        "",
        *left_over(audited, wide),
        *common_cpus(audited, wide),
        *wrapped(numbers(audited.matrix), width=wide),
        *(part for label, said in origin(audited) for part in labelled(label, said, width=wide, indent=0)),
        "",
        verdict(audited, colour=False),
    ]
    return "\n".join(parts) + "\n"
