"""Progress, and why it can go back."""

import json
import re
from pathlib import Path

import pytest

from preflight.errors import UserError
from preflight.migrate.events import Event
from preflight.migrate.progress import Sample, sample_of, setback
from preflight.output.run import progress as shown
from preflight.units import MIB
from tests.unit.migrate.plans import PLAN


def sample(remaining: int, *, total: int = 1024, rate: int = 0, dirty: int = 0, iteration: int = 1) -> Sample:
    """Sizes in MiB, rates in MiB/s."""
    return Sample(1.0, total * MIB, remaining * MIB, rate * MIB, dirty * MIB, iteration)


def progress(one: Sample, name: str = "web\x1b[1m") -> Event:
    return Event("progress", name, sample=one)


def test_a_mebibyte_has_1048576_bytes() -> None:
    assert MIB == 1_048_576


def test_a_job_that_has_not_begun_is_no_sample() -> None:
    assert sample_of({}) is None
    assert sample_of({"type": 0, "time_elapsed": 5}) is None


def test_a_sample_is_read_from_libvirts_numbers() -> None:
    stats = {
        "time_elapsed": 1500,
        "memory_total": 4 * MIB,
        "memory_remaining": MIB,
        "memory_bps": 7,
        "memory_dirty_rate": 3,
        "memory_page_size": 16384,
        "memory_iteration": 2,
    }
    assert sample_of(stats) == Sample(1.5, 4 * MIB, MIB, 7, 3 * 16384, 2)


def test_what_libvirt_does_not_say_is_none_and_a_page_four_kibibytes() -> None:
    assert sample_of({"memory_total": 9}) == Sample(0.0, 9, 0, 0, 0, 0)
    found = sample_of({"memory_total": 9, "memory_dirty_rate": 2})
    assert found is not None
    assert found.dirty_rate == 8192


@pytest.mark.parametrize(
    ("remaining", "total", "done"),
    [
        (1024, 1024, 0.0),
        (256, 1024, 0.75),
        (0, 1024, 1.0),
        (2048, 1024, 0.0),
        (-1, 1024, 1.0),
        (5, 0, 0.0),
        (0, -1, 0.0),
    ],
)
def test_the_part_that_is_done_is_between_nothing_and_all(remaining: int, total: int, done: float) -> None:
    assert sample(remaining, total=total).done == done


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (sample(500), sample(400)),
        (sample(500), sample(500)),
        (sample(500), sample(400, rate=1, dirty=9, iteration=2)),
        (sample(500, total=1024), sample(900, total=2048)),
    ],
    ids=["less is left", "as much is left", "less is left in a new pass", "the guest's memory has grown"],
)
def test_going_on_needs_no_reason(before: Sample, now: Sample) -> None:
    assert setback(before, now) is None


def test_more_left_within_a_pass_is_what_the_guest_wrote() -> None:
    assert setback(sample(100), sample(164)) == "the guest wrote to 64 MiB that had already been sent"


def test_more_left_after_a_pass_names_the_pass() -> None:
    assert setback(sample(0), sample(300, rate=100, dirty=50, iteration=2)) == (
        "the guest wrote to 300 MiB that had already been sent; pass 2 sends it again"
    )


@pytest.mark.parametrize("dirty", [100, 250])
def test_a_guest_that_writes_faster_than_the_link_carries_never_ends(dirty: int) -> None:
    assert setback(sample(0), sample(300, rate=100, dirty=dirty, iteration=2)) == (
        "the guest wrote to 300 MiB that had already been sent; pass 2 sends it again."
        f" It writes {dirty} MiB/s and the link carries 100 MiB/s: at these rates the migration never ends"
    )


def test_a_rate_that_is_not_known_yet_proves_nothing() -> None:
    reason = setback(sample(0), sample(300, rate=0, dirty=250))
    assert reason == "the guest wrote to 300 MiB that had already been sent"


def test_a_sample_in_words() -> None:
    assert shown.describe(sample(256, rate=110, dirty=40, iteration=3)) == (
        "256 of 1024 MiB left, 110 MiB/s, guest writes 40 MiB/s, pass 3"
    )


def test_lines_are_for_standard_error_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1_800_000_000.0]
    monkeypatch.setattr("time.time", lambda: now[0])
    with shown.shown(PLAN.guests, None) as tell:
        tell(progress(sample(1000)))
        tell(progress(sample(900)))
        now[0] += 4.9
        tell(progress(sample(500)))
        now[0] += 0.2
        tell(progress(sample(256)))
        tell(progress(sample(300)))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "'web\\x1b[1m':   2%  1000 of 1024 MiB left, 0 MiB/s, guest writes 0 MiB/s, pass 1",
        "'web\\x1b[1m':  75%  256 of 1024 MiB left, 0 MiB/s, guest writes 0 MiB/s, pass 1",
        "'web\\x1b[1m': went back: the guest wrote to 44 MiB that had already been sent",
        "'web\\x1b[1m':  71%  300 of 1024 MiB left, 0 MiB/s, guest writes 0 MiB/s, pass 1",
    ]


def test_what_happens_is_told_in_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    with shown.shown(PLAN.guests, None) as tell:
        tell(Event("started", "web"))
        tell(Event("handed-over", "web"))
        tell(Event("stopping", None, "no further guest is started"))
        tell(Event("ended", "web", "it broke\nhere", told={"result": "stayed"}))
    assert capsys.readouterr().err.splitlines() == [
        "web: starts",
        "preflight: no further guest is started",
        "web: stayed: it broke here",
    ]


def test_events_are_lines_of_json_for_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "events"
    with shown.shown(PLAN.guests, path) as tell:
        tell(Event("started", "web"))
        tell(progress(sample(256, rate=2, iteration=3)))
    told = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(one["kind"], one["guest"]) for one in told] == [("started", "web"), ("progress", "web\x1b[1m")]
    assert told[1]["sample"]["memory_remaining"] == 256 * MIB
    assert all(one["time"] > 1e9 for one in told)


def test_a_file_of_events_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file or directory"), shown.shown(PLAN.guests, tmp_path / "no" / "e"):
        pass


def test_a_full_disk_does_not_end_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    with shown.shown(PLAN.guests, Path("/dev/full")) as tell:
        tell(Event("started", "web"))
        tell(Event("note", "web", "still here"))
    assert "web: still here" in capsys.readouterr().err


def on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "160")


def test_a_terminal_gets_a_bar_a_guest_and_one_for_all(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    on_a_terminal(monkeypatch)
    name = "[bold]web\x1b[2J"
    with shown.shown(PLAN.guests, None) as tell:
        tell(Event("started", name))
        tell(progress(sample(1000), name))
        tell(progress(sample(1010), name))
        tell(Event("started", "db"))
        tell(Event("ended", "db", told={"result": "arrived"}))
    out, err = capsys.readouterr()
    assert out == ""
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", err)
    assert "'[bold]web\\x1b[2J': went back: the guest wrote to 10 MiB that had already been sent" in plain
    assert "1010 of 1034 MiB left" in plain
    last = plain.strip().splitlines()
    assert any(line.startswith("all") and "1 of 4 guests, 1074 of 2122 MiB left" in line for line in last)
    assert any(line.startswith("db") and "100% arrived" in line for line in last)


@pytest.mark.parametrize(("name", "value"), [("CI", "true"), ("TERM", "dumb")])
def test_no_bar_where_nobody_watches(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    on_a_terminal(monkeypatch)
    monkeypatch.setenv(name, value)
    with shown.shown(PLAN.guests, None) as tell:
        tell(Event("started", "web"))
    assert "\x1b" not in capsys.readouterr().err
