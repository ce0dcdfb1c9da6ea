"""The remains of a login in its own directory if nothing could close it."""

from pathlib import Path

import pytest

from preflight.connection.ssh import SshChannel, sweep
from preflight.connection.target import parse_target
from tests.hostile_host import hostile_host


def test_a_directory_that_ctrl_c_has_left_is_removed_before_the_process_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interrupt between the creation of a channel and the moment at which its owner knows of it."""
    hostile_host(tmp_path / "ssh", "answer(name)")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    channel = SshChannel(parse_target("host-a"), "")
    assert list(tmp_path.glob("preflight-*"))
    sweep()
    assert not list(tmp_path.glob("preflight-*"))
    channel.close()


def test_a_login_that_is_closed_leaves_nothing_to_remove(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hostile_host(tmp_path / "ssh", "answer(name)")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    SshChannel(parse_target("host-a"), "").close()
    assert not list(tmp_path.glob("preflight-*"))
    sweep()
