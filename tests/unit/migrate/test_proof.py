"""Proofs that a guest which has arrived works on the destination."""

import time
from pathlib import Path
from typing import Any

import libvirt
import pytest
from msgspec.structs import replace

from preflight.migrate import proof
from preflight.migrate.outcome import Result
from preflight.migrate.past import Past
from preflight.migrate.proof import Proof, proven
from preflight.migrate.scheduler import Lanes
from tests.fakes.hypervisor import refusal
from tests.unit.migrate.plans import WEB
from tests.unit.migrate.runs import Pair

#: An interface that receives, one that does not, and likewise disks.
ALIVE, DEAD = ("interface", "vnet0"), ("interface", "vnet1")
WRITTEN, UNWRITTEN = ("disk", "vda"), ("disk", "vdb")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "LOOK_AGAIN", 0.01)


def past(pair: Pair, *wanted: Proof, within: float = 0.1, ask: Any = None, **counting: Any) -> Past:
    """Move the guest, and return its past with the proofs that it gives."""
    settings = replace(pair.settings, proofs=tuple(one.value for one in wanted), proven_within=within, ask_agent=ask)
    pair.run.settings = settings
    ended = Lanes(pair.run, None, None).move(pair.plan.guests, canary=True, known={})  # type: ignore[arg-type] # no shell is needed for a guest that runs
    if pair.there is not None:
        pair.there.counting.update(counting.get("devices", {}))
    return proven(pair.run, ended)[WEB]


def test_a_guest_of_which_no_proof_is_wanted_is_not_asked(tmp_path: Path) -> None:
    found = past(Pair(tmp_path), ask=lambda *_: pytest.fail("asked"))
    assert (found.result, found.why) == (Result.ARRIVED, "")


def test_a_guest_whose_agent_answers_has_arrived_as_requested(tmp_path: Path) -> None:
    asked = []

    def ask(_domain: object, command: str, seconds: int) -> str:
        asked.append((command, seconds))
        return '{"return":{}}'

    assert past(Pair(tmp_path), Proof.AGENT, ask=ask).is_done
    assert asked == [('{"execute":"guest-ping"}', 5)]


def test_an_agent_is_asked_again_until_it_answers(tmp_path: Path) -> None:
    answers = iter([refusal(libvirt.VIR_ERR_AGENT_UNRESPONSIVE, "Guest agent is not responding"), None])

    def ask(*_: object) -> str:
        if (why := next(answers)) is not None:
            raise why
        return ""

    assert past(Pair(tmp_path), Proof.AGENT, within=10, ask=ask).is_done


def test_an_agent_that_never_answers_is_said_to(tmp_path: Path) -> None:
    def ask(*_: object) -> str:
        raise refusal(libvirt.VIR_ERR_AGENT_UNRESPONSIVE, "Guest agent is not responding")

    found = past(Pair(tmp_path), Proof.AGENT, ask=ask)
    assert found.result is Result.ARRIVED
    assert not found.is_done
    assert found.why == "its agent does not answer (Guest agent is not responding) within 0.1 s"


def test_a_guest_without_an_agent_is_not_waited_for(tmp_path: Path) -> None:
    def ask(*_: object) -> str:
        raise refusal(libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED, "QEMU guest agent is not configured")

    began = time.monotonic()
    found = past(Pair(tmp_path), Proof.AGENT, within=60, ask=ask)
    assert found.why == "there is no proof by agent: QEMU guest agent is not configured"
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(("wanted", "device"), [(Proof.NETWORK, ALIVE), (Proof.DISK, WRITTEN)])
def test_a_counter_that_grows_is_a_proof(tmp_path: Path, wanted: Proof, device: tuple[str, str]) -> None:
    others = {DEAD: 0, UNWRITTEN: 0}
    assert past(Pair(tmp_path), wanted, devices={device: 1, **others}).is_done


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        (Proof.NETWORK, "no interface has received a packet within 0.1 s"),
        (Proof.DISK, "no disk has been written to within 0.1 s"),
    ],
)
def test_a_counter_that_stands_still_is_none(tmp_path: Path, wanted: Proof, why: str) -> None:
    assert past(Pair(tmp_path), wanted, devices={DEAD: 0, UNWRITTEN: 0}).why == why


def test_a_guest_without_such_a_device_gives_no_proof(tmp_path: Path) -> None:
    assert past(Pair(tmp_path), Proof.DISK, within=60).why == "there is no proof by disk: the guest has no disk"


def test_each_missing_proof_is_named(tmp_path: Path) -> None:
    found = past(Pair(tmp_path), Proof.NETWORK, Proof.DISK, devices={DEAD: 0, WRITTEN: 1})
    assert found.why == "no interface has received a packet within 0.1 s"
    both = past(Pair(tmp_path), Proof.NETWORK, Proof.DISK, devices={DEAD: 0, UNWRITTEN: 0})
    assert both.why.count(" within 0.1 s") == 2


def test_a_proof_has_its_own_time_however_long_another_takes(tmp_path: Path) -> None:
    """The disk is written to only while the agent is waited for."""
    pair = Pair(tmp_path)

    def ask(*_: object) -> str:
        assert pair.there is not None
        pair.there.counting[WRITTEN] = 1
        time.sleep(0.3)
        pair.there.counting[WRITTEN] = 0
        raise refusal(libvirt.VIR_ERR_AGENT_UNRESPONSIVE, "Guest agent is not responding")

    found = past(pair, Proof.AGENT, Proof.DISK, ask=ask, devices={WRITTEN: 0})
    assert found.why == "its agent does not answer (Guest agent is not responding) within 0.1 s"


def test_a_guest_that_did_not_arrive_is_not_asked(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    pair.source.migrations.fails = "perform"
    found = past(pair, Proof.AGENT, ask=lambda *_: pytest.fail("asked"))
    assert found.result is Result.STAYED


def test_a_destination_that_falls_silent_is_named(tmp_path: Path) -> None:
    pair = Pair(tmp_path)

    def ask(*_: object) -> str:
        pair.destination.is_silent = True
        raise refusal(libvirt.VIR_ERR_AGENT_UNRESPONSIVE, "no answer")

    found = past(pair, Proof.AGENT, within=0.05, ask=ask)
    assert found.why
    assert found.result is Result.ARRIVED
