"""The reports and actions of the watch over a migration, with a libvirt whose answers the tests choose."""

import contextlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import libvirt
import pytest

from preflight.migrate.events import Event
from preflight.migrate.run import Settings
from preflight.migrate.watch import BUSY, Watch
from preflight.request.method import Method
from preflight.request.migration import OnTimeout
from tests.unit.migrate.plans import PLAN


class Libvirt:
    """A source's libvirt that gives one answer about the guest's job, and keeps what it is told to do."""

    def __init__(self, answer: dict[str, int] | int) -> None:
        self.calling: Any = contextlib.nullcontext()
        self.done: list[str] = []
        self._answer = answer

    def domain(self, _uuid: str) -> Any:
        return self

    def jobStats(self) -> dict[str, int]:  # noqa: N802 # libvirt calls it so
        if isinstance(self._answer, int):
            refusal = libvirt.libvirtError("refused")
            refusal.err = (self._answer,)
            raise refusal
        return self._answer

    def abortJob(self) -> None:  # noqa: N802 # libvirt calls it so
        self.done.append("abort")


def watching(
    answer: dict[str, int] | int, *, stall: float = 60, method: Method | None = None, is_in_postcopy: bool = False
) -> tuple[Watch, Libvirt, list[Event]]:
    told: list[Event] = []
    source = Libvirt(answer)
    run: Any = SimpleNamespace(
        source=source,
        journal=SimpleNamespace(path=Path("/nonexistent/web.journal")),
        plan=SimpleNamespace(method=method or Method()),
        tell=told.append,
        settings=Settings(stall=stall),
    )
    return Watch(run, PLAN.guests[0], is_in_postcopy=is_in_postcopy), source, told


def test_a_guest_whose_lock_libvirt_keeps_is_said_to_be_busy_once() -> None:
    watch, _, told = watching(libvirt.VIR_ERR_OPERATION_TIMEOUT)
    watch.look()
    watch.look()
    assert told == [Event("note", "web", BUSY)]


def test_any_other_refusal_is_seen_again_at_the_next_look() -> None:
    watch, _, told = watching(libvirt.VIR_ERR_NO_DOMAIN)
    watch.look()
    assert told == []


def sending(operation: int) -> dict[str, int]:
    return {"operation": operation, "type": 2, "memory_total": 1, "memory_remaining": 1, "data_processed": 1}


def test_a_migration_that_sends_nothing_is_aborted() -> None:
    watch, source, _ = watching(sending(libvirt.VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT), stall=0)
    watch.look()
    watch.look()
    assert "abort" in source.done
    assert watch.aborted == "nothing was sent for 0 s"


@pytest.mark.parametrize(
    "operation",
    [libvirt.VIR_DOMAIN_JOB_OPERATION_BACKUP, libvirt.VIR_DOMAIN_JOB_OPERATION_DUMP],
    ids=["backup", "dump"],
)
def test_a_job_of_somebody_elses_is_left_alone(operation: int) -> None:
    watch, source, _ = watching(sending(operation), stall=0, method=Method(timeout=0, on_timeout=OnTimeout.ABORT))
    watch.look()
    watch.look()
    assert watch.is_of_another
    assert (source.done, watch.aborted) == ([], None)


def test_nothing_is_aborted_in_post_copy() -> None:
    answer = sending(libvirt.VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT)
    method = Method(postcopy=True, timeout=0, on_timeout=OnTimeout.ABORT)
    watch, source, told = watching(answer, stall=0, method=method, is_in_postcopy=True)
    watch.look()
    watch.look()
    watch.interrupt()
    watch.interrupt()
    assert (source.done, watch.aborted) == ([], None)
    said = [event.text for event in told if event.kind == "note"]
    assert said == [
        "the migration has lasted 0 s: a post-copy migration cannot be aborted, and continues",
        "interrupted: a post-copy migration cannot be aborted, and continues",
    ]


class Sending(Libvirt):
    """A source whose guest's migration sends, and that refuses what is done about it if it is told to."""

    def __init__(self, *, refuses: bool = False, state: tuple[int, int] = (1, 1)) -> None:
        super().__init__(sending(libvirt.VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT))
        self._refuses, self._state = refuses, state

    def state(self) -> list[int]:
        return list(self._state)

    def jobInfo(self) -> list[int]:  # noqa: N802 # libvirt calls it so
        return [libvirt.VIR_DOMAIN_JOB_UNBOUNDED]

    def migrateStartPostCopy(self, _flags: int) -> None:  # noqa: N802 # libvirt calls it so
        if self._refuses:
            raise libvirt.libvirtError("no userfaultfd")
        self.done.append("post-copy")


AT_ONCE = Method(postcopy=True, timeout=0, on_timeout=OnTimeout.POSTCOPY)


def test_what_libvirt_refuses_at_a_limit_is_tried_again_and_then_the_migration_is_aborted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Otherwise a guest that does not converge would be migrated without end."""
    watch, _, told = watching(0, method=AT_ONCE)
    source = watch._source = Sending(refuses=True)  # type: ignore[assignment] # the part that a watch uses
    watch.look()
    watch.look()
    said = "the migration has lasted 0 s, but libvirt refuses what was chosen for that: no userfaultfd"
    assert [event.text for event in told if event.kind == "note"] == [said]
    assert (watch.aborted, source.done) == (None, [])
    monkeypatch.setattr("preflight.migrate.watch.REFUSING", 0.0)
    watch.look()
    assert (watch.aborted, source.done) == (said, ["abort"])


def test_what_is_done_at_a_limit_is_done_once() -> None:
    watch, _, _ = watching(0, method=AT_ONCE)
    source = watch._source = Sending()  # type: ignore[assignment] # the part that a watch uses
    watch.look()
    watch.look()
    assert source.done == ["post-copy"]


def test_post_copy_that_somebody_else_has_started_is_not_aborted() -> None:
    watch, _, told = watching(0, stall=0, method=Method(postcopy=True))
    in_postcopy = (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_POSTCOPY)
    source = watch._source = Sending(state=in_postcopy)  # type: ignore[assignment] # the part that a watch uses
    watch.look()
    watch.look()
    watch.interrupt()
    assert (watch.is_in_postcopy, watch.aborted, source.done) == (True, None, [])
    assert "it continues in post-copy, and can no longer be aborted" in [event.text for event in told]
