"""preflight/output/remedies.json: the tables of docs/troubleshooting.md, for reports to quote."""

import html
import json
import re
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "troubleshooting.md"
#: Letters of fixed text that a reason must have: fewer are another program's words.
LEAST = 6

_CELLS = re.compile(r"(?<!\\)\|")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


def remedies() -> str:
    """Return the reasons, in which "..." stands for what varies, each with what resolves it, as JSON."""
    rows = []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("| ") or line.startswith(("| Reason", "| ---")):
            continue
        _, reasons, remedy, _ = (html.unescape(cell.strip()).replace("\\|", "|") for cell in _CELLS.split(line))
        rows += [[text, _plain(remedy)] for text in reasons.split("<br>") if sum(map(str.isalpha, text)) >= LEAST]
    return json.dumps(rows, indent=1, ensure_ascii=False) + "\n"


def _plain(cell: str) -> str:
    """Return the text of a cell without the targets of its links, and without marks of code."""
    return _LINK.sub(r"\1", cell).replace("`", "")
