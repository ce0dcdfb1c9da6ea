"""Runs a trial: both daemons write down what they tell QEMU, preflight moves the guest, both hosts are looked at."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.lab import Lab, LabHost

from .seen import End, Seen
from .trial import Trial
from .trials import LOG

PREFLIGHT = str(Path(sys.executable).with_name("preflight"))
PKI = Path(__file__).parents[1] / "truth" / "pki.sh"
SOURCE, DESTINATION = "host1.example.com", "host2.example.com"
NOTES = "/run/preflight-notes"
FILTERS = "1:libvirt.domain 2:qemu.qemu_monitor 1:qemu.qemu_migration 4:qemu.qemu_monitor_text"
PATIENCE = 240.0
_GONE = 'virsh destroy "$g"; virsh managedsave-remove "$g"; virsh undefine --nvram "$g"'


def run(lab: Lab, trial: Trial) -> Seen:
    """One trial; the hosts are as they were booted."""
    hosts = lab.hosts
    for step in trial.before:
        _step(lab, step)
    hosts["host1"].guest("web", **trial.guest)  # type: ignore[arg-type]  # the table says what it takes
    for step in trial.steps:
        _step(lab, step)
    for host in hosts.values():
        host.run("virt-admin", "daemon-log-outputs", f"1:file:{LOG}")
        host.run("virt-admin", "daemon-log-filters", FILTERS)
    watching = [_meanwhile(lab, step) for step in trial.meanwhile]
    with tempfile.TemporaryDirectory() as directory:
        kept = [f"--journal={directory}/journal", f"--events={directory}/events"]
        words = [PREFLIGHT, "migrate", SOURCE, DESTINATION, "web", "--yes", *kept, *trial.asked]
        done = lab.client.run(words, timeout=PATIENCE)
        if trial.resume is not None:
            resumed = [PREFLIGHT, "migrate", f"--resume={directory}/journal", kept[1], "--yes", *trial.resume]
            done = lab.client.run(resumed, timeout=PATIENCE)
        path = Path(directory, "events")
        events = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
    for process in watching:
        process.kill()
        process.wait()
    notes = [host.run("sh", "-c", f"cat {NOTES} 2>/dev/null", check=False).stdout for host in hosts.values()]
    return Seen(
        code=done.returncode,
        out=done.stdout,
        err=done.stderr,
        events=events,
        source=_end(hosts["host1"]),
        destination=_end(hosts["host2"]),
        noted="".join((*notes, *(_step(lab, step) for step in trial.looks))),
    )


def sweep(lab: Lab) -> None:
    """Take the guest of a trial that left no other traces away from both hosts."""
    for host in lab.hosts.values():
        host.run("sh", "-c", f"for g in $(virsh list --all --name); do {_GONE}; done; : >{LOG}")


def _step(lab: Lab, step: str) -> str:
    where, _, command = step.partition(": ")
    if where == "client":
        return lab.client.run(["sh", "-c", command], check=True).stdout
    if where == "pki":
        return lab.client.run(["sh", str(PKI), *command.split()], check=True).stdout
    return lab.hosts[where].run("sh", "-c", command).stdout


def _meanwhile(lab: Lab, step: str) -> "subprocess.Popen[bytes]":
    where, _, command = step.partition(": ")
    words = [*lab.hosts[where].entering(), "sh", "-c", f"{{ {command}; }} >{NOTES} 2>&1"]
    return subprocess.Popen(words, stdin=subprocess.DEVNULL)


def _end(host: LabHost) -> End:
    def names(*options: str) -> frozenset[str]:
        return frozenset(host.run("virsh", "list", "--name", *options).stdout.split())

    every = names("--all")
    return End(
        log=host.run("sh", "-c", f"cat {LOG} 2>/dev/null", check=False).stdout,
        states={name: host.run("virsh", "domstate", name).stdout.strip() for name in sorted(every)},
        persistent=names("--all", "--persistent"),
        autostart=names("--all", "--autostart"),
    )
