"""Steps are taken only on the state that was observed, and never on what the guest has become since."""

import time
from pathlib import Path

import libvirt
import pytest

from preflight.facts.fact import Unreadable
from preflight.migrate import call
from preflight.migrate.events import Event
from preflight.migrate.journal import read
from preflight.migrate.live import end
from preflight.migrate.observation import Place, Sighting
from preflight.migrate.outcome import Decision, Intent, Result
from preflight.migrate.settle import Settled, look_at_both, settle
from preflight.request.method import Method
from tests.fakes.hypervisor import refusal
from tests.unit.migrate.plans import WEB
from tests.unit.migrate.runs import XML, Pair


def left_on_both(directory: Path) -> Pair:
    """Finish was done and nothing else: the guest is paused on both hosts."""
    pair = Pair(directory)
    pair.here.to(libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_MIGRATION)
    there = pair.destination.add(WEB, pair.disk)
    there.to(libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_USER)
    there.cpu_time = 0
    pair.here.counter = there.counter
    return pair


def settled(pair: Pair, **told: bool) -> Settled:
    return settle(pair.run, pair.web, pair.run.intent(pair.web, **told), xml=None)


def test_a_copy_that_never_ran_is_ended_and_the_guest_goes_on(tmp_path: Path) -> None:
    pair = left_on_both(tmp_path)
    found = settled(pair)
    assert found.decision.result is Result.STAYED
    assert (found.source.place, found.destination.place) == (Place.RUNNING, Place.ABSENT)
    assert found.done == (
        "end the copy on the destination that never ran",
        "start on the source",
        "undefine on the destination",
    )


def test_a_guest_whose_move_was_cut_off_is_not_taken_for_handed_over(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    here, there = look_at_both(pair.run, WEB)
    unknown = Settled(Decision((), Result.UNKNOWN, "a bug"), here, there)
    assert not end(pair.run, pair.web, unknown, pair.run.intent(pair.web)).handed_over


def test_each_step_is_reported_and_in_the_journal_with_its_reason(tmp_path: Path) -> None:
    pair = left_on_both(tmp_path)
    settled(pair)
    texts = [event.text for event in pair.told if event.kind == "settling"]
    _, entries = read(pair.path)
    noted = [entry.told for entry in entries if entry.step == "settle"]
    assert [f"{one.act}: {one.why}" if one.why else one.act for one in noted] == texts
    assert texts[0].startswith("end the copy on the destination that never ran: ")
    assert len(texts) == 3


@pytest.mark.parametrize(
    ("host", "act", "why"),
    [
        ("destination", "resume", "the guest is no longer paused"),
        ("source", "resume", "the guest has changed since it was looked at"),
    ],
)
def test_a_step_that_is_not_taken_has_its_reason(tmp_path: Path, host: str, act: str, why: str) -> None:
    pair = left_on_both(tmp_path)
    touched: list[str] = []

    def touch(event: Event) -> None:
        if "end the copy" in event.text and not touched:
            touched.append(act)
            getattr(getattr(pair, host), act)(WEB)

    pair.run.tell = touch
    assert settled(pair).done[0] == f"end the copy on the destination that never ran: {why}"


def test_a_host_that_answers_again_in_time_is_waited_for(tmp_path: Path) -> None:
    """Nothing is done to the guest while one of the hosts is silent."""
    pair = Pair(tmp_path)
    pair.destination.is_silent = True
    answers_at = time.monotonic() + 0.3
    look = pair.run.source.look

    def looked(uuid: str) -> Sighting:
        if time.monotonic() > answers_at:
            pair.destination.is_silent = False
        return look(uuid)

    pair.run.source.look = looked  # type: ignore[method-assign]  # the moment at which the other host answers again
    found = settle(pair.run, pair.web, pair.run.intent(pair.web), xml=XML, patience=20)
    assert (found.decision.result, found.done) == (Result.STAYED, ())
    assert pair.source.called == pair.destination.called == []


@pytest.mark.parametrize("silent", ["source", "destination"])
def test_a_host_that_was_silent_for_as_long_before_is_not_waited_for(tmp_path: Path, silent: str) -> None:
    pair = Pair(tmp_path)
    getattr(pair, silent).is_silent = True
    host = getattr(pair.run, silent)
    host.look(WEB)
    host._silent_since = time.monotonic() - 30
    began = time.monotonic()
    assert (
        settle(pair.run, pair.web, pair.run.intent(pair.web), xml=None, patience=20).decision.result is Result.UNKNOWN
    )
    assert time.monotonic() - began < 10


def test_a_guest_that_is_settled_is_not_waited_for(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    began = time.monotonic()
    assert settle(pair.run, pair.web, pair.run.intent(pair.web), xml=None, patience=20).decision.result is Result.STAYED
    assert time.monotonic() - began < 10


def test_there_is_a_pause_between_two_tries(tmp_path: Path) -> None:
    pair = left_on_both(tmp_path)
    pair.destination.fails["destroy"] = refusal(libvirt.VIR_ERR_SYSTEM_ERROR, "no such process")
    settle(pair.run, pair.web, pair.run.intent(pair.web), xml=None, patience=0.2)
    assert len([event for event in pair.told if event.kind == "settling"]) < 5


@pytest.mark.parametrize("act", ["resume", "shut_down", "io_error"])
def test_a_copy_that_its_owner_has_touched_since_the_look_is_not_ended(tmp_path: Path, act: str) -> None:
    pair = left_on_both(tmp_path)
    pair.run.tell = lambda event: getattr(pair.destination, act)(WEB) if event.kind == "settling" else None
    if act != "shut_down":
        settled(pair)
        assert "destroy" not in pair.destination.called
        assert pair.there is not None
        assert pair.there.is_active
        return
    pair.run.tell = lambda event: pair.destination.shut_down(WEB) if "end the copy" in event.text else None
    settled(pair)
    assert "destroy" not in pair.destination.called


def test_a_source_that_has_let_go_since_the_look_keeps_the_copy_on_the_destination(tmp_path: Path) -> None:
    """The step was the last one: libvirt's Confirm came between two answers of the source."""
    pair = left_on_both(tmp_path)

    def confirm(event: object) -> None:
        if WEB in pair.source.domains:
            pair.source.gone(WEB, libvirt.VIR_DOMAIN_SHUTOFF_MIGRATED, undefine=True)

    pair.run.tell = confirm
    settled(pair)
    assert "destroy" not in pair.destination.called


def test_a_call_that_comes_to_its_end_meanwhile_is_heard(tmp_path: Path) -> None:
    pair = left_on_both(tmp_path)
    intent: Intent = pair.run.intent(pair.web, watched=True)
    found = settle(pair.run, pair.web, intent, xml=None, is_handed_over=lambda: True)
    assert found.handed_over
    assert (found.source.place, found.destination.place) == (Place.ABSENT, Place.RUNNING)


def test_a_host_that_falls_silent_is_left_alone(tmp_path: Path) -> None:
    for silent in ("source", "destination"):
        pair = left_on_both(tmp_path)
        getattr(pair, silent).is_silent = True
        found = settled(pair)
        assert found.decision.result is Result.UNKNOWN
        assert found.decision.why == f"the {silent} does not answer"
        assert pair.source.called == pair.destination.called == []


def test_a_step_that_fails_is_tried_again_and_said(tmp_path: Path) -> None:
    pair = left_on_both(tmp_path)
    pair.destination.fails["destroy"] = refusal(libvirt.VIR_ERR_SYSTEM_ERROR, "no such process")
    pair.destination.before["destroy"] = lambda: None
    found = settled(pair)
    assert found.decision.result is Result.BOTH
    assert "left to do: end the copy on the destination" in found.decision.why
    assert pair.here.state == libvirt.VIR_DOMAIN_PAUSED, "it is not started while the other copy is there"


def test_a_copy_that_ran_and_ended_just_before_it_could_be_ended_keeps_the_source_paused(tmp_path: Path) -> None:
    """The step failed: that the copy is gone is not preflight's doing, and what it wrote is newer than the source."""
    pair = left_on_both(tmp_path)

    def owner() -> None:
        pair.destination.resume(WEB)
        pair.destination.power_off(WEB)

    pair.destination.before["destroy"] = owner
    pair.destination.fails["destroy"] = refusal(libvirt.VIR_ERR_OPERATION_INVALID, "domain is not running")
    found = settled(pair)
    assert found.source.place is Place.PAUSED
    assert "it may have run on the destination since" in found.decision.why


@pytest.mark.parametrize("undefine", [True, False])
def test_it_is_written_down_once_that_the_source_has_let_the_guest_go(tmp_path: Path, *, undefine: bool) -> None:
    pair = left_on_both(tmp_path)
    pair.source.gone(WEB, libvirt.VIR_DOMAIN_SHUTOFF_MIGRATED, undefine=undefine)
    settle(pair.run, pair.web, pair.run.intent(pair.web, handed_over=True, watched=True), xml=None)
    _, entries = read(pair.path)
    assert [entry.told.confirmed for entry in entries if entry.step == "handed-over"] == [True]


def test_it_is_written_down_of_a_source_that_keeps_the_definition(tmp_path: Path) -> None:
    pair = Pair(tmp_path, Method(undefinesource=False))
    pair.destination.add(WEB, pair.disk)
    pair.source.gone(WEB, libvirt.VIR_DOMAIN_SHUTOFF_MIGRATED)
    settle(pair.run, pair.web, pair.run.intent(pair.web, handed_over=True, watched=True), xml=None)
    _, entries = read(pair.path)
    assert [entry.told.confirmed for entry in entries if entry.step == "handed-over"] == [True]


def test_the_source_gets_its_own_definition_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another definition that was given for the destination is for the destination only."""
    monkeypatch.setattr(call, "definition", lambda *_: "<domain><name>other</name></domain>")
    pair = Pair(tmp_path)
    pair.here.persistent = False
    found = settle(pair.run, pair.web, pair.run.intent(pair.web), xml=XML)
    assert (found.done, found.source.persistent) == (("define on the source again",), True)


def test_a_definition_that_is_not_known_is_said(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    pair.here.persistent = False
    found = settle(pair.run, pair.web, pair.run.intent(pair.web), xml=None, patience=0.1)
    assert set(found.done) == {"define on the source again: the guest's definition is not known"}


def test_a_definition_is_given_to_the_host_that_lost_it(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    pair.here.persistent = False
    found = settle(pair.run, pair.web, pair.run.intent(pair.web), xml=XML)
    assert found.done == ("define on the source again",)
    assert (found.source.persistent, found.destination.place) == (True, Place.ABSENT)


def test_a_definition_that_cannot_be_made_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(*_: object) -> str:
        raise Unreadable("/x.xml: No such file or directory")

    monkeypatch.setattr(call, "definition", unreadable)
    pair = left_on_both(tmp_path)
    pair.source.gone(WEB, libvirt.VIR_DOMAIN_SHUTOFF_MIGRATED, undefine=True)
    there = pair.there
    assert there is not None
    there.persistent = False
    intent = pair.run.intent(pair.web, handed_over=True, watched=True)
    found = settle(pair.run, pair.web, intent, xml=XML, patience=0.3)
    assert "define on the destination: /x.xml: No such file or directory" in found.done
