"""The report for people: what to fix in which order, one finding for many guests, and what to do next."""

import json
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer
from msgspec.structs import replace
from typer.testing import CliRunner

from preflight.answers import Answers, Record, SavedHost
from preflight.cli.app import with_commands
from preflight.collect.endpoints import open_hosts
from preflight.commands.show import read_saved
from preflight.connection import snapshot
from preflight.connection.libvirt import RECORDS as LIBVIRT
from preflight.connection.libvirt import UNQUERIED
from preflight.judge.builtin import builtin_directory
from preflight.judge.check import check
from preflight.judge.report import Made, Outcome, Report
from preflight.judge.ruleset import load
from preflight.output.formats import render
from preflight.output.report.problems import SUBJECTS, problems, unknowns
from preflight.output.terminal import columns
from preflight.request.check_request import Asked, Site
from preflight.request.configured import Configured
from preflight.request.method import Method
from preflight.request.migration import CopyStorage, Mode, Role
from preflight.visible import GUEST, unnamed
from tests.case import Case
from tests.golden.many import guests, names, turned_off

WIDTHS = ("60", "80", "120")


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)


def lines(report: Report, form: str = "text") -> list[str]:
    return render("report", form, report).splitlines()


def without_name(source: str = "hosts-line-gone/host1") -> Case:
    return Case(source, "hosts-line-gone/host2")


# order


def test_every_subject_of_the_rules_has_its_place() -> None:
    assert sorted(SUBJECTS) == sorted(path.name for path in builtin_directory().iterdir() if any(path.glob("*.py")))


def test_errors_come_in_the_order_of_their_subjects_then_warnings() -> None:
    case = without_name().guest(lambda guest: guest.update(id=None, state=5, reason=1)).asking(guests=("web",))
    case.destination("os-release", 'PRETTY_NAME="Another 1"\nID=another\n')
    case.source("libvirtd.conf", lambda text: text + "max_workers = 40\n")
    found = [problem.rule.name for problem in problems(case.report().results)]
    assert found[:2] == ["announced-name-unresolvable", "guest-not-running"]
    assert found.index("conf-not-in-force") < found.index("os-release-differs")
    heads = [line.partition(":")[0] for line in lines(case.report()) if line.endswith("]")]
    assert heads == sorted(heads, key=("error", "warning", "info").index)


def test_a_subject_of_a_sites_own_rules_comes_last(tmp_path: Any) -> None:
    directory = tmp_path / "site"
    directory.mkdir(mode=0o755)
    (directory / "own_rule").with_suffix(".py").write_text(
        '"""A rule of this site.\n\nWhy it matters\n    It does.\n\nHow to fix\n    So.\n"""\n'
        "from preflight.facts import HostIdentity\n"
        "from preflight.rule import Severity, on_source, rule\n"
        "@rule(Severity.ERROR)\n"
        "def check(source: HostIdentity):\n"
        "    yield on_source('found')\n"
    )
    tmp_path.chmod(0o755)
    found = problems(without_name().asking(rules=(tmp_path,)).report().results)
    assert [problem.rule.name for problem in found if problem.severity == "error"] == [
        "announced-name-unresolvable",
        "own-rule",
    ]


# one cause of many guests


def test_300_guests_that_are_off_are_one_finding() -> None:
    report = guests(300, turned_off).asking(guests=names(300)).report()
    shown = lines(report)
    assert len(shown) < 40
    assert [line for line in shown if line.startswith("error: ")] == [
        f"error: {GUEST} is shutoff (300 guests)  [guest-not-running]"
    ]
    listed = next(line for line in shown if line.startswith("  guests:"))
    assert listed.endswith("guest-009 and 290 more (--format table lists all)")
    assert sum(line.startswith("  why:") and "A live migration moves" in line for line in shown) == 1
    assert shown[-2].startswith("NOT READY  host1.example.com -> host2.example.com: 1 error, ")
    table = lines(report, "table")
    assert sum("guest-not-running" in line and "is shutoff" in line for line in table) == 300


def test_guests_of_which_something_else_is_wrong_are_another_finding() -> None:
    def change(number: int, guest: dict[str, Any]) -> None:
        guest.update(id=None, state=5 if number % 2 else 6, reason=1)

    found = problems(guests(6, change).asking(guests=names(6), select=("guest-not-running",)).report().results)
    assert [(one.finding.message, one.guests) for one in found] == [
        (f"{GUEST} is crashed", names(6)[::2]),
        (f"{GUEST} is shutoff", names(6)[1::2]),
    ]


def test_one_guest_keeps_its_name() -> None:
    case = Case().guest(lambda guest: guest.update(id=None, state=5, reason=1)).asking(guests=("web",))
    assert "error: web is shutoff (guest web)  [guest-not-running]" in lines(case.report())


@pytest.mark.parametrize(
    ("text", "guest", "shown"),
    [
        ("web is off", "web", "GUEST is off"),
        ("/images/web.qcow2 and 'web'", "web", "/images/GUEST.qcow2 and 'GUEST'"),
        ("the webserver", "web", "the webserver"),
        ("a.b is not axb", "a.b", "GUEST is not axb"),
        ("no name", None, "no name"),
        ("no name", "", "no name"),
    ],
)
def test_a_name_is_replaced_where_it_is_a_word(text: str, guest: str | None, shown: str) -> None:
    assert unnamed(text, guest) == shown


def test_what_is_unknown_of_many_guests_is_said_once() -> None:
    shown = lines(guests(300, lambda _number, _guest: None).report())
    assert "  left open: memory-insufficient (300 guests)" in shown
    assert len(shown) < 30


# the hosts and the guests


def test_what_blocks_every_guest_is_said_once_and_guests_with_causes_of_their_own_are_named() -> None:
    def change(number: int, guest: dict[str, Any]) -> None:
        if number in {3, 7}:
            turned_off(number, guest)

    shown = lines(guests(20, change, without_name()).asking(guests=names(20)).report())
    at = shown.index("hosts:  NOT READY for every guest because of announced-name-unresolvable")
    assert shown[at + 1 : at + 3] == [
        "guests: NOT READY (2) because of guest-not-running and the hosts: guest-003, guest-007",
        "        NOT READY (18) because of the hosts alone: "
        + ", ".join(name for name in names(12) if name not in {"guest-003", "guest-007"})
        + " and 8 more",
    ]


def test_guests_are_named_by_their_verdict_where_the_hosts_are_sound() -> None:
    def change(number: int, guest: dict[str, Any]) -> None:
        if number == 1:
            turned_off(number, guest)

    shown = lines(guests(3, change).asking(guests=names(3)).report())
    at = shown.index("guests: NOT READY because of guest-not-running: guest-001")
    assert shown[at + 1] == "        READY (2): guest-000, guest-002"


def test_an_unknown_of_a_guest_does_not_pass_for_what_blocks_it() -> None:
    case = without_name().destination("libvirt.domains", None)
    shown = next(line for line in lines(case.report()) if line.startswith("guest:"))
    assert shown.startswith("guest:  NOT READY because of the hosts (also UNDETERMINED because of ")


def test_an_unknown_of_the_hosts_does_not_pass_for_what_blocks_a_guest() -> None:
    case = Case().destination("sockets", None).guest(lambda guest: guest.update(id=None, state=5, reason=1))
    shown = lines(case.asking(guests=("web",)).report())
    assert any(line.startswith("hosts:  UNDETERMINED for every guest because of ") for line in shown)
    assert "guest:  NOT READY because of guest-not-running: web" in shown


# what to do next


def last(case: Case, form: str = "text") -> str:
    return lines(case.report(), form)[-1]


@pytest.mark.parametrize("form", ["text", "table"])
@pytest.mark.parametrize(
    ("options", "command"),
    [
        ({}, "preflight migrate host1.example.com host2.example.com --running"),
        ({"guests": ("web",)}, "preflight migrate host1.example.com host2.example.com web --running"),
        (
            {"guests": ("web",), "as_they_are": True},
            "preflight migrate host1.example.com host2.example.com web",
        ),
        ({"as_they_are": True}, "preflight migrate host1.example.com host2.example.com --all"),
        ({"concurrency": 3}, "preflight migrate host1.example.com host2.example.com --running --at-once 3"),
        (
            {"ignore": ("network",)},
            "preflight migrate host1.example.com host2.example.com --running --ignore network",
        ),
        (
            {"destination_uri": "qemu+ssh://root@host2.example.com/system"},
            (
                "preflight migrate host1.example.com host2.example.com --running"
                " --destination-uri qemu+ssh://root@host2.example.com/system"
            ),
        ),
        ({"no_guests": True}, "check the running guests: preflight check host1.example.com host2.example.com"),
        (
            {"select": ("names",)},
            "check with all rules: preflight check host1.example.com host2.example.com",
        ),
    ],
)
def test_a_pair_that_is_ready_is_followed_by_the_migration(options: dict[str, Any], command: str, form: str) -> None:
    assert last(Case().asking(**options), form) == f"next: {command}"


@pytest.mark.parametrize("together", [False, True], ids=["two-files", "one-file"])
def test_a_check_of_snapshots_is_followed_by_one_of_the_same_files(tmp_path: Path, together: bool) -> None:
    hosts = Case().hosts
    files = [tmp_path / "the pair.json"] if together else [tmp_path / "a b.json", tmp_path / "b.json"]
    for path, saved in zip(files, [hosts] if together else [[host] for host in hosts], strict=True):
        snapshot.write(path, saved)
    words = " ".join(shlex.quote(str(path)) for path in files)
    source, destination = str(files[0]), None if together else str(files[1])
    with open_hosts(Asked(source, destination, no_guests=True)) as opened:
        report = check(opened).report
    assert lines(report)[-1] == f"next: check the running guests: preflight check {words}"
    saved_report = tmp_path / "report.json"
    made = Made(at=1796000000, machine="control", user="root", version="1")
    saved_report.write_text(render("report", "json", replace(report, made=made)), encoding="utf-8")
    assert lines(read_saved(saved_report)[1])[-1] == lines(report)[-1]


def test_guests_that_are_off_are_moved_offline() -> None:
    case = guests(2, turned_off)
    assert last(case.asking(offline=True)) == "next: preflight migrate host1.example.com host2.example.com --offline"


def test_where_no_guest_runs_those_that_are_off_are_checked_next() -> None:
    command = "preflight check host1.example.com host2.example.com --offline"
    assert last(guests(2, turned_off)) == f"next: check the guests that are off: {command}"


def test_an_error_that_can_be_fixed_is_followed_by_fix_and_others_by_explain() -> None:
    command = "preflight fix host1.example.com host2.example.com"
    assert last(without_name()) == f"next: see the changes that would fix the error: {command}"
    off = without_name().guest(lambda guest: guest.update(id=None, state=5, reason=1)).asking(guests=("web",))
    assert last(off) == f"next: see the changes that would fix 1 of the 2 errors: {command}"
    alone = Case().guest(lambda guest: guest.update(id=None, state=5, reason=1)).asking(guests=("web",))
    assert last(alone) == "next: fix the error: preflight explain guest-not-running"


def test_a_fix_heeds_the_waivers_that_the_check_heeded() -> None:
    site = Site(configured=Configured(file="/work/preflight.toml"))
    shown = lines(without_name().asking(site=site).report())
    assert shown[-1].endswith("host2.example.com --config /work/preflight.toml")


def test_nothing_can_be_fixed_where_a_host_cannot_be_logged_in_to() -> None:
    case = without_name()
    case.hosts[1] = SavedHost("host2.example.com", Answers({"login": Record("", 255, "no route")}, {"": "no login"}))
    shown = lines(case.report())
    assert shown[-1] == "next: fix the error: preflight explain ssh-login-refused"
    assert not any("preflight fix" in line for line in shown)


def test_what_is_not_known_is_to_be_resolved_next() -> None:
    assert last(Case().destination("sockets", None)).startswith("next: resolve ")
    assert "sockets was not answered (docs/troubleshooting.md" in last(Case().destination("sockets", None))


def test_a_finding_names_the_command_that_shows_its_change_or_explains_it() -> None:
    shown = lines(without_name().report())
    command = "preflight fix host1.example.com host2.example.com announced-name-unresolvable"
    assert f"  run:     {command}" in shown
    case = Case("newer/host3", "ready/host2").source("libvirtd.conf", lambda text: text + "max_workers = 40\n")
    assert "  more:    preflight explain conf-not-in-force" in lines(case.report())


def test_a_command_is_one_for_a_shell_however_narrow_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    uri = "qemu+ssh://root@host2.example.com/system"
    case = Case().asking(guests=("web",), as_they_are=True, destination_uri=uri, concurrency=2)
    shown = lines(case.report())
    at = next(number for number, line in enumerate(shown) if line.startswith("next: "))
    assert all(len(line) <= 60 for line in shown[at:])
    words = "preflight migrate host1.example.com host2.example.com web --at-once 2"
    uri = "--destination-uri qemu+ssh://root@host2.example.com/system"
    assert typed("\n".join(shown[at:]).removeprefix("next: ")) == f"{words} {uri}".split()


def typed(command: str) -> list[str]:
    """Return the words that a shell makes of a command."""
    done = subprocess.run(["sh", "-c", f"printf '%s\\n' {command}"], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.mark.parametrize("hostile", ["$(reboot)", "a;reboot", "it's", "`reboot`", "a&reboot", "*"])
def test_what_a_saved_host_is_called_is_one_word_of_the_command(hostile: str) -> None:
    case = without_name()
    name = f"qemu+ssh://host1.example.com/system?x={hostile}"
    case.hosts[0] = SavedHost(name, case.hosts[0].answers)
    command = last(case).partition("error: ")[2]
    assert typed(command) == ["preflight", "fix", name, "host2.example.com"]


def test_the_options_of_a_method_are_typed_again(tmp_path: Any) -> None:
    from preflight.cli.options import method_of, parameters

    xml = tmp_path / "guest.xml"
    xml.write_text("<domain/>")
    methods = [
        Method(),
        Method(mode=Mode.TUNNELLED, live=False, undefinesource=False, persistent=False),
        Method(mode=Mode.PEER_TO_PEER, persistent=True, postcopy=True, postcopy_bandwidth=7),
        Method(copy_storage=CopyStorage.INC, migrate_disks=("vda", "vdb"), disks_port=4000),
        Method(copy_storage=CopyStorage.ALL, tls=True, tls_destination="host2", bandwidth=3, max_downtime=9),
        Method(compressed=True, comp_methods=("zstd", "xbzrle"), comp_zstd_level=3),
        Method(xml="<domain/>", dname="other", unsafe=True),
    ]
    command = typer.main.get_command(with_commands()).commands["migrate"]  # type: ignore[attr-defined]  # a group
    for method in methods:
        words = [str(xml) if word == "FILE" else word for word in method.typed]
        given = command.make_context("migrate", ["host1", "host2", "web", *words]).params
        picked = {name: given[name] for name in parameters()}
        assert method_of(**picked | {"xml": picked["xml"] and Path(picked["xml"])}) == method


def test_a_check_from_the_command_line_passes_its_options_on() -> None:
    pair = ("tests/cases/ready/host1.json", "tests/cases/ready/host2.json")
    done = CliRunner().invoke(with_commands(), ["check", *pair, "--postcopy", "--bandwidth", "100", "--keepsource"])
    words = "--keepsource --bandwidth 100 --postcopy"
    assert done.stdout.splitlines()[-1] == (
        f"next: preflight migrate host1.example.com host2.example.com --running {words}"
    )


# widths


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("form", ["text", "table"])
def test_no_line_is_wider_than_the_terminal(width: str, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reports = [
        Case().report(),
        without_name().report(),
        guests(30, turned_off, without_name()).asking(guests=names(30)).report(),
        Case("newer/host3", "ready/host2").report(),
    ]
    monkeypatch.setenv("COLUMNS", width)
    for report in reports:
        shown = lines(report, form)
        wide = [line for line in shown if len(line) > int(width)]
        assert [line for line in wide if not line.startswith("  --> ")] == []


@pytest.mark.parametrize("width", [60, 80])
def test_a_table_of_rules_loses_no_letter(width: int) -> None:
    rows = [(rule.name, rule.text.topic, rule.body.severity.value, rule.text.title) for rule in load()]
    heads = ("rule", "subject", "severity", "problem")
    shown = columns([heads, *rows], width=width)
    assert all(len(line) <= width for line in shown)
    letters = sorted("".join("".join(row) for row in [heads, *rows]).replace(" ", ""))
    assert sorted("".join(line for number, line in enumerate(shown) if number != 1).replace(" ", "")) == letters


def test_a_table_that_fits_is_left_alone() -> None:
    rows = [("a", "b"), ("long cell of words", "x")]
    assert columns(rows, width=21) == columns(rows)
    assert columns(rows, width=20) != columns(rows)


def test_a_cell_is_wrapped_at_words_then_in_paths_then_anywhere() -> None:
    assert columns([("x",), ("one two three",)], width=8) == ["x", "-------", "one two", "three"]
    assert columns([("x",), ("/var/lib/libvirt",)], width=10) == ["x", "---------", "/var/lib/", "libvirt"]
    assert columns([("x",), ("y" * 20,)], width=10) == ["x", "-" * 10, "y" * 10, "y" * 10]


def test_wide_letters_are_wrapped_where_a_terminal_ends() -> None:
    assert columns([("x",), ("東京" * 6,)], width=9) == ["x", "-" * 8, *["東京" * 2] * 3]


# a host, or its libvirt, that does not answer


def without_libvirt(case: Case, number: int, complaint: str) -> Case:
    """Return the case with a host whose libvirt could not be queried, for this reason."""
    name, answers, *_ = case.hosts[number]
    records = {key: record for key, record in answers.records.items() if key not in LIBVIRT}
    connect = {"uri": "qemu+ssh://host/system", "error": complaint, "code": 38, "hung": True}
    absent = dict.fromkeys(LIBVIRT[1:], f"{UNQUERIED}: {complaint}")
    case.hosts[number] = SavedHost(name, Answers(records | {LIBVIRT[0]: Record(json.dumps(connect))}, absent))
    return case


def test_a_libvirt_that_does_not_answer_is_one_unknown_with_its_cause() -> None:
    shown = "\n".join(lines(without_libvirt(Case(), 1, "no answer within 60 s").report()))
    assert shown.count("unknown: libvirt on host2.example.com") == 1
    assert "unknown: libvirt could not be queried" not in shown
    assert "unknown: libvirt on host2.example.com could not be queried: no answer within 60 s" in shown
    assert "rules; --format json names them" in shown
    assert "because of the hosts alone: web" in shown


def test_libvirts_that_fail_in_the_same_way_on_both_hosts_are_one_unknown_about_both() -> None:
    case = without_libvirt(without_libvirt(Case(), 0, "no answer"), 1, "no answer")
    report = case.report()
    (gap,) = [gap for gap in report.gaps() if gap.results]
    assert gap.roles == tuple(Role)
    assert gap.text.startswith("libvirt on host1.example.com and host2.example.com could not be queried")
    assert any(row.split()[:1] == ["unknown"] and "source and destination" in row for row in lines(report, "table"))


def test_libvirts_that_fail_in_two_ways_are_two_unknowns() -> None:
    report = without_libvirt(without_libvirt(Case(), 0, "no answer"), 1, "no socket").report()
    assert [gap.roles for gap in report.gaps() if gap.results] == [(Role.SOURCE,), (Role.DESTINATION,)]


def test_every_unknown_has_one_cause_in_the_report() -> None:
    report = without_libvirt(Case(), 1, "no answer").report()
    unknown = [id(one) for one in report.results if one.outcome is Outcome.UNKNOWN]
    assert sorted(id(one) for found in unknowns(report) for one in found.results) == sorted(unknown)


def test_a_report_that_was_saved_before_gaps_were_written_down_is_shown(tmp_path: Path) -> None:
    document = json.loads(render("report", "json", without_libvirt(Case(), 1, "no answer").report()))
    assert document["destination"].pop("no_libvirt") == f"{UNQUERIED}: no answer"
    path = tmp_path / "older.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    subject, report = read_saved(path)
    assert "left open: " in render(subject, "text", report)
