"""A run that was killed goes on where it was: from what both hosts say, and no guest is on both or on neither."""

import json
import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from . import Client, LabHost
from .test_check import DESTINATION, PREFLIGHT, SOURCE

pytestmark = pytest.mark.lab

Pair = tuple[LabHost, LabHost]
#: A bandwidth in MiB/s at which a guest that is filled takes some seconds.
SLOW = ["--bandwidth", "40"]


def until(what: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.02)


def state(host: LabHost, guest: str) -> str:
    return host.run("virsh", "-q", "domstate", guest, check=False).stdout.strip()


def is_moving(host: LabHost, guest: str = "web") -> bool:
    """Report whether some of its memory was sent: before that, libvirt is still connecting."""
    told = host.run("virsh", "domjobinfo", guest, check=False).stdout
    return re.search("^Data processed: +[1-9]", told, re.MULTILINE) is not None


def status(client: Client, journal: Path) -> dict[str, str]:
    told = json.loads(client.run([PREFLIGHT, "status", str(journal), "--format", "json"]).stdout)
    return {guest["name"]: guest["result"] for guest in told["guests"]}


def resume(client: Client, journal: Path, *words: str) -> tuple[int, str]:
    done = client.run([PREFLIGHT, "migrate", "--resume", str(journal), "--yes", *words])
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("mode", [[], ["--p2p"]], ids=["managed", "p2p"])
def test_killed_while_memory_is_sent(client: Client, pair: Pair, tmp_path: Path, mode: list[str]) -> None:
    host1, host2 = pair
    host1.guest("web", memory_mib=256, dirty_mib_per_s=10, fill=True)
    host1.guest("zoo", memory_mib=64)
    journal = tmp_path / "j"
    words = [PREFLIGHT, "migrate", SOURCE, DESTINATION, "--running", "--yes", "--journal", str(journal), *SLOW, *mode]
    moving = client.popen(words, stdout=-3, stderr=-3)
    until(lambda: is_moving(host1))
    time.sleep(1)
    moving.send_signal(signal.SIGKILL)
    moving.wait()
    assert status(client, journal) == {"web": None, "zoo": "arrived"}, "the least went first"
    code, said = resume(client, journal)
    assert code == 0, said
    assert status(client, journal) == {"web": "arrived", "zoo": "arrived"}
    assert (state(host1, "web"), state(host2, "web")) == ("", "running")
    assert resume(client, journal)[0] == 0, "once more changes nothing"


#: What the process that starts guests after preflight's death is found by.
STARTER = "/run/preflight [0-9a-f]{32} qemu"


def killed_at_once(client: Client, host: LabHost, journal: Path, *mode: str, has_starter: bool = True) -> None:
    """Begin to move "web", and kill preflight as soon as memory is sent; without it, what would start the guest too."""
    words = [PREFLIGHT, "migrate", SOURCE, DESTINATION, "web", "--yes", "--journal", str(journal), *mode, *SLOW]
    moving = client.popen(words, stdout=-3, stderr=-3)
    until(lambda: is_moving(host))
    if not has_starter:
        host.run("pkill", "-9", "-f", STARTER)
    moving.send_signal(signal.SIGKILL)
    moving.wait()


@pytest.mark.parametrize("mode", ["--p2p", "--tunnelled"])
def test_the_death_of_preflight_stops_no_guest(client: Client, pair: Pair, tmp_path: Path, mode: str) -> None:
    """Peer-to-peer goes on without preflight, and so does the process on the source that starts the guest there."""
    host1, host2 = pair
    host1.guest("web", memory_mib=128, fill=True)
    killed_at_once(client, host1, tmp_path / "j", mode)
    until(lambda: state(host1, "web") == "" and state(host2, "web") == "running")
    code, said = resume(client, tmp_path / "j")
    assert code == 0, said
    assert status(client, tmp_path / "j") == {"web": "arrived"}


def test_killed_after_the_source_has_let_it_go(client: Client, pair: Pair, tmp_path: Path) -> None:
    """With the safe hand-over the guest is paused there, and only the journal knows that it is to run."""
    host1, host2 = pair
    host1.guest("web", memory_mib=128, fill=True)
    killed_at_once(client, host1, tmp_path / "j", "--p2p", has_starter=False)
    until(lambda: state(host1, "web") == "" and state(host2, "web") == "paused")
    code, said = resume(client, tmp_path / "j")
    assert code == 0, said
    assert state(host2, "web") == "running"
    assert "start on the destination" in said


def test_the_sources_log_remembers_what_its_daemon_has_forgotten(client: Client, pair: Pair, tmp_path: Path) -> None:
    """The source keeps its definition: only libvirt's reason, or the log, says that it did not run there again."""
    host1, host2 = pair
    host1.guest("web", memory_mib=128, fill=True)
    killed_at_once(client, host1, tmp_path / "j", "--p2p", "--keepsource", has_starter=False)
    until(lambda: state(host1, "web") == "shut off" and state(host2, "web") == "paused")
    host1.run("systemctl", "restart", host1.daemon)
    assert "unknown" in host1.run("virsh", "-q", "domstate", "--reason", "web").stdout
    code, said = resume(client, tmp_path / "j")
    assert code == 0, said
    assert (state(host1, "web"), state(host2, "web")) == ("shut off", "running")


def test_a_guest_that_was_started_on_the_source_since_is_not_started_on_the_destination(
    client: Client, pair: Pair, tmp_path: Path
) -> None:
    host1, host2 = pair
    host1.guest("web", memory_mib=128, fill=True)
    killed_at_once(client, host1, tmp_path / "j", "--p2p", "--keepsource", has_starter=False)
    until(lambda: state(host1, "web") == "shut off" and state(host2, "web") == "paused")
    host1.run("virsh", "-q", "start", "web")
    host1.run("virsh", "-q", "destroy", "web")
    host1.run("systemctl", "restart", host1.daemon)
    code, said = resume(client, tmp_path / "j")
    assert code == 4, said
    assert "virsh resume" in said
    assert state(host2, "web") == "paused"


def test_a_second_run_of_the_same_guest_is_not_begun(client: Client, pair: Pair, tmp_path: Path) -> None:
    host1, host2 = pair
    host1.guest("web", memory_mib=256, dirty_mib_per_s=5, fill=True)
    words = [PREFLIGHT, "migrate", SOURCE, DESTINATION, "web", "--yes", "--bandwidth", "10"]
    first = client.popen([*words, "--journal", str(tmp_path / "1")], stdout=-3, stderr=-3)
    until(lambda: is_moving(host1))
    began = time.monotonic()
    second = client.run([*words, "--journal", str(tmp_path / "2")])
    assert second.returncode == 5, second.stdout + second.stderr
    assert re.search(
        rf"already being migrated by \S+ on {os.uname().nodename} \(process \d+, since .*\)", second.stderr
    )
    assert time.monotonic() - began < 30
    host1.run("virsh", "migrate-setspeed", "web", "1000")  # the first one has lasted long enough
    assert first.wait(timeout=90) == 0
    assert (state(host1, "web"), state(host2, "web")) == ("", "running")
    assert host1.run("ls", "/run/preflight").stdout == ""


def test_of_two_runs_that_begin_together_one_at_most_begins(client: Client, pair: Pair, tmp_path: Path) -> None:
    host1, host2 = pair
    host1.guest("web", memory_mib=256, dirty_mib_per_s=5, fill=True)
    words = [PREFLIGHT, "migrate", SOURCE, DESTINATION, "web", "--yes", *SLOW]
    began = time.monotonic()
    runs = [client.popen([*words, "--journal", str(tmp_path / name)], stdout=-1, stderr=-1) for name in "12"]
    said = [each.communicate(timeout=120)[1] for each in runs]
    assert time.monotonic() - began < 90
    refused = [text for each, text in zip(runs, said, strict=True) if each.returncode == 5]
    assert refused, said
    assert all("already being migrated by" in text for text in refused), said
    assert all(each.returncode in (0, 5) for each in runs), said
    there = any(each.returncode == 0 for each in runs)
    assert (state(host1, "web"), state(host2, "web")) == (("", "running") if there else ("running", ""))


def test_the_sources_daemon_is_killed(client: Client, pair: Pair, tmp_path: Path) -> None:
    host1, host2 = pair
    host1.guest("web", memory_mib=256, dirty_mib_per_s=5, fill=True)
    journal = tmp_path / "j"
    words = [PREFLIGHT, "migrate", SOURCE, DESTINATION, "web", "--yes", "--journal", str(journal), *SLOW]
    moving = client.popen(words, stdout=-1, stderr=-1)
    until(lambda: is_moving(host1))
    time.sleep(0.5)
    host1.run("pkill", "-9", host1.daemon)
    said, complained = moving.communicate(timeout=120)
    assert moving.returncode == 4, said + complained
    assert (state(host1, "web"), state(host2, "web")) == ("running", "")
    assert status(client, journal) == {"web": "stayed"}
    code, said = resume(client, journal)
    assert code == 0, said
    assert (state(host1, "web"), state(host2, "web")) == ("", "running")


def test_what_sends_nothing_any_more_is_aborted(client: Client, pair: Pair, tmp_path: Path) -> None:
    host1, host2 = pair
    host1.guest("web", memory_mib=256, dirty_mib_per_s=20, fill=True)
    journal = tmp_path / "j"
    words = [PREFLIGHT, "migrate", SOURCE, DESTINATION, "web", "--yes", "--journal", str(journal), *SLOW]
    moving = client.popen([*words, "--stall-timeout", "4"], stdout=-1, stderr=-1)
    until(lambda: is_moving(host1))
    time.sleep(0.5)
    host1.run("nft", "add table ip cut; add chain ip cut out { type filter hook output priority 0; }")
    host1.run("nft", f"add rule ip cut out ip daddr {host2.address} drop")
    said, complained = moving.communicate(timeout=120)
    assert moving.returncode == 4, said + complained
    assert "web: nothing was sent for 4 s" in said
    assert (state(host1, "web"), state(host2, "web")) == ("running", "")


def test_a_journal_in_use_is_left_alone(client: Client, pair: Pair, tmp_path: Path) -> None:
    host1, _ = pair
    host1.guest("web", memory_mib=128, fill=True)
    journal = tmp_path / "j"
    words = [PREFLIGHT, "migrate", SOURCE, DESTINATION, "web", "--yes", "--journal", str(journal), *SLOW]
    moving = client.popen(words, stdout=-3, stderr=-3)
    until(lambda: is_moving(host1))
    code, said = resume(client, journal)
    assert code == 2, said
    assert "in use by another preflight" in said
    assert moving.wait(timeout=60) == 0
