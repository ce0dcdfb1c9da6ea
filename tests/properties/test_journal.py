"""A run's journal: what was written is read, whatever was cut off at its end."""

import os
import tempfile
from pathlib import Path
from typing import Any, get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from preflight.migrate import journal
from preflight.migrate.journal import Journal, JournalError
from preflight.migrate.outcome import Result
from preflight.schema.journal import StepName
from tests.properties.texts import STRANGE, words_of
from tests.unit.migrate.plans import PLAN

GUESTS = st.sampled_from([guest.uuid for guest in PLAN.guests])
SAID = st.text(st.one_of(st.characters(), st.sampled_from(STRANGE)), max_size=30)
STEP: st.SearchStrategy[tuple[str, str | None, dict[str, object]]] = st.one_of(
    st.tuples(st.sampled_from(("run", "resumed", "interrupted")), st.none(), st.just({})),
    st.tuples(st.sampled_from(("begin", "paused", "defined")), GUESTS, st.just({})),
    st.tuples(st.just("handed-over"), GUESTS, st.fixed_dictionaries({"confirmed": st.booleans()})),
    st.tuples(
        st.just("ended"),
        GUESTS,
        st.fixed_dictionaries({"result": st.sampled_from(Result).map(str), "why": SAID, "error": SAID}),
    ),
)
STEPS_WRITTEN = st.lists(STEP, max_size=5)


def write(path: Path, steps: list[Any]) -> None:
    written = Journal.create(path, PLAN)
    for step, guest, told in steps:
        written.write(step, guest, **told)
    written.close()


def read(path: Path) -> list[tuple[str, str | None]]:
    plan, entries = journal.read(path)
    assert plan == PLAN
    return [(entry.step, entry.guest) for entry in entries]


@given(STEPS_WRITTEN)
@settings(max_examples=40)
def test_what_was_written_is_read(steps: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "j")
        write(path, steps)
        plan, entries = journal.read(path)
        assert plan == PLAN
        for entry, (step, guest, told) in zip(entries, steps, strict=True):
            assert (entry.step, entry.guest) == (step, guest)
            for name, value in told.items():
                kept = value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value
                assert getattr(entry.told, name) == kept


@given(STEPS_WRITTEN, st.data())
@settings(max_examples=40)
def test_a_journal_that_was_cut_off_anywhere_is_gone_on_with(steps: list[Any], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "j")
        write(path, steps)
        head = path.read_bytes().index(b"\n") + 1
        os.truncate(path, data.draw(st.integers(head, path.stat().st_size), label="bytes"))
        kept = read(path)
        assert kept == [(step, guest) for step, guest, _ in steps][: len(kept)]
        assert len(kept) == path.read_bytes().count(b"\n") - 1
        again = Journal.resume(path)
        again.write("resumed")
        again.close()
        assert read(path) == [*kept, ("resumed", None)]


LINES = words_of(
    (
        '{"step":"', "begin", "ended", "run", '"', ",", ":", "{", "}", '"at":1', '"guest":"', PLAN.guests[0].uuid,
        '"told":{"result":"arrived"}', '{"step":"run","at":1}\n', "\n", "null", "1e999", '"\\ud800"',
    )
)  # fmt: skip


@given(LINES)
@settings(max_examples=60)
def test_any_text_behind_the_plan_is_read_or_refused_in_one_line(text: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "j")
        Journal.create(path, PLAN).close()
        with path.open("ab") as file:
            file.write(text.encode("utf-8", "surrogatepass"))
        said = ""
        try:
            assert {step for step, _ in read(path)} <= set(get_args(StepName))
        except JournalError as why:
            said = str(why)
        assert len(said.splitlines()) <= 1
