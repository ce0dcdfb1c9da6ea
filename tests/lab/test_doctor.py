"""`preflight doctor` on real hosts: as root, and as a user who lacks what root has."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from . import Client, LabHost

pytestmark = pytest.mark.lab

PREFLIGHT = str(Path(sys.executable).with_name("preflight"))


def doctor(client: Client, *hosts: str, code: int) -> list[dict[str, dict[str, Any]]]:
    """Return the items of each host, by name."""
    done = client.run([PREFLIGHT, "doctor", *hosts, "--format", "json"])
    assert (done.returncode, done.stderr) == (code, ""), done.stdout
    return [{item["name"]: item for item in host["items"]} for host in json.loads(done.stdout)["hosts"]]


def states(items: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {name: item["state"] for name, item in items.items()}


def test_a_login_of_root_lacks_nothing_until_libvirt_is_stopped(client: Client, host1: LabHost) -> None:
    before = host1.tree_digest()
    (found,) = doctor(client, "host1", code=0)
    assert set(states(found).values()) == {"ok"}
    assert "libvirt 9.0.0, QEMU 7.2." in found["libvirt"]["message"]
    assert found["virt-admin"]["message"] == "can ask libvirtd"
    assert host1.tree_digest() == before
    host1.run("systemctl", "stop", "libvirtd.socket", "libvirtd-ro.socket", "libvirtd-admin.socket", "libvirtd")
    (found,) = doctor(client, "host1", code=1)
    assert [name for name, state in states(found).items() if state != "ok"] == ["libvirt"]
    assert found["libvirt"]["mend"] == "ssh host1 systemctl status libvirtd virtqemud"


def test_a_user_gets_each_right_by_the_mend_that_is_printed(client: Client, host1: LabHost) -> None:
    host1.run("sh", "-c", "useradd -m -s /bin/sh ops && cp -r /root/.ssh /home/ops/ && chown -R ops /home/ops/.ssh")
    (found,) = doctor(client, "ops@host1", code=1)
    assert found["login"]["message"].startswith("ops from 192.0.2.1; Debian GNU/Linux 12")
    lacking = {name for name, state in states(found).items() if state != "ok"}
    assert lacking >= {"root's rights", "libvirt", "sshd", "firewall"}
    assert found["libvirt"]["mend"] == "as root on the host: usermod -aG libvirt ops, then log in again"
    host1.run("usermod", "-aG", "libvirt", "ops")
    (found,) = doctor(client, "ops@host1", code=3)
    line = found["root's rights"]["mend"].partition("`")[2].partition("`")[0]
    host1.write("/etc/sudoers.d/preflight", f"{line}\n")
    host1.run("chmod", "440", "/etc/sudoers.d/preflight")
    (found,) = doctor(client, "ops@host1", code=0)
    assert set(states(found).values()) == {"ok"}


def test_a_program_that_a_host_lacks_is_named(client: Client, host1: LabHost) -> None:
    host1.run("mv", "/usr/bin/virt-admin", "/usr/bin/virt-admin.gone")
    (found,) = doctor(client, "host1", code=3)
    assert (found["programs"]["message"], found["programs"]["mend"]) == (
        "not installed: virt-admin",
        "ssh host1 apt install libvirt-clients",
    )
    assert found["virt-admin"]["state"] == "limited"


def test_a_key_that_is_not_accepted_and_a_host_that_is_away(client: Client, host1: LabHost) -> None:
    host1.run("rm", "/root/.ssh/authorized_keys")
    refused, away = doctor(client, "host1", "host9.example.com", code=1)
    assert refused["login"]["mend"] == "ssh-copy-id host1"
    assert "Could not resolve hostname" in away["login"]["message"]
