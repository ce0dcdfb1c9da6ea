"""More of `preflight rehearse` on real hosts, by `make rehearse-lab`: too long for `make test`."""

import signal
import time
from pathlib import Path

import pytest

from . import Client, LabHost
from .test_check import DESTINATION, PREFLIGHT, SOURCE
from .test_rehearse import KINDS, MEMORY, NOT_READY, READY, accepts, answer, guest, is_as_before, rehearse
from .test_resume import until

pytestmark = pytest.mark.lab

#: Seconds after which the switch on the source has acted, and libvirt has taken the guest back.
SWITCHED = 100


def change(host: LabHost, insert: str, before: str = "</devices>") -> None:
    """Give the guest something else, and start it."""
    host.run("sh", "-c", f"virsh dumpxml --inactive web | sed 's#{before}#{insert}{before}#' > /root/w.xml")
    host.run("sh", "-c", "virsh define /root/w.xml && virsh start web")


def on_a_network_of_its_own(host: LabHost) -> None:
    """Start the guest on a network of libvirt's that the other host does not have."""
    bridge = "ip link add br7 type bridge; ip link set br7 up"
    network = '<network><name>lan</name><forward mode=\\"bridge\\"/><bridge name=\\"br7\\"/></network>'
    host.run("sh", "-c", f'{bridge}; echo "{network}" > /root/n.xml; virsh net-define /root/n.xml; virsh net-start lan')
    change(host, '<interface type="network"><source network="lan"/><model type="virtio"/></interface>')


@pytest.mark.parametrize("kind", ["tunnelled", "post-copy"])
def test_a_guest_is_accepted_in_the_other_modes(client: Client, host1: LabHost, host2: LabHost, kind: str) -> None:
    accepts(client, host1, host2, KINDS[kind])


def test_a_refusal_comes_in_libvirts_words_with_its_rule(client: Client, host1: LabHost, host2: LabHost) -> None:
    guest(host1, running=False)
    on_a_network_of_its_own(host1)
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
    assert "the guest has 64 MiB of memory" in answer(told)["why"]
    assert is_as_before(host1, host2)


def test_guests_move_after_a_rehearsal_of_both(client: Client, host1: LabHost, host2: LabHost) -> None:
    """Two of three guests, together, since the third is too small to be rehearsed."""
    guest(host1)
    host1.guest("db", memory_mib=MEMORY)
    host1.guest("small")
    code, text = 5, ""
    for _ in range(4):  # a busy machine may be too slow
        done = client.run(
            [PREFLIGHT, "migrate", SOURCE, DESTINATION, "--running", "--yes", "--rehearse", "--at-once", "2"],
            timeout=300,
        )
        code, text = done.returncode, done.stdout
        if "undecided" not in text and "a call of virsh took" not in done.stderr:
            break
    assert code == READY, (text, done.stderr)
    assert "not rehearsed: small: the guest has 64 MiB of memory" in done.stderr
    assert "2 of 3 guests accepted" in text
    assert sorted(host2.run("virsh", "list", "--name").stdout.split()) == ["db", "small", "web"]
    assert host1.run("virsh", "list", "--all", "--name").stdout.split() == []


def test_no_guest_moves_if_libvirt_refuses_one_in_a_rehearsal(client: Client, host1: LabHost, host2: LabHost) -> None:
    guest(host1, running=False)
    on_a_network_of_its_own(host1)
    words = [PREFLIGHT, "migrate", SOURCE, DESTINATION, "web", "--yes", "--ignore", "network-missing"]
    done = client.run([*words, "--rehearse"], timeout=300)
    assert done.returncode == 5, done.stderr
    assert "no network with matching name 'lan'" in done.stdout
    assert done.stderr.splitlines()[-1] == "preflight: refused: the rehearsal says NOT READY"
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
    started.communicate(timeout=60)  # and close its pipes
    time.sleep(5)
    until(lambda: is_as_before(host1, host2), SWITCHED)
    time.sleep(3)
    assert is_as_before(host1, host2)
