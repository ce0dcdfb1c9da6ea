"""A check writes nothing on a host: its files before and after, each with its time, its mode and its digest."""

from pathlib import Path

import pytest

from . import Client, LabHost
from .conftest import Pair
from .test_check import READY, check

pytestmark = pytest.mark.lab

#: Where a program keeps what it writes: the daemons' own logs are in none of these.
KEPT = ("/etc", "/var/lib", "/root", "/run/libvirt", "/run/preflight", "/tmp", "/usr/local", "/home")
#: %T@ of a directory changes with each file that is made or removed in it.
LISTING = r"""
export LC_ALL=C
find "$@" -xdev ! -type s -printf '%p %y %m %U:%G %T@ %l\n' 2>/dev/null
find "$@" -xdev -type f -print0 2>/dev/null | xargs -0 sha256sum
"""


def files(host: LabHost) -> set[str]:
    return set(host.run("sh", "-c", LISTING, "sh", *KEPT).stdout.splitlines())


@pytest.mark.parametrize(
    "options",
    [
        ("--all",),
        ("--all", "--save"),
        ("--all", "--probe", "--copy-storage-all", "--p2p", "--tls"),
    ],
    ids=" ".join,
)
def test_a_check_writes_nothing_on_a_host(client: Client, pair: Pair, tmp_path: Path, options: tuple[str, ...]) -> None:
    pair[0].guest("web", disk="local")
    pair[0].guest("off", running=False)
    words = [*options, *([str(tmp_path / "both.json"), "--overwrite"] if "--save" in options else [])]
    check(client, *words)  # starts daemons that start with the first connection
    before = [files(host) for host in pair]
    done = check(client, *words)
    assert done.returncode in (READY, 1), done.stderr
    for host, known in zip(pair, before, strict=True):
        now = files(host)
        assert (now - known, known - now) == (set(), set())
