"""What all guests of one run share: both ends, the journal, who is told, and whether to stop."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from msgspec import Struct

from preflight.migrate.end import End
from preflight.migrate.events import Event, Tell
from preflight.migrate.journal import Journal
from preflight.migrate.observation import Place, Sighting
from preflight.migrate.outcome import Intent, LogMark, Result
from preflight.migrate.source_log import Logs
from preflight.request.migration import Mode
from preflight.schema.plan import MigrationPlan, PlannedGuest


class Settings(Struct, frozen=True):
    """How a run behaves. Times are in seconds."""

    #: Whether the others go on when one guest did not arrive.
    goes_on: bool = False
    #: How long nothing may be sent before a migration is aborted.
    stall: float = 120.0
    #: How long hosts that do not answer, and jobs that still run, are waited for when a guest is settled.
    patience: float = 90.0


@dataclass(slots=True)
class Run:
    """One run of a plan."""

    plan: MigrationPlan
    source: End
    destination: End
    journal: Journal
    tell: Tell
    settings: Settings
    #: KiB that the destination has left for guests; None where it cannot be asked.
    room: Callable[[], int | None]
    #: The logs of the source's guests.
    logs: Logs
    #: No further guest is started.
    stopping: threading.Event = field(default_factory=threading.Event)
    #: Migrations that run are aborted.
    aborting: threading.Event = field(default_factory=threading.Event)
    interrupted: bool = False
    #: The UUIDs of guests that the source has let go, as libvirt has said in this run.
    handed_over: set[str] = field(default_factory=set)
    #: How far the log of each guest reached before the moves began, by UUID.
    log_marks: dict[str, LogMark] = field(default_factory=dict)

    def stop(self, why: str) -> None:
        """Start no further guest; those that are under way go on."""
        if not self.stopping.is_set():
            self.stopping.set()
            self.tell(Event("stopping", None, why))

    def interrupt(self) -> None:
        """What Ctrl-C does: at first no further guest is started; the second time those under way are aborted."""
        self.interrupted = True
        if self.stopping.is_set() and not self.aborting.is_set():
            self.aborting.set()
            self.tell(Event("stopping", None, "aborting what runs: each guest stays on the source"))
        else:
            self.stop("interrupted: no further guest is started; those that move go on (again: abort them)")

    def mark_logs(self, guests: Sequence[PlannedGuest]) -> None:
        """Note how far the logs of the guests reach on the source, before their moves begin."""
        marks = self.logs.marks([guest.name for guest in guests])
        self.log_marks |= {guest.uuid: marks[guest.name] for guest in guests if guest.name in marks}

    def intent(
        self, guest: PlannedGuest, *, handed_over: bool = False, paused_by_us: bool = False, watched: bool = False
    ) -> Intent:
        """What is to become of a guest by the plan, and how far that is known to have come."""
        method = self.plan.method
        persist = guest.persistent if method.persistent is None else method.persistent
        return Intent(
            running=guest.active and not guest.paused,
            paused=guest.paused,
            persistent=guest.persistent,
            persist=persist,
            undefine=guest.persistent and method.undefinesource and persist,
            suspend=method.suspend,
            autostart=guest.autostart,
            safe=method.is_safe,
            peer_to_peer=method.mode is not Mode.MANAGED,
            was_defined_there=guest.is_defined_there,
            handed_over=handed_over,
            paused_by_us=paused_by_us,
            watched=watched,
            log_mark=self.log_marks.get(guest.uuid),
            uuid=guest.uuid,
            hosts=(self.plan.source, self.plan.destination),
        )


class Ended(Struct, frozen=True, kw_only=True):
    """How a guest's move ended, as both hosts said afterwards. Times are in seconds; None where not known.

    `error` is libvirt's own, `why` what preflight makes of it.
    """

    guest: PlannedGuest
    result: Result
    source: Sighting
    destination: Sighting
    error: str | None = None
    why: str = ""
    seconds: float | None = None
    downtime: float | None = None
    #: What had to be done after libvirt's call, and what could not.
    settled: tuple[str, ...] = ()
    #: As of `Intent`; of a guest that is off, whether its definition was seen to be whole on the destination.
    handed_over: bool = False
    paused_by_us: bool = False
    #: State files of a guest that is off, of which the source keeps its own.
    kept: tuple[str, ...] = ()

    @property
    def arrived(self) -> bool:
        """Whether it is on the destination as it was asked for."""
        return self.result is Result.ARRIVED and not self.why

    @property
    def places(self) -> tuple[Place, Place]:
        """Where it is: on the source, on the destination."""
        return self.source.place, self.destination.place
