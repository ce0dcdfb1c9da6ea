"""Damaged and hostile plans and journals end in one line and a documented code, whatever is done with them (X1, E2)."""

import os
import sys
import time
from pathlib import Path

import pytest

from preflight.cli import app
from preflight.visible import CONTROL
from tests.hostile.documents import SEED, documents

#: Every so many of them is tried here; `preflight` itself is fed all of them by tests/hostile.
EVERY = 20
DOCUMENTED = frozenset((0, 1, 2, 3, 4, 5))

DOCUMENTS = list(documents(SEED))


def test_there_are_enough_of_them_and_they_are_the_same_each_time() -> None:
    assert len(DOCUMENTS) > 500
    assert list(documents(SEED)) == DOCUMENTS
    assert [name for name, _ in DOCUMENTS] != [name for name, _ in documents(SEED + 1)]


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No host can be logged in to."""
    ssh = tmp_path / "ssh"
    ssh.write_text("#!/bin/sh\nexit 255\n")
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path


def commands(name: str, path: Path) -> list[list[str]]:
    if name.startswith("plan"):
        return [["migrate", str(path)]]
    return [["status", str(path)], ["status", str(path), "-f", "json"], ["migrate", "--resume", str(path)]]


def offset_of(content: bytes, name: str) -> bytes:
    """Return a journal that lapses nowhere, so that a plan is not refused for its age alone."""
    return content if name.startswith("journal") else content.replace(b"1800086400.0", b"9800086400.0")


@pytest.mark.parametrize("first", range(EVERY))
def test_no_document_ends_in_a_traceback_a_bug_or_an_escape(
    first: int, nowhere: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if first and not os.environ.get("PREFLIGHT_ALL_DOCUMENTS"):
        pytest.skip("PREFLIGHT_ALL_DOCUMENTS=1 tries those too")
    path = nowhere / "document"
    for name, content in DOCUMENTS[first::EVERY]:
        path.unlink(missing_ok=True)
        path.write_bytes(offset_of(content, name))
        path.chmod(0o600)
        for arguments in commands(name, path):
            monkeypatch.setattr(sys, "argv", ["preflight", *arguments])
            began = time.process_time()
            code = app.run()
            took = time.process_time() - began
            shown = capsys.readouterr()
            said = f"{name}: {' '.join(arguments[:-1])}: {code}\n{shown.out[:500]}{shown.err[:500]}"
            assert code in DOCUMENTED, said
            assert "Traceback" not in shown.err, said
            assert not CONTROL.search((shown.out + shown.err).replace("\t", "")), said
            assert code != 2 or shown.err.count("\n") == 1, said
            assert took < 10, f"{took:.1f} s: {said}"
