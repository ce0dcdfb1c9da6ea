"""The steps of `migrate --resume`, for the person who decides whether to take them."""

from collections.abc import Sequence

from preflight.migrate.outlook import Outlook
from preflight.output.terminal import width, wrapped
from preflight.visible import one_line


def text(outlooks: Sequence[Outlook]) -> str:
    """Return a line for each guest."""
    columns = width()
    lines = ["what will be done, by what the hosts say now:"]
    for outlook in outlooks:
        steps = ", then ".join(outlook.steps) or "nothing"
        why = f" ({one_line(outlook.why)})" if outlook.why else ""
        lines += wrapped(f"  {one_line(outlook.name)}: {one_line(steps)}{why}", width=columns, indent=4)
    return "\n".join(lines) + "\n"


def age(seconds: float) -> str:
    """Return how long ago something was, in the largest unit that is precise enough."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit} ago"
    return f"{seconds:.0f} s ago" if seconds >= 0 else "in the future, by this machine's clock"
