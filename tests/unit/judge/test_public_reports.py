"""Messages that people reported in public are explained by the rule that is right there, which is named first."""

import tomllib
from pathlib import Path

import pytest

from preflight.judge.explain import explain

REPORTS = tomllib.loads(Path(__file__).with_name("public_reports.toml").read_text(encoding="utf-8"))["report"]


def test_there_are_40_from_different_reports_about_different_rules() -> None:
    assert len({report["address"] for report in REPORTS}) == len(REPORTS) >= 40
    assert len({report["message"] for report in REPORTS}) == len(REPORTS)
    assert len({report["rule"] for report in REPORTS}) >= 20


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report["address"])
def test_the_right_rule_is_named_first(report: dict[str, str]) -> None:
    names = [one.rule.name for one in explain(report["message"]).candidates]
    assert names[:1] == [report["rule"]]
