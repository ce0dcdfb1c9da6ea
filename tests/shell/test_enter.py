"""The way into the directory of preflight's own, which QEMU's user must not be able to exchange."""

import os
import subprocess

import pytest

from preflight.migrate.root_shell import script
from tests.shell.host import Host

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the directory is root's")


def go(host: Host, call: str = 'enter "$1" "$2" && pwd') -> subprocess.CompletedProcess[str]:
    return host.run(f"set -- @root@ own\n{call}", functions=script("enter"), root=str(host.root))


def test_enter_goes_into_the_directory_of_our_own(host: Host) -> None:
    (host.root / "own").mkdir(mode=0o700)
    assert go(host).stdout == f"{host.root}/own\n"
    assert go(host, 'enter "$1" "$2"; echo "$at"').stdout == f"{host.root}\n"


@pytest.mark.parametrize("made", ["a link", "another's", "open", "a file", "nothing"])
def test_enter_goes_nowhere_else(host: Host, made: str) -> None:
    (host.root / "elsewhere").mkdir(mode=0o700)
    own = host.root / "own"
    if made == "a link":
        own.symlink_to("elsewhere")
    elif made == "a file":
        own.touch(mode=0o700)
    elif made != "nothing":
        own.mkdir(mode=0o755 if made == "open" else 0o700)
        os.chown(own, 65534 if made == "another's" else 0, 0)
    done = go(host)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith(f"{host.root}/own has changed since it was made\n")


@pytest.mark.parametrize(("mode", "is_ours"), [(0o700, True), (0o2700, True), (0o750, False), (0o1700, False)])
def test_ours_is_a_directory_that_root_alone_can_enter(host: Host, mode: int, is_ours: bool) -> None:
    own = host.root / "own"
    own.mkdir()
    own.chmod(mode)
    assert go(host, 'at=$1; cd "$1/own"; ours own; echo $?').stdout == ("0\n" if is_ours else "1\n")
    assert go(host, 'at=$1; cd "$1/own"; ours other; echo $?').stdout == "1\n"
