"""Steps are taken only on the state that was observed, and never on what the guest has become since."""

from pathlib import Path

import libvirt
import pytest

from preflight.facts.fact import Unreadable
from preflight.migrate import call
from preflight.migrate.journal import read
from preflight.migrate.observation import Place
from preflight.migrate.outcome import Intent, Result
from preflight.migrate.settle import Settled, settle
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
    for end in ("source", "destination"):
        pair = left_on_both(tmp_path)
        getattr(pair, end).is_silent = True
        found = settled(pair)
        assert found.decision.result is Result.UNKNOWN
        assert found.decision.why == f"the {end} does not answer"
        assert pair.source.called == pair.destination.called == []


def test_a_step_that_fails_is_tried_again_and_said(tmp_path: Path) -> None:
    pair = left_on_both(tmp_path)
    pair.destination.fails["destroy"] = refusal(libvirt.VIR_ERR_SYSTEM_ERROR, "no such process")
    pair.destination.before["destroy"] = lambda: None
    found = settled(pair)
    assert found.decision.result is Result.BOTH
    assert "left to do: end the copy on the destination" in found.decision.why
    assert pair.here.state == libvirt.VIR_DOMAIN_PAUSED, "it is not started while the other copy is there"


@pytest.mark.parametrize("undefine", [True, False])
def test_it_is_written_down_once_that_the_source_has_let_the_guest_go(tmp_path: Path, *, undefine: bool) -> None:
    pair = left_on_both(tmp_path)
    pair.source.gone(WEB, libvirt.VIR_DOMAIN_SHUTOFF_MIGRATED, undefine=undefine)
    settle(pair.run, pair.web, pair.run.intent(pair.web, handed_over=True, watched=True), xml=None)
    _, entries = read(pair.path)
    assert [entry.told.confirmed for entry in entries if entry.step == "handed-over"] == [True]


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
