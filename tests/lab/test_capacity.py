"""`preflight capacity` on real hosts: that every limit is read there, and what is said fits a terminal."""

import json
import sys
from pathlib import Path

import pytest

from . import Client
from .conftest import Pair

pytestmark = pytest.mark.lab

PREFLIGHT = str(Path(sys.executable).with_name("preflight"))
ENDS = ("host1.example.com", "host2.example.com")


@pytest.mark.parametrize("options", [(), ("--both-ways",), ("--p2p",), ("--tunnelled", "--both-ways")])
def test_every_limit_and_the_room_are_read(client: Client, pair: Pair, options: tuple[str, ...]) -> None:
    for host, name in zip(pair, ("web", "db"), strict=True):
        host.guest(name, memory_mib=128)
    done = client.run([PREFLIGHT, "capacity", *ENDS, "--bandwidth", "50", "--format", "json", *options])
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert {limit["name"]: limit["reason"] for limit in told["limits"] if limit["reason"]} == {}
    assert {limit["name"] for limit in told["limits"]} >= {"open files", "max_client_requests", "max_queued_clients"}
    [room] = told["room"]
    assert room["fitting"] == ["web"]
    # db has 128 MiB and has touched less than 16 of them
    assert 112 * 1024 < room["promised_kib"] <= 128 * 1024
    [web] = told["guests"]
    assert 0 < web["touched_mib"] < 16


def test_the_text_fits_80_columns(client: Client, pair: Pair) -> None:
    pair[0].guest("web", dirty_mib_per_s=5)
    words = ["env", "COLUMNS=80", PREFLIGHT, "capacity", *ENDS, "--bandwidth", "50", "--measure-dirty-rate"]
    done = client.run(words)
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if len(line) > 80] == []
    assert "unknown" not in done.stdout
