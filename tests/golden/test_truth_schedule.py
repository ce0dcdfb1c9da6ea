"""The distribution of rows over labs, with labs that record each request instead of booting."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.lab import ImageMissing, LabError
from tests.lab.truth.record import Seen
from tests.lab.truth.row import Row
from tests.lab.truth.schedule import TRIES, Done, run_all

SAW = Seen(source="", destination="", verdict="ready", errors=(), unknown=(), outcome="moves", message="")


class ListingLab:
    """A lab that boots nothing, and has no image with modular daemons."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.booted: list[tuple[str, ...]] = []
        self.is_up = False

    def up(self, images: Sequence[str]) -> None:
        if "trixie-modular" in images:
            raise ImageMissing("trixie-modular is not built")
        self.booted.append(tuple(images))
        self.is_up = True

    def down(self) -> None:
        self.is_up = False


def row(**fields: Any) -> Row:
    return Row(title="", expect="moves", rule="no-rule", **fields)


def spread(
    rows: dict[str, Row], labs: int = 2, show: Any = None
) -> tuple[list[Done[Any]], list[ListingLab], list[str]]:
    """Run the rows; what came of them, the labs, and who ran which in which order."""
    crew = [ListingLab(f"lab{number}") for number in range(1, labs + 1)]
    order: list[str] = []

    def perform(lab: Any, name: str, row: Row) -> Seen:
        assert lab.is_up
        assert lab.booted[-1] == (row.source, row.destination)
        order.append(f"{lab.name} {name}")
        return SAW if show is None else show(name)

    done = list(run_all(rows, crew, perform))  # type: ignore[arg-type] # these labs do what is asked of labs
    assert not any(lab.is_up for lab in crew)
    return done, crew, order


def test_every_row_is_run_once() -> None:
    rows = {f"a/{number}": row() for number in range(20)}
    done, _, order = spread(rows, labs=3)
    assert sorted(one.name for one in done) == sorted(rows)
    assert len(order) == len(rows)
    assert all(one.saw is SAW and not one.broke for one in done)


def test_rows_that_need_the_machine_for_themselves_come_last_and_in_one_lab() -> None:
    alone = {"a/timed": row(alone=True), "a/kernel": row(after=("client: true",)), "a/many": row(at_once=3)}
    done, _, order = spread(alone | {"b/1": row(), "b/2": row()})
    assert {one.name for one in done[:2]} == {"b/1", "b/2"}
    assert {one.split()[0] for one in order[2:]} == {"lab1"}


def test_a_lab_stays_with_its_images_while_there_are_rows_for_them() -> None:
    rows = {f"a/{number}": row(source="trixie" if number % 2 else "bookworm") for number in range(10)}
    _, [lab], _ = spread(rows, labs=1)
    assert len(lab.booted) == 2


def test_a_row_whose_lab_breaks_is_run_again_in_a_fresh_one() -> None:
    failed: list[str] = []

    def show(name: str) -> Seen:
        if not failed:
            failed.append(name)
            raise LabError("it did not boot")
        return SAW

    [done], [lab], _ = spread({"a/1": row()}, labs=1, show=show)
    assert (done.saw, done.broke) == (SAW, ("it did not boot",))
    assert len(lab.booted) == 2


def test_a_row_whose_lab_breaks_each_time_is_given_up_and_the_others_go_on() -> None:
    def show(name: str) -> Seen:
        if name == "a/1":
            raise LabError("it did not boot")
        return SAW

    done, _, _ = spread({"a/1": row(), "a/2": row()}, labs=1, show=show)
    assert {one.name: one.saw for one in done} == {"a/1": None, "a/2": SAW}
    assert [len(one.broke) for one in done if one.name == "a/1"] == [TRIES]


def test_a_row_whose_image_is_not_built_is_not_tried_again_and_the_others_go_on() -> None:
    done, _, _ = spread({"a/1": row(source="trixie-modular"), "a/2": row()}, labs=1)
    assert {one.name: (one.saw, one.broke) for one in done} == {
        "a/1": (None, ("trixie-modular is not built",)),
        "a/2": (SAW, ()),
    }


def test_an_error_that_is_not_the_labs_ends_the_work() -> None:
    def show(name: str) -> Seen:
        raise ValueError(name)

    with pytest.raises(ValueError, match="a/1"):
        spread({"a/1": row()}, labs=1, show=show)
