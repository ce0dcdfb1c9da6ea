"""docs/troubleshooting.md has a row for each reason for which a fact is unknown."""

import ast
import html
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from preflight.output.remedies import remedy
from tools.remedies import remedies

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "troubleshooting.md"
#: Letters that a reason must have in addition to what it quotes; otherwise the words are another program's.
LEAST = 6
#: Reasons of `fix` for which a change cannot be computed are no unknowns of a report.
LEFT_OUT = ROOT / "preflight" / "fix"

#: Files of `lint --files` that are not read are unknown, too.
OF_FILES = ROOT / "preflight" / "collect" / "directory.py"


def reasons(tree: ast.AST, error: str = "Unreadable") -> Iterator[str]:
    """Yield the texts of an error in a module, with X where a value stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == error and node.args:
            (text,) = node.args
            parts = text.values if isinstance(text, ast.JoinedStr) else [text]
            known = [str(part.value) if isinstance(part, ast.Constant) else "X" for part in parts]
            if sum(map(str.isalpha, "".join(known).replace("X", ""))) >= LEAST:
                yield "".join(known)


def patterns(page: str) -> list[re.Pattern[str]]:
    """Return the first cells of a page's tables; `...` in a cell stands for any text."""
    cells = [line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| ")]
    texts = [html.unescape(text) for cell in cells for text in cell.split("<br>")]
    own = [text for text in texts if sum(map(str.isalpha, text)) >= LEAST]
    return [re.compile(".*".join(map(re.escape, text.split("...")))) for text in own]


@cache
def said() -> list[str]:
    """Return every reason in the program."""
    found = {
        reason
        for folder in ("preflight", "rules")
        for path in (ROOT / folder).rglob("*.py")
        if not path.is_relative_to(LEFT_OUT)
        for reason in reasons(ast.parse(path.read_text(encoding="utf-8")))
    }
    return sorted(found | {*reasons(ast.parse(OF_FILES.read_text(encoding="utf-8")), "_Refused")})


KNOWN = patterns(PAGE.read_text(encoding="utf-8"))


def test_reasons_are_found() -> None:
    assert len(said()) > 100


def test_the_page_says_what_resolves_each_and_a_report_quotes_that() -> None:
    assert [reason for reason in said() if not any(known.fullmatch(reason) for known in KNOWN)] == []
    assert [reason for reason in said() if not remedy(reason)] == []


#: Words that point to another place of the page, which a report does not have.
ELSEWHERE = re.compile(
    r"(?<!-)\b(?:above|below|first row|this page|the list names|(?:see|for) these|The reason follows)\b"
)


def test_what_resolves_it_is_a_whole_sentence_without_the_page() -> None:
    told = {told for _, told in json.loads(remedies())}
    pointing = {one for one in told if ELSEWHERE.search(one) and "directories above" not in one}
    assert pointing == set()
    assert all(one.endswith((".", ")")) for one in told)
    assert not any("](" in one or "`" in one for one in told)


def test_a_reason_without_a_row_is_found() -> None:
    (reason,) = reasons(ast.parse('raise Unreadable(f"{path} is upside down")'))
    assert reason == "X is upside down"
    assert not any(known.fullmatch(reason) for known in KNOWN)
    assert any(known.fullmatch(reason) for known in patterns("| ... is upside down<br>... | turn it |"))
