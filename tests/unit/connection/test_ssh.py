"""Logins that libvirt's ssh can share, with a program in place of ssh."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from preflight.connection.ssh import SshChannel
from preflight.connection.target import parse_target

#: Creates the socket of a master connection, and starts the host's shell when `go` exists.
_SSH = """#!/bin/sh
for last do
  case $before in -S) socket=$last ;; esac
  before=$last
done
until [ -e {here}/authenticated ]; do
  [ -e {here}/refuse ] && echo "host-a: Permission denied" >&2 && exit 255
  sleep 0.01
done
: > "$socket"
until [ -e {here}/go ]; do sleep 0.01; done
exec sh -s
"""


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], SshChannel]:
    (tmp_path / "ssh").write_text(_SSH.format(here=tmp_path))
    (tmp_path / "ssh").chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return lambda: SshChannel(parse_target("host-a"), "", timeout=30)


def test_a_login_can_be_shared_before_the_hosts_shell_has_started(
    tmp_path: Path, opened: Callable[[], SshChannel]
) -> None:
    channel = opened()
    shared: list[bool] = []
    waiting = threading.Thread(target=lambda: shared.append(channel.wait_until_shared()), daemon=True)
    waiting.start()
    waiting.join(0.1)
    assert waiting.is_alive()
    (tmp_path / "authenticated").touch()
    waiting.join(20)
    assert shared == [True]
    (tmp_path / "go").touch()
    assert channel.login().code == 0
    channel.close()


def test_a_login_that_is_refused_can_never_be_shared(tmp_path: Path, opened: Callable[[], SshChannel]) -> None:
    channel = opened()
    (tmp_path / "refuse").touch()
    assert channel.login().code == 255
    assert not channel.wait_until_shared()
    channel.close()


def test_a_login_that_is_given_up_is_not_waited_for(opened: Callable[[], SshChannel]) -> None:
    channel = opened()
    shared: list[bool] = []
    waiting = threading.Thread(target=lambda: shared.append(channel.wait_until_shared()), daemon=True)
    waiting.start()
    channel.close()
    waiting.join(20)
    assert shared == [False]
