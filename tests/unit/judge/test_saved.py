"""A saved report that contradicts itself is refused in one line, in every format."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from preflight.errors import UserError
from preflight.judge.saved import read_report
from preflight.output.formats import FORMATS, render
from tests.case import Case


def saved(tmp_path: Path, change: Callable[[Any], None] = lambda _: None) -> Path:
    """Return a saved report with an error and two warnings, changed."""
    document = json.loads(render("report", "json", Case("hosts-line-gone/host1", "hosts-line-gone/host2").report()))
    change(document)
    path = tmp_path / "report.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def _failed(document: Any) -> Any:
    return next(one for one in document["results"] if one["outcome"] == "failed" and one["severity"] == "error")


def _of_no_rule(document: Any) -> None:
    _failed(document)["rule"] = "no-rule"


def _milder(document: Any) -> None:
    for finding in _failed(document)["findings"]:
        finding["severity"] = "info"


def _without_findings(document: Any) -> None:
    _failed(document)["findings"] = []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_of_no_rule, "the rule 'no-rule' of a result is not among its rules"),
        (_milder, "is not that of its worst finding"),
        (_without_findings, "failed, and no finding"),
    ],
)
def test_a_report_that_contradicts_itself_is_refused(tmp_path: Path, change: Callable[[Any], None], said: str) -> None:
    path = saved(tmp_path, change)
    with pytest.raises(UserError, match=said) as refused:
        read_report(path)
    assert str(refused.value).startswith(f"{path}: not a report of")
    assert "\n" not in str(refused.value)


def test_the_report_itself_is_shown_in_every_format(tmp_path: Path) -> None:
    report = read_report(saved(tmp_path))
    assert all(render("report", name, report) for name in FORMATS["report"])
