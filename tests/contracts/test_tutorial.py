"""The tutorial's page can be run: its commands are found, and only what varies from run to run is let pass."""

import re

import pytest

from tests.lab.tutorial import PAGE, VARYING, Shown, plain, rewritten, shown

STEPS = shown(PAGE.read_text(encoding="utf-8"))


def test_the_page_goes_from_a_check_to_a_finished_migration() -> None:
    said = [step.line.split()[1] for step in STEPS if step.line.startswith("preflight ")]
    assert list(dict.fromkeys(said)) == [
        "check", "explain", "fix", "show", "capacity", "snapshot", "migrate", "status", "diff"
    ]  # fmt: skip
    assert "NOT READY" in STEPS[0].output
    assert "ARRIVED" in next(step.output for step in STEPS if " migrate " in step.line)
    assert all(step.output for step in STEPS)


@pytest.mark.parametrize("name", VARYING)
def test_every_placeholder_is_needed(name: str) -> None:
    assert any(f"<{name}>" in plain(step.output) for step in STEPS)


def test_what_does_not_vary_is_compared() -> None:
    first = STEPS[0].output
    assert plain(first) != plain(re.sub(r"(\d+) passed", r"\1 failed", first))
    assert plain(first) != plain(first.replace("1 error", "2 errors"))
    assert plain(first) == plain(re.sub(r"\d+ passed", "7 passed", first))


def test_a_page_is_rewritten_only_where_more_than_that_has_changed() -> None:
    page = "A\n\n```\n$ a\n1.5 s\n$ b\nold\n```\n\n```\nno command\n```\n"
    assert shown(page) == [Shown("a", "1.5 s\n"), Shown("b", "old\n")]
    assert rewritten(page, ["2.5 s\n", "new\n"]) == page.replace("old", "new")
