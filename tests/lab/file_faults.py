"""The faults that `preflight lint --files` finds, read by the programs themselves: each does what the rule's page says.

Run by `make file-faults`.
"""

from pathlib import Path

import pytest

from preflight.rule import Severity
from tests.files import linted

from . import LabHost

pytestmark = pytest.mark.lab

#: A file of libvirtd, the rule that finds it, and the end of the daemon's message.
DAEMON = [
    ("\ufeff# c\nmax_clients = 5000\n", "byte-order-mark", "libvirtd.conf:1: expecting a name"),
    ("max_clients = {{ n }}\n", "template-not-rendered", "libvirtd.conf:1: expecting a value"),
    ("{% if x %}\n", "template-not-rendered", "libvirtd.conf:1: expecting a name"),
    ("max_clients = 5000\u3000# many\n", "foreign-space", "libvirtd.conf:1: expecting a separator"),
    ("\u3000# c\n", "foreign-space", "libvirtd.conf:1: expecting a name"),
    ("[default]\nmax_clients = 5000\n", "conf-file-invalid", "libvirtd.conf:1: expecting a name"),
    ("max_workers = 0\n", "conf-file-invalid", "'max_workers' must be greater than 0"),
    ('unix_sock_group = "libvirtd"\n', "account-of-another-system", "Failed to parse group 'libvirtd'"),
]
#: The same for sshd.
SSHD = [
    ("\ufeffPort 22\n", "byte-order-mark", "Bad configuration option: \\357\\273\\277Port"),
    ("MaxStartups {{ n }}\n", "template-not-rendered", "Invalid MaxStartups spec"),
    ("MaxStartups ${N}\n", "template-not-rendered", "Invalid MaxStartups spec"),
    ("MaxStartups\u00a0100:30:200\n", "foreign-space", "no argument after keyword"),
    ("\u3000# c\n", "foreign-space", "Bad configuration option: \\343\\200\\200#"),
]
#: Lines of /etc/hosts that give the name "nine" an address, and are not read.
HOSTS = [
    ("\ufeff198.51.100.9 nine\n", "byte-order-mark"),
    ("198.51.100.9 nine\u3000# x\n", "foreign-space"),
    ("{{ address }} nine\n", "template-not-rendered"),
]


def found(where: Path, path: str, text: str, rule: str, severity: Severity = Severity.ERROR) -> None:
    """Require that lint finds it, and nothing else."""
    release = 'ID=debian\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'
    report = linted(where, {path: text, "/etc/os-release": release})
    (result,) = [result for result in report.results if result.findings]
    assert (result.rule.name, result.severity) == (rule, severity)


def put(host: LabHost, path: str, text: str) -> None:
    host.run("sh", "-c", f"cat > {path}", input=text)


@pytest.mark.parametrize(("text", "rule", "said"), DAEMON)
def test_libvirtd_does_not_start(host1: LabHost, tmp_path: Path, text: str, rule: str, said: str) -> None:
    severity = Severity.WARNING if rule == "account-of-another-system" else Severity.ERROR
    found(tmp_path, "/etc/libvirt/libvirtd.conf", text, rule, severity)
    put(host1, "/etc/libvirt/libvirtd.conf", text)
    words = ("env", "LIBVIRT_LOG_OUTPUTS=3:stderr", "timeout", "5", "libvirtd", "--timeout", "1", "-p", "/tmp/pid")
    done = host1.run(*words, check=False)
    assert done.returncode not in (0, 124)
    assert said in done.stderr


@pytest.mark.parametrize(("text", "rule", "said"), SSHD)
def test_sshd_does_not_start(host1: LabHost, tmp_path: Path, text: str, rule: str, said: str) -> None:
    found(tmp_path, "/etc/ssh/sshd_config", text, rule)
    put(host1, "/tmp/sshd_config", text)
    done = host1.run("/usr/sbin/sshd", "-t", "-f", "/tmp/sshd_config", check=False)
    assert done.returncode == 255
    assert said in done.stderr


@pytest.mark.parametrize(("text", "rule"), HOSTS)
def test_the_resolver_passes_over_the_line(host1: LabHost, tmp_path: Path, text: str, rule: str) -> None:
    found(tmp_path, "/etc/hosts", text, rule, Severity.WARNING)
    put(host1, "/etc/hosts", text)
    assert host1.run("getent", "hosts", "nine", check=False).returncode == 2


def test_libvirtd_starts_with_a_key_that_it_ignores_and_says_nothing(host1: LabHost, tmp_path: Path) -> None:
    text = "max_worker = 5\n"
    found(tmp_path, "/etc/libvirt/libvirtd.conf", text, "file-key-unknown", Severity.WARNING)
    put(host1, "/etc/libvirt/libvirtd.conf", text)
    words = ("env", "LIBVIRT_LOG_OUTPUTS=1:stderr", "timeout", "5", "libvirtd", "--timeout", "1", "-p", "/tmp/pid")
    done = host1.run(*words, check=False)
    assert done.returncode == 0
    assert "max_worker" not in done.stderr


def test_what_lint_lets_pass_does_no_harm(host1: LabHost, tmp_path: Path) -> None:
    daemon = "# {{ ansible_managed }}\nmax_clients = 5000 # many\u3000clients\n"
    sshd = '# c\u3000x\nForceCommand echo "${SSH_ORIGINAL_COMMAND}"\n'
    files = {"/etc/libvirt/libvirtd.conf": daemon, "/etc/ssh/sshd_config": sshd, "/etc/hosts": "198.51.100.9 nine\n"}
    assert not any(result.findings for result in linted(tmp_path, files).results)
    put(host1, "/etc/libvirt/libvirtd.conf", daemon)
    assert host1.run("timeout", "5", "libvirtd", "--timeout", "1", "-p", "/tmp/pid", check=False).returncode == 0
    put(host1, "/tmp/sshd_config", sshd)
    host1.run("/usr/sbin/sshd", "-t", "-f", "/tmp/sshd_config")
