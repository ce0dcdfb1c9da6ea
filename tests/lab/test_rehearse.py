"""`preflight rehearse` on real hosts: libvirt is asked in earnest, and no guest is moved or harmed."""

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from preflight.rehearse import limits
from preflight.units import MIB

from . import Client, LabHost
from .test_check import DESTINATION, PREFLIGHT, SOURCE
from .test_migrate import listed
from .test_resume import state, until

pytestmark = pytest.mark.lab

READY, NOT_READY, REFUSED = 0, 1, 5
#: The options of each kind of migration whose memory is sent.
KINDS = {
    "managed": [],
    "p2p": ["--p2p"],
    "tunnelled": ["--tunnelled"],
    "post-copy": ["--postcopy"],
}
#: Seconds after which the switch on the source has acted, and libvirt has taken the guest back.
SWITCHED = 100


#: MiB. Almost all of it is zero, and so is sent as fast as memory can be; a guest with half of it is rehearsed too, but
#: only where a call of virsh takes no more than 0.6 s, which it does on a busy machine.
MEMORY = 2 * limits.LEAST // MIB


def guest(host: LabHost, **told: Any) -> None:
    """Make a guest that is large enough, and empty."""
    host.guest("web", memory_mib=MEMORY, **told)


def rehearse(client: Client, *words: str) -> tuple[int, dict[str, Any], str]:
    """Rehearse until libvirt has decided, for which a busy machine may be too slow."""
    for _ in range(4):
        done = client.run(
            [PREFLIGHT, "rehearse", SOURCE, DESTINATION, "--yes", "--format", "json", *words], timeout=300
        )
        assert done.stdout, done.stderr
        told = json.loads(done.stdout)
        if all(one["answer"] != "undecided" and "a call of virsh took" not in one["why"] for one in told["guests"]):
            break
    return done.returncode, told, done.stderr


def answer(told: dict[str, Any]) -> dict[str, Any]:
    (one,) = told["guests"]
    return dict(one)


def change(host: LabHost, insert: str, before: str = "</devices>") -> None:
    """Give the guest something else, and start it."""
    host.run("sh", "-c", f"virsh dumpxml --inactive web | sed 's#{before}#{insert}{before}#' > /root/w.xml")
    host.run("sh", "-c", "virsh define /root/w.xml && virsh start web")


def is_as_before(host1: LabHost, host2: LabHost) -> bool:
    job = host1.run("virsh", "domjobinfo", "web", check=False).stdout
    return state(host1, "web") == "running" and "None" in job and "web" not in listed(host2)


@pytest.mark.parametrize("kind", KINDS)
def test_a_guest_is_accepted_and_runs_on_and_nothing_is_left(
    client: Client, host1: LabHost, host2: LabHost, kind: str
) -> None:
    guest(host1)
    before = host2.tree_digest()
    code, told, _ = rehearse(client, "web", *KINDS[kind])
    assert (code, told["verdict"], told["rehearsed"]) == (READY, "ready", True), answer(told)
    assert answer(told)["answer"] == "accepted"
    assert (answer(told)["source"], answer(told)["destination"], answer(told)["left"]) == ("running", "absent", [])
    assert is_as_before(host1, host2)
    assert host2.tree_digest() == before
    assert "web" in host1.run("virsh", "list", "--persistent", "--name").stdout
    assert host1.run("sh", "-c", "ls /run/preflight").stdout.split() == []


def test_a_refusal_comes_in_libvirts_words_with_its_rule(client: Client, host1: LabHost, host2: LabHost) -> None:
    guest(host1, running=False)
    bridge = "ip link add br7 type bridge; ip link set br7 up"
    network_xml = '<network><name>lan</name><forward mode=\\"bridge\\"/><bridge name=\\"br7\\"/></network>'
    host1.run(
        "sh", "-c", f'{bridge}; echo "{network_xml}" > /root/n.xml; virsh net-define /root/n.xml; virsh net-start lan'
    )
    change(host1, '<interface type="network"><source network="lan"/><model type="virtio"/></interface>')
    code, told, _ = rehearse(client, "web")
    assert (code, answer(told)["answer"]) == (NOT_READY, "not-rehearsed"), "the check says so already"
    code, told, _ = rehearse(client, "web", "--anyway")
    one = answer(told)
    assert (code, one["answer"], one["rule"]) == (NOT_READY, "refused", "network-missing"), one
    assert "no network with matching name 'lan'" in one["error"]
    # and with the rule that knows it ignored, libvirt still does
    code, told, _ = rehearse(client, "web", "--ignore", "network-missing")
    assert (code, answer(told)["answer"], answer(told)["checked"]) == (NOT_READY, "refused", "ready")
    assert is_as_before(host1, host2)


def test_the_firmwares_variables_are_named_where_libvirt_leaves_them(
    client: Client, host1: LabHost, host2: LabHost
) -> None:
    guest(host1, running=False)
    for host in (host1, host2):
        host.run("sh", "-c", "cp /usr/share/seabios/bios-256k.bin /srv/bios.bin; cp /srv/bios.bin /srv/vars.bin")
    path = "/var/lib/libvirt/qemu/nvram/web_VARS.fd"
    nvram = f'<loader readonly="yes" type="pflash">/srv/bios.bin</loader><nvram template="/srv/vars.bin">{path}</nvram>'
    change(host1, nvram, before="<boot dev=")
    _, told, _ = rehearse(client, "web")
    one = answer(told)
    assert one["answer"] == "accepted", one
    there = host2.run("test", "-e", path, check=False).returncode == 0
    assert one["left"] == ([f"firmware variables; on {DESTINATION}: rm {path}"] if there else [])
    assert is_as_before(host1, host2)


def test_copied_disks_are_accepted_once_each_is_being_copied(client: Client, host1: LabHost, host2: LabHost) -> None:
    guest(host1, running=False, disk="none")
    host1.run("sh", "-c", "head -c 64M /dev/urandom > /srv/a.img")
    driver = '<driver name="qemu" type="raw"/><source file="/srv/a.img"/><target dev="vdb" bus="virtio"/>'
    disk = f'<disk type="file" device="disk">{driver}</disk>'
    change(host1, disk)
    host2.run("sh", "-c", "virsh pool-define-as p dir --target /srv; virsh pool-start p")
    _, told, _ = rehearse(client, "web", "--copy-storage-all")
    one = answer(told)
    assert one["answer"] == "accepted", one
    assert is_as_before(host1, host2)
    assert host1.run("sh", "-c", "stat -c %s /srv/a.img").stdout.strip() == str(64 << 20)


def test_a_small_guest_is_not_rehearsed(client: Client, host1: LabHost, host2: LabHost) -> None:
    host1.guest("web")
    code, told, _ = rehearse(client, "web")
    assert (code, told["verdict"], told["rehearsed"]) == (READY, "ready", False)
    assert "it has 64 MiB of memory" in answer(told)["why"]
    assert is_as_before(host1, host2)


def test_preflight_killed_leaves_the_guest_on_the_source(
    client: Client, host1: LabHost, host2: LabHost, tmp_path: Path
) -> None:
    """`make rehearse-faults` throws this and much else in each mode, at any moment."""
    guest(host1)
    journal = tmp_path / "journal"
    words = [PREFLIGHT, "rehearse", SOURCE, DESTINATION, "web", "--yes", "--journal", str(journal), "--p2p"]
    started = client.popen(words, stdout=-1, stderr=-1)
    until(lambda: (journal.exists() and '"step":"begin"' in journal.read_text()) or started.poll() is not None, 240)
    assert started.poll() is None, started.communicate()
    started.send_signal(signal.SIGKILL)
    started.wait(timeout=60)
    time.sleep(5)
    until(lambda: is_as_before(host1, host2), SWITCHED)
    time.sleep(3)
    assert is_as_before(host1, host2)
