"""Holds the lab to its word about hosts and client: names, versions, logins, digests and resets."""

import re
import time

import pytest

from . import Client, LabError, LabHost

Pair = tuple[LabHost, LabHost]


def test_a_host_is_called_by_its_full_name(clean_pair: Pair) -> None:
    for host in clean_pair:
        assert host.read("/proc/sys/kernel/hostname") == f"{host.fqdn}\n"
        assert host.run("hostname", "--fqdn").stdout == f"{host.fqdn}\n"
        assert host.run("hostname", "--short").stdout == f"{host.name}\n"


def test_a_booted_host_has_no_failed_unit(clean_pair: Pair) -> None:
    for host in clean_pair:
        assert host.run("systemctl", "--failed", "--no-legend").stdout == ""


def test_bookworm_has_the_versions_that_tests_count_on(clean_pair: Pair) -> None:
    host = clean_pair[0]
    assert host.run("libvirtd", "--version").stdout == "libvirtd (libvirt) 9.0.0\n"
    assert "version 7.2." in host.run("qemu-system-x86_64", "--version").stdout
    assert host.run("ssh", "-V").stderr.startswith("OpenSSH_9.2")


def test_hosts_have_a_uuid_each(clean_pair: Pair) -> None:
    uuids = {re.findall("<uuid>(.*)</uuid>", host.run("virsh", "capabilities").stdout)[0] for host in clean_pair}
    assert len(uuids) == 2


@pytest.mark.parametrize("name", ["host1.example.com", "host1", "192.0.2.11"])
def test_the_client_logs_in_without_a_question(clean_pair: Pair, client: Client, name: str) -> None:
    done = client.run(["ssh", "-o", "BatchMode=yes", f"root@{name}", "cat /etc/hostname"])
    assert (done.stdout, done.stderr) == (f"{clean_pair[0].fqdn}\n", "")


def test_a_login_after_a_pause_is_as_quick(clean_pair: Pair, client: Client) -> None:
    # 10 seconds after the last logout logind stops the user's manager, which took 90 seconds here.
    client.run(["ssh", clean_pair[0].fqdn, "true"], check=True)
    time.sleep(12)
    client.run(["ssh", clean_pair[0].fqdn, "true"], check=True, timeout=10)


def test_hosts_log_in_to_each_other(clean_pair: Pair) -> None:
    host1, host2 = clean_pair
    done = host1.run("ssh", "-o", "BatchMode=yes", host2.fqdn, "cat /etc/hostname")
    assert done.stdout == f"{host2.fqdn}\n"


def test_what_a_test_does_to_the_clients_hosts_file_is_seen(clean_pair: Pair, client: Client) -> None:
    client.write_hosts("192.0.2.12 elsewhere\n")
    assert client.run(["getent", "hosts", "elsewhere"]).returncode == 0
    assert client.run(["getent", "hosts", "host1"]).returncode == 2


def test_what_a_test_did_to_the_clients_hosts_file_is_gone(clean_pair: Pair, client: Client) -> None:
    assert client.run(["getent", "hosts", "host1"]).returncode == 0


def test_the_digest_changes_with_a_byte_and_not_by_itself(pair: Pair) -> None:
    host1 = pair[0]
    before = host1.tree_digest()
    assert host1.tree_digest() == before
    host1.append("/etc/motd", "x")
    assert host1.tree_digest() != before


def test_the_digest_changes_with_a_mode_an_owner_and_a_link(pair: Pair) -> None:
    host1 = pair[0]
    seen = {host1.tree_digest("/etc")}
    for change in ("chmod 600 /etc/motd", "chown 1 /etc/motd", "ln -s a /etc/b", "ln -sf c /etc/b"):
        host1.run("sh", "-c", change)
        seen.add(host1.tree_digest("/etc"))
    assert len(seen) == 5


def test_reading_a_host_through_ssh_and_libvirt_leaves_its_digest(clean_pair: Pair, client: Client) -> None:
    host1 = clean_pair[0]
    before = host1.tree_digest()
    client.run(["ssh", host1.fqdn, "cat /etc/hostname"], check=True)
    uri = f"qemu+ssh://root@{host1.fqdn}/system"
    client.run(["virsh", "-c", uri, "domcapabilities"], check=True)
    assert host1.tree_digest() == before


def test_a_reset_takes_seconds_and_forgets(pair: Pair, client: Client) -> None:
    host1 = pair[0]
    # Not all of /etc: libvirtd gives its networks and filters random UUIDs when it first starts.
    kept = host1.tree_digest("/etc/ssh", "/root")
    host1.append("/root/.ssh/known_hosts", "\n")
    host1.guest("web")
    host1.run("nft", "add", "table", "inet", "left_over")
    host1.run("systemctl", "stop", "ssh")
    began = time.monotonic()
    host1.reset()
    assert time.monotonic() - began < 10
    assert host1.tree_digest("/etc/ssh", "/root") == kept
    assert host1.run("virsh", "list", "--all", "--name").stdout.split() == []
    assert "left_over" not in host1.run("nft", "list", "ruleset").stdout
    assert client.run(["ssh", "-o", "ConnectTimeout=3", host1.fqdn, "true"]).returncode == 0


def test_a_host_can_be_entered_without_sshd_and_network(pair: Pair) -> None:
    pair[0].run("systemctl", "stop", "ssh")
    pair[0].run("ip", "link", "set", "eth0", "down")
    assert pair[0].run("echo", "here").stdout == "here\n"


def test_a_test_that_reads_cannot_write(clean_pair: Pair) -> None:
    with pytest.raises(LabError, match="promised only to read host1"):
        clean_pair[0].write("/etc/motd", "")
