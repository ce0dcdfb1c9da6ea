"""The results of `preflight check` for real hosts, compared with what libvirt then really does."""

import json
import sys
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from . import Client, LabHost
from .conftest import Pair

pytestmark = pytest.mark.lab

PREFLIGHT = str(Path(sys.executable).with_name("preflight"))
SOURCE, DESTINATION = "host1.example.com", "host2.example.com"
READY, NOT_READY, UNDETERMINED = 0, 1, 3
SOCKETS = ("libvirtd.socket", "libvirtd-ro.socket", "libvirtd-admin.socket")


def check(client: Client, *options: str, ends: tuple[str, ...] = (SOURCE, DESTINATION)) -> CompletedProcess[str]:
    done = client.run([PREFLIGHT, "check", *ends, "--format", "json", *options])
    assert "Traceback" not in done.stderr
    return done


def migrate(client: Client, guest: str, *options: str, uri: str = f"qemu+ssh://root@{DESTINATION}/system") -> str:
    """Return virsh's error; empty if it succeeds."""
    source = f"qemu+ssh://root@{SOURCE}/system"
    done = client.run(["virsh", "-q", "-c", source, "migrate", "--live", guest, uri, *options])
    return done.stderr.strip() if done.returncode else ""


def failed(done: CompletedProcess[str]) -> dict[str, Any]:
    """Return the findings of failed rules that are errors, by rule."""
    results = json.loads(done.stdout)["results"]
    return {
        result["rule"]: result["findings"]
        for result in results
        if result["outcome"] == "failed" and result["severity"] == "error"
    }


def outcomes(done: CompletedProcess[str]) -> dict[str, str]:
    return {result["rule"]: result["outcome"] for result in json.loads(done.stdout)["results"]}


def test_a_sound_pair_is_ready_and_its_guest_moves(client: Client, host1: LabHost) -> None:
    host1.guest("web")
    done = check(client)
    assert done.returncode == READY, done.stdout
    assert set(outcomes(done).values()) <= {"passed", "not-applicable"}
    assert migrate(client, "web") == ""


@pytest.mark.parametrize("way", ["gone", "commented out", "on loopback", "wrong address", "the source's own"])
def test_the_destinations_line_in_the_sources_hosts_file(client: Client, host1: LabHost, way: str) -> None:
    host1.guest("web")
    line = "192.0.2.12 host2.example.com host2\n"
    instead = {
        "gone": "",
        "commented out": "# " + line,
        "on loopback": "127.0.1.1 host2.example.com host2\n",
        "wrong address": "192.0.2.77 host2.example.com host2\n",
        "the source's own": "192.0.2.11 host2.example.com host2\n",
    }[way]
    hosts = host1.read("/etc/hosts")
    assert line in hosts
    host1.write("/etc/hosts", hosts.replace(line, instead))
    done = check(client)
    assert done.returncode == NOT_READY
    (findings,) = failed(done).values()
    (finding,) = findings
    assert finding["host"] == "source"
    assert finding["location"]["path"] == "/etc/hosts"
    assert "host2.example.com" in finding["message"]
    assert "192.0.2.12 host2.example.com" in finding["fix"]
    assert finding["predicted_error"] in migrate(client, "web")


def test_a_hosts_line_in_another_case_with_tabs_and_remarks_is_sound(client: Client, host1: LabHost) -> None:
    host1.guest("web")
    hosts = host1.read("/etc/hosts").replace("192.0.2.12 host2.example.com host2", "192.0.2.12\tHOST2.Example.COM # x")
    host1.write("/etc/hosts", hosts)
    assert check(client).returncode == READY
    assert migrate(client, "web") == ""


def test_a_libvirtd_that_its_socket_will_start_is_sound(client: Client, host1: LabHost, host2: LabHost) -> None:
    host1.guest("web")
    host2.run("systemctl", "stop", "libvirtd.service")
    assert check(client).returncode == READY
    host2.run("systemctl", "stop", "libvirtd.service")
    assert migrate(client, "web") == ""


def test_a_libvirtd_that_nothing_will_start(client: Client, host1: LabHost, host2: LabHost) -> None:
    host1.guest("web")
    host2.run("systemctl", "stop", *SOCKETS, "libvirtd.service")
    done = check(client)
    assert done.returncode == NOT_READY
    (finding,) = failed(done)["libvirt-not-running"]
    assert finding["host"] == "destination"
    assert finding["predicted_error"] in migrate(client, "web")


def test_a_libvirtd_conf_that_libvirtd_does_not_take(client: Client, host1: LabHost, host2: LabHost) -> None:
    host1.guest("web")
    host2.append("/etc/libvirt/libvirtd.conf", 'max_clients = "many"\n')
    done = check(client)
    assert done.returncode == READY, "it runs still, with the file that it was started with"
    assert outcomes(done)["daemon-conf-invalid"] == "failed"
    host2.run("systemctl", "restart", "libvirtd.service", check=False)
    done = check(client)
    assert done.returncode == NOT_READY
    assert {"libvirt-not-running", "daemon-conf-invalid"} <= set(failed(done))
    (finding,) = failed(done)["daemon-conf-invalid"]
    assert finding["location"]["path"] == "/etc/libvirt/libvirtd.conf"
    assert finding["predicted_error"] in host2.run("journalctl", "-u", "libvirtd", "--no-pager").stdout
    assert migrate(client, "web") != ""


def test_an_sshd_that_is_stopped(client: Client, host1: LabHost, host2: LabHost) -> None:
    host1.guest("web")
    host2.run("systemctl", "stop", "ssh.service")
    done = check(client)
    assert done.returncode == NOT_READY
    assert set(failed(done)) == {"ssh-login-refused"}
    (finding,) = failed(done)["ssh-login-refused"]
    assert finding["host"] == "destination"
    assert finding["predicted_error"] in migrate(client, "web")
    about_destination = [
        result for result in json.loads(done.stdout)["results"] if result["subject"] in ("destination", "pair")
    ]
    # the others look at no host
    spoke = ("ssh-login-refused", "options-contradict", "ssh-client-misconfigured")
    assert {result["outcome"] for result in about_destination if result["rule"] not in spoke} <= {
        "unknown",
        "not-applicable",
    }


def test_a_host_that_cannot_be_looked_into_though_the_transport_needs_no_login(
    client: Client, host1: LabHost, host2: LabHost
) -> None:
    host1.guest("web")
    host2.append("/etc/libvirt/libvirtd.conf", 'auth_tcp = "none"\n')
    host2.run("systemctl", "stop", *SOCKETS, "libvirtd.service")
    host2.run("systemctl", "start", "libvirtd-tcp.socket", *SOCKETS)
    assert check(client, "--transport", "tcp").returncode == READY
    host2.run("systemctl", "stop", "ssh.service")
    done = check(client, "--transport", "tcp")
    assert done.returncode == UNDETERMINED, done.stdout
    assert failed(done) == {}
    assert migrate(client, "web", uri=f"qemu+tcp://{DESTINATION}/system") == "", "and it would have moved"


def test_a_firewall_in_front_of_the_migration_ports(client: Client, host1: LabHost, host2: LabHost) -> None:
    host1.guest("web")
    host2.run("nft", "add table inet f; add chain inet f in { type filter hook input priority 0; }")
    host2.run("nft", "add rule inet f in tcp dport 49152-49215 reject")
    done = check(client)
    assert done.returncode == NOT_READY
    (finding,) = failed(done)["migration-ports-filtered"]
    assert finding["predicted_error"] in migrate(client, "web")


def test_a_guest_on_the_sources_own_disk(client: Client, host1: LabHost) -> None:
    host1.guest("web", disk="local")
    done = check(client)
    assert done.returncode == NOT_READY
    assert {"disk-not-shared", "disk-missing-on-destination"} == set(failed(done))
    assert failed(done)["disk-not-shared"][0]["predicted_error"] in migrate(client, "web")
    assert check(client, "--no-guests").returncode == READY


def test_a_check_changes_nothing_on_either_host(client: Client, clean_pair: Pair) -> None:
    for host in clean_pair:
        host.run("virsh", "list")  # the daemon writes files of its own when it first starts,
        client.run(["ssh", host.fqdn, "true"])  # and so does systemd's logind, whoever logs in
    before = [host.tree_digest() for host in clean_pair]
    temporary = [host.run("find", "/tmp", "/var/tmp").stdout for host in clean_pair]
    check(client)
    check(client, "--p2p", "--concurrency", "3")
    assert [host.tree_digest() for host in clean_pair] == before
    assert [host.run("find", "/tmp", "/var/tmp").stdout for host in clean_pair] == temporary


def judged(report: str) -> dict[str, Any]:
    """Return a report without its provenance: when it was made, and how old its answers were then."""
    return {name: value for name, value in json.loads(report).items() if name != "provenance"}


@pytest.mark.parametrize("state", ["sound", "line gone", "libvirtd down", "sshd down"])
def test_snapshots_give_the_same_report_as_the_hosts(
    client: Client, host1: LabHost, host2: LabHost, tmp_path: Path, state: str
) -> None:
    host1.guest("web")
    host1.guest("db", disk="nbd")
    if state == "line gone":
        host1.write("/etc/hosts", host1.read("/etc/hosts").replace("192.0.2.12", "# 192.0.2.12"))
    elif state == "libvirtd down":
        host2.run("systemctl", "stop", *SOCKETS, "libvirtd.service")
    elif state == "sshd down":
        host2.run("systemctl", "stop", "ssh.service")
    both = tmp_path / "both.json"
    live = check(client, "--save", str(both))
    alone = (str(tmp_path / f"{SOURCE}.json"), str(tmp_path / f"{DESTINATION}.json"))
    # each host is asked about the other one once that one has answered
    for number, about in ((0, ()), (1, ("--peer", alone[0])), (0, ("--peer", alone[1], "--overwrite"))):
        name = (SOURCE, DESTINATION)[number]
        taken = client.run([PREFLIGHT, "snapshot", name, *about, "-o", alone[number]])
        refused = state == "sshd down" and name == DESTINATION
        assert taken.returncode == (UNDETERMINED if refused else READY), taken.stderr
    from_pair, from_two = check(client, ends=(str(both),)), check(client, ends=alone)
    assert judged(from_pair.stdout) == judged(live.stdout)
    assert json.loads(from_two.stdout)["results"] == json.loads(live.stdout)["results"]
    assert {done.returncode for done in (live, from_pair, from_two)} == {READY if state == "sound" else NOT_READY}


def test_files_that_nobody_can_parse_end_in_a_line_not_in_a_traceback(
    client: Client, host1: LabHost, host2: LabHost
) -> None:
    noise = "".join(chr(33 + (number * 7919) % 90) for number in range(1 << 20))
    host1.write("/etc/libvirt/libvirtd.conf", noise)
    host2.append("/etc/ssh/sshd_config", 'Match (((\n"\n}{\n')
    done = client.run([PREFLIGHT, "check", SOURCE, DESTINATION])
    assert done.returncode in (READY, NOT_READY, UNDETERMINED)
    assert done.stderr == ""
    assert "daemon-conf-invalid" in done.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("check", "nohost.example.com", DESTINATION), "Could not resolve hostname"),
        (("check", SOURCE, DESTINATION, "--guest", "nobody"), "has no guest 'nobody'"),
    ],
)
def test_what_does_not_exist_is_named_in_one_line(client: Client, words: tuple[str, ...], says: str) -> None:
    done = client.run([PREFLIGHT, *words])
    assert done.returncode in (1, 2)
    assert says in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= 1


def test_both_hosts_are_logged_in_to_once(client: Client, clean_pair: Pair) -> None:
    def logins(host: LabHost) -> int:
        return host.run("journalctl", "-u", "ssh", "--no-pager").stdout.count("Accepted publickey")

    before = [logins(host) for host in clean_pair]
    check(client)
    assert [logins(host) for host in clean_pair] == [count + 1 for count in before]
