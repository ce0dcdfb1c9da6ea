"""The observations during a run: exit codes, what is wrong, and where the guests were."""

import contextlib
import math
import re
import time

from preflight.migrate.live import AFTER_ABORT
from preflight.migrate.watch import PREPARING
from tests.lab.chaos.judge import (
    Judgement,
    compare,
    compare_claims,
    in_words_of,
    judge,
    left_defined,
    left_paused,
    stopped_by_owners,
)
from tests.lab.chaos.mover import SETTLE, STALL, Mover, Started, Told
from tests.lab.chaos.sight import Sight, look_at, look_when_up
from tests.lab.chaos.trial import Trial
from tests.lab.chaos.witness import Witness
from tests.lab.counters import Counters
from tests.lab.lab import Lab
from tests.lab.machine import LabError

#: Seconds that a command may need beside what it waits for guests: the check, logins to a silent host, the end.
BESIDE = 120.0
#: How often recovery is tried once all is healed.
RESUMES = 3
#: Seconds until libvirt answers again on a host that is healed.
RECOVERY = 60.0
#: Exit codes of `preflight migrate`: all arrived, not all, refused.
ARRIVED, NOT_ARRIVED, REFUSED = 0, 4, 5
#: The advice of `--resume` that a person follows before it is tried again, and the host that it names.
ADVICE = re.compile(r"restart the libvirt daemon on (host[12])\b")
#: What is not recovered any further.
FINAL = ("arrived", "stopped")


def longest(trial: Trial) -> float:
    """Return how many seconds a command may take at most.

    Where the hosts cannot reach each other any more, libvirt heeds no abort. Each batch of guests then takes the time
    until preflight aborts, the time until it no longer waits for the call, and the time to settle them; and `--resume`
    waits as long once for those that were under way.
    """
    batches = math.ceil(len(trial.guests) / trial.at_once) + 1
    return batches * (max(STALL, PREPARING) + AFTER_ABORT + SETTLE) + BESIDE


class Gathering:
    """The observations during a run."""

    def __init__(self, lab: Lab, trial: Trial, mover: Mover) -> None:
        self.lab, self.trial, self.mover = lab, trial, mover
        self.codes: list[int | None] = []
        self.wrong: list[str] = []
        #: What each guest's owner has done, and what both hosts held before `--resume`.
        self.done: dict[str, str] = {}
        self.before: tuple[Sight, Sight] = ({}, {})
        #: Those that are left to a person, who has to start them or to remove a definition.
        self.left: frozenset[str] = frozenset()
        #: Whether a daemon was restarted on the advice of `--resume`.
        self.advised = False

    def wait(self, started: Started, what: str) -> int | None:
        """Wait for a command to end, and keep what is wrong with how it did."""
        patience = longest(self.trial)
        code = started.wait(patience)
        self.codes.append(code)
        if code is None:
            self.wrong.append(f"{what} did not end within {patience:g} s")
        elif self.mover.recovers and code not in (-9, ARRIVED, NOT_ARRIVED, REFUSED):
            self.wrong.append(f"{what} ended with {code}")
        return code

    def resume_unhealed(self) -> None:
        """Recover while the fault lasts: what cannot be known must not be claimed."""
        resuming = self.mover.resume()
        if resuming is None:
            return
        self.wait(resuming, "--resume before healing")
        told = self.mover.status()
        with contextlib.suppress(LabError):  # a host without power: nothing to compare with
            source, destination = (look_at(host) for host in self.lab.hosts.values())
            judged = judge(self.trial, source, destination, {})
            self.wrong += [
                f"before healing: {line}" for line in compare_claims(told or {}, judged, source, destination)
            ]

    def resume(self, *, late: bool) -> dict[str, Told] | None:
        """Recover, as often as it may take; what is told of the guests in the end.

        Where a fault came `late`, after all had ended, what was told then may be true no longer: it is asked again.
        Where it says that a daemon has to be restarted, that is done, once.
        """
        told = self._resume(late=late)
        said = [text for each in (told or {}).values() for text in (each.why, each.error)]
        if named := {found[1] for text in said if (found := ADVICE.search(text)) is not None}:
            self.advised = True
            for name in named:
                self.lab.hosts[name].run("systemctl", "restart", "libvirtd")
                look_when_up(self.lab.hosts[name], RECOVERY)
            told = self._resume(late=True)
        return told

    def _resume(self, *, late: bool) -> dict[str, Told] | None:
        told, before = self.mover.status(), None
        if self.codes[-1] == ARRIVED and not (self.trial.resumed_anyway or late):
            return told
        for attempt in range(RESUMES):
            resuming = self.mover.resume()
            if resuming is None:
                return told
            if attempt == 0 and self.trial.resume_killed_after is not None:
                time.sleep(self.trial.resume_killed_after)
                resuming.kill()
                resuming.wait(BESIDE)
                self.codes.append(-9)
                resuming = self.mover.resume() or resuming
            code = self.wait(resuming, "--resume")
            told = self.mover.status()
            if code == ARRIVED or told == before or (told and all(each.result in FINAL for each in told.values())):
                break
            before = told
        return told

    def judge(self, told: dict[str, Told] | None, witness: Witness, counters: Counters) -> Judgement:
        """Look at both hosts, and compare the reports with their state."""
        source, destination = (look_when_up(host, RECOVERY) for host in self.lab.hosts.values())
        stopped = stopped_by_owners(self.trial, self.done, *self.before)
        self.left = left_paused(self.trial, told, self.codes) | left_defined(self.trial, told, self.codes)
        self.left -= stopped.keys()
        judged = judge(self.trial, source, destination, witness.both, stopped, self.left)
        self.wrong += counters.back
        if told is not None:
            self.wrong += compare(
                told, in_words_of(told, judged, stopped, self.left, source, destination), source, destination
            )
        if self.mover.recovers and self.codes and self.codes[-1] == ARRIVED:
            astray = [name for name, result in judged.results.items() if result not in ("arrived", "paused")]
            self.wrong += [f"exit code 0, though {name} is {judged.results[name]}" for name in astray]
        return judged
