"""Guests that do not converge, and migrations that are changed while they run, on real hosts: `make steering`."""

import contextlib
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from . import Client, LabHost
from .test_check import DESTINATION, PREFLIGHT, SOURCE
from .test_resume import is_moving, state, until

pytestmark = pytest.mark.lab

ARRIVED, USAGE, NOT_ARRIVED, REFUSED = 0, 2, 4, 5
MODES = pytest.mark.parametrize("mode", [(), ("--p2p",), ("--tunnelled",)], ids=["managed", "p2p", "tunnelled"])
#: A guest that dirties its memory several times faster than it is sent, in passes of about a second.
BUSY: dict[str, Any] = {"memory_mib": 32, "dirty_mib_per_s": 200, "fill": True}
NARROW = ("--bandwidth", "20")

Pair = tuple[LabHost, LabHost]


def migrate(client: Client, *words: str) -> subprocess.CompletedProcess[str]:
    return client.run([PREFLIGHT, "migrate", SOURCE, DESTINATION, "web", "--yes", *NARROW, *words])


@contextlib.contextmanager
def under_way(client: Client, host: LabHost, journal: Path, *words: str) -> Iterator["subprocess.Popen[str]"]:
    """Begin to move "web", and wait until memory is sent."""
    command = [PREFLIGHT, "migrate", SOURCE, DESTINATION, "web", "--yes", "--journal", str(journal), *words]
    moving = client.popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        until(lambda: is_moving(host))
        yield moving
    finally:
        moving.kill()
        moving.communicate()


def steer(client: Client, journal: Path, *words: str) -> tuple[int, str]:
    done = client.run([PREFLIGHT, "steer", str(journal), *words])
    return done.returncode, done.stdout + done.stderr


def unwrapped(text: str) -> str:
    """Return a text without the line breaks that a narrow terminal causes."""
    return re.sub(r"\n  +", " ", text)


def limit(host: LabHost, what: str) -> int:
    """Return a limit of the migration that runs, as libvirt has it: MiB/s of "speed", or ms of "maxdowntime"."""
    told = host.run("virsh", "-q", f"migrate-get{what}", "web").stdout
    return int(re.sub("[^0-9]", "", told))


@MODES
def test_a_guest_that_does_not_converge_stays_and_it_is_said_why(
    client: Client, pair: Pair, mode: tuple[str, ...]
) -> None:
    host1, host2 = pair
    host1.guest("web", **BUSY)
    done = migrate(client, "--give-up-after", "4 passes", *mode)
    assert done.returncode == NOT_ARRIVED, done.stdout + done.stderr
    assert "web: it does not converge: 4 passes in a row without progress; libvirt: " in unwrapped(done.stdout)
    assert (state(host1, "web"), state(host2, "web")) == ("running", "")


@MODES
def test_a_guest_that_does_not_converge_is_paused_until_it_has_moved(
    client: Client, pair: Pair, mode: tuple[str, ...]
) -> None:
    host1, host2 = pair
    host1.guest("web", **BUSY)
    done = migrate(client, "--give-up-after", "4 passes", "--on-give-up", "suspend", *mode)
    assert done.returncode == ARRIVED, done.stdout + done.stderr
    assert "it does not converge: 4 passes in a row without progress: the guest is paused" in done.stderr
    assert (state(host1, "web"), state(host2, "web")) == ("", "running")


@pytest.mark.parametrize("mode", [(), ("--p2p",)], ids=["managed", "p2p"])
def test_a_guest_that_does_not_converge_is_switched_to_post_copy(
    client: Client, pair: Pair, mode: tuple[str, ...]
) -> None:
    host1, host2 = pair
    host1.guest("web", **BUSY)
    done = migrate(client, "--give-up-after", "4 passes", "--on-give-up", "postcopy", "--postcopy", *mode)
    assert done.returncode == ARRIVED, done.stdout + done.stderr
    assert "it continues in post-copy" in done.stderr
    assert (state(host1, "web"), state(host2, "web")) == ("", "running")


def test_a_guest_is_given_up_after_a_time(client: Client, pair: Pair) -> None:
    host1, _ = pair
    host1.guest("web", **BUSY)
    began = time.monotonic()
    done = migrate(client, "--give-up-after", "12s")
    assert time.monotonic() - began > 12
    assert done.returncode == NOT_ARRIVED
    assert "web: it does not converge: 12 s without progress; libvirt: " in unwrapped(done.stdout)


def test_a_guest_that_converges_slowly_is_not_given_up(client: Client, pair: Pair) -> None:
    """It dirties half of what is sent, so that each pass leaves half of what the one before left."""
    host1, host2 = pair
    host1.guest("web", memory_mib=256, dirty_mib_per_s=10, fill=True)
    done = migrate(client, "--give-up-after", "1 pass", "--max-downtime", "50")
    assert done.returncode == ARRIVED, done.stdout + done.stderr
    assert state(host2, "web") == "running"


@MODES
def test_bandwidth_and_downtime_are_changed_under_way(
    client: Client, pair: Pair, tmp_path: Path, mode: tuple[str, ...]
) -> None:
    host1, host2 = pair
    host1.guest("web", **BUSY)
    journal = tmp_path / "j"
    with under_way(client, host1, journal, *NARROW, *mode) as moving:
        code, said = steer(client, journal, "web", "--bandwidth", "11", "--max-downtime", "111")
        assert (code, said.splitlines()) == (
            0,
            ["web: bandwidth of 11 MiB/s: done", "web: maximum downtime of 111 ms: done"],
        )
        assert (limit(host1, "speed"), limit(host1, "maxdowntime")) == (11, 111)
        # the downtime for all of its memory at once, so that the guest is handed over
        code, said = steer(client, journal, "--bandwidth", "1000", "--max-downtime", "5000")
        assert code == 0, said
        told, _ = moving.communicate(timeout=60)
    assert moving.returncode == ARRIVED, told
    assert "web: changed while it runs: bandwidth of 11 MiB/s, ordered by " in told
    assert state(host2, "web") == "running"


@MODES
def test_a_migration_is_aborted_from_another_terminal(
    client: Client, pair: Pair, tmp_path: Path, mode: tuple[str, ...]
) -> None:
    host1, host2 = pair
    host1.guest("web", **BUSY)
    journal = tmp_path / "j"
    with under_way(client, host1, journal, *NARROW, *mode) as moving:
        uuid = host1.run("virsh", "-q", "domuuid", "web").stdout.strip()
        assert steer(client, journal, uuid, "--abort") == (0, "web: abort: done\n")
        told, _ = moving.communicate(timeout=60)
    assert moving.returncode == NOT_ARRIVED, told
    assert re.search(r"^web: aborted by \S+ on \S+ with preflight steer; libvirt: ", unwrapped(told), re.MULTILINE), (
        told
    )
    assert (state(host1, "web"), state(host2, "web")) == ("running", "")
    code, said = steer(client, journal, "--abort")
    assert code == REFUSED
    assert "no migration of this run is under way (its move has ended)" in said


@pytest.mark.parametrize("mode", [(), ("--p2p",)], ids=["managed", "p2p"])
def test_a_migration_is_switched_to_post_copy_from_another_terminal(
    client: Client, pair: Pair, tmp_path: Path, mode: tuple[str, ...]
) -> None:
    host1, host2 = pair
    host1.guest("web", memory_mib=256, dirty_mib_per_s=100, fill=True)
    journal = tmp_path / "j"
    words = (*NARROW, "--postcopy", "--postcopy-bandwidth", "2", *mode)
    with under_way(client, host1, journal, *words) as moving:
        code, said = steer(client, journal, "--postcopy")
        assert (code, said) == (0, "web: switch to post-copy: done\n")
        until(lambda: state(host2, "web") == "running")
        code, said = steer(client, journal, "--abort")
        assert code == REFUSED, said
        assert "post-copy, which cannot be aborted" in said
        code, said = steer(client, journal, "--bandwidth", "1000")
        assert code == 0, said
        told, _ = moving.communicate(timeout=60)
    assert moving.returncode == ARRIVED, told
    assert (state(host1, "web"), state(host2, "web")) == ("", "running")


def test_post_copy_that_was_not_allowed_is_one_line(client: Client, pair: Pair, tmp_path: Path) -> None:
    host1, _ = pair
    host1.guest("web", **BUSY)
    with under_way(client, host1, tmp_path / "j", *NARROW):
        code, said = steer(client, tmp_path / "j", "--postcopy")
    assert code == USAGE
    assert said.splitlines() == [
        "preflight: --postcopy: the run was started without --postcopy, so libvirt cannot switch its migrations"
    ]


@pytest.mark.parametrize("how", ["steer", "resume"])
def test_a_migration_that_outlived_preflight_is_aborted(client: Client, pair: Pair, tmp_path: Path, how: str) -> None:
    """In peer-to-peer mode the source's daemon goes on; what was done is still said when the run is resumed."""
    host1, host2 = pair
    host1.guest("web", **BUSY)
    journal = tmp_path / "j"
    with under_way(client, host1, journal, *NARROW, "--p2p") as moving:
        moving.kill()
    resume = [PREFLIGHT, "migrate", "--resume", str(journal), "--yes"]
    if how == "steer":
        code, said = steer(client, journal, "--abort")
        assert code == 0, said
        assert "no preflight is at work on this run" in said
        until(lambda: not is_moving(host1))
        assert state(host1, "web") == "running"
        done = client.run([*resume, "--bandwidth", "1000", "--max-downtime", "5000"])
        assert done.returncode == ARRIVED, done.stdout + done.stderr
        assert "stayed: aborted by " in done.stderr
        assert state(host2, "web") == "running"
    else:
        done = client.run([*resume, "--abort"])
        assert done.returncode == NOT_ARRIVED, done.stdout + done.stderr
        assert re.search(r"^web: aborted by \S+ on \S+ with preflight steer$", unwrapped(done.stdout), re.MULTILINE), (
            done.stdout
        )
        assert (state(host1, "web"), state(host2, "web")) == ("running", "")


def test_a_job_of_somebody_elses_is_not_touched(client: Client, pair: Pair, tmp_path: Path) -> None:
    """The run was killed and its migration aborted; then another client begins to migrate the same guest."""
    host1, _ = pair
    host1.guest("web", **BUSY)
    journal = tmp_path / "j"
    with under_way(client, host1, journal, *NARROW, "--p2p") as moving:
        moving.kill()
    host1.run("virsh", "-q", "domjobabort", "web")
    until(lambda: not is_moving(host1))
    code, said = steer(client, journal, "web", "--bandwidth", "30")
    assert code == REFUSED, said
    assert "no job runs on it" in said


def test_a_plan_of_the_guests_that_are_ready_is_run_and_resumed(client: Client, pair: Pair, tmp_path: Path) -> None:
    host1, host2 = pair
    for name in ("web", "db", "off"):
        host1.guest(name, running=name != "off")
    host2.guest("db", running=False)
    plan, journal = tmp_path / "plan", tmp_path / "j"
    made = client.run([PREFLIGHT, "plan", SOURCE, DESTINATION, "--all", "--ready-only", "-o", str(plan)])
    assert made.returncode == ARRIVED, made.stderr
    assert made.stdout.startswith("stays        db: "), made.stdout
    done = client.run([PREFLIGHT, "migrate", str(plan), "--yes", "--journal", str(journal)])
    assert done.returncode == NOT_ARRIVED, done.stdout + done.stderr
    assert "2 of 2 guests; 1 not READY" in done.stdout
    again = client.run([PREFLIGHT, "migrate", "--resume", str(journal), "--yes"])
    assert again.returncode == NOT_ARRIVED, again.stdout
    assert (state(host1, "db"), state(host2, "web"), state(host2, "off")) == ("running", "running", "shut off")


def test_a_finding_about_a_host_keeps_all_guests(client: Client, pair: Pair) -> None:
    host1, _ = pair
    host1.guest("web")
    host1.write("/etc/hosts", host1.read("/etc/hosts").replace("192.0.2.12", "# 192.0.2.12"))
    done = client.run([PREFLIGHT, "migrate", SOURCE, DESTINATION, "--all", "--ready-only", "--yes"])
    assert done.returncode == REFUSED, done.stdout
    assert "announced-name-unresolvable" in done.stdout
