"""What is said of an ssh agent: a real one, an empty one, and none."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from preflight.doctor.agent import examined
from preflight.doctor.diagnosis import State


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    socket = str(tmp_path / "agent")
    running = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    assert socket in running.stdout.readline()  # it listens by then
    monkeypatch.setenv("SSH_AUTH_SOCK", socket)
    yield
    running.terminate()
    running.communicate()


def test_an_agents_keys_are_listed_by_fingerprint_and_comment(agent: None, tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "of alice", "-f", str(key)], check=True)
    subprocess.run(["ssh-add", "-q", str(key)], check=True)
    found = examined()
    assert found.state is State.OK
    assert re.fullmatch(r"1 key: 256 SHA256:\S{43} of alice \(ED25519\)", found.message)


def test_an_agent_without_keys_is_no_fault(agent: None) -> None:
    assert examined().state is State.OK
    assert examined().message == "holds no key: ssh uses the keys in ~/.ssh"


def test_no_agent_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    assert (examined().state, examined().mend) == (State.OK, "")


def test_an_agent_that_has_gone_is_limited_and_says_how_to_start_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "gone"))
    found = examined()
    assert (found.state, found.mend) == (State.LIMITED, 'eval "$(ssh-agent)" && ssh-add')
    assert os.strerror(2) in found.message
