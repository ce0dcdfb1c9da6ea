"""`check --probe`, killed at any moment, leaves nothing behind: no process, no socket and no file on either host."""

import subprocess
import time
from collections.abc import Iterator

import pytest

from . import Client, LabHost
from .conftest import Pair
from .network import host_address
from .test_check import DESTINATION, PREFLIGHT, SOURCE, UNDETERMINED, check
from .test_untouched import files

pytestmark = pytest.mark.lab

#: The highest port of the migration range.
PORT = 49215
#: Moments of a check at which it is killed, as parts of what it takes.
MOMENTS = [part / 12 for part in range(13)]
#: Seconds after the listener was seen, while the source waits for an answer.
LATER = [part * 0.15 for part in range(12)]
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


def started(client: Client) -> subprocess.Popen[str]:
    return client.popen([PREFLIGHT, "check", SOURCE, DESTINATION, "--probe"], stdout=-3, stderr=-3)


@pytest.fixture
def dropped(client: Client, pair: Pair) -> Iterator[None]:
    """Have the client route what the source sends to the destination, and drop the probe."""
    silent = [f"net.ipv4.conf.{one}.send_redirects=0" for one in ("all", "eth0")]
    client.run(["sysctl", "-qw", "net.ipv4.ip_forward=1", *silent], check=True)
    chain = f"chain c {{\n type filter hook forward priority 0;\n tcp dport {PORT} drop\n}}"
    client.run(["nft", "-f", "-"], input=f"table inet f {{\n{chain}\n}}\n", check=True)
    pair[0].run("ip", "route", "add", host_address("host2"), "via", client.address)
    yield
    client.run(["sh", "-c", "nft delete table inet f; sysctl -qw net.ipv4.ip_forward=0"])


@pytest.mark.usefixtures("dropped")
@pytest.mark.parametrize("listener", ["systemd-socket-activate", "python3", "perl"])
def test_a_probe_that_is_killed_leaves_nothing(client: Client, pair: Pair, listener: str) -> None:
    others = [one for one in ("systemd-socket-activate", "python3", "perl") if one != listener]
    pair[1].run("sh", "-c", f"command -v {listener} && rm -f $(for p in {' '.join(others)}; do command -v $p; done)")
    pair[0].guest("web")
    check(client, "--probe")
    began = time.monotonic()
    done = check(client, "--probe")
    lasts = time.monotonic() - began
    assert done.returncode == UNDETERMINED, done.stdout
    assert "at which the destination listened, does not answer" in done.stdout
    time.sleep(LATEST)
    before = [(processes(host), files(host)) for host in pair]
    for listens, moment in (*((False, one) for one in MOMENTS), *((True, one) for one in LATER)):
        running = started(client)
        if not listens:
            time.sleep(moment * lasts)
        else:
            while not sockets(pair[1]):
                assert running.poll() is None, "nothing listened"
            time.sleep(moment)
        running.kill()
        running.wait()
        time.sleep(LATEST)
        for host, (known, _) in zip(pair, before, strict=True):
            assert left(host, known) == [], f"killed after {moment:.2f}"
    for host, (_, kept) in zip(pair, before, strict=True):
        assert files(host) == kept
    print(f"{len(MOMENTS)} kills at any moment and {len(LATER)} while it listened: nothing after {LATEST:g} s")
