"""Guests that are off: moved with NVRAM and TPM state, and never on neither host, whenever preflight is killed.

Nor does a source that answers what it likes write anything on the destination but the guest's own files.
"""

import json
import random
import signal
import time
from pathlib import Path

import pytest

from . import Client, LabHost
from .test_check import DESTINATION, PREFLIGHT, SOURCE

pytestmark = pytest.mark.lab

Pair = tuple[LabHost, LabHost]
UUID = "0d3b6a5e-6f07-4b56-9c0a-5f2f3b1f9a11"
NVRAM = "/var/lib/libvirt/qemu/nvram/vault_VARS.fd"
TPM = f"/var/lib/libvirt/swtpm/{UUID}/tpm2"
#: What makes a definition whole: it, its NVRAM, its TPM's state.
STATE = f"cat {NVRAM} {TPM}/tpm2-00.permall | sha256sum"
WHOLE = f"virsh -q dominfo vault >/dev/null 2>&1 && {STATE}"

XML = f"""<domain type='kvm'>
  <name>vault</name>
  <uuid>{UUID}</uuid>
  <memory unit='MiB'>64</memory>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <loader readonly='yes' type='pflash'>/usr/share/OVMF/OVMF_CODE.fd</loader>
    <nvram>{NVRAM}</nvram>
  </os>
  <features><acpi/></features>
  <devices>
    <graphics type='vnc' passwd='hidden'/>
    <tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>
  </devices>
</domain>
"""


def make(host: LabHost) -> str:
    """Define the guest with files that are like real ones; what they hold, as a digest."""
    host.write("/tmp/vault.xml", XML)
    host.run("virsh", "-q", "define", "/tmp/vault.xml")
    host.run("sh", "-c", f"mkdir -p {Path(NVRAM).parent} {TPM}; head -c 540672 /dev/urandom >{NVRAM}")
    host.run("sh", "-c", f"head -c 6000 /dev/urandom >{TPM}/tpm2-00.permall; chmod 600 {NVRAM}")
    return host.run("sh", "-c", WHOLE).stdout


def whole(host: LabHost) -> str:
    return host.run("sh", "-c", WHOLE, check=False).stdout


def migrate(client: Client, *words: str) -> tuple[int, str]:
    done = client.run([PREFLIGHT, "migrate", *words, "--yes"])
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("way", [[], ["--dumpxml"], ["--p2p"]], ids=["libvirt's", "dumpxml", "p2p"])
def test_all_of_it_goes_and_nothing_stays(client: Client, pair: Pair, way: list[str]) -> None:
    host1, host2 = pair
    digest = make(host1)
    code, said = migrate(client, SOURCE, DESTINATION, "vault", *way)
    assert code == 0, said
    assert whole(host2) == digest
    assert "hidden" in host2.run("virsh", "dumpxml", "--security-info", "vault").stdout
    assert host1.run("virsh", "list", "--all", "--name").stdout.split() == []
    assert host1.run("sh", "-c", STATE).stdout == digest, "the source keeps its own"
    assert f"vault: the source keeps its own {NVRAM}, {Path(TPM).parent}" in said
    assert host2.run("stat", "-c", "%a", NVRAM).stdout == "600\n"
    code, said = migrate(client, DESTINATION, SOURCE, "vault", *way)
    assert code == 0, said
    assert whole(host1) == digest


def test_a_guest_with_real_firmware_and_a_real_tpm_starts_where_it_went(client: Client, pair: Pair) -> None:
    """libvirt and swtpm on the destination take what lies there for their own: mode, owner, place and content."""
    host1, host2 = pair
    code, variables = "/usr/share/preflight-code.fd", "/usr/share/preflight-vars.fd"
    halts = r"{ head -c 262128 /dev/zero; printf '\372\364\353\375'; head -c 12 /dev/zero; }"
    for host in pair:
        host.run("sh", "-c", f"{halts} >{code}; head -c 131072 /dev/zero >{variables}")
    host1.guest("web", running=False)
    nvram = "/var/lib/libvirt/qemu/nvram/web_VARS.fd"
    firmware = f'<loader readonly="yes" type="pflash">{code}</loader><nvram template="{variables}">{nvram}</nvram></os>'
    tpm = '<tpm model="tpm-crb"><backend type="emulator" version="2.0"/></tpm></devices>'
    host1.run(
        "sh",
        "-c",
        f"virsh dumpxml --inactive web | sed 's#</os>#{firmware}#; s#</devices>#{tpm}#' >/root/w.xml"
        " && virsh -q define /root/w.xml && virsh -q start web && virsh -q destroy web",
    )
    kept = f"cd /var/lib/libvirt/swtpm && find . -type f -name '*permall' -exec sha256sum {{}} + && sha256sum {nvram}"
    before = host1.run("sh", "-c", kept).stdout
    assert before.count("\n") == 2
    code_, said = migrate(client, SOURCE, DESTINATION, "web")
    assert code_ == 0, said
    assert host2.run("sh", "-c", kept).stdout == before
    assert host1.run("sh", "-c", kept).stdout == before
    host2.run("virsh", "-q", "start", "web")
    assert host2.run("virsh", "domstate", "web").stdout.strip() == "running"
    owners = host2.run("sh", "-c", "stat -c %U /var/lib/libvirt/swtpm/*/tpm2/*permall").stdout.split()
    assert owners == host1.run("sh", "-c", "stat -c %U /var/lib/libvirt/swtpm/*/tpm2/*permall").stdout.split()


def test_what_a_definition_does_not_carry_keeps_it_here(client: Client, pair: Pair) -> None:
    host1, host2 = pair
    host1.guest("web")
    host1.run("virsh", "-q", "managedsave", "web")
    code, said = migrate(client, SOURCE, DESTINATION, "web")
    assert code == 5, said
    assert "[saved-state-left-behind]" in said
    assert host1.run("virsh", "-q", "domstate", "web").stdout.strip() == "shut off"
    assert host2.run("virsh", "list", "--all", "--name").stdout.split() == []


def test_a_guest_is_not_moved_away_from_its_disk_unless_somebody_says_so(client: Client, pair: Pair) -> None:
    host1, host2 = pair
    host1.guest("web", disk="local", running=False)
    image = "/var/lib/libvirt/images/web.img"
    host2.run("sh", "-c", f"mkdir -p {Path(image).parent}; echo another >{image}")
    code, said = migrate(client, SOURCE, DESTINATION, "--all")
    assert code == 5, said
    assert "[offline-disk-left-behind]" in said
    assert host1.run("virsh", "list", "--all", "--name").stdout.split() == ["web"]
    assert host2.run("virsh", "list", "--all", "--name").stdout.split() == []
    code, said = migrate(client, SOURCE, DESTINATION, "web", "--unsafe")
    assert code == 0, said
    [line] = [line for line in said.splitlines() if "[offline-disk-left-behind]" in line]
    assert line.startswith(f"warning      web: {image}, the disk ")


def test_a_saved_state_of_the_destinations_keeps_the_guest_here(client: Client, pair: Pair) -> None:
    host1, host2 = pair
    host1.guest("web")
    host1.run("sh", "-c", "virsh dumpxml --inactive web >/root/w.xml")
    host2.write("/root/w.xml", host1.run("cat", "/root/w.xml").stdout)
    host2.run("sh", "-c", "virsh define /root/w.xml && virsh start web && virsh managedsave web")
    code, said = migrate(client, SOURCE, DESTINATION, "web")
    assert code == 5, said
    assert "[saved-state-on-destination]" in said
    assert host1.run("virsh", "-q", "domstate", "web").stdout.strip() == "running"


def test_a_destination_whose_disk_is_full_changes_nothing(client: Client, pair: Pair) -> None:
    host1, host2 = pair
    digest = make(host1)
    directory = str(Path(NVRAM).parent)
    host2.run("sh", "-c", f"mkdir -p {directory} && mount -t tmpfs -o size=64k,mode=755 t {directory}")
    code, said = migrate(client, SOURCE, DESTINATION, "vault")
    assert code == 4, said
    assert "could not be written on the destination" in said
    assert whole(host1) == digest
    assert host2.run("virsh", "list", "--all", "--name").stdout.split() == []


CRON = f"/etc/cron.d/{Path(NVRAM).name}"
ABOVE = f"{Path(NVRAM).parent}/../../../../../etc/vault"


def named(path: str) -> str:
    """Define the guest anew with its NVRAM at another path, where the source has one."""
    return f"cp {NVRAM} {path}; sed 's|{NVRAM}|{path}|' /tmp/vault.xml >/tmp/v; virsh -q define /tmp/v"


def instead(program: str, text: str) -> str:
    """Have the source print a text in place of what a program of its would."""
    shadow, said = f"/usr/local/bin/{program}", f"/root/{program}"
    return f"printf '#!/bin/sh\\ncat {said}\\n' >{shadow}; printf '%s\\n' {text} >{said}"


HOSTILE = {
    "NVRAM in cron's directory": named(CRON),
    "NVRAM by the parent's": named(ABOVE),
    "NVRAM behind a link": f"mv {NVRAM} /etc/vault && ln -s /etc/vault {NVRAM}",
    "a TPM behind a link": f"mv {TPM} /etc/tpm && ln -s /etc/tpm {TPM}",
    "a device": f"mknod {TPM}/sda b 8 0",
    "a pipe": f"mkfifo {TPM}/pipe",
    "gigabytes": f"truncate -s 9G {TPM}/tpm2-00.permall",
    "a program for a content": instead("base64", "\"QUJD'; touch /pwned; '\""),
    "a program for a digest": instead("sha256sum", "'$(touch /pwned); touch /pwned'"),
    "another content": instead("base64", "H4sIAAAAAAAAA0vNTc0BAA=="),
    "another name, with set-uid": instead("stat", "'89ff 6000 ./../../../etc/cron.d/x'"),
}


@pytest.mark.parametrize("trick", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_source_writes_nothing_on_the_destination(client: Client, pair: Pair, trick: str) -> None:
    host1, host2 = pair
    make_it = f"{trick}; chmod 755 /usr/local/bin/* 2>/dev/null; :"
    digest_before = make(host1)
    host1.run("sh", "-c", make_it)
    host2.run("sh", "-c", "touch /tmp/mark; sleep 1.1")
    code, said = migrate(client, SOURCE, DESTINATION, "vault")
    assert code in (4, 5), said
    assert "Traceback" not in said
    changed = host2.run("find", "/etc", "/root", "/usr", "/var/lib/libvirt", "-newer", "/tmp/mark", "!", "-type", "d")
    assert changed.stdout == ""
    for host in pair:
        assert host.run("test", "-e", "/pwned", check=False).returncode == 1
    assert host2.run("virsh", "list", "--all", "--name").stdout.split() == []
    assert "vault" in host1.run("virsh", "list", "--all", "--name").stdout.split()
    assert digest_before


def test_a_path_that_another_guest_of_the_destination_has_is_not_written_over(client: Client, pair: Pair) -> None:
    host1, host2 = pair
    make(host1)
    other = make(host2)
    renamed = XML.replace(UUID, "11111111-6f07-4b56-9c0a-5f2f3b1f9a11").replace("<name>vault<", "<name>renamed<")
    host2.run("virsh", "-q", "undefine", "vault", "--keep-nvram", "--keep-tpm")
    host2.write("/tmp/renamed.xml", renamed)
    host2.run("virsh", "-q", "define", "/tmp/renamed.xml")
    code, said = migrate(client, SOURCE, DESTINATION, "vault")
    assert code == 4, said
    assert f"{NVRAM}, its NVRAM, belongs to the guest renamed on the destination too" in said
    assert host2.run("sh", "-c", STATE).stdout == other


def test_killed_at_every_step_it_is_whole_on_one_host_and_goes_on(client: Client, pair: Pair, tmp_path: Path) -> None:
    """Cut off when each line of the journal appears, and at moments in between."""
    host1, host2 = pair
    digest = make(host1)
    chance = random.Random(5)
    ends = {SOURCE: host1, DESTINATION: host2}
    here, there = SOURCE, DESTINATION
    killed = 0
    for number, (lines, after) in enumerate([(n, after) for n in range(2, 7) for after in (0.0, 0.03, None)]):
        journal = tmp_path / f"j{number}"
        words = [PREFLIGHT, "migrate", here, there, "vault", "--yes", "--journal", str(journal)]
        moving = client.popen(words, stdout=-3, stderr=-3)
        while moving.poll() is None and not (journal.exists() and journal.read_bytes().count(b"\n") >= lines):
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.15) if after is None else after)
        moving.send_signal(signal.SIGKILL)
        killed += moving.wait() == -signal.SIGKILL
        assert digest in (whole(host1), whole(host2)), f"on neither host after line {lines}"
        done = client.run([PREFLIGHT, "migrate", "--resume", str(journal), "--yes"])
        assert done.returncode == 0, done.stdout + done.stderr
        told = json.loads(client.run([PREFLIGHT, "status", str(journal), "--format", "json"]).stdout)
        assert [guest["result"] for guest in told["guests"]] == ["arrived"]
        assert whole(ends[there]) == digest
        assert whole(ends[here]) == ""
        here, there = there, here
    assert killed >= 8, "too few were really cut off"
