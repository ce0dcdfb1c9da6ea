"""The log of the source's QEMU, read by real shells, and what its lines prove."""

from pathlib import Path

import libvirt
import pytest

from preflight.migrate.observation import Place
from preflight.migrate.outcome import LogEnd, LogMark, Result
from preflight.migrate.resume import recover
from preflight.migrate.source_log import HostLogs, end_of
from preflight.request.method import Method
from preflight.request.migration import HandOver, Mode
from tests.unit.migrate.plans import WEB
from tests.unit.migrate.shells import Host
from tests.unit.migrate.test_interleavings import killed_at

AT = "2026-11-29 20:00:00.123+0000: "
STARTED, BEGUN, MIGRATED = "starting up", "initiating migration", "shutting down, reason=migrated"
VERSIONS = " libvirt version: 9.0.0, package: 4+deb12u2, qemu version: 7.2.22, hostname: host1"


@pytest.mark.parametrize(
    ("lines", "end"),
    [
        ([BEGUN, MIGRATED], LogEnd.MIGRATED),
        ([BEGUN], LogEnd.NONE),
        ([], LogEnd.NONE),
        (None, LogEnd.UNKNOWN),
        # it was moved on, or moved once more
        ([BEGUN, BEGUN, MIGRATED], LogEnd.MORE),
        ([BEGUN, MIGRATED, STARTED], LogEnd.MORE),
        ([BEGUN, MIGRATED, STARTED, BEGUN, MIGRATED], LogEnd.MORE),
        ([STARTED], LogEnd.MORE),
        ([BEGUN, "shutting down, reason=destroyed"], LogEnd.MORE),
        ([BEGUN, "shutting down, reason=shutdown"], LogEnd.MORE),
        ([BEGUN, "shutting down, reason=crashed"], LogEnd.MORE),
        ([MIGRATED], LogEnd.MORE),
        ([BEGUN, MIGRATED, "more than a hundred lines"], LogEnd.MORE),
    ],
)
def test_the_end_that_lines_prove(lines: list[str] | None, end: LogEnd) -> None:
    assert end_of(lines) is end


@pytest.fixture(params=["dash", "bash"])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Host:
    (tmp_path / "log").mkdir()
    return Host(tmp_path / "log", request.param)


def test_only_what_is_behind_the_mark_counts(host: Host) -> None:
    logs = HostLogs(host, str(host.root))
    log = host.file("web 'one'.log")
    log.write_text(
        f"{AT}{STARTED}{VERSIONS}\n/usr/bin/qemu-system-x86_64 \\\n-name web\n"
        f"{AT}{BEGUN}\n{AT}shutting down, reason=shutdown\n"
    )
    marks = logs.marks(["none", "web 'one'"])
    assert marks == {"web 'one'": LogMark(log.stat().st_ino, log.stat().st_size)}
    with log.open("a") as more:
        more.write(f"char device redirected to /dev/pts/1\n{AT}{BEGUN}\nqemu: {AT}{MIGRATED}\n{AT}{MIGRATED}\n")
    assert logs.since("web 'one'", marks["web 'one'"]) == [BEGUN, MIGRATED]


def test_a_log_that_was_rotated_or_cut_says_nothing(host: Host) -> None:
    logs = HostLogs(host, str(host.root))
    log = host.file("web.log")
    log.write_text(f"{AT}{STARTED}{VERSIONS}\n{AT}{BEGUN}\n")
    mark = logs.marks(["web"])["web"]
    log.write_text(f"{AT}{BEGUN}\n")
    assert logs.since("web", mark) is None
    log.rename(host.file("web.log.0"))
    assert logs.since("web", mark) is None
    log.write_text(f"{AT}{STARTED}{VERSIONS}\n{AT}{BEGUN}\n{AT}{BEGUN}\n{AT}{MIGRATED}\n")
    assert logs.since("web", mark) is None


def test_a_log_that_grew_beyond_bounds_is_cut_and_proves_nothing(host: Host) -> None:
    logs = HostLogs(host, str(host.root))
    log = host.file("web.log")
    log.write_text("")
    mark = logs.marks(["web"])["web"]
    log.write_text(f"{AT}{BEGUN}\n" * 50_000 + f"{AT}{MIGRATED}\n")
    lines = logs.since("web", mark)
    assert lines is not None
    assert len(lines) == 100
    assert end_of(lines) is LogEnd.MORE


def test_a_host_that_does_not_answer_says_nothing(host: Host) -> None:
    logs = HostLogs(host, str(host.root / "missing"))
    assert logs.marks(["web"]) == {}
    assert logs.since("web", LogMark(1, 0)) is None


def test_a_confirmed_guest_is_started_though_preflight_was_killed_before_it_could(tmp_path: Path) -> None:
    """A managed migration: libvirt on the source released the guest, and nothing was left to start it."""
    pair = killed_at("end", Method(), tmp_path)
    run, known = pair.killed()
    ended = recover(run, known)[WEB]
    assert (ended.result, ended.source.place, ended.destination.place) == (Result.ARRIVED, Place.ABSENT, Place.RUNNING)


def test_a_guest_that_its_owner_moved_on_from_the_source_is_not_started(tmp_path: Path) -> None:
    """Confirm was lost; the owner resumed it on the source and moved it to a third host: the log has two migrations."""
    pair = killed_at("confirm", Method(), tmp_path)
    pair.source.resume(WEB)
    pair.source.move_to(type(pair.source)("host3.example.com"), WEB)
    run, known = pair.killed()
    ended = recover(run, known)[WEB]
    assert ended.result is Result.PAUSED
    assert "resume" not in pair.destination.called


def test_a_definition_is_taken_away_that_the_sources_power_cut_left(tmp_path: Path) -> None:
    """Between Finish and Confirm: the guest runs on the destination, and the source came back with its definition."""
    pair = killed_at("lost, end", Method(mode=Mode.PEER_TO_PEER, hand_over=HandOver.AT_ONCE), tmp_path)
    pair.source.lose_power()
    assert pair.source.domains[WEB].state == libvirt.VIR_DOMAIN_SHUTOFF
    run, known = pair.killed()
    ended = recover(run, known)[WEB]
    assert (ended.result, ended.why) == (Result.ARRIVED, "")
    assert WEB not in pair.source.domains
    assert pair.destination.domains[WEB].state == libvirt.VIR_DOMAIN_RUNNING


def test_a_definition_stays_that_was_started_again_since(tmp_path: Path) -> None:
    pair = killed_at("lost, end", Method(mode=Mode.PEER_TO_PEER, hand_over=HandOver.AT_ONCE), tmp_path)
    pair.source.lose_power()
    pair.destination.power_off(WEB)
    pair.source.start(WEB)
    pair.source.power_off(WEB)
    pair.source.restart()
    pair.destination.start(WEB)
    run, known = pair.killed()
    ended = recover(run, known)[WEB]
    assert WEB in pair.source.domains
    assert "undefine" in ended.why


def test_a_copy_is_not_started_though_libvirt_says_what_it_says_after_a_confirm(tmp_path: Path) -> None:
    """Confirm was lost with the daemon; the owner resumed the guest on the source, and moved it to a third host."""
    for is_logged in (True, False):
        (tmp_path / str(is_logged)).mkdir()
        pair = killed_at("lost, end", Method(mode=Mode.PEER_TO_PEER), tmp_path / str(is_logged), is_logged=is_logged)
        pair.source.resume(WEB)
        pair.source.move_to(type(pair.source)("host3.example.com"), WEB)
        run, known = pair.killed()
        ended = recover(run, known)[WEB]
        # without the log it is as docs/hand-over.md says
        assert ended.result is (Result.PAUSED if is_logged else Result.ARRIVED)
