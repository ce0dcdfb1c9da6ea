"""One guest's move on two hosts that a test breaks: who starts it when, and what is written down."""

import os
import threading
import time
from pathlib import Path

import libvirt
import pytest

from preflight.migrate import live
from preflight.migrate.lane import Lane
from preflight.migrate.live import Busy, attend, move
from preflight.migrate.observation import Place
from preflight.migrate.outcome import LogMark, Result
from preflight.migrate.past import Past
from preflight.migrate.resume import recover
from preflight.migrate.run import Ended
from preflight.migrate.scheduler import Lanes
from preflight.request.method import Method
from preflight.request.migration import HandOver, Mode, OnTimeout
from preflight.schema.plan import PlannedGuest
from tests.fakes.hypervisor import Disk, refusal
from tests.unit.migrate.plans import WEB, altered
from tests.unit.migrate.runs import XML, Pair

OTHER_JOB = {
    "type": libvirt.VIR_DOMAIN_JOB_UNBOUNDED,
    "operation": libvirt.VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT,
    "time_elapsed": 100_000,
    "memory_total": 1,
    "data_processed": 1,
}


def moved(pair: Pair) -> Ended:
    ended = move(pair.run, pair.web, Lane(pair.run))
    pair.all_work()
    assert not pair.disk.went_back
    return ended


def test_a_guest_is_started_there_by_preflight_and_goes_on_where_it_was(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    ended = moved(pair)
    assert (ended.result, ended.why) == (Result.ARRIVED, "")
    assert ended.places == (Place.ABSENT, Place.RUNNING)
    assert pair.destination.called == ["resume"]


def test_the_hand_over_is_written_down_before_the_guest_can_run(tmp_path: Path) -> None:
    """D3: or else a copy that has run is taken for one that never did."""
    pair = Pair(tmp_path)
    seen: list[list[str]] = []
    pair.destination.before["resume"] = lambda: seen.append(list(pair.steps()))
    moved(pair)
    assert seen == [["begin", "handed-over"]]


def test_a_slow_disk_does_not_make_the_guest_stand_still(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = Pair(tmp_path)
    fsync = os.fsync
    times: dict[str, float] = {}

    def slow(descriptor: int) -> None:
        time.sleep(0.5)
        fsync(descriptor)

    def arrives() -> None:
        times["arrived"] = time.monotonic()
        monkeypatch.setattr(os, "fsync", slow)

    pair.source.migrations.at["end"] = arrives
    pair.destination.before["resume"] = lambda: times.update(started=time.monotonic())
    moved(pair)
    assert times["started"] - times["arrived"] < 0.25


def test_a_journal_that_cannot_be_written_keeps_no_guest_from_being_started(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    pair.source.migrations.at["end"] = pair.run.journal.close
    ended = moved(pair)
    assert ended.places == (Place.ABSENT, Place.RUNNING)
    assert pair.run.journal.broken is not None
    assert "Bad file descriptor" in pair.run.journal.broken


def test_what_libvirt_starts_itself_is_paused_for_no_start_of_preflights(tmp_path: Path) -> None:
    pair = Pair(tmp_path, Method(mode=Mode.PEER_TO_PEER, hand_over=HandOver.AT_ONCE))
    ended = moved(pair)
    assert ended.result is Result.ARRIVED
    assert pair.destination.called == []


def test_a_guest_that_its_user_paused_after_an_at_once_hand_over_stays_paused(tmp_path: Path) -> None:
    pair = Pair(tmp_path, Method(hand_over=HandOver.AT_ONCE))
    pair.source.migrations.at["end"] = lambda: pair.destination.suspend(WEB)
    ended = moved(pair)
    assert (ended.result, ended.places) == (Result.PAUSED, (Place.ABSENT, Place.PAUSED))
    assert ended.why.startswith("the guest has been paused on the destination")
    assert pair.destination.called == []


def test_a_guest_that_its_user_paused_after_preflight_started_it_stays_paused(tmp_path: Path) -> None:
    pair = Pair(tmp_path)

    def pause_soon() -> None:
        threading.Timer(0.05, pair.destination.suspend, [WEB]).start()
        time.sleep(0.01)

    pair.source.migrations.at["end"] = lambda: None
    pair.destination.before["resume"] = pause_soon
    move(pair.run, pair.web, Lane(pair.run))
    time.sleep(0.2)
    run, known = pair.killed()
    recover(run, {WEB: known[WEB]})
    assert pair.destination.called == ["resume"], "once, by the move itself"


def test_a_guest_that_somebody_else_migrates_is_not_begun(tmp_path: Path) -> None:
    """D12, and two runs that would move the same guest: the second sees it, and says so."""
    pair = Pair(tmp_path)
    pair.here.job = dict(OTHER_JOB)
    with pytest.raises(
        Busy, match="web is not started: another preflight or another client has been migrating it since 10"
    ):
        move(pair.run, pair.web, Lane(pair.run))
    assert (pair.source.called, list(pair.steps())) == ([], [])


def test_a_guest_that_is_arriving_already_is_not_begun(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    pair.destination.add(WEB, pair.disk, is_arriving=True).to(libvirt.VIR_DOMAIN_PAUSED, 2)
    with pytest.raises(Busy, match="web is not started: the guest is already arriving on the destination"):
        move(pair.run, pair.web, Lane(pair.run))


def test_a_job_that_began_before_the_call_is_not_aborted_by_this_runs_timeout(tmp_path: Path) -> None:
    """D12: it got between the look and the call."""
    pair = Pair(tmp_path, Method(timeout=0, on_timeout=OnTimeout.ABORT))

    def cuts_in() -> None:
        pair.here.job = dict(OTHER_JOB)
        time.sleep(0.6)

    pair.source.migrations.at["begin"] = cuts_in
    ended = move(pair.run, pair.web, Lane(pair.run))
    assert "abortJob" not in pair.source.called
    assert ended.error == "cannot acquire state change lock"


def test_a_run_that_is_gone_on_with_does_not_abort_a_job_that_is_not_its_own(tmp_path: Path) -> None:
    """D12: a migration to a third host, which its owner began long after this run's."""
    pair = Pair(tmp_path, Method(timeout=0, on_timeout=OnTimeout.ABORT))
    for began_at in (None, time.time() - 3600, time.time() - 10):
        pair.here.job = dict(OTHER_JOB)
        pair.run.aborting.set()
        attend(pair.run, pair.web, began_at)
    assert pair.source.called == []


def test_a_run_that_is_gone_on_with_watches_its_own_job(tmp_path: Path) -> None:
    pair = Pair(tmp_path, Method(timeout=0, on_timeout=OnTimeout.ABORT))
    pair.here.job = dict(OTHER_JOB)
    aborted = pair.source.migrations.aborted

    def ends() -> None:
        assert aborted.wait(10)
        pair.here.job = None

    thread = threading.Thread(target=ends)
    thread.start()
    attend(pair.run, pair.web, time.time() - 101)
    thread.join()
    assert pair.source.called.count("abortJob") >= 1


def test_a_job_that_heeds_no_abort_is_not_waited_for_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hosts cannot reach each other any more, and libvirt holds on to the migration."""
    monkeypatch.setattr(live, "AFTER_ABORT", 0.5)
    pair = Pair(tmp_path, Method(timeout=0, on_timeout=OnTimeout.ABORT))
    pair.here.job = dict(OTHER_JOB)
    began = time.monotonic()
    attended = attend(pair.run, pair.web, time.time() - 101)
    assert 0.5 <= time.monotonic() - began < 5
    assert attended.stuck == (
        "not ended 0.5 s after it was aborted; if the job does not end, restart the libvirt daemon on"
        " host1.example.com (its guests keep running)"
    )
    assert pair.source.called.count("abortJob") >= 2
    assert pair.here.job is not None


def test_guests_whose_jobs_heed_no_abort_are_waited_for_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "AFTER_ABORT", 1.0)
    pair = Pair(tmp_path, Method(timeout=0, on_timeout=OnTimeout.ABORT))
    guests = tuple(altered(pair.web, name=f"web{number}", uuid=f"{WEB[:-1]}{number}") for number in range(8))
    for guest in guests:
        pair.source.add(guest.uuid, Disk()).job = dict(OTHER_JOB)
    pair.run.plan = altered(pair.plan, guests=guests)
    began = time.monotonic()
    ended = recover(pair.run, {guest.uuid: Past(began=True, began_at=time.time() - 101) for guest in guests})
    assert time.monotonic() - began < 4
    assert [each.result for each in ended.values()] == [Result.UNKNOWN] * len(guests)
    assert all("job is still running" in each.why for each in ended.values())
    assert all("restart the libvirt daemon on host1.example.com" in (each.error or "") for each in ended.values())


def test_a_call_that_was_given_up_starts_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """D13: the guest is settled meanwhile, and what is decided there must not be overtaken."""
    monkeypatch.setattr(live, "AFTER_ABORT", 0.1)
    pair = Pair(tmp_path)
    goes_on, over = threading.Event(), threading.Event()

    def hang() -> None:
        goes_on.wait(20)

    pair.source.migrations.at["finish"] = hang
    pair.source.migrations.at["end"] = over.set
    threading.Timer(0.3, pair.run.aborting.set).start()
    ended = move(pair.run, pair.web, Lane(pair.run))
    assert ended.result is Result.UNKNOWN
    goes_on.set()
    assert over.wait(20)
    deadline = time.monotonic() + 10
    while WEB not in pair.run.handed_over and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.1)
    assert "resume" not in pair.destination.called
    assert list(pair.steps())[-1] == "handed-over", "so that --resume knows"


def test_the_answer_to_finish_gets_lost_and_the_guest_runs_once(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    pair.source.migrations.loses = "finish"
    ended = moved(pair)
    assert (ended.result, ended.places) == (Result.STAYED, (Place.RUNNING, Place.ABSENT))
    assert pair.destination.called[0] == "destroy"


def test_a_lost_confirm_leaves_nothing_behind_on_the_source(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    pair.source.migrations.loses = "confirm"
    ended = moved(pair)
    assert (ended.result, ended.why) == (Result.ARRIVED, "")
    assert ended.places == (Place.ABSENT, Place.RUNNING)


@pytest.mark.parametrize("step", ["begin", "prepare", "perform", "finish"])
def test_a_migration_that_fails_leaves_the_guest_where_it_was(tmp_path: Path, step: str) -> None:
    pair = Pair(tmp_path)
    pair.source.migrations.fails = step
    ended = moved(pair)
    assert (ended.result, ended.places) == (Result.STAYED, (Place.RUNNING, Place.ABSENT))
    assert ended.error == f"{step} failed"


def test_a_guest_starts_with_the_destination_as_it_did_with_the_source(tmp_path: Path) -> None:
    pair = Pair(tmp_path, autostart=True)
    assert moved(pair).result is Result.ARRIVED
    assert pair.there is not None
    assert pair.there.autostart


def test_a_kept_definition_no_longer_starts_with_the_source_before_the_destinations_does(tmp_path: Path) -> None:
    """D9: the safe order: a host that crashes in between starts none, rather than both."""
    pair = Pair(tmp_path, Method(undefinesource=False), autostart=True)
    seen: list[bool] = []
    pair.destination.before["setAutostart"] = lambda: seen.append(pair.source.domains[WEB].autostart)
    assert (moved(pair).result, moved_why(pair)) == (Result.ARRIVED, "")
    assert seen == [False]
    assert not pair.source.domains[WEB].autostart
    assert pair.there is not None
    assert pair.there.autostart


def moved_why(pair: Pair) -> str:
    return next(event.text for event in reversed(pair.told) if event.kind == "ended")


@pytest.mark.parametrize("end", ["source", "destination"])
def test_an_autostart_that_cannot_be_changed_is_no_arrival(tmp_path: Path, end: str) -> None:
    """D9: it was a line that scrolls by, and exit 0."""
    pair = Pair(tmp_path, Method(undefinesource=False), autostart=True)
    getattr(pair, end).fails["setAutostart"] = refusal(libvirt.VIR_ERR_SYSTEM_ERROR, "read-only file system")
    ended = moved(pair)
    assert not ended.arrived
    assert "read-only file system" in ended.why
    command = f"virsh autostart --disable {WEB}" if end == "source" else f"virsh autostart {WEB}"
    assert ended.why.endswith(f"on {getattr(pair, end).name}: {command}")
    assert pair.there is not None
    assert not pair.there.autostart, "it would start with both"


def test_what_a_bug_has_cut_off_is_not_said_to_be_not_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """D16."""
    pair = Pair(tmp_path)

    def breaks(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(live, "carry_over", breaks)
    ended = Lanes(pair.run, None, None).move(pair.plan.guests, canary=True, known={})  # type: ignore[arg-type] # no shell is needed for a guest that runs
    assert ended[WEB].result is Result.UNKNOWN
    assert ended[WEB].places == (Place.ABSENT, Place.RUNNING)
    assert ended[WEB].why == "a bug in preflight: ZeroDivisionError: "
    assert ended[WEB].handed_over
    assert list(pair.steps())[-1] == "ended"


def test_a_guest_that_has_arrived_is_not_settled_again(tmp_path: Path) -> None:
    """The guest may have been shut down since, or migrated again."""
    pair = Pair(tmp_path)
    moved(pair)
    pair.run.journal.close()
    run, known = pair.killed()
    assert recover(run, known) == {}
    assert known[WEB].is_done


def test_a_guest_that_was_paused_for_its_move_goes_on_where_it_stays(tmp_path: Path) -> None:
    pair = Pair(tmp_path, Method(timeout=0, on_timeout=OnTimeout.SUSPEND))
    pair.source.migrations.sends = threading.Event()

    def fails() -> None:
        pair.source.migrations.fails = "finish"
        pair.source.migrations.sends.set() if pair.source.migrations.sends else None

    threading.Timer(0.6, fails).start()
    ended = move(pair.run, pair.web, Lane(pair.run))
    assert ended.result is Result.STAYED
    assert ended.paused_by_us


def test_a_definition_is_not_made_again_of_what_its_owner_has_moved_on(tmp_path: Path) -> None:
    """D10."""
    pair = Pair(tmp_path)
    pair.run.journal.write("begin", WEB, name="web", xml=XML, paused=False, is_defined_there=False)
    pair.source.gone(WEB, libvirt.VIR_DOMAIN_SHUTOFF_MIGRATED, undefine=True)
    run, known = pair.killed()
    ended = recover(run, known)[WEB]
    assert ended.result is Result.LOST
    assert "it may have been moved elsewhere" in ended.why
    assert pair.source.called == pair.destination.called == []


class Ordered:
    """A process on the source that is told of guests, or cannot be."""

    def __init__(self, why: str | None = None) -> None:
        self.guests: list[str] = []
        self.placed = 0
        self._why = why

    def place(self) -> str | None:
        self.placed += 1
        return self._why

    def order(self, guest: PlannedGuest, mark: LogMark) -> str | None:
        self.guests.append(guest.name)
        return self._why


@pytest.mark.parametrize(
    ("method", "ordered"),
    [
        (Method(mode=Mode.PEER_TO_PEER), ["web"]),
        (Method(mode=Mode.TUNNELLED), ["web"]),
        (Method(mode=Mode.PEER_TO_PEER, suspend=True), []),
        (Method(mode=Mode.PEER_TO_PEER, hand_over=HandOver.AT_ONCE), []),
        (Method(), []),
    ],
)
def test_the_process_on_the_source_knows_of_a_guest_before_its_move_begins(
    tmp_path: Path, method: Method, ordered: list[str]
) -> None:
    pair = Pair(tmp_path, method)
    starter = pair.run.starter = Ordered()
    known: list[list[str]] = []
    pair.source.migrations.at["begin"] = lambda: known.append(list(starter.guests))
    pair.run.mark_logs([pair.web])
    assert moved(pair).result is Result.ARRIVED
    assert known == [ordered]


def test_a_guest_that_nobody_could_start_is_named_and_moved(tmp_path: Path) -> None:
    pair = Pair(tmp_path, Method(mode=Mode.PEER_TO_PEER))
    pair.run.starter = Ordered("virsh is not installed")
    pair.run.mark_logs([pair.web])
    assert moved(pair).result is Result.ARRIVED
    notes = [(event.guest, event.text) for event in pair.told if event.kind == "note"]
    left = "if preflight dies while the guest migrates, it stays paused on the destination until --resume"
    assert notes == [("web", f"{left}: virsh is not installed")]
