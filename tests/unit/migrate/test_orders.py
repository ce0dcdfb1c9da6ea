"""The orders of `preflight steer`, in a file that several processes write while the run reads it."""

import os
import threading
from pathlib import Path
from typing import Any, get_args

import pytest
from msgspec.structs import replace

from preflight.errors import UserError
from preflight.migrate import orders
from preflight.migrate.orders import Act, Following, Order, State
from preflight.schema.steered import ActName, StateName
from tests.unit.migrate.plans import WEB

OTHER = "19522740-9b9c-476e-bb6d-379ee4f7650c"
ABORT = Order(at=100.0, guest=WEB, act=Act.ABORT, by="root on host9", state=State.ORDERED)
FASTER = replace(ABORT, act=Act.BANDWIDTH, value=200)


def lines(journal: Path) -> list[Any]:
    return list(orders.read(journal))


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    journal = tmp_path / "j"
    assert lines(journal) == []
    refused = replace(ABORT, state=State.REFUSED, why="busy\udce9")
    for order in (FASTER, refused):
        orders.append(journal, order)
    assert lines(journal) == [FASTER, replace(refused, why="busy\\udce9")]
    assert orders.path_of(journal).stat().st_mode & 0o777 == 0o600


def test_a_line_that_was_cut_off_is_passed_over_and_spoils_no_other(tmp_path: Path) -> None:
    journal = tmp_path / "j"
    orders.append(journal, FASTER)
    path = orders.path_of(journal)
    path.write_bytes(path.read_bytes() + b'{"at":1,"guest"')
    assert lines(journal) == [FASTER]
    orders.append(journal, ABORT)
    assert lines(journal) == [FASTER, ABORT]


@pytest.mark.parametrize(
    "text", ["", "[]", "\x00\xff", '{"at":"x"}', '{"at":1,"guest":"web","act":"abort"}', "{" * 9999]
)
def test_lines_that_are_no_orders_are_passed_over(tmp_path: Path, text: str) -> None:
    journal = tmp_path / "j"
    orders.append(journal, FASTER)
    with orders.path_of(journal).open("a", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text + "\n")
    orders.append(journal, ABORT)
    assert lines(journal) == [FASTER, ABORT]


def test_a_file_that_others_may_write_is_neither_written_nor_read(tmp_path: Path) -> None:
    journal = tmp_path / "j"
    path = orders.path_of(journal)
    path.touch()
    path.chmod(0o666)
    with pytest.raises(UserError, match="is not a file that you and root alone can write"):
        orders.append(journal, ABORT)
    with pytest.raises(UserError, match="can write to it"):
        orders.read(journal)
    assert orders.reason(journal, WEB, 0) is None
    assert Following(journal, WEB).news() == ()


@pytest.mark.parametrize("kind", ["link", "directory", "fifo"])
def test_nothing_but_a_file_is_written(tmp_path: Path, kind: str) -> None:
    journal, path = tmp_path / "j", orders.path_of(tmp_path / "j")
    if kind == "link":
        path.symlink_to(tmp_path / "elsewhere")
    elif kind == "directory":
        path.mkdir()
    else:
        os.mkfifo(path)
    with pytest.raises(UserError, match=f"^{path}: "):
        orders.append(journal, ABORT)
    assert not (tmp_path / "elsewhere").exists()


def test_a_full_file_is_refused(tmp_path: Path) -> None:
    journal = tmp_path / "j"
    orders.append(journal, ABORT)
    os.truncate(orders.path_of(journal), orders.MOST)
    with pytest.raises(UserError, match="is full"):
        orders.append(journal, ABORT)


def test_several_processes_lose_no_line_of_each_others(tmp_path: Path) -> None:
    journal = tmp_path / "j"

    def order() -> None:
        for number in range(20):
            orders.append(journal, replace(FASTER, value=number + 1))

    threads = [threading.Thread(target=order) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lines(journal)) == 80


def test_a_run_hears_of_each_order_about_its_guest_once(tmp_path: Path) -> None:
    journal = tmp_path / "j"
    orders.append(journal, FASTER)
    following = Following(journal, WEB)
    assert following.news() == (), "it was about an earlier migration"
    orders.append(journal, replace(ABORT, guest=OTHER))
    orders.append(journal, ABORT)
    assert following.news() == (ABORT,)
    assert following.news() == ()


def test_a_run_hears_of_the_first_order_too(tmp_path: Path) -> None:
    journal = tmp_path / "j"
    following = Following(journal, WEB)
    assert following.news() == ()
    orders.append(journal, ABORT)
    assert following.news() == (ABORT,)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], None),
        ([FASTER], None),
        ([ABORT], "aborted by root on host9 with preflight steer"),
        ([ABORT, replace(ABORT, state=State.DONE)], "aborted by root on host9 with preflight steer"),
        ([ABORT, replace(ABORT, state=State.REFUSED)], None),
        ([replace(ABORT, guest=OTHER)], None),
        ([replace(ABORT, at=49.0)], None),
    ],
    ids=["nothing", "bandwidth", "ordered", "done", "refused", "another guest", "an earlier migration"],
)
def test_why_a_migration_was_aborted(tmp_path: Path, given: list[Order], said: str | None) -> None:
    for order in given:
        orders.append(tmp_path / "j", order)
    assert orders.reason(tmp_path / "j", WEB, 50.0) == said


def test_the_document_has_every_act_and_state() -> None:
    assert set(get_args(ActName)) == {act.value for act in Act}
    assert set(get_args(StateName)) == {state.value for state in State}
