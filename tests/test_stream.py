"""Standard output that nobody reads on, or that goes to a full disk, stops nothing halfway."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from preflight import fixing
from preflight.facts.record import Record
from preflight.fix import FileChange
from preflight.stream import Stream
from preflight.visit import LiveVisit
from tests.case import Case
from tests.test_fix import planned


def closed() -> Stream:
    reading, writing = os.pipe()
    os.close(reading)
    return Stream.instead_of(os.fdopen(writing, "w"))


def full() -> Stream:
    return Stream.instead_of(Path("/dev/full").open("w", encoding="utf-8"))


@pytest.mark.parametrize("size", [1, 1_000_000])
def test_what_nobody_reads_is_thrown_away(size: int) -> None:
    with closed() as stream:
        for _ in range(3):
            print("x" * size, file=stream, flush=True)
        assert stream.broken is None


@pytest.mark.parametrize("size", [1, 1_000_000])
def test_what_a_full_disk_does_not_take_is_told_afterwards(size: int) -> None:
    with full() as stream:
        for _ in range(3):
            print("x" * size, file=stream, flush=True)
        assert stream.broken == "No space left on device"


def test_what_can_be_written_is(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with Stream.instead_of(path.open("w", encoding="ascii")) as stream:
        print("schön", file=stream)
        assert stream.broken is None
    assert path.read_text() == "sch\\xf6n\n"


class Visit:
    """A host on which every change succeeds."""

    def __init__(self) -> None:
        self.ran = 0

    def run(self, _command: str) -> Record:
        self.ran += 1
        return Record("in force\n")


@pytest.mark.parametrize("stream", [closed, full])
def test_a_pipe_that_closes_does_not_stop_the_changes_that_were_agreed_to(
    stream: Callable[[], Stream], monkeypatch: pytest.MonkeyPatch
) -> None:
    changes, _ = planned(Case())
    several: list[FileChange] = list(changes.values())
    assert len(several) > 1
    visit = Visit()
    with stream() as out:
        monkeypatch.setattr(sys, "stdout", out)
        made = [fixing._apply(change, cast("LiveVisit", visit)) for change in several]
        monkeypatch.undo()
    assert made == [True] * len(several)
    assert visit.ran == len(several)
