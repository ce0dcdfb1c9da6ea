"""The changes of `preflight fix` for the person who is asked whether they are to be made."""

from collections.abc import Sequence

from preflight.fix.changes import Shown
from preflight.visible import clean, one_line


def render(shown: Sequence[Shown], _colour: bool) -> str:
    """Render each change as a diff, with what is run for it and what it risks."""
    return "".join(map(_described, shown))


def _described(shown: Shown) -> str:
    change = shown.change
    lines = [f"{one_line(change.host)}, for {', '.join(change.rules)}:\n", clean(change.diff)]
    lines += [f"  run:  {command}\n" for command in change.commands]
    lines += [f"  risk: {risk}\n" for risk in change.risks]
    if shown.by_cloud_init:
        where = one_line(" ".join(shown.by_cloud_init))
        lines.append(f"  risk: cloud-init rewrites /etc/hosts at each boot, by {where}; change its template too\n")
    return "".join([*lines, "\n"])
