"""The judge of the faults: what it must call a violation, and what not. The runs themselves are `make chaos`."""

from collections import Counter
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.lab.chaos.faults import FAULTS
from tests.lab.chaos.judge import Judgement, Stopped, compare, compare_claims, judge, left_paused, stopped_by_owners
from tests.lab.chaos.modes import MODES
from tests.lab.chaos.mover import Told
from tests.lab.chaos.processors import SET_UP, Processors
from tests.lab.chaos.sight import Held
from tests.lab.chaos.trial import ACTS, HOSTS, TURNS, GuestDrawn, Trial, draw
from tests.lab.chaos.witness import ran
from tests.lab.lines import digest

RUNS = Held("running", defined=True)
OFF = Held("off", defined=True)
PAUSED = Held("paused", defined=True)
WEB = GuestDrawn("web", 64, 1)


def trial(fault: str = "kill preflight", *guests: GuestDrawn, act: str = "used and shut down") -> Trial:
    return Trial(
        seed="test",
        number=0,
        mode="managed",
        guests=guests or (WEB,),
        bandwidth=8,
        at_once=1,
        on_error="stop",
        fault=fault,
        together=False,
        aim="transfer",
        after=1,
        of=1,
        acts={"web": act},
        hosts="libvirtd restarted",
        resumed_unhealed=False,
        resumed_anyway=False,
        resume_killed_after=None,
    )


def judged(
    source: Held | None, destination: Held | None, fault: str = "kill preflight", guest: GuestDrawn = WEB
) -> Judgement:
    here, there = ({} if held is None else {"web": held} for held in (source, destination))
    return judge(trial(fault, guest), here, there, {})


def test_a_guest_that_runs_on_one_host_alone_is_well() -> None:
    assert judged(None, RUNS) == Judgement({"web": "arrived"}, ())
    assert judged(RUNS, None) == Judgement({"web": "stayed"}, ())


def test_a_guest_that_was_off_is_well_where_it_is_off() -> None:
    off = GuestDrawn("web", 64, 1, running=False)
    assert judged(None, OFF, guest=off) == Judgement({"web": "arrived"}, ())
    assert judged(OFF, None, guest=off) == Judgement({"web": "stayed"}, ())


@pytest.mark.parametrize(
    ("source", "destination", "result"),
    [
        (RUNS, RUNS, "both"),
        (RUNS, PAUSED, "both"),
        (None, None, "lost"),
        (None, PAUSED, "paused"),
        (PAUSED, None, "paused"),
        (None, OFF, "stopped"),
        (OFF, None, "stopped"),
        (RUNS, OFF, "running beside off"),
        (None, Held("other"), "absent beside other"),
    ],
)
def test_everything_else_is_a_violation(source: Held | None, destination: Held | None, result: str) -> None:
    found = judged(source, destination)
    assert found.results == {"web": result}
    assert found.violations


def test_a_guest_that_the_fault_itself_stopped_is_excused_on_that_host_alone() -> None:
    assert judged(None, OFF, "destination rebooted") == Judgement({"web": "stopped"}, ())
    assert judged(OFF, None, "destination rebooted").violations
    assert judged(OFF, None, "source rebooted") == Judgement({"web": "stopped"}, ())


def test_a_definition_that_is_on_both_hosts_or_on_none_is_a_violation() -> None:
    assert "defined on 2 hosts" in judged(RUNS, OFF).violations[-1]
    assert "defined on 0 hosts" in judged(None, Held("running")).violations[-1]
    transient = GuestDrawn("web", 64, 1, persistent=False)
    assert judged(None, Held("running"), guest=transient).violations == ()
    assert "defined on 1 hosts" in judged(None, RUNS, guest=transient).violations[-1]


def test_a_guest_that_ran_on_both_for_a_while_is_a_violation_wherever_it_is_now() -> None:
    assert judge(trial(), {}, {"web": RUNS}, {"web": 0.4}).violations == ("web ran on both for 0.4 s",)


def test_what_is_told_must_be_so() -> None:
    destination = {"web": RUNS}
    found = judge(trial(), {}, destination, {})
    assert compare({"web": Told("arrived", "absent", "running", "")}, found, {}, destination) == []
    assert compare({"web": Told("stayed", "running", "absent", "")}, found, {}, destination) != []
    assert compare({"web": Told("unknown", "absent", "unknown", "")}, found, {}, destination) != []
    assert compare({}, found, {}, destination) == ["web is not told of"]


def test_what_cannot_be_known_while_a_host_is_silent_may_be_unknown_but_not_wrong() -> None:
    destination = {"web": RUNS}
    found = judge(trial(), {}, destination, {})
    assert compare_claims({"web": Told("unknown", "absent", "unknown", "")}, found, {}, destination) == []
    assert compare_claims({"web": Told("", "", "", "")}, found, {}, destination) == []
    assert compare_claims({"web": Told("stayed", "running", "absent", "")}, found, {}, destination) != []


def test_a_guest_counts_as_running_by_what_its_processors_did() -> None:
    before = {"web": Processors(7, SET_UP, queued=False)}
    assert ran(before, {"web": Processors(7, SET_UP + 9, queued=False)}) == {"web"}
    assert ran(before, {"web": Processors(7, SET_UP, queued=False)}) == set()
    assert ran(before, {"web": Processors(8, SET_UP + 9, queued=False)}) == set(), "another process of that name"
    fresh = {"web": Processors(7, 2, queued=False)}
    assert ran(fresh, {"web": Processors(7, 20, queued=False)}) == set(), "QEMU only sets it up"


def test_a_seed_gives_the_same_runs_again_and_each_fault_in_each_mode() -> None:
    numbers = range(len(FAULTS) * len(MODES) * TURNS)
    runs = [draw("seven", number) for number in numbers]
    assert runs == [draw("seven", number) for number in numbers]
    assert runs != [draw("eight", number) for number in numbers]
    acted = Counter((run.fault, run.mode, act) for run in runs for act in run.acts.values())
    befallen = Counter((run.fault, run.mode, run.hosts) for run in runs)
    assert set(acted) == {(fault, mode, act) for fault in FAULTS for mode in MODES for act in ACTS}
    assert min(acted.values()) >= 2
    assert set(befallen.values()) == {2}, "daemons restarted, and each host comes back"
    assert len(befallen) == len(FAULTS) * len(MODES) * len(HOSTS)
    alone = Counter((run.fault, run.mode, run.hosts) for run in runs if not run.together)
    assert set(alone) == set(befallen), "each also without a preflight that is killed beside it"


def stopped(act: str, source: Held, destination: Held) -> dict[str, Stopped]:
    known = {"web": source}, {"web": destination}
    here, there = ({} if each["web"].state == "absent" else each for each in known)
    return stopped_by_owners(trial(act=act), {"web": "done"}, here, there)


@pytest.mark.parametrize(
    ("act", "before", "after", "wrong"),
    [
        ("used and shut down", (OFF, PAUSED), (Held(), RUNS), "was started"),
        ("used and suspended", (PAUSED, PAUSED), (RUNS, Held()), "was started"),
        ("I/O error on the destination", (OFF, PAUSED), (OFF, Held()), "was ended"),
        ("shut down and undefined", (Held(), Held()), (OFF, Held()), "was defined again"),
        ("used and powered off", (OFF, Held()), (Held(), Held()), "is known nowhere"),
    ],
)
def test_what_its_owner_stopped_stays_as_it_is(
    act: str, before: tuple[Held, Held], after: tuple[Held, Held], wrong: str
) -> None:
    def found(source: Held, destination: Held) -> tuple[str, ...]:
        here, there = ({} if each.state == "absent" else {"web": each} for each in (source, destination))
        return judge(trial(act=act), here, there, {}, stopped(act, *before)).violations

    assert found(*before) == ()
    assert [line for line in found(*after) if wrong in line]


def test_a_guest_that_runs_is_nobody_s_to_stop() -> None:
    assert stopped("resumed on the source", RUNS, PAUSED) == {}
    assert stopped("used and suspended", RUNS, Held()) == {}


def test_a_record_is_of_what_the_code_does_whatever_its_files_are_called(tmp_path: Path) -> None:
    old, new, other = (tmp_path / name for name in ("old", "new", "other"))
    for directory in (old, new, other):
        directory.mkdir()
    (old / "live.py").write_text('"""One."""\nimport os\n\ndef f():\n    """Two."""\n    return os.name  # three\n')
    (new / "lane.py").write_text("from sys import path\nimport os\n\n\ndef f():\n    return os.name\n")
    (other / "live.py").write_text('"""One."""\nimport os\n\ndef f():\n    """Two."""\n    return os.sep  # three\n')
    assert digest(old) == digest(new) != digest(other)
    (new / "stage.sh").write_text("rm -f x\n")
    assert digest(new) != digest(old)


@pytest.mark.parametrize(
    ("told", "mode", "codes", "left"),
    [
        (Told("paused", "absent", "paused", "", "to start it: virsh resume x"), "managed", (-9, 4), True),
        (Told("paused", "absent", "paused", "", "to start it: virsh resume x"), "managed", (4, 4), False),
        (Told("paused", "absent", "paused", "", "to start it: virsh resume x"), "p2p", (-9, 4), False),
        (
            Told("paused", "absent", "paused", "", "to start it: virsh resume x", handed_over=True),
            "managed",
            (-9, 4),
            False,
        ),
        (Told("paused", "absent", "paused", "", "the guest has been paused by its user"), "managed", (-9, 4), False),
        (Told("arrived", "absent", "paused", "", "virsh resume x"), "managed", (-9, 4), False),
    ],
)
def test_a_guest_may_be_left_paused_only_where_preflight_died_in_that_moment_and_says_how_to_start_it(
    told: Told, mode: str, codes: tuple[int, ...], left: bool
) -> None:
    tried = replace(trial(), mode=mode)
    excused = left_paused(tried, {"web": told}, codes)
    assert (excused == {"web"}) == left
    assert bool(judge(tried, {}, {"web": PAUSED}, {}, left=excused).violations) != left
    assert judge(tried, {"web": PAUSED}, {"web": PAUSED}, {}, left=excused).violations, "on both it is never excused"
