"""Rules and facts become results; an unknown never counts as passed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from preflight.answers import Record
from preflight.errors import UserError
from preflight.host import Guests
from preflight.judge.evaluate import subjects
from preflight.judge.guests import Pair
from preflight.judge.report import Outcome, Report, Result, Verdict
from preflight.request.check_request import Migration
from preflight.request.method import Method
from preflight.request.migration import Role
from preflight.rule import Finding, Severity
from tests.case import Case
from tests.rule_files import load_rule, write_rule
from tests.rules.neighbour import with_db


class Judged:
    """Return a case judged by one rule that the test defines."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def __call__(self, body: str, case: Case | None = None) -> list[Result]:
        write_rule(self.directory, "of_our_own", body)
        report = (case or Case()).asking(rules=(self.directory,), select=("of-our-own",)).report()
        return list(report.results)


@pytest.fixture
def judged(tmp_path: Path) -> Judged:
    return Judged(tmp_path)


FOUND = """
@rule(Severity.ERROR)
def check(source: Versions) -> Findings:
    yield on_source("found")
"""


def test_a_rule_that_finds_nothing_passes(judged: Judged) -> None:
    (result,) = judged(FOUND.replace('yield on_source("found")', "yield from ()"))
    assert (result.outcome, result.reason, result.findings) == (Outcome.PASSED, None, ())
    assert result.severity is Severity.ERROR


def test_a_rule_that_finds_something_fails(judged: Judged) -> None:
    (result,) = judged(FOUND)
    assert (result.outcome, result.reason) == (Outcome.FAILED, None)
    assert result.findings == (Finding("found", host=Role.SOURCE),)
    assert (result.rule.name, result.rule.topic, result.subject) == ("of-our-own", "site", "source")


@pytest.mark.parametrize(
    ("own", "given", "counts"),
    [
        ("WARNING", "ERROR", Severity.WARNING),
        ("INFO", "WARNING", Severity.INFO),
        ("ERROR", "WARNING", Severity.WARNING),
        ("ERROR", "INFO", Severity.INFO),
        ("WARNING", "WARNING", Severity.WARNING),
    ],
)
def test_a_finding_may_be_milder_than_its_rule_never_worse(
    judged: Judged, own: str, given: str, counts: Severity
) -> None:
    body = FOUND.replace("ERROR", own).replace('"found"', f'"found", severity=Severity.{given}')
    (result,) = judged(body)
    assert result.severity is counts


def test_the_worst_finding_counts(judged: Judged) -> None:
    body = FOUND + '    yield on_source("mild", severity=Severity.INFO)\n'
    (result,) = judged(body)
    assert result.severity is Severity.ERROR
    mild = FOUND.replace('"found"', '"mild", severity=Severity.INFO') + (
        '    yield on_source("so-so", severity=Severity.WARNING)\n'
    )
    (result,) = judged(mild)
    assert result.severity is Severity.WARNING


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("raise ValueError('a bug')", "ValueError: a bug"),
        ("yield 1", "AttributeError: 'int' object has no attribute 'host'"),
        ("assert source is None", "AssertionError: "),
        ("yield from None", "TypeError: 'NoneType' object is not iterable"),
    ],
)
def test_a_rule_that_raises_is_unknown_and_the_others_go_on(tmp_path: Path, statement: str, said: str) -> None:
    write_rule(tmp_path, "of_our_own", FOUND.replace('yield on_source("found")', f"{statement}; yield"))
    report = Case().asking(rules=(tmp_path,)).report()
    (own,) = (result for result in report.results if result.rule.name == "of-our-own")
    assert (own.outcome, own.reason) == (Outcome.UNKNOWN, f"the rule itself failed: {said}")
    assert own.findings == ()
    assert report.verdict is Verdict.UNDETERMINED
    assert sum(result.outcome is Outcome.PASSED for result in report.results) > 20


@pytest.mark.parametrize("statement", ["raise ValueError('a bug')", "raise Unreadable('not known')"])
def test_a_blocker_that_was_found_before_a_rule_stopped_still_blocks(judged: Judged, statement: str) -> None:
    imports = "from preflight.facts.fact import Unreadable\n"
    (result,) = judged(imports + FOUND + f"    {statement}\n")
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    assert [finding.message for finding in result.findings] == ["found"]
    assert result.reason in {"the rule itself failed: ValueError: a bug", "not known"}


@pytest.mark.parametrize("statement", ["raise ValueError('a bug')", "raise Unreadable('not known')"])
def test_a_milder_finding_does_not_hide_that_a_rule_stopped(judged: Judged, statement: str) -> None:
    imports = "from preflight.facts.fact import Unreadable\n"
    mild = FOUND.replace('"found"', '"found", severity=Severity.WARNING')
    (result,) = judged(imports + mild + f"    {statement}\n")
    assert (result.outcome, result.severity) == (Outcome.UNKNOWN, Severity.ERROR)
    assert result.obscures


def test_a_rule_that_gives_no_iterator_is_unknown(judged: Judged) -> None:
    (result,) = judged(FOUND.replace('yield on_source("found")', "return None"))
    assert result.outcome is Outcome.UNKNOWN


def test_a_fact_that_is_not_there_is_unknown_with_its_reason(judged: Judged) -> None:
    (result,) = judged(FOUND, Case().source("libvirt.versions", None))
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, "libvirt.versions was not answered")
    assert (result.severity, result.findings) == (Severity.ERROR, ())
    assert result.obscures


def test_a_host_that_did_not_answer_gives_its_reason_for_all(judged: Judged) -> None:
    case = Case()
    case.hosts[0].answers.records.clear()
    case.hosts[0].answers.absent[""] = "login to host1 failed: no"
    (result,) = judged(FOUND, case)
    assert result.reason == "login to host1 failed: no"


def test_a_record_that_nobody_knows_anything_of_is_unknown_too(judged: Judged) -> None:
    case = Case()
    del case.hosts[0].answers.records["libvirt.versions"]
    (result,) = judged(FOUND, case)
    assert result.reason == "libvirt.versions was not collected"


def test_a_rule_is_told_which_host_it_is_about(judged: Judged) -> None:
    body = """
    @rule(Severity.ERROR)
    def check(host: Versions, host_os: OsRelease) -> Findings:
        if host_os.codename == "trixie":
            yield on_host(f"{host.libvirt}")
    """
    source, destination = judged(body, Case("ready/host1", "newer/host3"))
    assert (source.subject, source.outcome) == ("source", Outcome.PASSED)
    assert (destination.subject, destination.outcome) == ("destination", Outcome.FAILED)
    assert destination.findings == (Finding("11.3.0", host=Role.DESTINATION),)


def test_one_host_that_is_not_known_does_not_hide_the_other(judged: Judged) -> None:
    body = FOUND.replace("source", "host")
    source, destination = judged(body, Case().source("libvirt.versions", None))
    assert (source.outcome, destination.outcome) == (Outcome.UNKNOWN, Outcome.FAILED)


@pytest.mark.parametrize(
    ("signature", "subject"),
    [
        ("source: Versions", "source"),
        ("destination: Versions, migration: Migration", "destination"),
        ("source: Versions, destination: OsRelease", "pair"),
        ("migration: Migration", "pair"),
        ("guests: Judged, destination: Versions", "guests"),
    ],
)
def test_the_subject_follows_from_what_a_rule_asks_for(judged: Judged, signature: str, subject: str) -> None:
    (result,) = judged(f"@rule(Severity.ERROR)\ndef check({signature}) -> Findings:\n    yield from ()\n")
    assert result.subject == subject


SKIPPED = """
@rule(Severity.ERROR, skip=unless_live)
def check(host: Versions) -> Findings:
    raise AssertionError("is not asked")
"""


def test_a_rule_that_does_not_apply_is_not_asked(judged: Judged) -> None:
    results = judged(SKIPPED, Case().asking(offline=True))
    assert [(result.subject, result.outcome, result.reason) for result in results] == [
        ("source", Outcome.NOT_APPLICABLE, "the guest is moved offline"),
        ("destination", Outcome.NOT_APPLICABLE, "the guest is moved offline"),
    ]
    assert not any(result.blocks or result.obscures for result in results)


def test_a_rule_that_does_not_apply_does_not_mind_what_is_not_known(judged: Judged) -> None:
    results = judged(SKIPPED, Case().asking(offline=True).source("libvirt.versions", None))
    assert {result.outcome for result in results} == {Outcome.NOT_APPLICABLE}


# guests


def listed(*guests: dict[str, Any]) -> Callable[[str], str]:
    """Return the list of guests with more of them, each like the recorded one but for what is given."""

    def edit(text: str) -> str:
        (recorded,) = json.loads(text)["domains"]
        domains = [recorded]
        for number, changed in enumerate(guests):
            uuid = f"f1d015bd-14ec-4fe8-8cdc-00000000000{number}"
            xml = recorded["xml"].replace(recorded["uuid"], uuid).replace("<name>web<", f"<name>{changed['name']}<")
            domains.append(recorded | {"uuid": uuid, "xml": xml} | changed)
        return json.dumps({"domains": domains})

    return edit


OFF = {"name": "off", "id": None, "state": 5}
UNREAD = {"name": "broken", "xml": "<domain"}


def report(*guests: dict[str, Any], **asked: Any) -> Report:
    case = Case().asking(select=("guest-not-running",), **asked)
    return (case.source("libvirt.domains", listed(*guests)) if guests else case).report()


def names(found: Report) -> list[str]:
    assert {result.guest for result in found.results} == {guest.name for guest in found.guests}
    return [guest.name for guest in found.guests]


def test_all_guests_that_run_are_judged() -> None:
    assert sorted(names(report(OFF, {"name": "db"}))) == ["db", "web"]


def test_all_guests_that_are_off_are_judged_when_moved_offline() -> None:
    assert names(report(OFF, {"name": "db"}, offline=True)) == ["off"]


def test_the_guests_that_are_named_are_judged_and_no_others() -> None:
    found = report(OFF, {"name": "db"}, guests=("off", "db", "off"))
    assert names(found) == ["off", "db"]
    assert [guest.verdict for guest in found.guests] == [Verdict.NOT_READY, Verdict.READY]
    assert found.verdict is Verdict.NOT_READY


def test_a_guest_may_be_named_by_its_uuid() -> None:
    assert names(report(OFF, {"name": "db"}, guests=("f1d015bd-14ec-4fe8-8cdc-000000000001",))) == ["db"]


def test_no_guest_is_judged_when_none_is_asked_for() -> None:
    found = report(OFF, no_guests=True)
    assert (found.results, found.guests, found.verdict) == ((), (), Verdict.READY)


def test_a_guest_that_is_not_there_is_refused_in_one_line() -> None:
    with pytest.raises(UserError) as refused:
        report({"name": "db"}, UNREAD, guests=("wbe",))
    assert str(refused.value) == "host1.example.com has no guest 'wbe'; it has: broken, db, web"


def test_a_source_without_guests_says_so() -> None:
    case = Case().source("libvirt.domains", '{"domains": []}').asking(guests=("web",))
    with pytest.raises(UserError, match="has no guest 'web'; it has: none"):
        case.report()


@pytest.mark.parametrize("guests", [(), ("broken",)])
def test_a_guest_that_cannot_be_read_is_unknown(guests: tuple[str, ...]) -> None:
    found = report(UNREAD, guests=guests)
    (result,) = (result for result in found.results if result.guest == "broken")
    assert (result.outcome, result.subject) == (Outcome.UNKNOWN, "guest broken")
    assert result.reason
    assert found.verdict is Verdict.UNDETERMINED
    verdicts = {guest.name: guest.verdict for guest in found.guests}
    assert verdicts.pop("broken") is Verdict.UNDETERMINED
    assert set(verdicts.values()) <= {Verdict.READY}


def test_a_list_of_guests_that_could_not_be_had_leaves_the_verdict_open() -> None:
    found = Case().source("libvirt.domains", None).asking(select=("guest-not-running",)).report()
    (result,) = found.results
    assert (result.subject, result.guest, result.outcome) == ("guests", None, Outcome.UNKNOWN)
    assert result.reason == "libvirt.domains was not answered"
    assert (found.verdict, found.guests) == (Verdict.UNDETERMINED, ())


def test_a_named_guest_of_a_list_that_could_not_be_had_is_unknown() -> None:
    found = Case().source("libvirt.domains", None).asking(select=("guest-not-running",), guests=("web",)).report()
    assert [(result.subject, result.outcome) for result in found.results] == [("guest web", Outcome.UNKNOWN)]
    assert [(guest.name, guest.verdict) for guest in found.guests] == [("web", Verdict.UNDETERMINED)]


def test_what_is_wrong_with_a_host_is_wrong_for_every_guest() -> None:
    case = Case().source("libvirt.domains", listed({"name": "db"}))
    case.destination("login", Record("", 255, "ssh: Connection refused"))
    found = case.asking(select=("ssh-login-refused", "guest-not-running")).report()
    assert {guest.name: guest.verdict for guest in found.guests} == {
        "web": Verdict.NOT_READY,
        "db": Verdict.NOT_READY,
    }


def test_what_is_wrong_with_one_guest_is_not_wrong_for_another() -> None:
    found = report(OFF, guests=("web", "off"))
    assert [guest.verdict for guest in found.guests] == [Verdict.READY, Verdict.NOT_READY]


# unknown is never green

RECORDS = sorted({name for host in Case().hosts for name in host.answers.records})


TOGETHER = """
@rule(Severity.ERROR)
def check(guests: Judged) -> Findings:
    yield on_destination(" ".join(guest.name for guest in guests.all))
"""


def of_all(directory: Path, *guests: dict[str, Any], **asked: Any) -> Report:
    write_rule(directory, "of_our_own", TOGETHER)
    case = Case().asking(rules=(directory,), select=("of-our-own",), **asked)
    return case.source("libvirt.domains", listed({"name": "db"}, *guests)).report()


def test_what_is_wrong_with_all_guests_together_is_wrong_with_none_alone(tmp_path: Path) -> None:
    found = of_all(tmp_path)
    assert [finding.message for result in found.results for finding in result.findings] == ["db web"]
    assert found.verdict is Verdict.NOT_READY
    assert {guest.verdict for guest in found.guests} == {Verdict.READY}


def test_all_guests_are_those_that_are_asked_about(tmp_path: Path) -> None:
    [result] = of_all(tmp_path, guests=("db",)).results
    assert [finding.message for finding in result.findings] == ["db"]


def test_a_guest_that_cannot_be_read_leaves_open_what_all_of_them_need(tmp_path: Path) -> None:
    [result] = of_all(tmp_path, UNREAD).results
    assert result.outcome is Outcome.UNKNOWN


def blockers(found: Report) -> set[tuple[str, str]]:
    return {(result.rule.name, result.subject) for result in found.results if result.blocks}


@pytest.mark.parametrize("end", ["source", "destination"])
@pytest.mark.parametrize("record", RECORDS)
def test_an_answer_less_never_makes_a_report_better(end: str, record: str) -> None:
    """For the sound pair, a fact that a rule needs and does not get is unknown, and nothing is invented."""
    case = Case()
    if record not in case.hosts[end == "destination"].answers.records:
        pytest.skip(f"{record} is the other host's")
    whole = Case().report()
    found = getattr(case, end)(record, None).report()
    assert blockers(found) == set()
    outcomes = {(result.rule.name, result.subject): result.outcome for result in whole.results}
    changed = [
        result
        for result in found.results
        if outcomes.get((result.rule.name, result.subject)) is not result.outcome
        and result.outcome is not Outcome.NOT_APPLICABLE  # of the guests, where there is no list of them
    ]
    assert {result.outcome for result in changed} <= {Outcome.UNKNOWN}
    obscured = any(result.severity is Severity.ERROR for result in changed)
    assert (found.verdict is Verdict.UNDETERMINED) is obscured


@pytest.mark.parametrize("end", ["source", "destination"])
def test_a_host_that_says_nothing_is_never_ready(end: str) -> None:
    case = Case()
    answers = case.hosts[end == "destination"].answers
    answers.records.clear()
    assert case.report().verdict is Verdict.UNDETERMINED


def test_a_host_that_fails_every_command_is_never_ready() -> None:
    case = Case()
    for host in case.hosts:
        for name in host.answers.records:
            host.answers.records[name] = Record("", 1, "broken")
    found = case.report()
    assert found.verdict is not Verdict.READY
    passed = {result.rule.name for result in found.results if result.outcome is Outcome.PASSED}
    assert passed == {"options-contradict", "ssh-client-misconfigured"}  # which look at no host


def test_one_name_or_xml_for_the_destination_is_for_one_guest() -> None:
    with pytest.raises(UserError, match="to one guest"):
        with_db(Case()).asking(dname="web-moved").report()


def test_a_rule_has_the_guest_as_it_is_and_as_it_will_be() -> None:
    source = Case().checked().source
    web = source.fact(Guests).all[0]
    xml = web.xml.replace("192.0.2.254", "192.0.2.253")
    migration = Migration(method=Method(dname="web-moved", xml=xml))
    pair = Pair(source, source, migration, {"web": web})
    assert pair.guest_of(Role.SOURCE, "web") is web
    there = pair.guest_of(Role.DESTINATION, "web")
    assert (there.name, there.uuid, there.state, there.xml) == ("web-moved", web.uuid, web.state, xml)


def test_a_rule_of_each_host_has_both_as_subjects_and_one_host_alone_is_the_source(tmp_path: Path) -> None:
    rule = load_rule(tmp_path, FOUND.replace("source: Versions", "host: Versions"))
    assert subjects(rule) == (("source", Role.SOURCE), ("destination", Role.DESTINATION))
    assert subjects(rule, alone=True) == (("source", Role.SOURCE),)


def test_a_rule_is_given_its_threshold(judged: Judged) -> None:
    body = FOUND.replace("Severity.ERROR", "Severity.ERROR, threshold=0.5").replace(
        "Versions", "Versions, threshold: float"
    )
    (result,) = judged(body.replace('"found"', 'f"more than {threshold}"'))
    assert [finding.message for finding in result.findings] == ["more than 0.5"]
