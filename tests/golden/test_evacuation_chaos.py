"""The judge of evacuations with faults: what it must call a violation, and what not. The runs are in the lab."""

from collections import Counter

from tests.lab.chaos.judge import judge
from tests.lab.chaos.sight import Held
from tests.lab.evacuations.faults import FAULTS
from tests.lab.evacuations.judge import contradictions, disagreements, elsewhere, misreported
from tests.lab.evacuations.mover import Said
from tests.lab.evacuations.trial import DESTINATIONS, draw

RUNS = Held("running", defined=True)
OFF = Held("off", defined=True)
ON_HOST2 = Said("arrived", "host2", "running", done=True)


def hosts(**held: Held) -> dict[str, dict[str, Held]]:
    """Return what each host has of the guest web."""
    return {f"host{n}": {"web": held[f"host{n}"]} if f"host{n}" in held else {} for n in range(1, 4)}


def test_each_fault_is_thrown_twice_at_any_destination() -> None:
    trials = [draw("1", number) for number in range(2 * len(FAULTS))]
    assert Counter(trial.fault for trial in trials) == dict.fromkeys(FAULTS, 2)
    assert {trial.to for trial in trials} == set(DESTINATIONS)
    assert len({trial.aim for trial in trials}) > 1
    assert {trial.back for trial in trials} == {False, True}
    assert draw("1", 3) == trials[3]
    assert draw("2", 3) != trials[3]


def test_a_guest_on_one_of_several_destinations_has_arrived() -> None:
    there, wrong = elsewhere(hosts(host3=RUNS), "host1")
    assert (there, wrong) == ({"web": RUNS}, [])
    trial = draw("1", 0)
    assert judge(trial, {}, there | {g.name: RUNS for g in trial.guests}, {}).violations == ()


def test_a_guest_that_two_destinations_know_is_a_violation() -> None:
    there, wrong = elsewhere(hosts(host2=OFF, host3=RUNS), "host1")
    assert there == {"web": RUNS}
    assert len(wrong) == 1


def test_a_guest_on_the_source_and_on_a_destination_is_seen_on_both() -> None:
    there, wrong = elsewhere(hosts(host1=RUNS, host2=RUNS), "host1")
    assert (there, wrong) == ({"web": RUNS}, [])


def said(one: Said, *, final: bool = True, **held: Held) -> list[str]:
    return list(disagreements({"web": one}, hosts(**held), final=final))


def test_what_is_so_may_be_said() -> None:
    assert not said(ON_HOST2, host2=RUNS)


def test_a_guest_that_is_said_to_be_elsewhere_is_a_violation() -> None:
    assert said(ON_HOST2, host3=RUNS) == ["web is said to be on host2 (arrived), and is on host3 (running)"]
    assert said(ON_HOST2) == ["web is said to be on host2 (arrived), and is on no host"]


def test_a_guest_that_is_said_to_run_and_is_off_is_a_violation() -> None:
    assert len(said(ON_HOST2, host2=OFF)) == 1


def test_what_is_unknown_may_be_said_until_the_end() -> None:
    unknown = Said("unknown", why="the destination does not answer")
    assert not said(unknown, final=False, host2=RUNS)
    assert len(said(unknown, host2=RUNS)) == 1


def test_the_last_journal_that_names_a_guest_counts() -> None:
    ledger = {"web": ON_HOST2}
    assert not list(contradictions(ledger, [{"web": "stayed"}, {"web": "arrived"}, {"db": "stayed"}]))
    assert list(contradictions(ledger, [{"web": "arrived"}, {"web": "stayed"}]))
    assert list(contradictions(ledger, []))


def test_an_exit_code_must_be_true() -> None:
    done, left = {"web": ON_HOST2}, {"web": Said("stayed", "host1", "running")}
    assert not list(misreported(0, done, {"web": "arrived"}, "arrived"))
    assert not list(misreported(4, left, {"web": "stayed"}, "arrived"))
    assert list(misreported(0, done, {"web": "stayed"}, "arrived"))
    assert list(misreported(0, left, {"web": "arrived"}, "arrived"))
    assert list(misreported(4, done, {"web": "arrived"}, "arrived"))
