"""The list of causes for which libvirt and QEMU refuse a migration."""

from collections import Counter

import pytest

from preflight.judge.ruleset import load
from tests.lab.refusals import Cause, causes, parts, seen

RULES = {rule.name for rule in load()}


def test_every_cause_is_listed_once() -> None:
    assert len(causes()) == 204
    assert max(Counter((cause.error, cause.where) for cause in causes()).values()) == 1
    assert len({part.title for part in parts()}) == len(parts()) == 12


@pytest.mark.parametrize("cause", causes(), ids=lambda cause: cause.error[:40])
def test_every_cause_has_a_rule_or_a_reason(cause: Cause) -> None:
    assert cause.rules or cause.reason
    assert set(cause.rules) <= RULES


def test_what_cannot_be_known_has_a_reason() -> None:
    assert [cause.error for cause in causes() if cause.known == "no" and not cause.reason] == []


def test_a_likely_cause_has_a_rule_that_names_it() -> None:
    assert [
        cause.error for cause in causes() if cause.likely == "high" and cause.known == "yes" and not cause.rules
    ] == []


def test_rows_show_causes() -> None:
    missing = next(cause for cause in causes() if cause.error.startswith("Migration without shared storage"))
    assert "storage/local-disk" in seen(missing)
