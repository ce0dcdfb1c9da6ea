"""The only changes that `preflight fix` writes, whatever a host says."""

from dataclasses import replace

import pytest

from preflight.facts.fact import Unreadable
from preflight.facts.names.hosts_file import PATH as HOSTS
from preflight.fix.writable import typed
from preflight.rule import AnyChange, Change, HostsLine
from tests.case import Case
from tests.hostile_names import HOSTILE_NAMES


def accepted(change: AnyChange, path: str = HOSTS, typed_as: str = "host2.example.com") -> bool:
    """Report whether a change of the source is written if the user typed this name for the destination."""
    case = Case().checked()
    try:
        typed(case.source, replace(case.destination, name=typed_as), path, {("x",): (change, "x")})
    except Unreadable:
        return False
    return True


@pytest.mark.parametrize(
    "name",
    [*HOSTILE_NAMES, "host2\n198.51.100.66 github.com", "x" * 254, "a b", "host2#", "", "10.1", "h.0x1", "192.0.2.1"],
)
def test_a_name_that_no_host_can_have_is_not_written_to_etc_hosts(name: str) -> None:
    assert not accepted(HostsLine(name, "192.0.2.12"))
    assert accepted(HostsLine("host2", "192.0.2.12"))


@pytest.mark.parametrize("value", ["192.0.2.12\n198.51.100.66", "192.0.2.12 other", "x", "", "fe80::1%a b"])
def test_what_is_no_address_is_not_written_to_etc_hosts(value: str) -> None:
    assert not accepted(HostsLine("host2", value))
    assert not accepted(HostsLine("host2", "192.0.2.12", value))


@pytest.mark.parametrize("name", ["host1.example.com", "HOST1", "localhost", "localhost.localdomain"])
def test_a_hosts_own_name_is_never_led_to_another_machine(name: str) -> None:
    """A clone announces the source's own name."""
    assert not accepted(HostsLine(name, "192.0.2.12"))
    assert not accepted(HostsLine(name, "192.0.2.12", "127.0.1.1"), typed_as=name)


@pytest.mark.parametrize(
    ("typed_as", "taken"),
    [
        ("host2", True),
        ("root@HOST2", True),
        ("qemu+ssh://root@host2.mgmt.example.com/system", True),
        ("host3", False),
        ("192.0.2.12", False),
        ("localhost", False),
    ],
)
def test_a_destination_takes_no_name_from_another_address_by_its_own_word(typed_as: str, taken: bool) -> None:
    assert accepted(HostsLine("host2.example.com", "192.0.2.12", "192.0.2.99"), typed_as=typed_as) is taken


@pytest.mark.parametrize(
    ("path", "taken"),
    [
        ("/etc/libvirt/virtqemud.conf", True),
        ("/etc/ssh/sshd_config.d/50-site.conf", True),
        ("/etc/hosts", False),
        ("/etc/cron.d/x", False),
        ("/etc/libvirt/../cron.d/x.conf", False),
        ("/etc/libvirt/hooks/qemu", False),
        ("/etc/ssh/sshd_config.d/../x.conf", False),
        ("/srv/libvirtd.conf", False),
        ("/etc/ssh/ssh_config", False),
    ],
)
def test_only_files_of_a_closed_list_are_changed(path: str, taken: bool) -> None:
    """A daemon's command line names any file, and any login can run a program that is called like the daemon."""
    assert accepted(Change(path, "max_clients", 9), path) is taken


@pytest.mark.parametrize("value", ['x"\nuser = "root', "host2", "1:2:3:4", ""])
def test_a_setting_is_a_number_or_an_address(value: str) -> None:
    assert not accepted(Change("/etc/libvirt/qemu.conf", "migration_host", value), "/etc/libvirt/qemu.conf")
    assert accepted(Change("/etc/libvirt/qemu.conf", "migration_host", "192.0.2.12"), "/etc/libvirt/qemu.conf")
