"""The file of the daemon that guests belong to."""

import pytest

from preflight.facts.daemon.conf import DaemonConf
from preflight.facts.fact import MISSING, Record, Unreadable
from tests.fact_of import fact_of
from tests.facts.noise import answers

VERSIONS = Record('{"libvirt": 9000000, "hypervisor": 7002022, "type": "QEMU"}')
DOWN = Record("", 1, "failed to connect to the hypervisor")
NO_FILE = Record("", MISSING)
LIBVIRTD = Record("clock 1500.0 500.0 100\nprocess libvirtd 42 25000\nsocket libvirt-sock\n")
VIRTQEMUD = Record("clock 1500.0 500.0 100\nprocess virtqemud 42 25000\nsocket virtqemud-sock\n")
NOBODY = Record("clock 1500.0 500.0 100\n")


def conf(
    text: str | Record, daemons: Record = LIBVIRTD, versions: Record = VERSIONS, virtqemud: Record = NO_FILE
) -> DaemonConf:
    answers = {"daemons": daemons, "libvirtd.conf": text, "virtqemud.conf": virtqemud, "libvirt.versions": versions}
    return fact_of(DaemonConf, answers)


def test_what_the_file_sets_counts() -> None:
    found = conf("# x\nmax_clients = 30\n").number("max_clients")
    assert found.value == 30
    assert found.at is not None
    assert (found.at.path, found.at.line, found.at.column) == ("/etc/libvirt/libvirtd.conf", 2, 15)


def test_what_it_does_not_set_is_the_default_and_stands_nowhere() -> None:
    found = conf("max_clients = 30\n")
    assert (found.number("max_workers").value, found.number("max_workers").at) == (20, None)
    assert found.is_set("max_clients")
    assert not found.is_set("max_workers")


def test_the_file_of_the_daemon_that_serves_is_read_and_no_other() -> None:
    found = conf("max_clients = 30\n", VIRTQEMUD, virtqemud=Record("max_clients = 40\n"))
    assert (found.daemon, found.path, found.number("max_clients").value) == (
        "virtqemud",
        "/etc/libvirt/virtqemud.conf",
        40,
    )


def test_a_missing_file_is_all_defaults() -> None:
    found = conf("max_clients = 30\n", VIRTQEMUD)
    assert not found.present
    assert found.number("max_clients").value == 5000
    assert found.problems == ()


def test_without_libvirts_version_only_the_defaults_are_missing() -> None:
    found = conf("max_clients = 30\n", versions=DOWN)
    assert found.number("max_clients").value == 30
    with pytest.raises(Unreadable, match="the default of max_workers depends on libvirt's version"):
        found.number("max_workers")


def test_a_problem_is_told_even_when_libvirt_is_down_because_of_it() -> None:
    down = Record("clock 1500.0 500.0 100\nsocket libvirt-sock\n")
    [problem] = conf("max_clients = '30'\n", daemons=down, versions=DOWN).problems
    assert problem.error == "/etc/libvirt/libvirtd.conf: expected an unsigned integer for 'max_clients' parameter"


def test_a_file_that_libvirt_cannot_parse_has_no_values() -> None:
    found = conf("max_clients = 30\nwhat?\n")
    assert len(found.problems) == 1
    with pytest.raises(Unreadable, match="expecting an assignment"):
        found.value("max_clients")


def test_a_value_of_the_wrong_kind_is_no_number() -> None:
    with pytest.raises(Unreadable, match="max_clients is not a number"):
        conf("max_clients = '30'\n").number("max_clients")


def test_without_a_daemon_nobody_reads_a_file() -> None:
    with pytest.raises(Unreadable, match="neither libvirtd nor virtqemud is running or listening"):
        conf("max_clients = 30\n", daemons=NOBODY)


def test_hostile_answers_are_unreadable_and_nothing_else() -> None:
    for record in answers("max_clients = 30\nmin_workers = 2 # x\naccess_drivers = [ 'a' ]\n"):
        for daemons in (record, LIBVIRTD):
            try:
                conf(record, daemons, record, record).number("max_clients")
            except Unreadable:
                continue
