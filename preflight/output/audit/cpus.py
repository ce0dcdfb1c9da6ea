"""The CPUs that the hosts of an audit have in common, in words, as all formats for people show them."""

from collections.abc import Iterator, Sequence

from preflight.fleet.audited import Audited
from preflight.fleet.baseline import CLOSING, OPENING, Baseline
from preflight.output.terminal import listed
from preflight.visible import many, one_line

#: The reason of a host that is down, of which more is said elsewhere.
_DOWN = "no login"


def heading(one: Baseline, audited: Audited, names: Sequence[str]) -> str:
    """Return which hosts have a CPU in common: by their names, if they are not all hosts."""
    kind = " ".join(filter(None, (one.kind.vendor, one.kind.arch)))
    hosts = many(len(one.hosts), "host")
    which = f"all {hosts}"
    if len(one.hosts) < len(audited.matrix.hosts):
        which = f"{hosts} ({listed([names[number] for number in one.hosts])})"
    return f"the CPU that {which} can give {one.kind.virt_type} guests ({kind})"


def in_lines(one: Baseline, width: int) -> Iterator[str]:
    """Yield the element `<cpu>`, with as many children in a line as fit."""
    yield OPENING
    line = ""
    for child in one.elements:
        if line and len(line) + len(child) + 3 > width:
            yield f"  {line}"
            line = ""
        line = f"{line} {child}".strip()
    yield f"  {line}"
    yield CLOSING


def left_out(audited: Audited, names: Sequence[str]) -> Iterator[str]:
    """Yield the hosts that are left out, those with the same reason together."""
    reasons: dict[str, list[str]] = {}
    for one in audited.baselines.left_out:
        is_down = audited.matrix.hosts[one.host].no_login is not None
        reasons.setdefault(_DOWN if is_down else one_line(one.reason), []).append(names[one.host])
    for reason, hosts in reasons.items():
        yield f"without a common CPU: {listed(hosts)}: {reason}"


def freed(audited: Audited, names: Sequence[str]) -> Iterator[str]:
    """Yield the guests that a common CPU would free, those of a host that could go to the same hosts together."""
    guests: dict[tuple[int, tuple[int, ...]], list[str]] = {}
    for one in audited.baselines.freed:
        guests.setdefault((one.host, one.destinations), []).append(one.guest)
    for (host, destinations), those in guests.items():
        to = listed([names[number] for number in destinations])
        yield f"guests of {names[host]} that could go to {to} after a restart with that CPU: {listed(those)}"
