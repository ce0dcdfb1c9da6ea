"""`preflight migrate` on real hosts: the guest arrives, or it is said where it is."""

import json
import os
import re
import signal
import time
from pathlib import Path

import pytest

from . import Client, LabHost
from .test_check import DESTINATION, PREFLIGHT, SOURCE
from .test_resume import is_moving, until

pytestmark = pytest.mark.lab

ARRIVED, USAGE, NOT_ARRIVED, REFUSED, INTERRUPTED = 0, 2, 4, 5, 130


def listed(host: LabHost) -> str:
    return host.run("virsh", "list", "--all").stdout


def test_a_busy_guest_arrives_and_is_where_it_is_said_to_be(client: Client, host1: LabHost, host2: LabHost) -> None:
    host1.guest("web", memory_mib=256, dirty_mib_per_s=40, fill=True)
    # so that it takes seconds: what is left is looked at five times a second
    done = client.run([PREFLIGHT, "migrate", SOURCE, DESTINATION, "web", "--yes", "--bandwidth", "100"])
    assert done.returncode == ARRIVED, done.stderr
    assert "ARRIVED  host1.example.com -> host2.example.com: 1 of 1 guest" in done.stdout
    assert "MiB left" in done.stderr
    assert "web" in listed(host2)
    assert "web" not in listed(host1)
    assert "web" in host2.run("virsh", "list", "--persistent", "--name").stdout, "it was persistent, and is"


def test_a_transient_guest_stays_transient(client: Client, host1: LabHost, host2: LabHost) -> None:
    host1.guest("web", persistent=False)
    assert client.run([PREFLIGHT, "migrate", SOURCE, DESTINATION, "web", "--yes"]).returncode == ARRIVED
    assert "web" in host2.run("virsh", "list", "--transient", "--name").stdout


def test_a_paused_guest_arrives_paused(client: Client, host1: LabHost, host2: LabHost) -> None:
    host1.guest("web")
    host1.run("virsh", "suspend", "web")
    done = client.run([PREFLIGHT, "migrate", SOURCE, DESTINATION, "web", "--yes"])
    assert done.returncode == ARRIVED, done.stderr + done.stdout
    assert "paused" in host2.run("virsh", "domstate", "web").stdout


def test_it_refuses_when_the_pair_is_not_ready_and_says_why(client: Client, host1: LabHost) -> None:
    host1.guest("web")
    host1.write("/etc/hosts", host1.read("/etc/hosts").replace("192.0.2.12", "# 192.0.2.12"))
    done = client.run([PREFLIGHT, "migrate", SOURCE, DESTINATION, "web", "--yes"])
    assert done.returncode == REFUSED
    assert "announced-name-unresolvable" in done.stdout
    assert "web" in listed(host1)


def test_it_refuses_when_nobody_can_be_asked(client: Client, host1: LabHost) -> None:
    host1.guest("web")
    done = client.run([PREFLIGHT, "migrate", SOURCE, DESTINATION, "web"])
    assert done.returncode == REFUSED
    assert "--yes" in done.stderr
    assert "web" in listed(host1)


def test_a_guest_that_does_not_exist_is_named(client: Client, host1: LabHost) -> None:
    host1.guest("web")
    done = client.run([PREFLIGHT, "migrate", SOURCE, DESTINATION, "wbe", "--yes"])
    assert done.returncode == USAGE
    assert done.stderr == "preflight: host1.example.com has no guest 'wbe'; it has: web\n"


def test_ctrl_c_leaves_the_guest_running_on_the_source(client: Client, host1: LabHost, host2: LabHost) -> None:
    host1.guest("web", memory_mib=1024, dirty_mib_per_s=100, fill=True)
    moving = client.popen([PREFLIGHT, "migrate", SOURCE, DESTINATION, "web", "--yes", "--bandwidth", "20"])
    until(lambda: is_moving(host1))
    moving.send_signal(signal.SIGINT)
    time.sleep(1)
    assert moving.poll() is None, "the first only keeps others from being started"
    moving.send_signal(signal.SIGINT)
    assert moving.wait(timeout=60) == INTERRUPTED
    assert "running" in host1.run("virsh", "domstate", "web").stdout
    assert "web" not in listed(host2)


def test_a_failure_on_the_way_is_told_in_libvirts_words(client: Client, host1: LabHost, host2: LabHost) -> None:
    host1.guest("web", memory_mib=1024, dirty_mib_per_s=100, fill=True)
    words = [PREFLIGHT, "migrate", SOURCE, DESTINATION, "web", "--yes", "--bandwidth", "20"]
    moving = client.popen(words, stdout=-1, stderr=-1)
    until(lambda: is_moving(host1))
    host2.run("pkill", "-9", "-f", "guest=web")
    said, complained = moving.communicate(timeout=60)
    assert moving.returncode == NOT_ARRIVED, said + complained
    assert "NOT ARRIVED" in said
    assert re.search(r"^web +STAYED +running +absent", said, re.MULTILINE), said
    assert re.search(r"^web: .*(qemu|QEMU|monitor|migration)", said, re.MULTILINE), said
    assert "running" in host1.run("virsh", "domstate", "web").stdout


def test_all_guests_of_a_host_go_and_come_home(client: Client, host1: LabHost, host2: LabHost, tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        host1.guest(name)
    host1.guest("rest", running=False)
    host1.run("virsh", "autostart", "two")
    back, events = tmp_path / "back", tmp_path / "events"
    words = ["--all", "--yes", "--back", str(back), "--events", str(events), "--at-once", "2"]
    done = client.run([PREFLIGHT, "migrate", SOURCE, DESTINATION, *words])
    assert done.returncode == ARRIVED, done.stdout + done.stderr
    assert host1.run("virsh", "list", "--all", "--name").stdout.split() == []
    assert sorted(host2.run("virsh", "list", "--name").stdout.split()) == ["one", "three", "two"]
    assert host2.run("virsh", "list", "--all", "--autostart", "--name").stdout.split() == ["two"]
    assert host2.run("virsh", "list", "--inactive", "--name").stdout.split() == ["rest"]
    told = [json.loads(line) for line in events.read_text().splitlines()]
    assert [one["guest"] for one in told if one["kind"] == "ended"][-1] == "rest"
    assert told[0]["kind"] == "started"
    assert {one["guest"] for one in told[: told.index(next(one for one in told if one["kind"] == "ended"))]} == {
        told[0]["guest"]
    }, "the first goes alone"
    home = client.run([PREFLIGHT, "migrate", str(back), "--yes"])
    assert home.returncode == ARRIVED, home.stdout + home.stderr
    assert host2.run("virsh", "list", "--all", "--name").stdout.split() == []
    assert sorted(host1.run("virsh", "list", "--name").stdout.split()) == ["one", "three", "two"]


def test_a_plan_is_refused_once_what_it_rests_on_has_changed(client: Client, host1: LabHost, tmp_path: Path) -> None:
    host1.guest("web")
    plan = tmp_path / "plan"
    made = client.run([PREFLIGHT, "plan", SOURCE, DESTINATION, "web", "-o", str(plan)])
    assert made.returncode == ARRIVED, made.stderr
    host1.append("/etc/hosts", "192.0.2.77 newcomer\n")
    refused = client.run([PREFLIGHT, "migrate", str(plan), "--yes"])
    assert refused.returncode == REFUSED, refused.stdout
    assert "changed since the plan was made, so make a new plan: source " in refused.stderr
    host1.run("sed", "-i", "/newcomer/d", "/etc/hosts")
    done = client.run([PREFLIGHT, "migrate", str(plan), "--yes"])
    assert done.returncode == ARRIVED, done.stderr


def test_the_others_are_not_started_when_the_canary_does_not_arrive(
    client: Client, host1: LabHost, host2: LabHost
) -> None:
    host1.guest("small", memory_mib=32)
    host1.guest("big", memory_mib=128, fill=True)  # what it has touched counts, and a guest that has just begun has not
    host2.run("mkdir", "-p", "/etc/libvirt/hooks")
    host2.write("/etc/libvirt/hooks/qemu", "#!/bin/sh\nexit 1\n")
    host2.run("chmod", "755", "/etc/libvirt/hooks/qemu")
    host2.run("systemctl", "restart", host2.daemon)
    done = client.run([PREFLIGHT, "migrate", SOURCE, DESTINATION, "--running", "--yes"])
    assert done.returncode == NOT_ARRIVED, done.stdout + done.stderr
    assert re.search(r"^small +STAYED +running +absent", done.stdout, re.MULTILINE), done.stdout
    assert re.search(r"^big +NOT BEGUN +running +absent", done.stdout, re.MULTILINE), done.stdout
    assert "Hook script execution failed" in done.stdout


def test_ctrl_c_at_a_terminal_lets_what_moves_arrive_and_starts_no_further_guest(
    client: Client, host1: LabHost, host2: LabHost
) -> None:
    """A terminal sends it to all that runs there, to every ssh too."""
    host1.guest("one", memory_mib=128, dirty_mib_per_s=20, fill=True)
    host1.guest("two", memory_mib=256, dirty_mib_per_s=20, fill=True)
    words = [PREFLIGHT, "migrate", SOURCE, DESTINATION, "--running", "--yes", "--bandwidth", "40"]
    moving = client.popen(words, stdout=-1, stderr=-1, start_new_session=True)
    until(lambda: is_moving(host1, "one"))
    os.killpg(moving.pid, signal.SIGINT)
    said, complained = moving.communicate(timeout=120)
    assert moving.returncode == INTERRUPTED, said + complained
    assert re.search(r"^one +ARRIVED +absent +running", said, re.MULTILINE), said + complained
    assert re.search(r"^two +NOT BEGUN +running +absent", said, re.MULTILINE), said


def test_a_guest_that_its_owner_pauses_while_it_waits_for_its_turn_stays_paused(
    client: Client, host1: LabHost, host2: LabHost
) -> None:
    host1.guest("one", memory_mib=128, dirty_mib_per_s=20, fill=True)
    host1.guest("two", memory_mib=256, dirty_mib_per_s=20, fill=True)
    words = [PREFLIGHT, "migrate", SOURCE, DESTINATION, "--running", "--yes", "--bandwidth", "60"]
    moving = client.popen(words, stdout=-1, stderr=-1)
    until(lambda: is_moving(host1, "one"))
    host1.run("virsh", "suspend", "two")
    said, complained = moving.communicate(timeout=120)
    assert moving.returncode == ARRIVED, said + complained
    assert host2.run("virsh", "domstate", "one").stdout.split() == ["running"]
    assert host2.run("virsh", "domstate", "two").stdout.split() == ["paused"]
