"""Sets and lists to which rules add the sources of packets.

If each of these rules blocks the packet too, as those for sources to be kept out do, no packet adds to it that would
otherwise pass, and it is what it is now.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any


def filled(rules: Iterable[Sequence[Any]], added_to: Callable[[str, Any], str | None]) -> dict[str, bool]:
    """Return the names to which the rules add, and whether each rule that adds to a name blocks the packet as well.

    A rule is given by its statements; `added_to` returns the name to which a statement adds, by its kind and its body.
    """
    found: dict[str, bool] = {}
    for statements in rules:
        for position, statement in enumerate(statements):
            for kind, body in statement.items():
                if (name := added_to(kind, body)) is not None:
                    found[name] = found.get(name, True) and _block(statements[position + 1 :])
    return found


def _block(statements: Sequence[Any]) -> bool:
    """Report whether every packet that gets as far as these statements of a rule is blocked by them."""
    for statement in statements:
        (kind, body), *_ = statement.items()
        if kind in ("drop", "reject"):
            return True
        if kind not in ("counter", "log") and not (kind == "set" and "stmt" not in body):
            return False
    return False
