"""The report of a lint, byte for byte, in every format: `python -m tests.golden.record` writes them."""

import json
from pathlib import Path

import pytest

from preflight.judge.report import Verdict
from preflight.output.formats import FORMATS, render
from preflight.output.terminal import CONTROL
from preflight.schema import lint as schema
from tests.golden.linting import linted

CASES = Path(__file__).parent / "lint"


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)


def test_every_format_is_kept() -> None:
    assert {path.name for path in CASES.iterdir()} == set(FORMATS["lint"])


@pytest.mark.parametrize("form", FORMATS["lint"])
def test_a_lint_is_what_it_was_and_steers_no_terminal(form: str) -> None:
    text = render("lint", form, linted())
    assert text.encode() == (CASES / form).read_bytes()
    assert not CONTROL.search(text)


def test_it_has_every_verdict() -> None:
    assert {host.verdict for host in linted().hosts} == set(Verdict)
    assert linted().exit_code == 1


def test_the_documents_keep_their_contracts() -> None:
    schema.LINT.validate_json((CASES / "json").read_bytes(), strict=True)
    for line in (CASES / "jsonl").read_bytes().splitlines():
        schema.LINE.validate_json(line, strict=True)


@pytest.mark.parametrize("form", ["github", "gitlab", "sarif"])
def test_machines_are_given_the_paths_of_the_files(form: str) -> None:
    text = (CASES / form).read_text()
    assert "rendered/kvm1/etc/libvirt/libvirtd.conf" in text
    if form == "gitlab":
        fingerprints = [issue["fingerprint"] for issue in json.loads(text)]
        assert len(fingerprints) == len(set(fingerprints))


def test_no_line_of_a_file_is_a_command_of_github() -> None:
    for line in (CASES / "github").read_text().splitlines():
        assert line.startswith(
            ("::error file=", "::warning file=", "::notice ", "made ", "READY", "NOT READY", "UNDET")
        )
