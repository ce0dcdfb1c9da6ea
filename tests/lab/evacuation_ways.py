"""The ways of emptying a host: rehearsed, off, by a plan, as wished, steered, and home: `make evacuation-ways`.

Each begins with three hosts, of which the first has guests.
"""

import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from . import Lab, LabHost
from .conftest import boot
from .terminal import Terminal
from .test_check import PREFLIGHT
from .test_evacuate import HOOK
from .test_resume import is_moving, state, until

pytestmark = pytest.mark.lab

DONE, NOT_ALL, REFUSED = 0, 4, 5
NAMES = ("g0", "g1", "g2", "g3")
#: A guest that is large enough to be rehearsed, and takes seconds to move.
SLOW: dict[str, Any] = {"memory_mib": 256, "fill": True}
NETWORK = '<network><name>lan</name><forward mode="bridge"/><bridge name="br7"/></network>'


@pytest.fixture(scope="module")
def booted() -> Iterator[Lab]:
    with boot(["bookworm"] * 3, "ways") as lab:
        yield lab


@pytest.fixture
def hosts(booted: Lab) -> "Hosts":
    booted.reset([host for host in booted.hosts.values() if host.is_dirty()])
    return Hosts(booted)


class Hosts:
    """The host that is emptied, and two that take its guests."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.source, self.second, self.third = lab.hosts.values()
        self.to = f"{self.second.fqdn},{self.third.fqdn}"

    def guests(self, *names: str, **kind: Any) -> None:
        """Start guests on the source."""
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda name: self.source.guest(name, **({"memory_mib": 32} | kind)), names))

    def evacuate(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.lab.client.run([PREFLIGHT, "evacuate", *words], timeout=300)

    def away(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Empty the source, without a question."""
        return self.evacuate(self.source.fqdn, "--to", self.to, "--yes", *words)

    @property
    def places(self) -> Sequence[Sequence[str]]:
        """Return the guests that run on each host; each is defined there, and nowhere else."""
        return [running(host) for host in (self.source, self.second, self.third)]


def running(host: LabHost) -> Sequence[str]:
    assert not host.run("virsh", "-q", "list", "--name", "--inactive").stdout.split()
    return sorted(host.run("virsh", "-q", "list", "--name", "--state-running", "--persistent").stdout.split())


def refuse_guests(host: LabHost) -> None:
    """Have libvirt refuse each guest that comes in, by a hook."""
    host.run("mkdir", "-p", "/etc/libvirt/hooks")
    host.write("/etc/libvirt/hooks/qemu", HOOK)
    host.run("sh", "-c", "chmod 755 /etc/libvirt/hooks/qemu && systemctl restart libvirtd")


def said(done: subprocess.CompletedProcess[str]) -> str:
    return re.sub(r"\n {10,}", " ", done.stdout + done.stderr)


def test_what_is_rehearsed_and_accepted_is_moved(hosts: Hosts, tmp_path: Path) -> None:
    hosts.guests("web", "db", **SLOW)
    hosts.guests("tiny")
    record = tmp_path / "r"
    done = hosts.away("--rehearse", "--keep-apart", "web,db", "--journal", str(record))
    assert done.returncode == DONE, said(done)
    assert "not rehearsed: tiny: " in said(done)
    assert len(re.findall("^(?:web|db) .*accepted", done.stdout, re.MULTILINE)) == 2, said(done)
    assert "EVACUATED  3 of 3 guests off host1.example.com" in done.stdout
    there = hosts.places
    assert there[0] == []
    assert sorted("web" in guests or "db" in guests for guests in there[1:]) == [True, True]
    assert "planned anew" not in said(done)


def test_what_libvirt_refuses_in_a_rehearsal_stays_or_goes_elsewhere(hosts: Hosts) -> None:
    """Of the destinations only the third has the guest's network; the rule that knows it is ignored."""
    hosts.guests("web", **SLOW)
    for host in (hosts.source, hosts.third):
        host.write("/root/n.xml", NETWORK)
        bridge = "ip link add br7 type bridge; ip link set br7 up"
        host.run("sh", "-c", f"{bridge}; virsh net-define /root/n.xml && virsh net-start lan")
    interface = "<interface type='network'><source network='lan'/><model type='virtio'/></interface>"
    hosts.source.write("/root/i.xml", interface)
    hosts.source.run("virsh", "attach-device", "web", "/root/i.xml", "--persistent", "--live")
    words = ("--yes", "--rehearse", "--ignore", "network-missing")
    done = hosts.evacuate(hosts.source.fqdn, "--to", hosts.second.fqdn, *words)
    assert done.returncode == REFUSED, said(done)
    why = "the rehearsal: Network not found: no network with matching name 'lan'"
    assert f"web does not go to {hosts.second.fqdn}: {why}" in said(done)
    assert done.stderr.splitlines()[-1] == "preflight: refused: no rehearsal was accepted"
    assert hosts.places == [["web"], [], []]
    done = hosts.evacuate(hosts.source.fqdn, "--to", hosts.to, *words)
    assert done.returncode == DONE, said(done)
    assert hosts.places == [[], [], ["web"]]


def test_guests_that_are_off_leave_too_and_come_home(hosts: Hosts, tmp_path: Path) -> None:
    hosts.guests("on")
    hosts.guests("off", running=False)
    record = str(tmp_path / "r")
    left = hosts.away()
    assert left.returncode == DONE, said(left)
    assert "not included" in left.stderr
    home = hosts.evacuate("--back", newest(tmp_path), "--yes")
    assert home.returncode == DONE, said(home)
    done = hosts.away("--offline", "--journal", record)
    assert done.returncode == DONE, said(done)
    assert "EVACUATED  2 of 2 guests" in done.stdout
    assert hosts.source.run("virsh", "-q", "list", "--all", "--name").stdout.split() == []
    assert sorted(state(host, "off") for host in (hosts.second, hosts.third)) == ["", "shut off"]
    home = hosts.evacuate("--back", record, "--yes")
    assert home.returncode == DONE, said(home)
    assert (state(hosts.source, "on"), state(hosts.source, "off")) == ("running", "shut off")


def newest(tmp_path: Path) -> str:
    """Return the record that the last evacuation wrote to the directory of journals."""
    return str(max((tmp_path / "state/preflight").glob("*.evacuation"), key=lambda path: path.stat().st_mtime))


def test_a_plan_is_written_and_then_run_as_it_says(hosts: Hosts, tmp_path: Path) -> None:
    hosts.guests(*NAMES)
    plan, record = tmp_path / "p", tmp_path / "r"
    words = (hosts.source.fqdn, "--to", hosts.to, "--plan", str(plan))
    made = hosts.evacuate(
        *words, "--keep-together", "g0,g1", "--keep-apart", "g1,g2", "--link", "100", "--window", "1h"
    )
    assert made.returncode == DONE, said(made)
    assert f"{plan}: run it with `preflight evacuate {plan}`" in made.stdout
    assert "long enough" in said(made)
    assert hosts.places == [list(NAMES), [], []]
    wanted = {leg["destination"]: set(leg["guests"]) for leg in json.loads(plan.read_text())["planned"]}
    done = hosts.evacuate(str(plan), "--yes", "--journal", str(record))
    assert done.returncode == DONE, said(done)
    runs = json.loads(record.read_text())["runs"]
    assert {leg["destination"]: set(leg["guests"]) for leg in runs} == wanted
    (together,) = [guests for guests in hosts.places if "g0" in guests]
    assert "g1" in together
    assert "g2" not in together
    again = hosts.evacuate(str(plan), "--yes")
    assert again.returncode == REFUSED, said(again)


def test_a_plan_whose_destination_is_not_ready_any_more_is_planned_anew(hosts: Hosts, tmp_path: Path) -> None:
    hosts.guests("g0", "g1")
    plan = tmp_path / "p"
    words = (hosts.source.fqdn, "--to", hosts.to, "--plan", str(plan), "--keep-apart", "g0,g1")
    assert hosts.evacuate(*words).returncode == DONE
    hosts.third.guest("g0", running=False)
    hosts.third.guest("g1", running=False)
    done = hosts.evacuate(str(plan), "--yes")
    assert done.returncode == NOT_ALL, said(done)
    assert "planned anew" in said(done)
    assert "(--keep-apart g0,g1)" in said(done)
    assert len(running(hosts.second)) == len(running(hosts.source)) == 1


def test_the_first_failure_stops_all(hosts: Hosts) -> None:
    hosts.guests(*NAMES)
    refuse_guests(hosts.second)
    refuse_guests(hosts.third)
    done = hosts.away("--on-error", "stop")
    assert done.returncode == NOT_ALL, said(done)
    assert "planned anew" not in said(done)
    assert "NOT EVACUATED  0 of 4 guests off host1.example.com" in done.stdout
    assert hosts.places == [list(NAMES), [], []]


def test_what_does_not_fit_the_window_is_refused_unless_a_person_agrees(hosts: Hosts) -> None:
    hosts.guests("web", **SLOW)
    words = ("--window", "1s", "--link", "10")
    done = hosts.away(*words)
    assert done.returncode == REFUSED, said(done)
    assert "TOO SHORT, 0 of 1 guests leave in it" in said(done)
    assert state(hosts.source, "web") == "running"
    command = [PREFLIGHT, "evacuate", hosts.source.fqdn, "--to", hosts.to, *words]
    with Terminal([*hosts.lab.client.entering(), *command]) as terminal:
        terminal.expect("TOO SHORT")
        terminal.expect("migrate?")
        terminal.type("y\n")
        assert terminal.end(timeout=120) == DONE, terminal.screen
    assert hosts.places[0] == []


def test_where_nobody_can_leave_each_cause_is_said_once(hosts: Hosts) -> None:
    hosts.guests(*NAMES)
    text = hosts.source.read("/etc/hosts")
    hosts.source.write("/etc/hosts", re.sub(r"(?m)^192\.0\.2\.1[23].*$", "", text))
    done = hosts.away()
    assert done.returncode == REFUSED, said(done)
    assert said(done).count("announced-name-unresolvable") <= 2, said(done)
    assert re.search(r"^stays +g0, g1, g2, g3$", done.stderr, re.MULTILINE), done.stderr


def test_an_evacuation_is_steered_while_it_runs(hosts: Hosts, tmp_path: Path) -> None:
    hosts.guests("web", "db", memory_mib=64, dirty_mib_per_s=200, fill=True)
    record = tmp_path / "r"
    words = ["--keep-apart", "web,db", "--bandwidth", "20", "--journal", str(record), "--yes", "--on-error", "stop"]
    command = [PREFLIGHT, "evacuate", hosts.source.fqdn, "--to", hosts.to, *words]
    moving = hosts.lab.client.popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        until(lambda: is_moving(hosts.source, "web") and is_moving(hosts.source, "db"))
        done = steer(hosts, record, "--bandwidth", "11")
        assert (done.returncode, sorted(done.stdout.splitlines())) == (
            DONE,
            ["db: bandwidth of 11 MiB/s: done", "web: bandwidth of 11 MiB/s: done"],
        ), said(done)
        for name in ("web", "db"):
            assert "11" in hosts.source.run("virsh", "migrate-getspeed", name).stdout
        done = steer(hosts, record, "web", "--abort")
        assert (done.returncode, done.stdout) == (DONE, "web: abort: done\n"), said(done)
        until(lambda: not is_moving(hosts.source, "web"))
        done = steer(hosts, record, "--bandwidth", "1000", "--max-downtime", "5000")
        assert done.returncode == DONE, said(done)
        told, _ = moving.communicate(timeout=120)
    finally:
        moving.kill()
        moving.communicate()
    assert moving.returncode == NOT_ALL, told
    assert re.search(r"web: aborted by \S+ on \S+ with preflight steer; libvirt:", re.sub(r"\n +", " ", told)), told
    assert "planned anew" not in told
    assert hosts.places[0] == ["web"]
    over = steer(hosts, record, "--abort")
    assert over.returncode == REFUSED
    assert "no migration of this evacuation is under way" in over.stderr


def steer(hosts: Hosts, record: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return hosts.lab.client.run([PREFLIGHT, "steer", str(record), *words])


def test_a_guest_that_cannot_come_home_stays_where_it_is_and_is_named(hosts: Hosts, tmp_path: Path) -> None:
    hosts.guests(*NAMES)
    record = str(tmp_path / "r")
    done = hosts.away("--journal", record, "--keep-apart", "g0,g1")
    assert done.returncode == DONE, said(done)
    (here,) = [host for host in (hosts.second, hosts.third) if "g0" in running(host)]
    (other,) = [host for host in (hosts.second, hosts.third) if host is not here]
    kept = running(other)
    hosts.source.guest("g1", running=False)
    home = hosts.evacuate("--back", record, "--yes")
    assert home.returncode == NOT_ALL, said(home)
    assert "g0" in hosts.source.run("virsh", "-q", "list", "--name").stdout.split()
    assert running(other) == kept
    hosts.source.run("virsh", "undefine", "g1")
    again = hosts.evacuate("--back", record, "--yes")
    assert again.returncode == DONE, said(again)
    assert hosts.places == [list(NAMES), [], []]
