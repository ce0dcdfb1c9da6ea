"""What `preflight diff` says of five pairs, byte for byte. After a change that is meant: see tests/golden/record.py."""

from pathlib import Path

import pytest

from preflight.commands.show import read_saved
from preflight.output.formats import FORMATS, render
from tests.golden.differences import CASES, DIFFERENCES, IN_EACH_FORMAT, found


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.mark.parametrize("name", DIFFERENCES)
def test_a_difference_is_told_as_it_was(name: str, tmp_path: Path) -> None:
    assert render("difference", "text", found(name, tmp_path)).encode() == (CASES / f"{name}.text").read_bytes()


@pytest.mark.parametrize("form", FORMATS["difference"])
def test_one_is_what_it_was_in_each_format_and_when_it_was_saved(form: str, tmp_path: Path) -> None:
    kept = (CASES / f"{IN_EACH_FORMAT}.{form}").read_bytes()
    assert render("difference", form, found(IN_EACH_FORMAT, tmp_path)).encode() == kept
    subject, again = read_saved(CASES / f"{IN_EACH_FORMAT}.json")
    assert subject == "difference"
    assert render(subject, form, again).encode() == kept


def test_only_what_is_compared_is_kept() -> None:
    known = {f"{name}.text" for name in DIFFERENCES} | {f"{IN_EACH_FORMAT}.{form}" for form in FORMATS["difference"]}
    assert {path.name for path in CASES.iterdir()} == known
