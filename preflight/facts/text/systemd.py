"""The output of `systemctl show` about several units."""

import re
from collections.abc import Iterator, Mapping


def units_shown(text: str) -> Iterator[Mapping[str, str]]:
    """Yield the properties of each unit that is shown; an empty line separates units."""
    for block in re.split(r"\n[ \t]*\n", text):
        shown = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        if "Id" in shown:
            yield shown
