"""Migrations that are changed while they run: of this run's jobs alone, and never one that has handed over."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import libvirt
import pytest

from preflight.migrate import orders
from preflight.migrate.journal import read
from preflight.migrate.lane import Lane
from preflight.migrate.live import move
from preflight.migrate.orders import Act, State
from preflight.migrate.past import Past, past
from preflight.migrate.resume import recover
from preflight.migrate.run import Ended
from preflight.migrate.steer import Answer, Steering, steer, why_not
from preflight.request.method import Method
from preflight.request.migration import Mode
from tests.fakes.hypervisor import refusal
from tests.unit.migrate.plans import WEB, altered
from tests.unit.migrate.runs import Pair

BY = "root on host9"
JOB = {
    "type": libvirt.VIR_DOMAIN_JOB_UNBOUNDED,
    "operation": libvirt.VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT,
    "time_elapsed": 10_000,
}


def begun(**told: Any) -> Past:
    """Return what the journal says of a guest whose move began ten seconds ago."""
    return Past(**({"began": True, "began_at": time.time() - 10} | told))


def steered(pair: Pair, wanted: Steering, known: Past | None = None) -> list[tuple[str, str | None]]:
    """Return what became of each change."""
    told: list[Answer] = list(steer(pair.run.source, pair.path, pair.web, known or begun(), wanted, BY))
    return [(answer.act.value, answer.why) for answer in told]


def under_way(directory: Path, method: Method | None = None) -> Pair:
    pair = Pair(directory, method)
    pair.here.job = dict(JOB)
    return pair


def test_each_change_is_one_call_and_is_written_down_before_and_after(tmp_path: Path) -> None:
    pair = under_way(tmp_path)
    wanted = Steering(bandwidth=200, max_downtime=900, postcopy=True)
    assert steered(pair, wanted) == [("bandwidth", None), ("max-downtime", None), ("postcopy", None)]
    assert pair.source.called == ["migrateSetMaxSpeed 200 1", "migrateSetMaxDowntime", "migrateStartPostCopy"]
    assert [(one.act, one.value, one.by, one.state) for one in orders.read(pair.path)] == [
        (Act.BANDWIDTH, 200, BY, State.ORDERED),
        (Act.BANDWIDTH, 200, BY, State.DONE),
        (Act.MAX_DOWNTIME, 900, BY, State.ORDERED),
        (Act.MAX_DOWNTIME, 900, BY, State.DONE),
        (Act.POSTCOPY, None, BY, State.ORDERED),
        (Act.POSTCOPY, None, BY, State.DONE),
    ]


def test_an_abort_is_written_down_before_libvirt_is_asked(tmp_path: Path) -> None:
    pair = under_way(tmp_path)
    before: list[int] = []
    pair.source.before["abortJob"] = lambda: before.append(len(orders.read(pair.path)))
    assert steered(pair, Steering(abort=True)) == [("abort", None)]
    assert before == [1]


def test_a_refusal_of_libvirts_is_said_and_written_down(tmp_path: Path) -> None:
    pair = under_way(tmp_path)
    pair.source.fails["abortJob"] = refusal(libvirt.VIR_ERR_OPERATION_INVALID, "cannot abort now")
    assert steered(pair, Steering(abort=True)) == [("abort", "cannot abort now")]
    assert [(one.state, one.why) for one in orders.read(pair.path)] == [
        (State.ORDERED, ""),
        (State.REFUSED, "cannot abort now"),
    ]
    assert orders.reason(pair.path, WEB, 0) is None


@pytest.mark.parametrize(
    ("known_at", "said"),
    [
        (lambda _: Past(), "its move has not begun"),
        (lambda _: begun(result="stayed"), "its move has ended"),
        (lambda _: begun(handed_over=True), "the source has handed it over"),
        (lambda now: begun(began_at=now - 3600), "the job that runs on it is not of this run"),
        (lambda now: begun(began_at=now), "the job that runs on it is not of this run"),
    ],
    ids=["not begun", "ended", "handed over", "began long after", "began before"],
)
def test_what_is_not_under_way_is_not_touched(tmp_path: Path, known_at: Callable[[float], Past], said: str) -> None:
    pair, known = under_way(tmp_path), known_at(time.time())
    assert why_not(pair.run.source, pair.web, known) == said
    assert steered(pair, Steering(abort=True), known) == [("abort", said)]
    assert (pair.source.called, orders.read(pair.path)) == ([], ())


def test_a_guest_without_a_job_or_with_another_one_is_not_touched(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    assert steered(pair, Steering(bandwidth=1)) == [("bandwidth", "no job runs on it")]
    pair.here.job = JOB | {"operation": libvirt.VIR_DOMAIN_JOB_OPERATION_BACKUP}
    assert steered(pair, Steering(abort=True)) == [("abort", "the job that runs on it is not of this run")]
    pair.source.is_silent = True
    assert steered(pair, Steering(abort=True)) == [("abort", "the source does not answer: no route to host")]
    assert pair.source.called == []


def test_a_guest_that_is_off_has_no_migration_to_change(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    off = altered(pair.web, active=False)
    assert why_not(pair.run.source, off, begun()) == "the guest was off, and its definition moves at once"


def test_nothing_is_aborted_in_post_copy_but_its_bandwidth_can_be_changed(tmp_path: Path) -> None:
    pair = under_way(tmp_path)
    pair.here.to(libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_POSTCOPY)
    wanted = Steering(bandwidth=7, max_downtime=5, postcopy=True, abort=True)
    assert [why is None for _, why in steered(pair, wanted)] == [True, False, False, False]
    assert pair.source.called == ["migrateSetMaxSpeed 7 1"]


def test_nothing_is_aborted_while_the_guest_is_handed_over(tmp_path: Path) -> None:
    pair = under_way(tmp_path)
    pair.here.to(libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_MIGRATION)
    assert steered(pair, Steering(abort=True)) == [("abort", "it is being handed over at this moment")]
    assert steered(pair, Steering(abort=True), begun(paused_by_us=True)) == [("abort", None)]


@contextmanager
def moving(pair: Pair) -> Iterator[list[Ended]]:
    """Move the guest, and wait until its memory is sent; the list has its end afterwards."""
    pair.source.migrations.sends = threading.Event()
    sent = threading.Event()
    pair.source.migrations.at["perform"] = sent.set
    ended: list[Ended] = []
    thread = threading.Thread(target=lambda: ended.append(move(pair.run, pair.web, Lane(pair.run))))
    thread.start()
    try:
        assert sent.wait(10)
        yield ended
    finally:
        pair.source.migrations.sends.set()
        thread.join(10)
    assert ended


@pytest.mark.parametrize("mode", [Mode.MANAGED, Mode.PEER_TO_PEER])
def test_the_run_says_who_aborted_its_migration(tmp_path: Path, mode: Mode) -> None:
    pair = Pair(tmp_path, Method(mode=mode))
    with moving(pair) as ended:
        known = past(read(pair.path)[1], WEB)
        assert steered(pair, Steering(abort=True), known) == [("abort", None)]
        deadline = time.monotonic() + 10
        while not ended and time.monotonic() < deadline:
            time.sleep(0.01)
    said = "aborted by root on host9 with preflight steer; libvirt: operation aborted: migration out job: canceled"
    assert (ended[0].error or "").startswith(said)
    assert ended[0].result == "stayed"


def test_the_run_takes_note_of_every_other_change(tmp_path: Path) -> None:
    pair = Pair(tmp_path, Method(max_downtime=50))
    with moving(pair):
        steered(pair, Steering(bandwidth=5, max_downtime=70), past(read(pair.path)[1], WEB))
        time.sleep(0.5)
    said = [event.text for event in pair.told if event.kind == "note"]
    assert said == [
        "changed while it runs: bandwidth of 5 MiB/s, ordered by root on host9",
        "changed while it runs: maximum downtime of 70 ms, ordered by root on host9",
    ]


def test_a_run_that_is_resumed_says_who_aborted_what_outlived_it(tmp_path: Path) -> None:
    pair = under_way(tmp_path, Method(mode=Mode.PEER_TO_PEER))
    pair.run.journal.write("begin", WEB)
    run, known = pair.killed()
    assert steered(pair, Steering(abort=True), begun()) == [("abort", None)]
    pair.here.job = None
    [ended] = recover(run, known).values()
    assert (ended.result, ended.error) == ("stayed", "aborted by root on host9 with preflight steer")


def test_the_migrations_that_follow_begin_with_what_was_wanted(tmp_path: Path) -> None:
    pair = Pair(tmp_path, Method(bandwidth=5))
    applied = Steering(bandwidth=7, max_downtime=9).applied_to(pair.plan)
    assert (applied.method.bandwidth, applied.method.max_downtime) == (7, 9)
    assert Steering(abort=True).applied_to(pair.plan) is pair.plan
