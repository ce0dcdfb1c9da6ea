"""Makes one interleaving, lets `--resume` act, and judges what that did."""

import json
import time
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from tests.lab.chaos import hosts
from tests.lab.chaos.mover import PREFLIGHT
from tests.lab.chaos.witness import Witness
from tests.lab.counters import Counters
from tests.lab.interleavings.cases import INTERLEAVINGS, Interleaving
from tests.lab.interleavings.happenings import Happenings
from tests.lab.interleavings.stage import GUEST, Impossible, NotReached, Stage
from tests.lab.lab import Lab
from tests.lab.lines import Code

#: Seconds for which a guest that `--resume` started wrongly may show it.
AFTERMATH = 2.0
#: How `preflight status` says where a guest is, by the first word of virsh's domstate.
WORDS = {"running": "running", "paused": "paused", "shut": "off", "absent": "absent"}
NOT_ARRIVED = 4


class Outcome(Struct, frozen=True, kw_only=True):
    """The outcome of one. `reached` says whether it was made, `why` why not. Counters are in tenths of a second."""

    name: str
    number: int
    p2p: bool
    code: Code
    reached: bool
    why: str = ""
    #: Whether it cannot be made at all, in the mode and with the code that there is.
    impossible: bool = False
    #: Where the guest was before `--resume` and after it, on the source and on the destination.
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    counted: tuple[int, int] = (0, 0)
    codes: tuple[int | None, ...] = ()
    told: dict[str, str] = {}
    violations: tuple[str, ...] = ()
    seconds: float = 0.0


def run(lab: Lab, name: str, number: int, directory: Path, *, p2p: bool) -> Outcome:
    """One try; `directory` keeps the journal and what preflight wrote."""
    began, case, code = time.monotonic(), INTERLEAVINGS[name], Code.now()
    hosts.clean(lab, used_up=False)
    stage = Stage(lab, directory, p2p=p2p)
    outcome = Outcome(name=name, number=number, p2p=p2p, code=code, reached=False)
    try:
        try:
            case.befalls(stage)
            outcome = _resume(stage, case, outcome)
        except NotReached as why:
            is_impossible, words = isinstance(why, Impossible), " ".join(str(why).split())[:300]
            outcome = replace(outcome, why=words, before=_places(stage), impossible=is_impossible)
    finally:
        stage.tidy()
    return replace(outcome, codes=tuple(stage.codes), seconds=round(time.monotonic() - began, 1))


def _resume(stage: Stage, case: Interleaving, outcome: Outcome) -> Outcome:
    before = _places(stage)
    if before != case.seen:
        raise NotReached(f"the guest is {before[0]} on the source and {before[1]} on the destination")
    count = stage.count()
    with (
        Witness(stage.source, stage.destination) as witness,
        Counters(stage.lab.instance, [GUEST.name]) as counters,
        Happenings(stage.source) as here,
        Happenings(stage.destination) as there,
    ):
        stage.resume()
        time.sleep(AFTERMATH)
    wrong = [*counters.back, *(f"{guest} ran on both for {seconds:.1f} s" for guest, seconds in witness.both.items())]
    for end, happened, forbidden in zip(("source", "destination"), (here, there), case.forbidden, strict=True):
        wrong += [f"{each.lower()} on the {end}" for each in dict.fromkeys(happened.seen) if each in forbidden]
    after, told = _places(stage), _told(stage)
    for end, place in zip(("source", "destination"), after, strict=True):
        if told[end] != WORDS[place.split()[0]]:
            wrong.append(f"told to be {told[end]} on the {end}, and is {place}")
    if told["result"] in ("arrived", "stayed", "") or stage.codes[-1] != NOT_ARRIVED:
        wrong.append(f"told to have {told['result'] or 'no result'}, exit code {stage.codes[-1]}")
    return replace(
        outcome,
        reached=True,
        before=before,
        after=after,
        told=told,
        counted=(count, stage.count()),
        violations=tuple(wrong),
    )


def _places(stage: Stage) -> tuple[str, str]:
    return stage.seen(stage.source), stage.seen(stage.destination)


def _told(stage: Stage) -> dict[str, str]:
    done = stage.lab.client.run([PREFLIGHT, "status", str(stage.journal), "--format", "json"])
    [guest] = json.loads(done.stdout)["guests"]
    return {word: guest[word] or "" for word in ("result", "source", "destination")}
