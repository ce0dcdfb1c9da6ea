"""`migrate --rehearse`: nothing moves unless libvirt has accepted the guests, and nothing has changed since."""

from typing import Any

import pytest

from preflight.commands import migrate, rehearse, rehearsed
from preflight.commands.migrate import REFUSED, Wanted
from preflight.judge.check import Checked
from preflight.plan.make import Refused
from preflight.rehearse.answer import Answer, Rehearsed, not_rehearsed
from preflight.rehearse.outcome import INTERRUPTED, NOT_AS_BEFORE, outcome
from preflight.schema.plan import MigrationPlan
from tests.case import Case
from tests.unit.migrate.plans import PLAN, altered

NOWHERE: Any = None


class Scene:
    """A check of two recorded hosts that says READY, and the answer of libvirt about its first guest."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, answer: Answer, *, interrupted: bool = False) -> None:
        self.checked = Case("ready/host1", "ready/host2").checked()
        guests = [altered(PLAN.guests[0], name=guest.name, uuid=guest.uuid) for guest in self.checked.guests]
        self.plan: MigrationPlan = altered(PLAN, guests=tuple(guests))
        self.answer, self.interrupted = answer, interrupted
        self.asked: list[str] = []
        self.agrees: bool | None = True
        self.attempts: list[rehearse.Wanted] = []
        self.looked = 0
        self.changed: Refused | None = None
        monkeypatch.setattr(rehearse, "choose", self.choose)
        monkeypatch.setattr(rehearse, "plan_of", lambda *_: self.plan)
        monkeypatch.setattr(rehearse, "attempt", self.attempt)
        monkeypatch.setattr(migrate, "confirmed", self.confirmed)

    def choose(self, *_: object) -> tuple[list[Any], list[Rehearsed]]:
        kept = [not_rehearsed(one.name, one.uuid, "it is off") for one in self.plan.guests]
        return ([], kept) if self.answer is Answer.NOT_REHEARSED else ([(self.plan.guests[0], None)], kept[1:])

    def attempt(
        self, checked: Checked, _planned: object, _chosen: object, _kept: object, wanted: rehearse.Wanted
    ) -> Any:
        self.attempts.append(wanted)
        first, *others = self.plan.guests
        answers = [Rehearsed(name=first.name, uuid=first.uuid, answer=self.answer, error="no such network")]
        answers += [not_rehearsed(one.name, one.uuid, "it is off") for one in others]
        return outcome(checked.report, answers, interrupted=self.interrupted)

    def confirmed(self, planned: MigrationPlan, _opened: object) -> tuple[MigrationPlan, Checked]:
        self.looked += 1
        if self.changed is not None:
            raise self.changed
        return planned, self.checked

    def run(self, *, is_asked: bool = True) -> Any:
        def ask(question: str) -> bool | None:
            self.asked.append(question)
            return self.agrees

        wanted = Wanted(ask=ask if is_asked else None)
        return rehearsed.rehearse_first(self.plan, self.checked, NOWHERE, wanted)


def test_a_plan_whose_guests_were_accepted_says_which_and_when_after_a_new_check(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scene = Scene(monkeypatch, Answer.ACCEPTED)
    planned, checked = scene.run()
    assert planned.rehearsed is not None
    assert planned.rehearsed.guests == (scene.plan.guests[0].uuid,)
    assert planned.rehearsed.at > 0
    assert (scene.looked, checked) == (1, scene.checked)
    assert scene.asked == ["rehearse, then continue?"], "one question for both"
    assert [one.at_once for one in scene.attempts] == [scene.plan.width]
    assert "accepted" in capsys.readouterr().out
    read = MigrationPlan.model_validate_json(planned.model_dump_json())
    assert read == planned, "the plan is written with it, and read again"


@pytest.mark.parametrize("answer", [Answer.REFUSED, Answer.UNDECIDED])
def test_nothing_moves_unless_libvirt_accepts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: Answer
) -> None:
    scene = Scene(monkeypatch, answer)
    assert scene.run() == REFUSED
    assert scene.looked == 0
    shown = capsys.readouterr()
    assert "no such network" in shown.out
    verdict = "NOT READY" if answer is Answer.REFUSED else "UNDETERMINED"
    assert shown.err.splitlines()[-1] == f"preflight: refused: the rehearsal says {verdict}"


def test_a_guest_that_is_not_as_it_was_ends_the_run_with_its_own_code(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Scene(monkeypatch, Answer.DISTURBED).run() == NOT_AS_BEFORE
    assert Scene(monkeypatch, Answer.MOVED).run() == NOT_AS_BEFORE


def test_a_rehearsal_that_was_interrupted_is_no_acceptance(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Scene(monkeypatch, Answer.ACCEPTED, interrupted=True).run() == INTERRUPTED


@pytest.mark.parametrize(
    ("answer", "interrupted", "code"),
    [(Answer.DISTURBED, False, NOT_AS_BEFORE), (Answer.ACCEPTED, True, INTERRUPTED), (Answer.REFUSED, False, None)],
)
def test_before_a_run_of_an_evacuation_it_is_said_why_nothing_may_follow(
    monkeypatch: pytest.MonkeyPatch, answer: Answer, interrupted: bool, code: int | None
) -> None:
    scene = Scene(monkeypatch, answer, interrupted=interrupted)
    done = rehearsed.accepted(scene.plan, scene.checked, NOWHERE, Wanted())
    assert (done.confirmed, done.code, done.is_disturbed) == (None, code, answer is Answer.DISTURBED)


def test_a_host_that_has_changed_since_the_rehearsal_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch, Answer.ACCEPTED)
    scene.changed = Refused("refused: changed since the plan was made: source QemuConf")
    with pytest.raises(Refused, match="source QemuConf"):
        scene.run()


def test_where_no_guest_can_be_rehearsed_nothing_is_done_and_each_reason_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scene = Scene(monkeypatch, Answer.NOT_REHEARSED)
    with pytest.raises(Refused, match="none of the guests can be rehearsed"):
        scene.run()
    assert not scene.attempts
    assert not scene.asked
    shown = capsys.readouterr().err
    assert all(f"not rehearsed: {one.name}: it is off" in shown for one in scene.plan.guests)


@pytest.mark.parametrize("agrees", [False, None])
def test_without_a_yes_nothing_is_rehearsed(monkeypatch: pytest.MonkeyPatch, *, agrees: bool | None) -> None:
    scene = Scene(monkeypatch, Answer.ACCEPTED)
    scene.agrees = agrees
    assert scene.run() == REFUSED
    assert scene.attempts == []


def test_yes_asks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch, Answer.ACCEPTED)
    assert not isinstance(scene.run(is_asked=False), int)
    assert scene.asked == []
