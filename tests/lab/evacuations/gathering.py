"""The observations during an evacuation: exit codes, what a person did as advised, and what is wrong."""

import contextlib
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from tests.lab.chaos.gathering import BESIDE
from tests.lab.chaos.judge import Stopped, judge
from tests.lab.chaos.mover import SETTLE, STALL, Started
from tests.lab.chaos.sight import Sight, look_when_up
from tests.lab.chaos.witness import Witness
from tests.lab.counters import Counters
from tests.lab.evacuations import leftovers
from tests.lab.evacuations.faults import BY_OWNER
from tests.lab.evacuations.judge import contradictions, disagreements, elsewhere, misreported
from tests.lab.evacuations.mover import Evacuation, Said
from tests.lab.evacuations.trial import EvacuationTrial
from tests.lab.host import LabHost
from tests.lab.lab import Lab
from tests.lab.machine import LabError

#: Seconds that a command may need: several rounds, in each of which a host is silent.
PATIENCE = 4 * (STALL + SETTLE + BESIDE)
#: Seconds until libvirt answers again on a host that is healed.
RECOVERY = 60.0
#: And while a fault lasts, which may keep it from answering at all.
UNHEALED = 10.0
#: How often recovery is tried once all is healed.
RESUMES = 3
#: The exit codes that `preflight evacuate --help` names, and that of a process that was killed.
ARRIVED, KNOWN = 0, (0, 4, 5, 130, -9)
#: The advice that a person follows before `--resume` is tried again, and the host or the command that it names.
RESTART = re.compile(r"restart the libvirt daemon on (host\d)\b")
RESUME = re.compile(r"`(virsh -c \S+ resume \S+)`")


class Gathering:
    """The observations during a run."""

    def __init__(self, lab: Lab, trial: EvacuationTrial, mover: Evacuation) -> None:
        self.lab, self.trial, self.mover = lab, trial, mover
        self.codes: list[tuple[str, int | None]] = []
        self.wrong: list[str] = []
        self.advised: list[str] = []

    def wait(self, started: Started, what: str) -> int | None:
        """Wait for a command to end, and keep its exit code and what is wrong with how it did."""
        code = started.wait(PATIENCE)
        self.codes.append((what, code))
        self.mover.log(f"{what} ended with {code}")
        if code is None:
            self.wrong.append(f"{what} did not end within {PATIENCE:g} s")
        elif code not in KNOWN or (code == 130) > self.trial.fault.startswith("Ctrl-C"):
            self.wrong.append(f"{what} ended with {code}")
        if code != -9:
            self.wrong += leftovers.in_client(self.lab)
        return code

    def again(self, what: str, started: Started | None) -> int | None:
        """Wait for a further command; without one, nothing was begun, which is the code of a refusal."""
        return 5 if started is None else self.wait(started, what)

    def look(self, seconds: float) -> dict[str, Sight]:
        """Return what each host has; raises LabError where one does not answer for so long."""
        with ThreadPoolExecutor() as pool:
            return dict(
                zip(self.lab.hosts, pool.map(lambda host: look_when_up(host, seconds), self._hosts), strict=True)
            )

    def compare(self, seen: Mapping[str, Sight] | None = None) -> None:
        """Compare what is said of the guests with where they are; `seen` is what all hosts have in the end.

        While a fault lasts by which a host's libvirt does not answer, there is nothing to compare with.
        """
        if (said := self._said()) is None:
            return
        if seen is not None:
            self.wrong += [*disagreements(said, seen, final=True), *contradictions(said, self.mover.runs())]
            return
        with contextlib.suppress(LabError):
            found = disagreements(said, self.look(UNHEALED), final=False)
            self.wrong += [f"before healing: {line}" for line in found]

    def recover(self) -> None:
        """Resume until every guest is where it was to go, at most so often; follow the advice of the ledger."""
        before: Mapping[str, Said] | None = None
        for _ in range(RESUMES):
            if (code := self.again("--resume", self.mover.resume())) == ARRIVED:
                return
            said = self._said()
            if said is not None and not self._follow(said) and said == before:
                return
            before = said
            if code == 5 and said is None:  # it was killed before it had begun anything
                self.wait(self.mover.start(), "evacuate")

    def judge(self, witness: Witness, counters: Counters, wanted: str) -> tuple[dict[str, str], dict[str, str]]:
        """Compare all hosts with what is said; return the result of each guest, and the host that has it."""
        seen = self.look(RECOVERY)
        there, wrong = elsewhere(seen, "host1")
        self.wrong += wrong
        judged = judge(self.trial, seen["host1"], there, witness.both, self._stopped(seen))
        self.wrong += [*judged.violations, *counters.back]
        self.compare(seen)
        if (said := self._said()) is not None:
            self.wrong += misreported(self.codes[-1][1], said, judged.results, wanted)
            if self.mover.is_over() != all(one.done for one in said.values()):
                self.wrong.append("the record and the ledger do not agree that it is over")
        if self.trial.fault not in BY_OWNER:
            astray = [name for name, result in judged.results.items() if result not in (wanted, "stopped")]
            self.wrong += [f"{name} is {judged.results[name]} after all" for name in astray]
        places = {guest: host for host, sight in seen.items() for guest in sight}
        return judged.results, places

    def bring_home(self, witness: Witness, counters: Counters) -> dict[str, str]:
        """Bring all guests home, and return where each then is."""
        if self.again("--back", self.mover.back()) != ARRIVED:
            self.recover()
        return self.judge(witness, counters, "stayed")[0]

    @property
    def _hosts(self) -> list[LabHost]:
        return list(self.lab.hosts.values())

    def _said(self) -> dict[str, Said] | None:
        """Return what is reported; None where there is no record, since nothing was begun."""
        if not self.mover.record.exists():
            return None
        try:
            return self.mover.said()
        except ValueError as why:
            self.wrong.append(str(why))
            return None

    def _stopped(self, seen: Mapping[str, Sight]) -> dict[str, Stopped]:
        """Return the guest that its owner has stopped, which must not be started."""
        state = BY_OWNER.get(self.trial.fault)
        return {
            guest: Stopped(known=True, active=held.active)
            for sight in seen.values()
            for guest, held in sight.items()
            if held.state == state
        }

    def _follow(self, said: Mapping[str, Said]) -> bool:
        """Do what the ledger advises a person to do; return whether there was anything."""
        texts = [text for one in said.values() for text in (one.why, one.error)]
        hosts = {found[1] for text in texts if (found := RESTART.search(text))}
        commands = {found[1] for text in texts if (found := RESUME.search(text))}
        for name in sorted(hosts):
            self.lab.hosts[name].run("systemctl", "restart", self.lab.hosts[name].daemon)
        for words in sorted(commands):
            self.lab.client.run(words.split())
        self.advised += [*(f"libvirtd restarted on {name}" for name in sorted(hosts)), *sorted(commands)]
        return bool(hosts or commands)
