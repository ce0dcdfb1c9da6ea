"""The program under test that moves the guests: preflight, or plain virsh to see what that loses."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from tests.lab.chaos.modes import MODES
from tests.lab.chaos.trial import Trial
from tests.lab.lab import Lab

PREFLIGHT = str(Path(sys.executable).with_name("preflight"))
SOURCE, DESTINATION = "host1.example.com", "host2.example.com"
#: Seconds without progress after which preflight gives a migration up.
STALL = 15
#: Seconds for which it waits for a host that does not answer.
SETTLE = 10
PATIENCE = ("--yes", "--stall-timeout", str(STALL), "--settle-timeout", str(SETTLE))


class Told(Struct, frozen=True):
    """What is reported about a guest, in the words of `preflight status`; empty if nothing is."""

    result: str
    source: str
    destination: str
    error: str
    why: str = ""
    #: Whether the journal says that preflight has let it start on the destination.
    handed_over: bool = False


class Started:
    """Commands that run in the client; their output goes to a file."""

    def __init__(self, lab: Lab, commands: Sequence[Sequence[str]], output: Path) -> None:
        with output.open("a") as file:
            self._running = [
                lab.client.popen(words, stdin=subprocess.DEVNULL, stdout=file, stderr=file) for words in commands
            ]

    def kill(self) -> None:
        """End them by SIGKILL, and nothing that they started."""
        for each in self._running:
            if each.poll() is None:
                os.kill(each.pid, signal.SIGKILL)

    def interrupt(self) -> None:
        """Send them what Ctrl-C sends."""
        for each in self._running:
            if each.poll() is None:
                each.send_signal(signal.SIGINT)

    def has_ended(self) -> bool:
        """Report whether none of them runs."""
        return all(each.poll() is not None for each in self._running)

    def wait(self, seconds: float) -> int | None:
        """Return the worst exit code, or None where they did not end in time and were killed."""
        deadline = time.monotonic() + seconds
        while not self.has_ended():
            if time.monotonic() > deadline:
                self.kill()
                return None
            time.sleep(0.05)
        return max((each.returncode for each in self._running), key=abs)


class Mover(Protocol):
    """Starts the migrations of a run, and recovers what is left of them."""

    recovers: bool

    def move(self) -> Started:
        """Start to move all guests of the run."""

    def resume(self) -> Started | None:
        """Start to recover; None where there is nothing to recover from."""

    def status(self) -> dict[str, Told] | None:
        """Return what it reports about each guest; None if it knows of none."""


class Preflight:
    """`preflight migrate`, its journal, and `--resume`."""

    recovers = True

    def __init__(self, lab: Lab, trial: Trial, directory: Path) -> None:
        self._lab, self._trial = lab, trial
        self._journal, self._output = directory / "journal", directory / "preflight.txt"

    def move(self) -> Started:
        """Start `preflight migrate`."""
        trial = self._trial
        options = ["--journal", str(self._journal), *PATIENCE, "--on-error", trial.on_error]
        options += ["--at-once", str(trial.at_once), "--bandwidth", str(trial.bandwidth)]
        options += MODES[trial.mode]
        names = [guest.name for guest in trial.guests]
        return Started(self._lab, [[PREFLIGHT, "migrate", SOURCE, DESTINATION, *names, *options]], self._output)

    def resume(self) -> Started | None:
        """Start `preflight migrate --resume`, if there is a journal: before that nothing was begun."""
        if not self._journal.exists():
            return None
        return Started(self._lab, [[PREFLIGHT, "migrate", "--resume", str(self._journal), *PATIENCE]], self._output)

    def status(self) -> dict[str, Told] | None:
        """Return what `preflight status` reports."""
        if not self._journal.exists():
            return None
        done = self._lab.client.run([PREFLIGHT, "status", str(self._journal), "--format", "json"])
        with self._output.open("a") as file:
            file.write(done.stdout + done.stderr)
        words = ("result", "source", "destination", "error", "why")
        steps = [line for line in self._journal.read_text().splitlines() if line.startswith('{"step":"handed-over"')]
        return {
            guest["name"]: Told(
                **{word: guest[word] or "" for word in words}, handed_over=any(guest["uuid"] in step for step in steps)
            )
            for guest in json.loads(done.stdout)["guests"]
        }


class Virsh:
    """`virsh migrate` for each guest, all at once, and nothing that recovers."""

    recovers = False

    def __init__(self, lab: Lab, trial: Trial, directory: Path) -> None:
        self._lab, self._trial, self._output = lab, trial, directory / "virsh.txt"

    def move(self) -> Started:
        """Start the virshs."""
        trial = self._trial
        commands = []
        for guest in trial.guests:
            flags = ["--live", "--bandwidth", str(trial.bandwidth)] if guest.running else ["--offline"]
            flags += ["--persistent", "--undefinesource"] if guest.persistent else []
            flags += MODES[trial.mode]
            virsh = ["virsh", "-q", "-c", f"qemu+ssh://root@{SOURCE}/system", "migrate", *flags, guest.name]
            commands.append([*virsh, f"qemu+ssh://root@{DESTINATION}/system"])
        return Started(self._lab, commands, self._output)

    def resume(self) -> None:
        """Nothing: whoever used virsh looks by hand."""

    def status(self) -> None:
        """Return nothing: virsh does not report where a guest is."""


MOVERS: dict[str, Callable[[Lab, Trial, Path], Mover]] = {"preflight": Preflight, "virsh": Virsh}
