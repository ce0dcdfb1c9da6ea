"""qemu.conf. cases/qemu_conf/answers.json was recorded as cases/daemon_conf was: the same three daemons, this file."""

import json
from pathlib import Path
from typing import Any

import pytest

from preflight.facts.daemon.qemu_conf import QemuConf, QemuConfFile
from preflight.facts.fact import MISSING, Record, Unreadable
from preflight.facts.libvirt import Version, Versions
from tests.fact_of import fact_of
from tests.facts.noise import answers

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "cases/qemu_conf/answers.json").read_text())
DAEMONS = "clock 1500.0 500.0 100\nprocess libvirtd 42 25000\nsocket libvirt-sock\nconf qemu 1200\n"
CHANGED = Record(DAEMONS.replace("conf qemu 1200", "conf qemu 1300"))
DOWN = Record("clock 1500.0 500.0 100\nconf qemu 1200\n")


UP = Record(DAEMONS)


def qemu_conf(text: str | Record, daemons: Record = UP) -> QemuConf:
    return fact_of(QemuConf, {"qemu.conf": text, "daemons": daemons})


def of_file(text: str | Record, release: str | None = None) -> QemuConfFile:
    """Return the fact of a file on a host with this libvirt; None if its release is unknown."""
    record = Record(text) if isinstance(text, str) else text
    if release is None:
        return QemuConfFile.parse(record, Unreadable("not asked"))
    libvirt = Version(*map(int, release.split(".")))
    return QemuConfFile.parse(record, Versions(libvirt=libvirt, qemu=Version(7, 2, 0)))


@pytest.mark.parametrize(
    ("text", "release", "answer"),
    [(case["conf"], release, answer) for case in CASES for release, answer in case["answers"].items()],
)
def test_predicts_what_the_qemu_driver_does(text: str, release: str, answer: str | None) -> None:
    problems = of_file(text, release).problems
    assert bool(problems) == (answer is not None), release
    if answer is not None:
        assert any(problem.error in answer for problem in problems)
        assert all(problem.location is not None for problem in problems)
        with pytest.raises(Unreadable):
            qemu_conf(text)


@pytest.mark.parametrize(
    ("line", "since"),
    [
        ("sched_core = 1", "9.0.0"),
        ("deprecation_behavior = 1", "9.0.0"),
        ('shared_filesystems = "/srv"', "11.3.0"),
        ("storage_use_nbdkit = 2", "11.3.0"),
        ('auto_shutdown_wait = "30 s"', "11.3.0"),
        ("auto_start_delay = -1", "11.3.0"),
        ("auto_save_bypass_cache = 5", "11.3.0"),
    ],
)
def test_the_type_of_a_setting_counts_from_the_release_that_reads_it(line: str, since: str) -> None:
    releases = ("7.0.0", "9.0.0", "11.3.0")
    refused = [release for release in releases if of_file(f"{line}\n", release).problems]
    assert refused == list(releases[releases.index(since) :])
    assert of_file(f"{line}\n").problems


def test_without_a_file_all_is_default() -> None:
    found = qemu_conf(Record("", MISSING))
    assert not found.present
    assert (found.port_range.start, found.port_range.stop - 1, len(found.port_range)) == (49152, 49215, 64)
    assert found.migration_host.value is found.migration_address.value is found.lock_manager.value is None
    assert (found.migrate_tls_force.value, found.keepalive_interval.value, found.max_queued.value) == (False, 5, 0)
    assert found.migration_port_min.at is None


def test_what_the_file_sets_counts_and_has_its_place() -> None:
    found = qemu_conf(
        'migration_port_min = 50000\nmigration_port_max = 50009\nmigrate_tls_force = 1\nlock_manager = "lockd"\n'
    )
    assert len(found.port_range) == 10
    assert (found.migrate_tls_force.value, found.lock_manager.value) == (True, "lockd")
    assert found.migration_port_max.at is not None
    assert (found.migration_port_max.at.line, found.migration_port_max.at.column) == (2, 22)


def test_an_address_loses_the_brackets_of_ipv6() -> None:
    assert qemu_conf('migration_host = "[fe80::2]"\n').migration_host.value == "fe80::2"


def test_a_file_that_was_changed_is_not_in_force() -> None:
    with pytest.raises(Unreadable, match=r"qemu\.conf was changed after libvirtd started"):
        qemu_conf("max_queued = 1\n", CHANGED)
    assert of_file("max_queued = -1\n").problems
    assert qemu_conf("max_queued = 1\n", DOWN).max_queued.value == 1


def test_hostile_answers_are_unreadable_and_nothing_else() -> None:
    for record in answers('migration_port_min = 50000\nmigration_host = "a"\n'):
        for daemons in (Record(DAEMONS), record):
            try:
                qemu_conf(record, daemons)
                of_file(record)
            except Unreadable:
                continue
