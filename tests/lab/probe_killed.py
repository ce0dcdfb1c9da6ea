"""`check --probe`, killed at any moment, leaves nothing behind: no process, no socket and no file on either host."""

import time

import pytest

from . import Client, LabHost
from .conftest import Pair
from .test_check import DESTINATION, PREFLIGHT, SOURCE, check
from .test_untouched import files

pytestmark = pytest.mark.lab

#: The highest port of the migration range.
PORT = 49215
#: Moments of a check at which it is killed, and those of the probe at its end, which are closer to each other.
MOMENTS = [*(part / 12 for part in range(12)), *(0.8 + part / 40 for part in range(13))]
#: Seconds after which nothing may be left.
LATEST = 2.0


def processes(host: LabHost) -> set[str]:
    listed = host.run("ps", "-e", "-o", "pid=,comm=,args=").stdout.splitlines()
    return {line.strip() for line in listed if "pid=,comm=,args=" not in line}


def sockets(host: LabHost) -> list[str]:
    """Return the TCP sockets of the port, in whatever state."""
    listed = host.run("sh", "-c", f"cat /proc/net/tcp /proc/net/tcp6 | grep -i ':{PORT:04X} '", check=False)
    return listed.stdout.splitlines()


def left(host: LabHost, known: set[str]) -> list[str]:
    return [*(processes(host) - known), *sockets(host)]


@pytest.mark.parametrize("listener", ["systemd-socket-activate", "python3"])
def test_a_probe_that_is_killed_leaves_nothing(client: Client, pair: Pair, listener: str) -> None:
    if listener == "python3":
        pair[1].run("sh", "-c", "command -v python3 && rm $(command -v systemd-socket-activate)")
    pair[0].guest("web")
    check(client, "--probe")
    began = time.monotonic()
    done = check(client, "--probe")
    lasts = time.monotonic() - began
    assert done.returncode == 0, done.stdout
    time.sleep(LATEST)
    before = [(processes(host), files(host)) for host in pair]
    seen = 0
    for moment in MOMENTS:
        running = client.popen([PREFLIGHT, "check", SOURCE, DESTINATION, "--probe"], stdout=-3, stderr=-3)
        time.sleep(moment * lasts)
        running.kill()
        running.wait()
        seen += bool(sockets(pair[1]))
        time.sleep(LATEST)
        for host, (known, _) in zip(pair, before, strict=True):
            assert left(host, known) == [], f"killed after {moment:.2f} of {lasts:.2f} s"
    for host, (_, kept) in zip(pair, before, strict=True):
        assert files(host) == kept
    print(f"{len(MOMENTS)} kills, of which {seen} left a socket at first; nothing after {LATEST:g} s")
