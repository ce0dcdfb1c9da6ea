"""`make ansible-truth`: the playbook of `preflight fix --format ansible`, played by Ansible on real hosts.

Ansible comes from PyPI into an environment of its own, which is thrown away. The playbook must make both hosts' files
what `preflight fix --apply` makes of them, put them in force, and change nothing when it is played again. In the lines
that are changed stand templates that would run a command on the machine that plays it: none may.
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
#: Templates of Ansible's language, and YAML's own quotes and tag.
TEMPLATE = "{{{{ lookup('pipe', 'touch {0}') }}}} {{% set x = lookup('pipe', 'touch {0}') %}} {{# ' \" \\ !unsafe"
FEW = "max_clients = 20   # {}\nmax_workers = 6\n"
#: What Ansible may hear of its environment: no colours, this machine's ssh with its own known_hosts.
SETTINGS = {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_STDOUT_CALLBACK": "default", "ANSIBLE_RETRY_FILES_ENABLED": "0"}


def main() -> int:
    """Play it twice; say 1 where a file differs from what preflight itself would have made, or is changed again."""
    with tempfile.TemporaryDirectory() as directory, Lab(os.environ.get("PREFLIGHT_LAB", "ansible")) as lab:
        run([sys.executable, "-m", "venv", f"{directory}/venv"], check=True)
        pip = [f"{directory}/venv/bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        run([*pip, "ansible-core"], check=True)
        ran = Path(directory, "ran")
        template = TEMPLATE.format(ran)
        lab.up(["bookworm", "bookworm"])
        _break(lab, template)
        _fix(lab, "--apply", "--yes")
        wanted = _texts(lab)
        lab.reset(list(lab.hosts.values()))
        _break(lab, template)
        playbook = Path(directory, "playbook.yml")
        playbook.write_text(_fix(lab, "--format", "ansible"))
        played = [_play(lab, directory, playbook) for _ in range(2)]
        made = _texts(lab)
        left = _fix(lab)
        pwned = ran.exists()
    wrong = [f"{name}:{path}" for (name, path), text in wanted.items() if made[name, path] != text]
    print(f"\nplayed once: {played[0]}\nplayed again: {played[1]}\nfiles that differ from --apply's: {wrong or 'none'}")
    print(f"preflight fix after it: {left.strip()}\na template ran: {pwned}")
    quiet = {*re.findall(r"changed=(\d+)", played[1]), *re.findall(r"failed=(\d+)", " ".join(played))} == {"0"}
    return int(pwned or bool(wrong) or not quiet or left.strip() != "nothing to change")


def _break(lab: Lab, template: str) -> None:
    source = lab.hosts["host1"]
    # Ansible's backup copies a file's attributes, which an overlay refuses of a file that it has not copied up
    source.append(FILES[1], "# of this host\n")
    source.append(FILES[0], FEW.format(template))
    source.run("systemctl", "restart", "libvirtd")
    source.run("sed", "-i", "/host2/d", "/etc/hosts")
    source.append(
        FILES[2], f"127.0.1.1 host2.example.com host1 # {template}\n192.0.2.99 host2.example.com # {template}\n"
    )
    destination = lab.hosts["host2"]
    destination.append(FILES[1], f"MaxStartups 5:30:60 # {template}\nMatch User nobody\n\tX11Forwarding no\n")
    destination.run("systemctl", "reload", "ssh")


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
