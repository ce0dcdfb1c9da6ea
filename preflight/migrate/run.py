"""State that all guests of one run share: both ends, the journal, the receiver of events, and requests to stop."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from msgspec import Struct

from preflight.migrate.end import End
from preflight.migrate.events import Event, Tell
from preflight.migrate.hypervisor import Domain
from preflight.migrate.journal import Journal
from preflight.migrate.observation import Place, Sighting
from preflight.migrate.outcome import Intent, LogMark, Result
from preflight.migrate.source_log import Logs
from preflight.migrate.starter import Starter
from preflight.request.migration import Mode
from preflight.schema.plan import MigrationPlan, PlannedGuest


class Settings(Struct, frozen=True):
    """Settings of a run. Times are in seconds."""

    #: Continue with the other guests if one has not arrived.
    goes_on: bool = False
    #: Time for which nothing may be sent before a migration is aborted.
    stall: float = 120.0
    #: Time to wait for silent hosts and for jobs that still run when a guest is settled.
    patience: float = 90.0
    #: The proofs, by name, that a guest which has arrived is to give, and the time that it has for each.
    proofs: tuple[str, ...] = ()
    proven_within: float = 30.0
    #: Asks a guest's agent: the guest, a command in JSON, and the seconds to wait; None for libvirt's own call.
    ask_agent: Callable[[Domain, str, int], str] | None = None


@dataclass(slots=True)
class Run:
    """One run of a plan."""

    plan: MigrationPlan
    source: End
    destination: End
    journal: Journal
    tell: Tell
    settings: Settings
    #: Memory in KiB that the destination has left for guests; None if it cannot be asked.
    room: Callable[[], int | None]
    #: The logs of the source's guests.
    logs: Logs
    #: The process on the source that starts guests if preflight dies while they migrate.
    starter: Starter
    #: Set to start no further guest.
    stopping: threading.Event = field(default_factory=threading.Event)
    #: Set to abort the migrations that are running.
    aborting: threading.Event = field(default_factory=threading.Event)
    interrupted: bool = False
    #: UUIDs of the guests that the source has handed over, as libvirt reported in this run.
    handed_over: set[str] = field(default_factory=set)
    #: How far the log of each guest reached before the moves began, by UUID.
    log_marks: dict[str, LogMark] = field(default_factory=dict)

    def stop(self, why: str) -> None:
        """Start no further guest; those that are under way continue."""
        if not self.stopping.is_set():
            self.stopping.set()
            self.tell(Event("stopping", None, why))

    def interrupt(self) -> None:
        """React to Ctrl-C: the first starts no further guest; the second aborts the migrations under way."""
        self.interrupted = True
        if self.stopping.is_set() and not self.aborting.is_set():
            self.aborting.set()
            self.tell(Event("stopping", None, "aborting the running migrations: each guest stays on the source"))
        else:
            self.stop(
                "interrupted: no further guest is started; running migrations continue (Ctrl-C again: abort them)"
            )

    def mark_logs(self, guests: Sequence[PlannedGuest]) -> None:
        """Note how far the logs of the guests reach on the source, before their moves begin."""
        marks = self.logs.marks([guest.name for guest in guests])
        self.log_marks |= {guest.uuid: marks[guest.name] for guest in guests if guest.name in marks}

    def intent(
        self, guest: PlannedGuest, *, handed_over: bool = False, paused_by_us: bool = False, watched: bool = False
    ) -> Intent:
        """Return what the plan intends for a guest, and how far its move is known to have come."""
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
            shares_disks=not method.copies_storage,
            was_defined_there=guest.is_defined_there,
            handed_over=handed_over,
            paused_by_us=paused_by_us,
            watched=watched,
            log_mark=self.log_marks.get(guest.uuid),
            uuid=guest.uuid,
            hosts=(self.plan.source, self.plan.destination),
        )


class Ended(Struct, frozen=True, kw_only=True):
    """The end of a guest's move, as both hosts reported it afterwards. Times are in seconds; None if not known.

    `error` is libvirt's message, `why` is preflight's reason.
    """

    guest: PlannedGuest
    result: Result
    source: Sighting
    destination: Sighting
    error: str | None = None
    why: str = ""
    seconds: float | None = None
    downtime: float | None = None
    #: Steps that were taken after libvirt's call, and those that failed.
    settled: tuple[str, ...] = ()
    #: As in `Intent`; for a guest that is off, true once its definition was verified on the destination.
    handed_over: bool = False
    paused_by_us: bool = False
    #: State files of a guest that is off of which the source keeps its own copy.
    kept: tuple[str, ...] = ()

    @property
    def arrived(self) -> bool:
        """True if the guest is on the destination as requested."""
        return self.result is Result.ARRIVED and not self.why

    @property
    def places(self) -> tuple[Place, Place]:
        """The guest's places: on the source, on the destination."""
        return self.source.place, self.destination.place
