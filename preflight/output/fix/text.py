"""The changes of `preflight fix` for the person who decides whether to make them."""

from collections.abc import Sequence

from preflight.fix.changes import Shown
from preflight.output.terminal import labelled, width
from preflight.visible import clean, one_line


def render(shown: Sequence[Shown], _colour: bool) -> str:
    """Return each change as a diff, with its risks and the commands that put it into effect."""
    return "".join(map(_described, shown))


def _described(shown: Shown) -> str:
    change = shown.change
    risks = list(change.risks)
    if shown.by_cloud_init:
        where = one_line(" ".join(shown.by_cloud_init))
        risks.append(f"cloud-init rewrites /etc/hosts at each boot, by {where}; change its template too")
    lines = [f"  run:  {command}" for command in change.commands]
    lines += (part for risk in risks for part in labelled("risk", risk, width=width(), column=6))
    head = f"{one_line(change.host)}, for {', '.join(change.rules)}:\n"
    return "".join([head, clean(change.diff), *(f"{line}\n" for line in lines), "\n"])
