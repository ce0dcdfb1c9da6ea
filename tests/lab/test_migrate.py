"""`preflight migrate` on real hosts: the guest arrives, or it is said where it is."""

import signal
import time

import pytest

from . import Client, LabHost
from .test_check import DESTINATION, PREFLIGHT, SOURCE

pytestmark = pytest.mark.lab

ARRIVED, USAGE, NOT_ARRIVED, REFUSED, INTERRUPTED = 0, 2, 4, 5, 130


def listed(host: LabHost) -> str:
    return host.run("virsh", "list", "--all").stdout


def test_a_busy_guest_arrives_and_is_where_it_is_said_to_be(client: Client, host1: LabHost, host2: LabHost) -> None:
    host1.guest("web", memory_mib=256, dirty_mib_per_s=40)
    done = client.run([PREFLIGHT, "migrate", SOURCE, DESTINATION, "web", "--yes"])
    assert done.returncode == ARRIVED, done.stderr
    assert "ARRIVED" in done.stdout
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
    host1.guest("web", memory_mib=2048, dirty_mib_per_s=100)
    moving = client.popen([PREFLIGHT, "migrate", SOURCE, DESTINATION, "web", "--yes"])
    deadline = time.monotonic() + 60
    while "Unbounded" not in host1.run("virsh", "domjobinfo", "web", check=False).stdout:
        assert time.monotonic() < deadline, "it never began"
        time.sleep(0.1)
    time.sleep(1)
    moving.send_signal(signal.SIGINT)
    assert moving.wait(timeout=60) == INTERRUPTED
    assert "running" in host1.run("virsh", "domstate", "web").stdout
    assert "web" not in listed(host2)


def test_a_failure_on_the_way_is_told_in_libvirts_words(client: Client, host1: LabHost, host2: LabHost) -> None:
    host1.guest("web", memory_mib=2048, dirty_mib_per_s=100)
    moving = client.popen([PREFLIGHT, "migrate", SOURCE, DESTINATION, "web", "--yes"], stdout=-1, stderr=-1)
    deadline = time.monotonic() + 60
    while "guest=web" not in host2.run("ps", "-e", "-o", "args").stdout:
        assert time.monotonic() < deadline, "it never began"
        time.sleep(0.1)
    time.sleep(1)
    host2.run("pkill", "-9", "-f", "guest=web")
    said, complained = moving.communicate(timeout=60)
    assert moving.returncode == NOT_ARRIVED, said + complained
    assert "NOT ARRIVED" in said
    assert "libvirt: " in complained
    assert "on host1.example.com: running" in said
    assert "running" in host1.run("virsh", "domstate", "web").stdout
