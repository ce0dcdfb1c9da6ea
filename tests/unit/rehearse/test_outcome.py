"""The verdict and the exit code of a rehearsal, and the unknowns that acceptance answers."""

import json

import pytest

from preflight.judge.report import Outcome as RuleOutcome
from preflight.judge.report import Report, Verdict
from preflight.output.formats import render
from preflight.output.rehearsal import text
from preflight.rehearse.answer import Answer, Rehearsed
from preflight.rehearse.lifted import BEFORE_DISKS, WITH_MEMORY
from preflight.rehearse.outcome import outcome
from preflight.rehearse.report import report_of
from preflight.schema.rehearsal import REHEARSAL
from tests.case import Case
from tests.unit.migrate.plans import WEB


def ended(answer: Answer, **told: str) -> Rehearsed:
    return Rehearsed(name="web", uuid=WEB, answer=answer, **told)  # type: ignore[arg-type] # its texts alone


def unknown() -> Report:
    """Return the report of a pair of which it is not known whether the destination reaches the server of a disk."""
    report = Case().destination("disk-ports", None).report()
    assert report.verdict is Verdict.UNDETERMINED
    return report


@pytest.mark.parametrize(
    ("answer", "verdict", "exit_code"),
    [
        (Answer.ACCEPTED, Verdict.READY, 0),
        (Answer.REFUSED, Verdict.NOT_READY, 1),
        (Answer.UNDECIDED, Verdict.UNDETERMINED, 3),
        (Answer.NOT_REHEARSED, Verdict.READY, 0),
        (Answer.MOVED, Verdict.NOT_READY, 4),
        (Answer.DISTURBED, Verdict.NOT_READY, 4),
    ],
)
def test_verdict_and_exit_code(answer: Answer, verdict: Verdict, exit_code: int) -> None:
    done = outcome(Case().report(), [ended(answer)])
    assert (done.verdict, done.exit_code) == (verdict, exit_code)
    shown = report_of(done)
    assert (shown.verdict, shown.exit_code) == (verdict, exit_code), "in every format"
    assert shown.guests == done.report.guests
    assert ("(rehearsed)" in text.verdict(done)) is (answer is Answer.ACCEPTED)


def test_an_interrupted_rehearsal_has_its_own_exit_code() -> None:
    assert outcome(Case().report(), [ended(Answer.UNDECIDED)], interrupted=True).exit_code == 130


def test_json_has_the_findings_of_the_check() -> None:
    report = Case().report()
    done = outcome(report, [ended(Answer.REFUSED, error="no")])
    made = render("rehearsal", "json", report_of(done))
    read = REHEARSAL.validate_json(made)
    assert (read.verdict, read.check.verdict, read.guests[0].checked) == ("not-ready", "ready", "ready")
    assert {one.rule for one in read.check.results} == {one.rule.name for one in report.results}
    assert json.loads(made)["guests"][0]["error"] == "no"


def test_acceptance_answers_an_unknown_of_a_refusal_at_the_beginning_and_nothing_else() -> None:
    report = unknown()
    unclear = {one.rule.name for one in report.results if one.outcome is RuleOutcome.UNKNOWN}
    done = outcome(report, [ended(Answer.ACCEPTED)])
    answered = {one.rule.name for one in done.answered}
    assert answered == {"disk-server-silent"}
    assert done.verdict is Verdict.READY
    assert answered == unclear & (BEFORE_DISKS | WITH_MEMORY)
    for answer in set(Answer) - {Answer.ACCEPTED}:
        assert not outcome(report, [ended(answer)]).answered


@pytest.mark.parametrize(
    "rule",
    ["cpu-incompatible", "hugepages-missing", "time-stamp-counter-not-migratable", "migration-ports-filtered",
     "disk-not-shared", "copied-disk-written-over"],
)  # fmt: skip
def test_acceptance_answers_nothing_that_it_does_not_prove(rule: str) -> None:
    assert rule not in BEFORE_DISKS | WITH_MEMORY
