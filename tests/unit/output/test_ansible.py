"""The playbook of `preflight fix --format ansible`; `make ansible-truth` has Ansible play it."""

from collections.abc import Sequence

import pytest

from preflight.errors import UserError
from preflight.fix.apply import Service
from preflight.fix.changes import FileChange
from preflight.fix.files import edited, led
from preflight.output.fix.ansible import playbook
from preflight.request.migration import Role
from preflight.rule import AnyChange, Change, HostsLine
from preflight.shell_text import shell

NOTHING = shell(":")
#: Templates of Jinja's, YAML's own tag, and what its quotes and escapes must hold.
TEMPLATES = (
    "{{ lookup('pipe', 'touch /tmp/pwned') }}",
    "{% set x = lookup('pipe', 'touch /tmp/pwned') %}",
    "{# nothing #}",
    "!unsafe {{ 1 }}",
    "' \" \\\\ \\1 \\g<0> \t \u00e9 \U0001f600 {{ 1 }}",
)


def changed(path: str, before: str, changes: Sequence[AnyChange], host: str = "host1", by: str = "sshd") -> FileChange:
    """Return a change of one file, as `plan` works it out."""
    after = (
        led(before, [one for one in changes if isinstance(one, HostsLine)])
        if path == "/etc/hosts"
        else edited(path, before, {one.key: one.value for one in changes if isinstance(one, Change)})
    )
    service = Service(by, NOTHING, NOTHING, NOTHING, NOTHING)
    return FileChange(Role.SOURCE, host, path, before, after, service, tuple(changes), ("a-rule",))


HOSTS = changed("/etc/hosts", "127.0.1.1 host2\n192.0.2.1 host1\n", [HostsLine("host2", "192.0.2.12", "127.0.1.1")])


@pytest.mark.parametrize("text", TEMPLATES)
def test_no_text_of_a_host_is_a_template(text: str) -> None:
    """Ansible would run it on the controller: it is in a comment on the changed line."""
    plays = playbook(
        [
            changed("/etc/hosts", f"127.0.1.1 host2 # {text}\n", [HostsLine("host2", "192.0.2.12", "127.0.1.1")]),
            changed("/etc/hosts", f"127.0.1.1 host2 a # {text}\n", [HostsLine("host2", "192.0.2.12", "127.0.1.1")]),
            changed("/etc/ssh/sshd_config", f"MaxStartups 5 # {text}\n", [Change("", "MaxStartups", "9:30:100")]),
            changed("/etc/libvirt/libvirtd.conf", f"max_clients = 5 # {text}\n", [Change("", "max_clients", 9)]),
        ]
    )
    held = [line for line in plays.splitlines() if "{" in line or "unsafe {" in line]
    assert len(held) == 6  # twice what is looked for and what is put there, and two settings
    assert all(line.split(": ", 1)[1].startswith('!unsafe "') for line in held)


def test_a_line_that_is_corrected_is_found_by_its_whole_text_and_no_pattern_of_a_host() -> None:
    before = "127.0.1.1 host2 # .* (a|b) $\n"
    text = playbook([changed("/etc/hosts", before, [HostsLine("host2", "192.0.2.12", "127.0.1.1")])])
    assert r'regexp: !unsafe "^127\\.0\\.1\\.1\\ host2\\ \\#\\ \\.\\*\\ \\(a\\|b\\)\\ \\$$"' in text
    assert 'replace: !unsafe "192.0.2.12 host2 # .* (a|b) $"' in text


def test_a_name_that_is_taken_from_a_line_gets_one_of_its_own() -> None:
    before = "127.0.1.1 host2 a\n"
    text = playbook([changed("/etc/hosts", before, [HostsLine("host2", "192.0.2.12", "127.0.1.1")])])
    assert 'replace: !unsafe "127.0.1.1 a"' in text
    assert 'line: !unsafe "192.0.2.12 host2"' in text
    assert "notify" not in text


def test_the_playbook_makes_the_same_lines() -> None:
    text = playbook(
        [
            changed(
                "/etc/hosts", "127.0.0.1 localhost\n", [HostsLine("host2", "192.0.2.12")], "root@host1.example.com"
            ),
            changed("/etc/libvirt/libvirtd.conf", "", [Change("", "max_workers", 32)], by="libvirtd"),
            changed("/etc/ssh/sshd_config", "maxSTARTUPS 5\n", [Change("", "MaxStartups", "30:30:100")]),
        ]
    )
    assert text.startswith("---\n- name: ")
    assert '  hosts: "host1.example.com"\n' in text
    assert '        line: !unsafe "192.0.2.12 host2"\n' in text
    assert '        line: !unsafe "max_workers = 32"\n' in text
    assert '        line: !unsafe "maxSTARTUPS 30:30:100"\n' in text
    assert '        validate: "sshd -t -f %s"\n' in text
    assert '        name: "libvirtd"\n        state: restarted\n' in text
    assert '        name: "ssh"\n        state: reloaded\n' in text


@pytest.mark.parametrize("host", ["all", "a,b", "a:b", "~.*", "web*", "!web", "{{ x }}", "{%raw%}", "a&b", "a[0]"])
def test_a_host_that_ansible_would_take_for_a_pattern_or_a_template_is_refused(host: str) -> None:
    """A play's `hosts` is matched against the inventory before any tag counts."""
    with pytest.raises(UserError):
        playbook([changed(HOSTS.path, HOSTS.before or "", HOSTS.settings, host)])


@pytest.mark.parametrize(
    ("host", "named"),
    [
        ("root@host1", "host1"),
        ("qemu+ssh://root@host1/system", "host1"),
        ("2001:db8::1", "2001:db8::1"),
        ("localhost", "localhost"),
    ],
)
def test_a_host_is_named_as_in_an_inventory(host: str, named: str) -> None:
    assert f'  hosts: "{named}"\n' in playbook([changed(HOSTS.path, HOSTS.before or "", HOSTS.settings, host)])
