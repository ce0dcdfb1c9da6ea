"""Text that no program reads as its author meant it: marks, templates that were not rendered, and foreign spaces."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from preflight.answers import FILES, MISSING, Record, SavedHost
from preflight.connection import snapshot
from preflight.judge.lint import Request, lint_host
from preflight.judge.report import Outcome
from preflight.rule import Severity
from preflight.testing import RECORDED
from tests.files import Content, result

#: A file with the fault, and what it leads to: its program does not start, or passes over the line.
RULES = {
    "byte-order-mark": (
        ("/etc/libvirt/libvirtd.conf", "\ufeff# libvirtd\nmax_clients = 5000\n", Severity.ERROR),
        ("/etc/libvirt/virtlogd.conf", "\ufeffmax_clients = 5\n", Severity.ERROR),
        ("/etc/ssh/sshd_config", "\ufeff# sshd\nPort 22\n", Severity.ERROR),
        ("/etc/libvirt/qemu.conf", "user = 'root'\n".encode("utf-16"), Severity.ERROR),
        ("/etc/hosts", "\ufeff127.0.0.1 localhost\n", Severity.WARNING),
        ("/etc/nsswitch.conf", "\ufeffhosts: files dns\n", Severity.WARNING),
    ),
    "template-not-rendered": (
        ("/etc/libvirt/libvirtd.conf", "max_clients = {{ libvirt_max_clients }}\n", Severity.ERROR),
        ("/etc/libvirt/qemu.conf", 'migration_host = "{{ ansible_fqdn }}"\n', Severity.ERROR),
        ("/etc/libvirt/virtqemud.conf", "{% if big %}\nmax_clients = 5000\n{% endif %}\n", Severity.ERROR),
        ("/etc/libvirt/virtproxyd.conf", "{# by Ansible #}\n", Severity.ERROR),
        ("/etc/ssh/sshd_config", "MaxStartups <%= startups %>\n", Severity.ERROR),
        ("/etc/ssh/sshd_config", "MaxStartups ${MAX_STARTUPS}\n", Severity.ERROR),
        ("/etc/hosts", "{{ address }} host2\n", Severity.WARNING),
    ),
    "foreign-space": (
        ("/etc/libvirt/libvirtd.conf", "max_clients = 5000\u3000# many\n", Severity.ERROR),
        ("/etc/libvirt/qemu.conf", "\u3000# a comment that is none\n", Severity.ERROR),
        ("/etc/ssh/sshd_config", "MaxStartups\u00a0100:30:200\n", Severity.ERROR),
        ("/etc/ssh/sshd_config", "Port 22\u3000# a comment that is none\n", Severity.ERROR),
        ("/etc/hosts", "192.0.2.2 host2\u3000# the other one\n", Severity.WARNING),
        ("/etc/nsswitch.conf", "hosts: files\u2003dns\n", Severity.WARNING),
    ),
}
#: What is like it and does no harm.
SOUND: Mapping[str, tuple[tuple[str, Content], ...]] = {
    "byte-order-mark": (
        ("/etc/libvirt/libvirtd.conf", "# a mark in a comment \ufeff\nmax_clients = 5000\n"),
        # the C library passes over the line in any case
        ("/etc/hosts", "\ufeff# hosts\n127.0.0.1 localhost\n"),
        ("/etc/hosts", "\ufeff\n127.0.0.1 localhost\n"),
    ),
    "template-not-rendered": (
        ("/etc/libvirt/libvirtd.conf", "# {{ ansible_managed }}\nmax_clients = 5000\n"),
        ("/etc/hosts", "127.0.0.1 localhost # {{ inventory_hostname }}\n"),
        # a shell reads these, and braces are its own
        ("/etc/ssh/sshd_config", 'ForceCommand echo "${SSH_ORIGINAL_COMMAND}"\n'),
        ("/etc/ssh/sshd_config", "ForceCommand docker inspect -f '{{.State}}' web\n"),
        ("/etc/ssh/sshd_config", "AuthorizedKeysFile /etc/ssh/keys/%u\n"),
        ("/etc/libvirt/libvirtd.conf", 'sasl_allowed_username_list = ["*@EXAMPLE.COM", "$x"]\n'),
    ),
    "foreign-space": (
        ("/etc/libvirt/libvirtd.conf", "max_clients = 5000 # many\u3000clients\n"),
        ("/etc/libvirt/libvirtd.conf", 'tls_allowed_dn_list = ["C=JP,O=会\u3000社"]\n'),
        ("/etc/ssh/sshd_config", "# 設定\u3000sshd\nPort 22\n"),
        ("/etc/hosts", "\u3000# a comment, and nothing before it\n127.0.0.1 localhost\n"),
        ("/etc/hosts", "127.0.0.1 localhost # 本\u3000番\n"),
    ),
}


@pytest.mark.parametrize(("rule", "path", "text", "severity"), [(rule, *one) for rule in RULES for one in RULES[rule]])
def test_catches_it_where_it_is(rule: str, path: str, text: Content, severity: Severity, tmp_path: Path) -> None:
    found = result(tmp_path, rule, {path: text})
    assert (found.outcome, found.severity) == (Outcome.FAILED, severity)
    assert {finding.location.path for finding in found.findings if finding.location} == {path}


@pytest.mark.parametrize(("rule", "path", "text"), [(rule, *one) for rule in SOUND for one in SOUND[rule]])
def test_passes_what_does_no_harm(rule: str, path: str, text: Content, tmp_path: Path) -> None:
    assert result(tmp_path, rule, {path: text}).outcome is Outcome.PASSED


def test_catches_the_place_of_a_template(tmp_path: Path) -> None:
    (finding,) = result(
        tmp_path, "template-not-rendered", {"/etc/hosts": "127.0.0.1 localhost\n192.0.2.1 {{ name }} a\n"}
    ).findings
    at = finding.location
    assert at is not None
    assert (at.line, at.column, at.end_column) == (2, 11, 21)
    assert finding.message == "{{ name }} was not rendered"


def test_catches_a_space_by_its_name(tmp_path: Path) -> None:
    (finding,) = result(tmp_path, "foreign-space", {"/etc/hosts": "192.0.2.2 host2\u3000# x\n"}).findings
    assert "U+3000" in finding.message
    assert finding.location is not None
    assert finding.location.column == 16


def test_catches_few_of_many(tmp_path: Path) -> None:
    found = result(tmp_path, "template-not-rendered", {"/etc/hosts": "{{ a }}\n" * 1000})
    assert len(found.findings) == 20


@pytest.mark.parametrize("rule", RULES)
def test_is_unknown_when_a_file_leads_out_of_the_directory(rule: str, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("max_clients = 5\n")
    (tmp_path / "host" / "etc").mkdir(parents=True)
    (tmp_path / "host" / "etc" / "hosts").symlink_to("../../elsewhere")
    found = result(tmp_path / "host", rule, {"/etc/ssh/sshd_config": "Port 22\n"})
    assert found.outcome is Outcome.UNKNOWN
    assert "leads out of the directory" in (found.reason or "")


def running(record: str, text: str) -> SavedHost:
    (host,) = snapshot.read(RECORDED / "ready" / "host1.json")
    for name in (*FILES, "libvirt-files"):  # the recorded host was not asked for all of them
        host.answers.records.setdefault(name, Record("", MISSING))
    host.answers.records[record] = Record(text)
    return host


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("byte-order-mark", "\ufeffmax_clients = 5000\n"),
        ("template-not-rendered", "max_clients = {{ n }}\n"),
        ("foreign-space", "max_clients = 5000\u3000# many\n"),
    ],
)
def test_catches_it_as_a_warning_on_a_host_whose_daemons_run(rule: str, text: str) -> None:
    host = running("libvirtd.conf", text)
    (found,) = lint_host(host, Request(select=(rule,)), is_saved=True).results
    assert (found.outcome, found.severity) == (Outcome.FAILED, Severity.WARNING)
