"""When, where and by whom a report was made, in words."""

import hashlib
import json
import re
from pathlib import Path

import pytest
from msgspec.structs import asdict, replace

from preflight.answers import Record, Taken
from preflight.commands.made import made_now
from preflight.commands.show import read_saved
from preflight.judge.report import Made
from preflight.output.formats import FORMATS, render
from preflight.output.report.provenance import answers, digests, instant, lasting, logins, made, options, read, shown
from preflight.request.check_request import Asked, Gate, Selection
from preflight.request.migration import FailOn, OnUnknown
from tests.case import RECORDED, Case
from tests.golden.rehearsals import rehearsal
from tests.golden.reports import report


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "less than a minute"),
        (59, "less than a minute"),
        (60, "1 minute"),
        (3599, "59 minutes"),
        (3600, "1 hour"),
        (86399, "23 hours"),
        (86400, "1 day"),
        (10 * 86400, "10 days"),
    ],
)
def test_a_duration_is_in_its_greatest_unit(seconds: int, said: str) -> None:
    assert lasting(seconds) == said


def test_the_first_and_the_last_second_that_a_snapshot_can_name_are_dates() -> None:
    assert instant(0) == "1970-01-01T00:00:00Z"
    assert instant(253_402_300_799) == "9999-12-31T23:59:59Z"


@pytest.mark.parametrize("said", ["", "nan", "inf", "-1", "1e999", "253402300800", "yesterday"])
def test_a_snapshot_that_names_no_time_has_an_age_that_is_not_known(said: str) -> None:
    case = Case().asking(select=("shared-host-uuid",)).source("asked-at", said or "x")
    judged = replace(case.report(), made=Made(1_796_000_000, "m", "u", "1"))
    assert judged.source.taken is None
    assert judged.age(judged.source) is None
    assert answers(judged).startswith("source from a snapshot, whose age is not known; destination from")


def in_session(text: str) -> str:
    case = Case().asking(select=("shared-host-uuid",))
    return logins(case.source("session", Record(text)).destination("session", Record(text)).report())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("user root\nuid 0\nfrom 192.0.2.1\n", "source and destination as root from 192.0.2.1"),
        ("user anna\nuid 1000\nfrom 2001:db8::1\n", "source and destination as anna with sudo from 2001:db8::1"),
        ("user \nuid 0\nfrom \n", "source and destination as root"),
        ("user a b\x1b[2J\nuid 7\nfrom here\n", "source and destination as a user with sudo"),
        ("user root\n", ""),
        ("", ""),
    ],
)
def test_a_login_is_named_with_its_user_and_the_address_that_it_came_from(text: str, said: str) -> None:
    assert in_session(text) == said


def test_who_took_a_snapshot_is_said_with_the_packs_whose_questions_were_asked() -> None:
    taken = Taken(1_795_000_000, "control", "anna", "0.1.0", (("example", "1.2"), ("unversioned", "")))
    case = Case().asking(select=("shared-host-uuid",))
    case.hosts = [host._replace(made=taken) for host in case.hosts]
    assert answers(case.report()).endswith(
        "by anna on control with preflight 0.1.0, pack example 1.2, pack unversioned"
    )


def test_the_files_that_were_read_are_counted_and_listed() -> None:
    sound = report("sound")
    assert read(sound) == "6 files on each host"
    assert read(replace(sound, source=replace(sound.source, files=()))) == "6 files on the destination"
    assert read(replace(report("no-login"), source=replace(sound.source, files=sound.source.files[:1]))) == (
        "1 file on the source"
    )
    known = {(place, path): sha256 for place, path, sha256 in digests(sound)}
    text = Case().hosts[0].answers.records["etc.hosts"].out
    assert known["source", "/etc/hosts"] == hashlib.sha256(text.encode()).hexdigest()


def test_a_report_names_the_files_of_this_machine_and_the_packs() -> None:
    file = str(RECORDED / "ready" / "host1.json")
    by = made_now(Asked(source=file, destination="host2"), digests=True)
    assert by.files == ((file, hashlib.sha256(Path(file).read_bytes()).hexdigest()),)
    assert made_now(Asked(source=file, destination="host2")).files == ()
    assert made(replace(report("sound"), made=replace(by, packs=(("a", "1"),)))).endswith(f"{by.version}, pack a 1")


def test_answers_of_live_hosts_are_as_old_as_the_report_is_young() -> None:
    sound = report("sound")
    live = replace(
        sound, source=replace(sound.source, saved=False), destination=replace(sound.destination, saved=False)
    )
    assert answers(live) == "source and destination asked for this report"
    never = replace(live, source=replace(live.source, taken=None))
    assert never.age(never.source) == 0


def test_a_snapshot_from_the_future_is_not_younger_than_now() -> None:
    sound = replace(report("sound"), made=Made(0, "m", "u", "1"))
    assert sound.age(sound.source) == 0


def test_who_made_a_report_is_on_one_line_without_control_characters() -> None:
    hostile = replace(report("sound"), made=Made(0, "m\nREADY", "u\x1b[2J", "1"))
    assert made(hostile) == "1970-01-01 00:00 UTC by u\\x1b[2J on m READY, preflight 1"
    assert made(replace(hostile, made=None)) == ""


def test_options_are_words_for_a_shell() -> None:
    sound = report("sound")
    asked = replace(sound.asked, guests=("a b",), as_they_are=True, select=(), ignore=("names",), concurrency=3)
    gate = Gate(FailOn.WARNING, OnUnknown.WARN, exit_zero=True)
    assert options(replace(sound, asked=asked, gate=gate)) == (
        "--guest 'a b' --concurrency 3 --ignore names --fail-on warning --unknown warn --exit-zero"
    )
    assert options(replace(sound, asked=replace(sound.asked, select=()))) == ""


@pytest.mark.parametrize(
    ("selected", "said"),
    [
        (Selection(as_they_are=True), "--all"),
        (Selection(as_they_are=True, left_out=("db", "a,b")), "--all --except db --except a,b"),
        (Selection(offline=True), "--offline"),
        (Selection(guests=("web",)), "--guest web --running"),
        (Selection(guests=("web",), as_they_are=True), "--guest web"),
        (Selection(no_guests=True), "--no-guests"),
    ],
)
def test_options_name_the_selected_guests_also_of_a_saved_report(
    tmp_path: Path, selected: Selection, said: str
) -> None:
    sound = report("sound")
    made_so = replace(sound, asked=replace(sound.asked, select=(), **asdict(selected)))
    assert options(made_so) == said
    saved = tmp_path / "report.json"
    saved.write_text(render("report", "json", made_so))
    assert options(read_saved(saved)[1]) == said


@pytest.mark.parametrize("form", FORMATS["report"])
def test_every_format_says_who_made_the_report_when_where_how_and_of_which_age_the_answers_are(form: str) -> None:
    for subject, made_so in (("report", report("hosts-line-gone")), ("rehearsal", rehearsal())):
        text = render(subject, form, made_so)
        by, asked, at = made_so.made, made_so.asked, made_so.source.taken
        assert by is not None
        assert at is not None
        assert all(said in text for said in (by.user, by.machine, by.version))
        assert re.search(rf"{shown(by.at)}|{instant(by.at)}| {by.at}$", text, re.MULTILINE)
        assert re.search(rf"taken {shown(at)}|{instant(at)}| {at}$", text, re.MULTILINE)
        if form != "nagios" or subject == "report":  # cut off after so many bytes
            assert all(rule in text for rule in asked.select), "the selection"
        assert ("--anyway" in text) is (subject == "rehearsal" and form != "jsonl")


def test_the_origin_of_a_rehearsal_has_its_own_command_line() -> None:
    made_so = rehearsal()
    assert options(made_so).startswith("guest-000 guest-001 ")
    assert " --at-once 2 --anyway --select " in options(made_so)
    (run,) = json.loads(render("rehearsal", "sarif", made_so))["runs"]
    assert run["invocations"][0]["commandLine"].startswith(
        "preflight rehearse host1.example.com host2.example.com guest-000 "
    )
    assert run["invocations"][0]["exitCode"] == made_so.exit_code == 4


def test_an_origin_that_is_too_long_for_nagios_is_cut_to_what_nrpe_transmits() -> None:
    sound = report("sound")
    long = replace(sound, asked=replace(sound.asked, ignore=("é|" * 1000,)))
    first, second = render("report", "nagios", long).splitlines()
    assert len(f"{first}\n{second}\n".encode()) in range(1020, 1024)
    assert second.endswith("…")
    assert "|" not in second
