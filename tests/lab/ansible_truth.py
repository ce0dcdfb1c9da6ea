"""`make ansible-truth`: the playbook of `preflight fix --format ansible`, played by Ansible on real hosts.

Ansible comes from PyPI into an environment of its own, which is thrown away. The playbook must make both hosts' files
what `preflight fix --apply` makes of them, put them in force, and change nothing when it is played again.
"""

import os
import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from subprocess import run

from . import Lab

PREFLIGHT = str(Path(sys.executable).with_name("preflight"))
ENDS = {"host1": "host1.example.com", "host2": "host2.example.com"}
FILES = ("/etc/libvirt/libvirtd.conf", "/etc/ssh/sshd_config", "/etc/hosts")
FEW = "max_clients = 20   # the old default\nmax_workers = 6\n"
#: What Ansible may hear of its environment: no colours, this machine's ssh with its own known_hosts.
SETTINGS = {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_STDOUT_CALLBACK": "default", "ANSIBLE_RETRY_FILES_ENABLED": "0"}


def main() -> int:
    """Play it twice; say 1 where a file differs from what preflight itself would have made, or is changed again."""
    with tempfile.TemporaryDirectory() as directory, Lab(os.environ.get("PREFLIGHT_LAB", "ansible")) as lab:
        run([sys.executable, "-m", "venv", f"{directory}/venv"], check=True)
        pip = [f"{directory}/venv/bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        run([*pip, "ansible-core"], check=True)
        lab.up(["bookworm", "bookworm"])
        _break(lab)
        _fix(lab, "--apply", "--yes")
        wanted = _texts(lab)
        lab.reset(list(lab.hosts.values()))
        _break(lab)
        playbook = Path(directory, "playbook.yml")
        playbook.write_text(_fix(lab, "--format", "ansible"))
        played = [_play(lab, directory, playbook) for _ in range(2)]
        made = _texts(lab)
        left = _fix(lab)
    wrong = [f"{name}:{path}" for (name, path), text in wanted.items() if made[name, path] != text]
    print(f"\nplayed once: {played[0]}\nplayed again: {played[1]}\nfiles that differ from --apply's: {wrong or 'none'}")
    print(f"preflight fix after it: {left.strip()}")
    quiet = {*re.findall(r"changed=(\d+)", played[1]), *re.findall(r"failed=(\d+)", " ".join(played))} == {"0"}
    return int(bool(wrong) or not quiet or left.strip() != "nothing to change")


def _break(lab: Lab) -> None:
    source = lab.hosts["host1"]
    # Ansible's backup copies a file's attributes, which an overlay refuses of a file that it has not copied up
    source.append(FILES[1], "# of this host\n")
    source.append(FILES[0], FEW)
    source.run("systemctl", "restart", "libvirtd")
    source.run("sed", "-i", "/host2/d", "/etc/hosts")
    lab.hosts["host2"].append(FILES[1], "Match User nobody\n\tX11Forwarding no\n")


def _fix(lab: Lab, *options: str) -> str:
    done = lab.client.run([PREFLIGHT, "fix", *ENDS.values(), "--concurrency", "24", *options], timeout=300)
    if done.returncode:
        raise RuntimeError(f"preflight fix: exit {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def _texts(lab: Lab) -> Mapping[tuple[str, str], str]:
    return {(name, path): host.read(path) for name, host in lab.hosts.items() for path in FILES}


def _play(lab: Lab, directory: str, playbook: Path) -> str:
    words = [f"{directory}/venv/bin/ansible-playbook", "-i", f"{','.join(ENDS.values())},", "-u", "root", str(playbook)]
    environment = {**os.environ, **SETTINGS, "ANSIBLE_HOME": f"{directory}/home"}
    done = lab.client.run(words, timeout=600, env=environment)
    print(done.stdout, done.stderr, flush=True)
    return " | ".join(" ".join(line.split()) for line in done.stdout.splitlines() if "changed=" in line)


if __name__ == "__main__":
    sys.exit(main())
