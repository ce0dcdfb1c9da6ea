"""One rehearsal of one guest, and the fault that is thrown at it."""

import os
import signal
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from random import Random

from msgspec import Struct

from preflight.rehearse.limits import MOMENT
from tests.lab import network
from tests.lab.chaos import hosts
from tests.lab.chaos.faults import FAULTS, FULL, Scene
from tests.lab.chaos.modes import MODES
from tests.lab.chaos.mover import DESTINATION, PREFLIGHT, SOURCE, Started
from tests.lab.chaos.sight import Held, look_when_up
from tests.lab.chaos.witness import Witness
from tests.lab.counters import Counters
from tests.lab.host import LabHost
from tests.lab.interleavings.stage import status
from tests.lab.lab import Lab
from tests.lab.lines import ROOT, digest
from tests.lab.machine import command
from tests.lab.rehearse_faults import files, guest
from tests.lab.rehearse_faults.guest import GUEST

#: Seconds from the rehearsal's beginning by its journal within which the fault is thrown, and for which it lasts.
WITHIN, LASTS = 1.4, 20.0
#: Seconds until the rehearsal has begun, until preflight has ended, and until the guest must be as before.
BEGINS, ENDS, SETTLES = 200.0, 300.0, 200.0


class Code(Struct, frozen=True):
    """The tested code: the commit, and the digest of preflight/rehearse, which decides whether a record is valid."""

    commit: str
    rehearse: str

    @classmethod
    def now(cls) -> "Code":
        """Of the files as they are; what is not committed is told by the word behind the commit."""
        commit = command("git", "-C", str(ROOT), "rev-parse", "--short=12", "HEAD").stdout.strip()
        changed = command("git", "-C", str(ROOT), "status", "--porcelain", "--", "preflight").stdout
        return cls(f"{commit}-modified" if changed else commit, digest(ROOT / "preflight/rehearse", comments=False))


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of it. Places are where the guest was once it was as before, or when the time was up."""

    fault: str
    mode: str
    number: int
    code: Code
    #: Seconds until the fault from the rehearsal's beginning, or with an odd number from the phase in which memory is
    #: sent; None if preflight had ended by then.
    after: float | None = None
    #: What libvirt had last written down of the guest on the source in that moment.
    job: str = ""
    source: str = ""
    destination: str = ""
    #: Seconds from the fault until the guest was as before.
    settled: float | None = None
    #: preflight's exit code, None if it was killed, and the last line that it printed.
    exit_code: int | None = None
    told: str = ""
    #: Whether what the destination has in /etc, /var/lib/libvirt and /root changed, and the paths that did.
    traces: bool = False
    left: tuple[str, ...] = ()
    violations: tuple[str, ...] = ()


def _client_dies(scene: Scene) -> None:
    """End preflight and its logins, as with the machine that it runs on."""
    scene.moving.kill()
    network.end(scene.lab.instance, "client")


def _stop(number: signal.Signals, scene: Scene) -> None:
    for pid in network.processes(scene.lab.instance.namespace("client")):
        if b"preflight\0rehearse" in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, number)


#: What is thrown, and what ends it; a fault that is not among them is one of `make chaos`.
_OWN: Mapping[str, tuple[Callable[[Scene], None], Callable[[Scene], None] | None]] = {
    "the client dies": (_client_dies, None),
    "preflight stopped 20 s": (partial(_stop, signal.SIGSTOP), partial(_stop, signal.SIGCONT)),
}
THROWN = (
    "kill preflight",
    "the client dies",
    "preflight stopped 20 s",
    "kill libvirtd, source",
    "kill libvirtd, destination",
    "kill QEMU, destination",
    "cut for good, client-source",
    "cut for good, client-destination",
    "cut for good, source-destination",
    *(f"{shown} full, {role}" for role in ("source", "destination") for shown in FULL.values()),
)


def run(lab: Lab, fault: str, mode: str, number: int, directory: Path) -> Outcome:
    """Rehearse the guest, throw the fault at a random moment, and look."""
    chance = Random(f"{fault}:{mode}:{number}")
    source, destination = lab.hosts["host1"], lab.hosts["host2"]
    _place(lab, fault, Scene(lab, Started(lab, [], directory / "nothing.txt"), chance))
    held, everything = [files.look(host) for host in (source, destination)], files.look(destination, files.EVERYWHERE)
    journal = directory / "journal"
    words = [PREFLIGHT, "rehearse", SOURCE, DESTINATION, GUEST.name, "--yes", "--journal", str(journal), *MODES[mode]]
    words += ["--settle-timeout", "30"]
    output = directory / "preflight.txt"
    code, throws = Code.now(), _OWN.get(fault)
    try:
        with Witness(source, destination) as witness, Counters(lab.instance, [GUEST.name]) as counters:
            started = Started(lab, [words], output)
            scene = Scene(lab, started, chance)
            throw, mend = throws or (FAULTS[fault].throw, FAULTS[fault].mend)
            after = _wait(chance, started, journal, source, sending=number % 2 == 1)
            job = _job(status(source))
            thrown = time.monotonic()
            throw(scene)
            try:
                if mend is not None:
                    time.sleep(LASTS)
            finally:
                if mend is not None:
                    mend(scene)
            exit_code = started.wait(ENDS)
            here, there, settled = _look(lab, thrown)
            counts = counters.advances(GUEST.name)
            now = [files.look(host) for host in (source, destination)]
            left = files.other(everything, files.look(destination, files.EVERYWHERE))
    finally:
        for each in lab.hosts.values():
            network.mend(lab.instance, "client", each.address)
            network.mend(lab.instance, "host1", each.address)
        network.end(lab.instance, "client")
    wrong = [*counters.back, *(f"ran on both for {seconds:.1f} s" for seconds in witness.both.values())]
    if (here.state, there.state) != ("running", "absent"):
        wrong.append(f"{here.state} on the source, {there.state} on the destination")
    elif not counts:
        wrong.append("it does not count on")
    if not here.defined or there.defined:
        wrong.append("its definition is not where it was")
    if "<job" in status(source):
        wrong.append("a job is left on it")
    for host, was, is_now in zip((source, destination), held, now, strict=True):
        wrong += (f"{host.name}: {each}" for each in files.changed(was, is_now))
    printed = output.read_text().strip().splitlines() if output.exists() else []
    return Outcome(
        fault=fault,
        mode=mode,
        number=number,
        code=code,
        after=after,
        job=job,
        source=here.told or here.state,
        destination=there.told or there.state,
        settled=settled,
        exit_code=exit_code,
        told=printed[-1][:200] if printed else "",
        traces=bool(left),
        left=tuple(left),
        violations=tuple(wrong),
    )


def _place(lab: Lab, fault: str, scene: Scene) -> None:
    """Have the guest run on hosts that have nothing else, and on which the fault can be thrown."""
    guest.prepare(lab)  # its variables and its TPM keep it from being undefined otherwise
    hosts.clean(lab, used_up=False)
    guest.prepare(lab)
    if fault in FAULTS and (prepare := FAULTS[fault].prepare) is not None:
        prepare(scene)
    guest.place(lab)


def _wait(chance: Random, started: Started, journal: Path, source: LabHost, *, sending: bool) -> float | None:
    """Wait for the moment, and return its seconds from the rehearsal's beginning, or from its first byte.

    None if preflight has ended by then.
    """
    after = round(chance.uniform(0, MOMENT if sending else WITHIN), 3)
    deadline = time.monotonic() + BEGINS
    while not (journal.exists() and '"step":"begin"' in journal.read_text()):
        if started.has_ended() or time.monotonic() > deadline:
            return None
        time.sleep(0.01)
    while sending and "phase='perform3'" not in status(source) and not started.has_ended():
        time.sleep(0.002)
    time.sleep(after)
    return None if started.has_ended() else after


def _job(text: str) -> str:
    """Return the phase of the job in a status, or its absence."""
    found = [part.split("'")[1] for part in text.split(" phase=")[1:2]]
    return found[0] if found else "no job" if "<job" not in text else "job"


def _look(lab: Lab, thrown: float) -> tuple[Held, Held, float | None]:
    """Return where the guest is once it is as before, and the seconds until then; None if it did not come to that."""
    source, destination = lab.hosts["host1"], lab.hosts["host2"]
    deadline = time.monotonic() + SETTLES
    while True:
        here, there = (look_when_up(host, SETTLES).get(GUEST.name, Held()) for host in (source, destination))
        if (here.state, there.state) == ("running", "absent") and "<job" not in status(source):
            return here, there, round(time.monotonic() - thrown, 1)
        if time.monotonic() > deadline:
            return here, there, None
        time.sleep(0.5)
