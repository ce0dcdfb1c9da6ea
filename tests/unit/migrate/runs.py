"""A run on two fake hosts, and the guest that it moves."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from preflight.migrate.end import End
from preflight.migrate.events import Event
from preflight.migrate.journal import Journal, read
from preflight.migrate.past import Past, past
from preflight.migrate.run import Run, Settings
from preflight.request.method import Method
from preflight.schema.plan import MigrationPlan, PlannedGuest
from tests.fakes.hypervisor import HOSTS, Copy, Disk, Host, Logs, NoStarter
from tests.unit.migrate.plans import PLAN, WEB, altered

XML = f"<domain type='kvm'><name>web</name><uuid>{WEB}</uuid></domain>"


_numbers = itertools.count()


class Pair:
    """Two hosts, the guest "web" that runs on the first, and runs of preflight on them, one after the other."""

    def __init__(self, directory: Path, method: Method | None = None, *, patience: float = 0.2, **guest: Any) -> None:
        self.source, self.destination = Host("host1.example.com"), Host("host2.example.com")
        #: Where an owner has moved the guest on to, if he has.
        self.third: Host | None = None
        #: Whether the log of the guest could be read when its move began.
        self.is_logged = True
        self.disk = Disk()
        self.here = self.source.add(WEB, self.disk, **guest)
        self.told: list[Event] = []
        planned = altered(
            PLAN.guests[0], persistent=self.here.persistent, autostart=self.here.autostart, active=self.here.is_active
        )
        self.plan: MigrationPlan = altered(PLAN, guests=(planned,), method=method or Method())
        self.settings = Settings(patience=patience)
        self.path = directory / f"{next(_numbers)}.journal"
        HOSTS[self.plan.destination_uri] = self.destination
        self.run = self.begun(Journal.create(self.path, self.plan))

    @property
    def web(self) -> PlannedGuest:
        """The guest as it is planned."""
        return self.plan.guests[0]

    @property
    def there(self) -> Copy | None:
        """The guest on the destination."""
        return self.destination.domains.get(WEB)

    def begun(self, journal: Journal) -> Run:
        """Return a run with this journal."""
        source, destination = End("host1", self.source.connect), End("host2", self.destination.connect)
        logs = Logs(self.source, {"web": WEB})
        return Run(
            self.plan, source, destination, journal, self.told.append, self.settings, lambda: None, logs, NoStarter()
        )

    def killed(self) -> tuple[Run, dict[str, Past]]:
        """Another run that goes on where this one was killed, and what it knows from the journal."""
        self.run.journal.close()
        self.run = self.begun(Journal.resume(self.path))
        _, entries = read(self.path)
        return self.run, {guest.uuid: past(entries, guest.uuid) for guest in self.plan.guests}

    def steps(self) -> Iterator[str]:
        """Return the lines of the journal, in order."""
        _, entries = read(self.path)
        for entry in entries:
            yield entry.step

    def all_work(self) -> None:
        """Let every copy that runs write to the disk."""
        for host in (self.source, self.destination):
            for copy in host.domains.values():
                copy.work()
