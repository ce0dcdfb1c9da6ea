"""One transfer of one guest in which preflight is killed and never resumed."""

import time
from pathlib import Path
from random import Random

from msgspec import Struct

from tests.lab import network
from tests.lab.chaos import hosts, saved
from tests.lab.chaos.modes import MODES
from tests.lab.chaos.mover import DESTINATION, PREFLIGHT, SOURCE, Started
from tests.lab.chaos.sight import Held, look_when_up
from tests.lab.chaos.trial import GuestDrawn
from tests.lab.chaos.witness import Witness
from tests.lab.counters import Counters
from tests.lab.interleavings.stage import status
from tests.lab.kill_nine.gap import Gap
from tests.lab.lab import Lab
from tests.lab.lines import Code

GUEST = GuestDrawn("g0", 96, 0.4, fill=True)
#: MiB/s: the transfer then takes four seconds.
BANDWIDTH, TRANSFER = 24, 4.0
#: The share of the kills that come within so many seconds of the moment at which the source stands still.
NEAR, WITHIN = 0.4, 0.4
#: Seconds until the guest must run on one host.
MINUTE = 60.0
#: Seconds after which a transfer that does not begin is a failure of the lab's, not of what is tested.
LONGEST = 60.0


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of it. `moment` is None where preflight was left alone, to measure `gap`: seconds from libvirt's
    answer, with the guest paused on the destination, to its start there."""

    mode: str
    number: int
    code: Code
    moment: str | None = None
    #: What libvirt had last written down of the guest when preflight was killed, on the source and on the destination.
    killed_at: tuple[str, str] = ("", "")
    #: Where it was a minute later, or when nothing could change any more, and after how many seconds.
    source: str = ""
    destination: str = ""
    settled: float | None = None
    gap: float | None = None
    #: Whether it was left paused, with nothing wrong but that nobody went on: neither to Finish nor to its start.
    unstarted: bool = False
    violations: tuple[str, ...] = ()


def run(lab: Lab, mode: str, number: int, directory: Path, *, kill: bool = True) -> Outcome:
    """One transfer."""
    chance = Random(f"{mode}:{number}")
    hosts.clean(lab, used_up=False)
    source, destination = lab.hosts["host1"], lab.hosts["host2"]
    saved.place(lab, source, GUEST)
    words = [
        PREFLIGHT,
        "migrate",
        SOURCE,
        DESTINATION,
        GUEST.name,
        "--yes",
        "--bandwidth",
        str(BANDWIDTH),
        *MODES[mode],
    ]
    words += ["--journal", str(directory / "journal")]
    outcome = Outcome(mode=mode, number=number, code=Code.now())
    try:
        with Witness(source, destination) as witness, Counters(lab.instance, [GUEST.name]) as counters:
            with Gap(destination) as gap:
                started = Started(lab, [words], directory / "preflight.txt")
                moment = _wait(lab, chance, started) if kill else None
                at = (_phase(status(source)), _phase(status(destination)))
                if kill:
                    started.kill()
                started.wait(MINUTE)
                here, there, settled = _look(lab)
            counts = counters.advances(GUEST.name)
    finally:
        network.end(lab.instance, "client")
    wrong = [*counters.back, *(f"ran on both for {seconds:.1f} s" for seconds in witness.both.values())]
    runs_on = [held for held in (here, there) if held.state == "running"]
    unstarted = {here.state, there.state} in ({"absent", "paused"}, {"paused"})
    if len(runs_on) != 1 or here.active == there.active:
        wrong.append(f"a minute later {here.state} on the source, {there.state} on the destination")
    elif not counts:
        wrong.append("it does not count on")
    # managed, each step is the client's: from the guest's stop on to its start nobody goes on, and that is said
    is_moment = unstarted and mode == "managed" and _stood_still(at)
    return Outcome(
        mode=mode, number=number, code=outcome.code, moment=moment, killed_at=at, source=here.told or here.state,
        destination=there.told or there.state, settled=settled, gap=gap.seconds, unstarted=is_moment,
        violations=() if is_moment and len(wrong) == 1 else tuple(wrong),
    )  # fmt: skip


def _wait(lab: Lab, chance: Random, started: Started) -> str:
    """Wait for the moment, and give it in words."""
    near = chance.random() < NEAR
    after = round(chance.uniform(0, WITHIN if near else TRANSFER), 3)
    source = lab.hosts["host1"]
    sign = "state='paused'" if near else "phase='perform3'"
    deadline = time.monotonic() + LONGEST
    while sign not in status(source) and not started.has_ended() and time.monotonic() < deadline:
        time.sleep(0.002)
    time.sleep(after)
    return f"{'the guest stands still' if near else 'memory is sent'} +{after:.3f} s" + (
        ", after the end" if started.has_ended() else ""
    )


def _phase(text: str) -> str:
    """State, reason and phase of a status."""
    found = [part.split("'")[1] for word in ("state=", "reason=", " phase=") for part in text.split(word)[1:2]]
    return " ".join(found) or "absent"


def _stood_still(at: tuple[str, str]) -> bool:
    """Report whether the source had stopped the guest to send the last of its memory, or had already sent it."""
    return not at[0].startswith("running")


def _look(lab: Lab) -> tuple[Held, Held, float]:
    """Return the place of the guest once nothing changes any more, within a minute, and the seconds until then."""
    source, destination = lab.hosts["host1"], lab.hosts["host2"]
    began = time.monotonic()
    while True:
        here, there = (look_when_up(host, MINUTE).get(GUEST.name, Held()) for host in (source, destination))
        took = time.monotonic() - began
        is_over = sorted((here.state, there.state)) in (["absent", "running"], ["off", "running"])
        if took > MINUTE or (is_over and "<job" not in status(source) + status(destination)):
            return here, there, round(took, 1)
        time.sleep(0.5)
