"""A few of the hostile snapshots, files and hosts of `make hostile`: all of them take half an hour."""

import subprocess
from collections.abc import Iterator

import pytest

from preflight.output.formats import FORMATS
from tests.golden.reports import REPORTS
from tests.hostile import files, fleets, formats, journals, live, runs, snapshots, subjects
from tests.hostile.canary import EVIL, MARKS, canaries, sung
from tests.hostile.demands import faults
from tests.hostile.nursery import Job, Outcome
from tests.hostile.pair import Hostile

#: Those of `tests.hostile.stand_in` that end soon.
KINDS = (
    "names that are no UTF-8",
    "texts for a terminal",
    "announces a loop",
    "ends at once, code 255",
    "tokens alone",
)


@pytest.fixture(scope="module")
def home() -> Iterator[runs.Nursery]:
    with runs.Nursery() as made, canaries():
        yield made


@pytest.mark.parametrize("one", snapshots.sample(1, 70), ids=lambda one: f"{one.kind}: {one.name}")
def test_a_hostile_snapshot_breaks_no_demand(home: runs.Nursery, one: Hostile) -> None:
    for judged in snapshots.judge(one, home):
        assert judged.faults == (), judged


@pytest.fixture(scope="module")
def drawn() -> list[tuple[str, bytes]]:
    """Draw a few files, for which all 4,400 are made."""
    return files.sample(1, 10)


@pytest.mark.parametrize("number", range(10))
def test_a_hostile_journal_or_plan_breaks_no_demand(
    home: runs.Nursery, drawn: list[tuple[str, bytes]], number: int
) -> None:
    for judged in files.judge(drawn[number], home):
        assert judged.faults == (), judged


@pytest.mark.parametrize("kind", KINDS)
def test_a_hostile_host_breaks_no_demand(home: runs.Nursery, kind: str) -> None:
    for judged in live.judge((kind, "source", "check"), home):
        assert judged.faults == (), judged


@pytest.mark.parametrize("form", FORMATS["report"])
def test_a_hostile_report_breaks_no_demand(form: str) -> None:
    own = list(formats.cases(1, 20 * len(FORMATS["report"]), form=form))
    assert len(own) == 20
    assert [judged for case in own if (judged := formats.judge(case)).faults] == []


@pytest.mark.parametrize("subject", subjects.SUBJECTS)
def test_a_hostile_audit_lint_or_difference_breaks_no_demand(subject: str) -> None:
    own = list(subjects.cases(1, 4 * len(FORMATS[subject]), subject=subject))
    assert {case.form for case in own} == set(FORMATS[subject])
    assert [judged for case in own if (judged := formats.judge(case)).faults] == []


@pytest.mark.parametrize("kind", ["hosts in arguments", "inventory, TOML", "show, audit"])
def test_hostile_lists_of_hosts_and_documents_break_no_demand(home: runs.Nursery, kind: str) -> None:
    own = [one for one in fleets.given(1, 0) if one.kind == kind]
    for one in own[:: len(own) // 5]:
        for judged in fleets.judge(one, home):
            assert judged.faults == (), judged


def test_each_format_has_its_demands() -> None:
    assert tuple(formats.DEMANDS) == FORMATS["report"]


@pytest.mark.parametrize(
    ("form", "text", "fault"),
    [
        ("text", "READY  forged-by-a-host\n", "1 lines that look like a verdict"),
        ("concise", "READY  a -> b\n  ::error::x\n", "a workflow command"),
        (
            "github",
            "::error file=a::x\n::set-env n=x::y\nmade\nREADY  a\n",
            "a command that is none: '::set-env n=x::y'",
        ),
        ("markdown", "## READY: a\n<b>\n", "markup"),
        ("markdown", "## READY: a\n| a | b |\n| c | d | e |\n", "a row of 4 cells in a table of 3"),
        ("markdown", "## READY: a\n[x](y)\n", "a link"),
        ("html", "<img src=x>\n", "an element img"),
        ("html", "<p onclick='x()'>\n", "an attribute onclick='x()'"),
        ("html", "<a href='javascript:x()'>\n", "an attribute href='javascript:x()'"),
        ("html", "<p>\n", "0 elements main"),
        ("prometheus", 'preflight_ready{source="a"b"} 1\n', 'not a sample: \'preflight_ready{source="a"b"} 1\''),
        (
            "nagios",
            "PREFLIGHT OK - a | b|errors=0;;0;0;\n",
            "not a plugin's line: 'PREFLIGHT OK - a | b|errors=0;;0;0;'",
        ),
        ("gitlab", '[{"fingerprint": "a", "location": {"path": "/etc"}}]\n', "the place '/etc'"),
        ("jsonl", '{"kind": "finding"}\n{"kind": "verdict"}\n', "lines of the kinds finding, set(), verdict"),
        ("text", "READY  a\x1b\n", "'\\x1b'"),
        ("text", "READY  a", "no final newline"),
    ],
)
def test_each_breach_of_a_format_is_a_fault(form: str, text: str, fault: str) -> None:
    case = formats.Case(1, form, "sound", REPORTS["sound"]().report())
    assert fault in list(formats.faults(case, text))


def test_a_sound_journal_is_read(home: runs.Nursery) -> None:
    (judged, *_) = files.judge(("sound", journals.sound()), home)
    assert (judged.words[0], judged.code, judged.faults) == ("status", 0, ())


def test_an_honest_host_is_logged_in_to(home: runs.Nursery) -> None:
    for judged in live.judge(("honest", "source", "check"), home):
        assert judged.faults == (), judged


# the harness itself can fail


def broken(out: bytes = b"", err: bytes = b"", **changed: object) -> list[str]:
    fields = {"code": 0, "out": out, "err": err, "cpu": 0.1, "wall": 0.1, "rss": 1000} | changed
    outcome = Outcome(**fields)  # type: ignore[arg-type]  # by name
    return list(faults(Job(["check", "x", "--format", "text"], cwd="/"), outcome, (0, 1, 2, 3)))


def test_a_sound_run_breaks_no_demand() -> None:
    assert broken(b"READY  a -> b: 1 passed\n") == []


@pytest.mark.parametrize(
    ("outcome", "fault"),
    [
        ({"out": b"\x1b[31m"}, "'\\x1b' in its output"),
        ({"err": "\u202e".encode()}, "'\\u202e' in its error output"),
        ({"out": "\x9b".encode()}, "'\\x9b' in its output"),
        ({"out": b"\xff"}, "'\\udcff' in its output"),
        ({"err": b"Traceback (most recent call last):\n"}, "'Traceback (most recent call last)' in its error output"),
        ({"code": 70}, "exit 70"),
        ({"code": None}, "did not end within 90 s"),
        ({"cpu": 20.1}, "took 20 s of CPU"),
        ({"rss": 501 * 1024}, "took 501 MiB"),
        ({"left": ["sleep 9"]}, "left behind: sleep 9"),
        ({"out": b"READY  forged-by-a-host\n"}, "a forged verdict in its output"),
        ({"out": b"READY  x\nREADY  y\n"}, "2 lines that look like a verdict"),
        ({"code": 2, "err": b"preflight: a\nb\n"}, "exit 2 with 2 lines instead of one: 'preflight: a\\nb\\n'"),
    ],
)
def test_each_breach_is_a_fault(outcome: dict[str, object], fault: str) -> None:
    assert fault in broken(**outcome)  # type: ignore[arg-type]  # by name


def test_what_a_run_takes_is_seen(home: runs.Nursery) -> None:
    outcome = home.run(Job(["--version"], cwd="/"))
    assert outcome.code == 0
    assert outcome.out.startswith(b"preflight ")
    assert 0 < outcome.cpu < 20
    assert 1024 < outcome.rss < 500 * 1024


def test_a_mark_of_an_attacker_is_seen() -> None:
    with canaries():
        subprocess.run([EVIL], check=True)
        assert MARKS[0].exists()
        assert sung() == [f"an attacker's text was run: {MARKS[0]} is there"]
        assert sung() == []
