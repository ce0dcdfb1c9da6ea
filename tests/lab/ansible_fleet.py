"""`make ansible-fleet`: hosts collected by Ansible, with the collection in examples/ansible, and by ssh, are the same.

Ansible comes from PyPI into an environment of its own, which is thrown away. Preflight is brought to the hosts as a
bundle and taken away in the first run, and is installed there in the second. Both must leave nothing behind.
"""

import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from subprocess import run
from typing import Any

from preflight.answers import Record, SavedHost
from preflight.connection import snapshot
from preflight.fleet import inventory

from . import Lab

ROOT = Path(__file__).parents[2]
COLLECTIONS = ROOT / "examples/ansible/collections"
BUNDLE = COLLECTIONS / "ansible_collections/kvm/preflight/bundle"
PREFLIGHT = str(Path(sys.executable).with_name("preflight"))
NAMES = ("host1.example.com", "host2.example.com")
SETTINGS = {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_STDOUT_CALLBACK": "default", "ANSIBLE_RETRY_FILES_ENABLED": "0"}
INVENTORY = """[kvm]
host1.example.com
host2.example.com

[kvm:vars]
ansible_user=root
"""
#: What may differ between two collections of a host, and why; docs/ansible.md has this list.
MAY_DIFFER = {
    "asked-at": "the time",
    "daemons": "the time, and the age of processes",
    "came-from": "the address of the login",
    "session": "the address of the login",
    "libvirt.connect": "the URI: libvirt was asked on the host itself",
    "own.clients": "clients",
    "limits": "clients and workers in use",
    "sockets": "open connections",
    "udp-sockets": "open sockets",
    "open-files": "files that daemons have open",
    "memory": "free memory",
    "libvirt.memory": "memory of the guests in use",
    "mounts": "directories of sessions",
    "paths": "free space",
    "tls.client": "the time",
    "tls.data": "the time",
    "tls.server": "the time",
}


def main() -> int:
    """Collect the hosts in three ways; return 1 if these differ in anything else, or if something is left behind."""
    with tempfile.TemporaryDirectory() as directory, Lab(os.environ.get("PREFLIGHT_LAB", "ansible")) as lab:
        base = Path(directory)
        _install(base)
        lab.up(["bookworm", "bookworm"])
        lab.hosts["host1"].guest("web")
        lab.hosts["host1"].run(
            "sed", "-i", "/host2/d", "/etc/hosts"
        )  # one way is blocked, so that the audit has a cause
        by_ssh = _by_ssh(lab, base / "ssh")
        before = _traces(lab)
        wrong = [*_collected(lab, base, "brought", by_ssh, f"collect_bundle={base}/preflight.tar.gz")]
        wrong += [f"{name}: something is left behind" for name, left in _traces(lab).items() if left != before[name]]
        for name, host in zip(NAMES, lab.hosts.values(), strict=True):
            lab.client.run(["scp", "-q", f"{base}/preflight.tar.gz", f"root@{name}:/opt/"], check=True)
            host.run("tar", "-C", "/opt", "-xzf", "/opt/preflight.tar.gz")
        wrong += _collected(lab, base, "installed", by_ssh, "collect_program=/opt/preflight/preflight")
        wrong += _listed(base)
    print("\n".join(wrong) or "collected by Ansible as by ssh, but for what may differ")
    return int(bool(wrong))


def _traces(lab: Lab) -> Mapping[str, str]:
    """Return a digest of each host's files where a login could leave something; Ansible itself keeps ~/.ansible/tmp."""
    found = {}
    for name, host in lab.hosts.items():
        own = host.run("find", "/root", "-name", ".ansible", "-prune", "-o", "-print").stdout
        ansible = host.run("find", "/root/.ansible", "-type", "f", check=False).stdout
        found[name] = host.tree_digest("/etc", "/opt", "/tmp", "/usr", "/var/tmp") + own + ansible
    return found


def _install(base: Path) -> None:
    python = base / "venv/bin/python"
    run([sys.executable, "-m", "venv", base / "venv"], check=True)
    run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "ansible-core"], check=True)
    run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", base, ROOT],
        check=True,
        capture_output=True,
    )
    (wheel,) = base.glob("*.whl")
    run([BUNDLE, wheel, base / "preflight.tar.gz"], check=True)
    (base / "hosts.ini").write_text(INVENTORY)
    (base / "hosts.ini").chmod(0o600)


def _by_ssh(lab: Lab, directory: Path) -> Mapping[str, SavedHost]:
    """Return the snapshots of both hosts, each with its answers about the other, as three commands make them."""
    alone = directory / "alone"
    alone.mkdir(parents=True)
    for name in NAMES:
        lab.client.run([PREFLIGHT, "snapshot", name, "-o", f"{alone}/{name}.json"], check=True)
    for name in NAMES:
        peers = [word for other in NAMES for word in ("--peer", f"{alone}/{other}.json")]
        lab.client.run([PREFLIGHT, "snapshot", name, *peers, "-o", f"{directory}/{name}.json"], check=True)
    return _read(directory)


def _read(directory: Path) -> Mapping[str, SavedHost]:
    return {name: snapshot.read(directory / f"{name}.json")[0] for name in NAMES}


def _collected(lab: Lab, base: Path, how: str, by_ssh: Mapping[str, SavedHost], setting: str) -> Iterator[str]:
    """Play the collection's playbook, and yield what is wrong with its snapshots."""
    words = ["ansible-playbook", "-i", f"{base}/hosts.ini", "kvm.preflight.collect", "-e", setting]
    environment = {
        **os.environ,
        **SETTINGS,
        "PATH": f"{base}/venv/bin:{os.environ['PATH']}",
        "ANSIBLE_HOME": f"{base}/home",
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
    }
    done = lab.client.run([*words, "-e", f"preflight_to={base}/{how}"], timeout=600, env=environment)
    print(done.stdout, done.stderr, flush=True)
    if done.returncode:
        yield f"{how}: ansible-playbook: exit code {done.returncode}"
        return
    by_ansible = _read(base / how)
    if (mode := (base / how).stat().st_mode & 0o777) != 0o700:
        yield f"{how}: the directory of the snapshots has mode {mode:o}"
    for name in NAMES:
        for what, why in _differences(by_ssh[name], by_ansible[name]):
            print(f"{how}: {name}: {what} differs: {why}")
            if what.partition(":")[0] not in MAY_DIFFER:
                yield f"{how}: {name}: {what} differs: {why}"
    audits = [_audit(base / one) for one in ("ssh", how)]
    if audits[0] != audits[1] or "announced-name-unresolvable" not in audits[0]:
        yield f"{how}: the audits differ, or have no cause: {audits}"
    for pair in (NAMES, NAMES[::-1]):
        reports = [_report(base / one, *pair) for one in ("ssh", how)]
        if reports[0] != reports[1]:
            changed = {key: (reports[0].get(key), reports[1].get(key)) for key in {*reports[0], *reports[1]}}
            differ = {key: both for key, both in changed.items() if both[0] != both[1]}
            if set(differ) - {"ssh-login-refused pair"}:
                yield f"{how}: the reports on {pair[0]} -> {pair[1]} differ: {differ}"
            print(f"{how}: {pair[0]} -> {pair[1]}: {differ}")


def _differences(one: SavedHost, other: SavedHost) -> Iterator[tuple[str, str]]:
    if (one.name, one.peers, one.answers.absent) != (other.name, other.peers, other.answers.absent):
        yield (
            "the host",
            f"{one.name} {one.peers} {one.answers.absent} {other.name} {other.peers} {other.answers.absent}",
        )
    left, right = one.answers.records, other.answers.records
    for name in sorted({*left, *right}):
        if left.get(name) != right.get(name):
            yield name, _shown(left.get(name), right.get(name))


def _shown(*records: Record | None) -> str:
    lines = [set() if one is None else set(one.out.splitlines()) for one in records]
    return f"{sorted(lines[0] - lines[1])[:3]} / {sorted(lines[1] - lines[0])[:3]}"[:600]


def _report(directory: Path, source: str, destination: str) -> Mapping[str, Any]:
    """Return the outcome and the messages of each rule and subject, in a check of two snapshots."""
    files = [str(directory / f"{name}.json") for name in (source, destination)]
    done = run([PREFLIGHT, "check", *files, "--format", "json"], capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    verdict = {"verdict": report["verdict"]}
    return verdict | {
        f"{one['rule']} {one['subject']}": (
            one["outcome"],
            [re.sub(r"\d+", "N", each["message"]) for each in one["findings"]],
        )
        for one in report["results"]
    }


def _audit(directory: Path) -> str:
    """Return the audit of a directory of snapshots, as one document."""
    done = run([PREFLIGHT, "audit", f"{directory}/", "--format", "json"], capture_output=True, text=True, check=False)
    return done.stdout


def _listed(base: Path) -> Iterator[str]:
    """Yield what is wrong with the same inventory as preflight reads it, through the real ansible-inventory."""
    os.environ["PATH"] = f"{base}/venv/bin:{os.environ['PATH']}"
    found = inventory.hosts(["@kvm"], inventory.read(base / "hosts.ini"))
    texts = [host.text for host in found.hosts]
    if texts != [f"root@{name}" for name in NAMES]:
        yield f"ansible-inventory: {texts}"


if __name__ == "__main__":
    sys.exit(main())
