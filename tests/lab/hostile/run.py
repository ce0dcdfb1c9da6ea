"""One attacker against every command of preflight: what was run, and what was written on the host that is honest."""

import os
import re
import select
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.hostile import canary
from tests.hostile.demands import Judged, faults
from tests.hostile.nursery import Job, Outcome
from tests.lab import network
from tests.lab.host import LabHost
from tests.lab.hostile import watched
from tests.lab.hostile.kinds import SOURCE, Kind
from tests.lab.lab import Lab
from tests.lab.test_offline import UUID, make

PREFLIGHT = str(Path(sys.executable).with_name("preflight"))
ENDS = ("host1.example.com", "host2.example.com")
#: Seconds that a command may take by the clock; the lab's hosts boot and answer on the same processors.
WALL = 120.0
#: Seconds in which a check ends on a loaded machine: what takes longer, the attacker has made the other host do.
SLOW = 30.0
#: Bytes that may lie below /var/lib/libvirt of the honest host; its guests have NVRAM and TPM state of 1 MiB.
MOST = 100 * 1024 * 1024
#: What each command may write on an honest host: nothing, but what it is for.
_GUESTS = "|".join(
    (
        r"/etc/libvirt/qemu/[^/]*\.xml: (-rw------- 0:0 .*|gone)",
        r"/etc/libvirt/qemu/autostart(/.*)?: (gone|d.*|lrwxrwxrwx to /etc/libvirt/qemu/[^/]*\.xml)",
        r"/var/lib/libvirt/qemu/nvram(/vault_VARS\.fd(\.preflight-\d*T\d*)?)?: (-rw-[r-]--[r-]-- .*|d.*|gone)",
        rf"/var/lib/libvirt/swtpm(/{UUID}(\.preflight-\d*T\d*)?(/tpm2)?)?: (d[rwx-]{{9}} .*|gone)",
        rf"/var/lib/libvirt/swtpm/{UUID}(\.preflight-\d*T\d*)?/tpm2/[a-z0-9.-]*: (-rw-[r-]--[r-]-- .*|gone)",
    )
)
_SETTINGS = r"/etc/(hosts|ssh/sshd_config|libvirt/[a-z]*\.conf)(\.preflight-\d*T\d*)?: -rw-r--r-- 0:0 .*"
_NOTHING = "(?!)"
#: A line of /etc/hosts that `fix` may add.
_HOSTS_LINE = re.compile(r"[0-9a-f.:]+(\s+[A-Za-z0-9._-]+)+\s*(#.*)?")


class Command:
    """A command, its documented exit codes, and what it may write on a host."""

    def __init__(self, words: str, codes: Sequence[int], writes: str = _NOTHING) -> None:
        self.words, self.codes = words.format(*ENDS).split(), codes
        self.writes = re.compile(writes)


COMMANDS = (
    Command("check {0} {1}", (0, 1, 3)),
    Command("check {0} {1} --format json --save pair.json", (0, 1, 3)),
    Command("check pair.json", (0, 1, 3)),
    Command("fix {0} {1}", (0, 3, 4)),
    Command("fix {0} {1} --format ansible", (0, 3, 4)),
    Command("plan {0} {1} --all -o plan", (0, 5)),
    Command("fix {0} {1} --apply --yes --concurrency 20", (0, 3, 4), _SETTINGS),
    Command("migrate {0} {1} --all --yes --journal journal --events events --settle-timeout 5", (0, 4, 5), _GUESTS),
    Command("status journal", (0,)),
    Command("status journal --format json", (0,)),
    Command("migrate --resume journal --yes --settle-timeout 5", (0, 4, 5), _GUESTS),
)


def attack(lab: Lab, kind: Kind, commands: Sequence[Command] = COMMANDS) -> Iterator[Judged]:
    """Lay out both hosts, let the attacker prepare theirs, and run every command."""
    hosts = dict(zip(("source", "destination"), lab.hosts.values(), strict=True))
    evil, honest = hosts[kind.end], hosts["destination" if kind.end == SOURCE else "source"]
    make(hosts["source"])
    hosts["source"].guest("web")
    if kind.end == SOURCE:
        _other(honest)
    if kind.trap is not None:
        kind.trap(honest)
    kind.attack(evil)
    with tempfile.TemporaryDirectory(prefix="preflight-hostile-") as name:
        for command in commands:
            if "journal" in command.words[1:3] and not Path(name, "journal").exists():
                continue  # it was refused: there is no run to tell of
            words = [*command.words, *(kind.more if command.words[0] == "check" else ())]
            yield _run(lab, kind, honest, evil, words, command, Path(name))


def _other(host: LabHost) -> None:
    """A guest that belongs to the honest destination, with its own NVRAM."""
    path = "/var/lib/libvirt/qemu/nvram/other_VARS.fd"
    host.run("sh", "-c", 'mkdir -p "${1%/*}"; echo mine >"$1"; chmod 600 "$1"', "sh", path)
    firmware = f"<loader readonly='yes' type='pflash'>/usr/share/OVMF/OVMF_CODE.fd</loader><nvram>{path}</nvram>"
    xml = (
        "<domain type='kvm'><name>other</name><memory>65536</memory>"
        f"<os><type machine='q35'>hvm</type>{firmware}</os><features><acpi/></features></domain>"
    )
    host.write("/root/other.xml", xml)
    host.run("virsh", "-q", "define", "/root/other.xml")


def _run(
    lab: Lab, kind: Kind, honest: LabHost, evil: LabHost, words: list[str], command: Command, directory: Path
) -> Judged:
    began = time.time()
    before = watched.files(honest)
    hosts_before = honest.read("/etc/hosts")
    peak = watched.Peak(honest)
    peak.start()
    outcome = _outcome(lab, words, directory)
    found = list(faults(Job(words, cwd="", wall=WALL), outcome, command.codes))
    found += canary.sung()
    if words[0] == "check" and outcome.wall > SLOW:
        found.append(f"kept {honest.name} at work for {outcome.wall:.0f} s")
    if (most := peak.end()) > MOST:
        found.append(f"wrote {most // 1024 // 1024} MiB on {honest.name}")
    for host in (honest, evil):
        found += watched.marks(host)
    found += (
        f"wrote on {honest.name}: {change}"
        for change in watched.changes(before, watched.files(honest))
        if not command.writes.fullmatch(change)
    )
    found += _forged_names(hosts_before, honest.read("/etc/hosts"))
    found += _secrets(honest, directory, began)
    found += _files_that_steer(directory)
    return Judged(
        part="lab",
        kind=kind.name,
        name=f"at the {kind.end}, {words[0]}",
        words=tuple(words),
        code=outcome.code,
        cpu=outcome.cpu,
        wall=outcome.wall,
        rss=outcome.rss,
        size=len(outcome.out),
        faults=tuple(found),
    )


def _outcome(lab: Lab, words: Sequence[str], directory: Path) -> Outcome:
    state = {"XDG_STATE_HOME": str(directory), "COLUMNS": "100"}
    with (directory / "out").open("w+b") as out, (directory / "err").open("w+b") as err:
        began = time.monotonic()
        started = lab.client.popen(
            [PREFLIGHT, *words], stdin=-3, stdout=out, stderr=err, cwd=directory, env=os.environ | state
        )
        watching = os.pidfd_open(started.pid)
        ready, _, _ = select.select([watching], [], [], WALL)
        os.close(watching)
        if not ready:
            started.kill()
        _, status, used = os.wait4(started.pid, 0)
        started.returncode = os.waitstatus_to_exitcode(status)
        return Outcome(
            started.returncode if ready else None,
            (directory / "out").read_bytes(),
            (directory / "err").read_bytes(),
            used.ru_utime + used.ru_stime,
            time.monotonic() - began,
            used.ru_maxrss,
            _left(lab),
        )


def _left(lab: Lab) -> list[str]:
    """End what still runs in the client some seconds later, and return it."""
    namespace = lab.instance.namespace("client")
    deadline = time.monotonic() + 3
    while (left := network.processes(namespace)) and time.monotonic() < deadline:
        time.sleep(0.1)
    named = [Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace") for pid in left]
    network.end(lab.instance, "client")
    return named


def _forged_names(before: str, after: str) -> Iterator[str]:
    """Lines of the honest host's /etc/hosts that no fix would have to write."""
    for line in set(after.splitlines()) - set(before.splitlines()):
        if not _HOSTS_LINE.fullmatch(line) or "198.51.100" in line:
            yield f"wrote into /etc/hosts: {line!r}"


def _secrets(honest: LabHost, directory: Path, since: float) -> Iterator[str]:
    """Secrets of the honest host in a file that this command has written for its user."""
    for path in ("/etc/shadow", "/root/.ssh/id_ed25519"):
        secret = (Path(honest.inside(path)).read_bytes())[40:72]
        for file in directory.iterdir():
            if file.stat().st_mtime >= since and (
                secret in (kept := file.read_bytes()) or secret.hex().encode() in kept
            ):
                yield f"{path} of {honest.name} is in {file.name}"


def _files_that_steer(directory: Path) -> Iterator[str]:
    """Playbooks whose scalars with a template are not marked as unsafe."""
    text = (directory / "out").read_text(errors="replace")
    if "hosts:" in text and "tasks:" in text:
        yield from (f"a template in the playbook: {line[:80]!r}" for line in text.splitlines() if _is_template(line))


def _is_template(line: str) -> bool:
    return (
        any(mark in line for mark in ("{{", "{%", "{#")) and "!unsafe" not in line and not line.lstrip().startswith("#")
    )
