"""Logins that libvirt's ssh can share, with a program in place of ssh."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from preflight.connection.ssh import SshChannel
from preflight.connection.target import parse_target

#: Creates the socket of a master connection, and starts the host's shell when `go` exists.
_SSH = """#!/bin/sh
[ "$1" != -G ] || exec cat {here}/settings
printf '%s\\n' "$*" >> {here}/started
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
    (tmp_path / "settings").write_text("hostname host-a\nsessiontype default\nstdinnull no\nidentityfile ~/.ssh/id\n")
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


def test_a_login_begins_again_where_a_setting_would_keep_it_from_working(
    tmp_path: Path, opened: Callable[[], SshChannel]
) -> None:
    opened().close()
    (tmp_path / "settings").write_text("sessiontype none\nremotecommand tmux\nstdinnull no\n")
    (tmp_path / "authenticated").touch()
    (tmp_path / "go").touch()
    (tmp_path / "started").unlink()
    channel = opened()
    assert channel.login().code == 0
    first, second = (tmp_path / "started").read_text().splitlines()
    assert "-o SessionType=default -o RemoteCommand=none -M" in second
    assert "SessionType" not in first
    assert channel.libvirt_command is not None
    wrapper = Path(channel.libvirt_command).read_text()
    assert '-o BatchMode=yes -o SessionType=default -o RemoteCommand=none "$@"' in wrapper
    assert channel.client_config.out == "sessiontype none\nremotecommand tmux\nstdinnull no\n"
    channel.close()


def test_a_login_begins_once_where_no_setting_is_in_the_way(tmp_path: Path, opened: Callable[[], SshChannel]) -> None:
    (tmp_path / "authenticated").touch()
    (tmp_path / "go").touch()
    channel = opened()
    assert channel.login().code == 0
    assert len((tmp_path / "started").read_text().splitlines()) == 1
    assert channel.client_config.out == "sessiontype default\nstdinnull no\n"
    channel.close()


@pytest.mark.parametrize("place", ["", "missing/"])
def test_the_directory_of_a_socket_that_ssh_would_make_is_looked_for(
    tmp_path: Path, opened: Callable[[], SshChannel], place: str
) -> None:
    (tmp_path / "settings").write_text(f"controlmaster auto\ncontrolpath {tmp_path}/{place}%C\n")
    channel = opened()
    assert channel.client_config.out.endswith(f"directory {'missing' if place else 'open'}\n")
    channel.close()


def test_an_ssh_that_does_not_name_its_settings_is_unknown(tmp_path: Path, opened: Callable[[], SshChannel]) -> None:
    (tmp_path / "settings").unlink()
    channel = opened()
    assert channel.client_config.code == 255
    channel.close()


@pytest.mark.parametrize(
    ("command", "kept"),
    [
        ("echo hello to you", "echo ..."),
        ("echo hello >&2", "echo ... >&2"),
        ("hook --token secret > /dev/null", "hook ... > /dev/null"),
        ("a b; c d", "a b; ..."),
        ("true", "true"),
        ("none", "none"),
    ],
)
def test_arguments_of_commands_are_not_kept(
    tmp_path: Path, opened: Callable[[], SshChannel], command: str, kept: str
) -> None:
    (tmp_path / "settings").write_text(f"permitlocalcommand yes\nlocalcommand {command}\n")
    channel = opened()
    assert channel.client_config.out == f"permitlocalcommand yes\nlocalcommand {kept}\n"
    channel.close()
