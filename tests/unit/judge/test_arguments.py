"""The arguments that a rule gets, and the host that a finding is about."""

from pathlib import Path

from preflight.judge.report import Outcome, Result
from preflight.request.migration import Role
from tests.case import Case
from tests.rule_files import write_rule


def judged(directory: Path, body: str, case: Case) -> list[Result]:
    write_rule(directory, "of_our_own", body)
    return list(case.asking(rules=(directory,), select=("of-our-own",)).report().results)


def test_a_rule_gets_the_guest_of_the_end_that_it_names(tmp_path: Path) -> None:
    body = """
    @rule(Severity.ERROR)
    def check(source_guest: Guest, guest: Guest) -> Findings:
        yield on_destination(f"{source_guest.name} becomes {guest.name}")
    """
    [result] = judged(tmp_path, body, Case().asking(guests=("web",), dname="web-moved"))
    assert [finding.message for finding in result.findings] == ["web becomes web-moved"]


def test_a_finding_of_a_rule_about_each_host_stays_with_the_host_that_it_names(tmp_path: Path) -> None:
    body = """
    @rule(Severity.ERROR)
    def check(host: Versions) -> Findings:
        yield on_source("named")
        yield on_host("not named")
    """
    results = judged(tmp_path, body, Case())
    assert [[finding.host for finding in result.findings] for result in results] == [
        [Role.SOURCE, Role.SOURCE],
        [Role.SOURCE, Role.DESTINATION],
    ]


def test_a_guest_that_cannot_be_read_is_not_counted_as_one_of_all(tmp_path: Path) -> None:
    body = """
    @rule(Severity.ERROR)
    def check(guests: Judged) -> Findings:
        if len(guests.all) > 1:
            yield on_destination("several")
    """
    case = Case().guest(lambda guest: guest.update(xml="<domain"))
    [result] = judged(tmp_path, body, case)
    assert (result.outcome, result.findings) == (Outcome.UNKNOWN, ())
    alone = Case().guest(lambda guest: guest.update(xml="<domain")).asking(select=("guest-not-running",)).report()
    assert result.reason == alone.results[0].reason
