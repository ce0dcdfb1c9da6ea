"""Two fake hosts on which a guest is rehearsed, and what its job says."""

import threading
from pathlib import Path
from typing import Any

from msgspec import structs

from preflight.facts.fact import Unreadable
from preflight.migrate.end import End
from preflight.migrate.lane import Lane
from preflight.rehearse.answer import Rehearsed
from preflight.rehearse.guest import Rehearsal, rehearse
from preflight.rehearse.keeps import keeps_by_traces
from preflight.rehearse.limits import LARGE
from preflight.rehearse.memory import Memory
from preflight.rehearse.method import rehearsed
from preflight.rehearse.traces import Marks, Seen
from preflight.request.method import Method
from preflight.units import MIB
from tests.unit.migrate.plans import WEB
from tests.unit.migrate.runs import Pair

#: A job that sends memory at 1 MiB/s.
SENDING = {
    "memory_total": 1024 * MIB,
    "memory_processed": 100_000,
    "memory_remaining": 1000 * MIB,
}


def marks(**told: Any) -> Marks:
    """Return the marks of the guest "web", which has as much memory as a rehearsal asks for."""
    return Marks(uuid=WEB, memory=LARGE, **told)


class FakeSwitch:
    """`preflight.rehearse.switch.Switch` that remembers what it was told."""

    def __init__(self, why: str | None = None) -> None:
        """`why` is what keeps it from being armed."""
        self.why = why
        self.told: list[str] = []

    def arm(self, uuid: str, longest_call: float) -> str | None:
        assert uuid == WEB
        assert longest_call > 0.5
        self.told.append("arm")
        return self.why

    def disarm(self, uuid: str) -> None:
        assert uuid == WEB
        self.told.append("disarm")


class Hosts(Pair):
    """The guest "web" that runs on the first host, and its rehearsal, which sends until it is aborted."""

    def __init__(self, directory: Path, method: Method | None = None, **guest: Any) -> None:
        super().__init__(directory, rehearsed(method or Method()), **guest)
        self.source.migrations.sends = threading.Event()
        self.source.migrations.at["perform"] = self.send
        self.switch = FakeSwitch()
        self.marks = marks()
        self.memory = Memory(LARGE, 128, 128)
        #: What each look at the destination finds, one after the other; the last one stays.
        self.seen: list[Seen | Unreadable] = [Seen()]

    def send(self, **told: int) -> None:
        """Have the job report that memory is sent."""
        assert self.here.job is not None
        self.here.job.update(SENDING | told)

    def look(self, _marks: Marks) -> Seen:
        found = self.seen.pop(0) if len(self.seen) > 1 else self.seen[0]
        if isinstance(found, Unreadable):
            raise found
        return found

    def rehearsal(self, patience: float | None = None) -> Rehearsal:
        if patience is not None:
            self.run.settings = structs.replace(self.run.settings, patience=patience)
        watching = End("host1.example.com", self.source.connect)
        return Rehearsal(self.run, watching, self.switch, self.look, lambda _uuid: self.memory, keeps_by_traces)

    def rehearse(self) -> Rehearsed:
        """Rehearse the guest, and see that no copy of it went back."""
        answer = rehearse(self.rehearsal(), self.web, self.marks, Lane(self.run))
        self.all_work()
        assert not self.disk.went_back
        return answer

    def is_as_before(self) -> bool:
        """Report whether the guest runs on the source alone, defined there alone."""
        return self.here.state == 1 and self.here.persistent and self.here.job is None and self.there is None
