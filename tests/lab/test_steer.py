"""What can go, goes; what does not converge is given up; what runs can be changed. `make steering` tries every mode."""

from pathlib import Path

import pytest

from . import Client, LabHost
from .steering import ARRIVED, BUSY, NARROW, NOT_ARRIVED, limit, migrate, steer, under_way, unwrapped
from .test_check import DESTINATION, PREFLIGHT, SOURCE
from .test_resume import state

pytestmark = pytest.mark.lab

Pair = tuple[LabHost, LabHost]


def test_a_guest_that_cannot_go_stays_and_the_others_go(client: Client, pair: Pair) -> None:
    host1, host2 = pair
    for name in ("web", "db", "rest"):
        host1.guest(name)
    host2.guest("db", running=False)
    done = client.run([PREFLIGHT, "migrate", SOURCE, DESTINATION, "--all", "--except", "rest", "--ready-only", "--yes"])
    assert done.returncode == NOT_ARRIVED, done.stdout + done.stderr
    assert done.stderr.startswith("stays        db: another guest here is named db, with UUID"), done.stderr
    assert "[guest-exists-on-destination]" in done.stderr.partition("from  ")[0]
    assert "host2.example.com: 1 of 1 guest; 1 not READY" in done.stdout
    assert "To resume this run" not in done.stderr
    assert (state(host1, "web"), state(host2, "web")) == ("", "running")
    assert (state(host1, "db"), state(host1, "rest")) == ("running", "running")


def test_a_guest_that_does_not_converge_is_given_up(client: Client, pair: Pair) -> None:
    host1, host2 = pair
    host1.guest("web", **BUSY)
    done = migrate(client, "--give-up-after", "3 passes")
    assert done.returncode == NOT_ARRIVED, done.stdout + done.stderr
    assert "web: it does not converge: 3 passes in a row without progress; libvirt: " in unwrapped(done.stdout)
    assert (state(host1, "web"), state(host2, "web")) == ("running", "")


def test_a_migration_is_changed_and_aborted_from_another_terminal(client: Client, pair: Pair, tmp_path: Path) -> None:
    host1, host2 = pair
    host1.guest("web", **BUSY)
    journal = tmp_path / "j"
    with under_way(client, host1, journal, *NARROW, "--p2p") as moving:
        code, said = steer(client, journal, "--bandwidth", "11", "--max-downtime", "111")
        assert code == ARRIVED, said
        assert (limit(host1, "speed"), limit(host1, "maxdowntime")) == (11, 111)
        assert steer(client, journal, "web", "--abort") == (0, "web: abort: done\n")
        told, _ = moving.communicate(timeout=60)
    assert moving.returncode == NOT_ARRIVED, told
    assert "with preflight steer; libvirt: " in unwrapped(told)
    assert (state(host1, "web"), state(host2, "web")) == ("running", "")
