"""Values: what was intended for a guest, how far its move came, and what was decided."""

import enum

from msgspec import Struct

from preflight.migrate.observation import Place


class Act(enum.StrEnum):
    """One step that settles a guest; each can be repeated without harm."""

    START_ON_SOURCE = "start on the source"
    START_ON_DESTINATION = "start on the destination"
    END_ON_SOURCE = "end the paused copy on the source"
    END_ON_DESTINATION = "end the copy on the destination that never ran"
    UNDEFINE_ON_SOURCE = "undefine on the source"
    UNDEFINE_ON_DESTINATION = "undefine on the destination"
    DEFINE_ON_SOURCE = "define on the source again"
    DEFINE_ON_DESTINATION = "define on the destination"
    #: A job is still running on the guest: it ends by itself, or somebody else watches it.
    WAIT = "wait for the job that runs on it"


class Result(enum.StrEnum):
    """The outcome of a guest's move."""

    ARRIVED = "arrived"
    #: On the source, as it was.
    STAYED = "stayed"
    #: On one host, not running although it was.
    STOPPED = "stopped"
    #: On one host, paused although it was running.
    PAUSED = "paused"
    #: Active on both hosts: must never be.
    BOTH = "both"
    #: On neither host: must never be.
    LOST = "lost"
    #: Not known, since a host did not answer.
    UNKNOWN = "unknown"


class LogMark(Struct, frozen=True):
    """The end of a log at one moment: the file's inode, and its size in bytes."""

    inode: int
    size: int


class LogEnd(enum.Enum):
    """The end of the QEMU process that began the migration, according to its log on the source."""

    #: The log has not been read, or cannot be read.
    UNKNOWN = enum.auto()
    #: The log shows more than one migration and its end: the guest may have run again, or been moved on.
    MORE = enum.auto()
    #: The migration ended the process after libvirt confirmed it, and no other was started.
    MIGRATED = enum.auto()
    #: The log shows no end, and no other process was started: if there is none now, it died with its host.
    NONE = enum.auto()


class Intent(Struct, frozen=True, kw_only=True):
    """What was intended for a guest, and how far its move is known to have come."""

    #: True if it was running; a guest that was active but paused has `paused`.
    running: bool
    paused: bool = False
    #: True if it was defined on the source.
    persistent: bool
    #: True if it is to be defined on the destination, and undefined on the source.
    persist: bool
    undefine: bool
    #: True if it starts when the source boots.
    autostart: bool = False
    #: True if the guest is to stay paused on the destination.
    suspend: bool = False
    #: True if preflight itself starts it on the destination, where libvirt leaves it paused.
    safe: bool = True
    #: True if the source's daemon drives the migration, and completes it even if preflight dies.
    peer_to_peer: bool = False
    #: True if both hosts use the same disks, not copies of them.
    shares_disks: bool = True
    #: True if the destination had a definition of it before the move.
    was_defined_there: bool = False
    #: True if libvirt reported that the source let the guest go; for a guest that is off, that it is complete on the
    #: destination.
    handed_over: bool = False
    #: True if the source was then seen without a process of the guest, so that no copy was left there.
    confirmed: bool = False
    #: True if preflight itself paused it on the source, so that the migration converges.
    paused_by_us: bool = False
    #: True if this process has watched it since its move began. False in a resumed run: its owner may have done
    #: anything in between.
    watched: bool = False
    #: True if this process has just ended the copy there, and so knows why it has no process.
    ended_on_source: bool = False
    ended_on_destination: bool = False
    #: The end of the log of the guest's QEMU on the source when its move began; None if unknown.
    log_mark: LogMark | None = None
    #: What was added to that log since.
    log_end: LogEnd = LogEnd.UNKNOWN
    #: For commands that are suggested to a person: the guest's UUID, and the hosts' names.
    uuid: str = "UUID"
    hosts: tuple[str, str] = ("the source", "the destination")

    @property
    def is_off(self) -> bool:
        """True if it was off, so that only its definition and state files move."""
        return not self.running and not self.paused

    @property
    def wanted(self) -> Place:
        """The intended state on the destination."""
        if self.is_off:
            return Place.OFF
        return Place.PAUSED if self.paused or self.suspend else Place.RUNNING

    def here(self, command: str) -> str:
        """Return a virsh command to suggest, on the source."""
        return f"on {self.hosts[0]}: virsh {command} {self.uuid}"

    def there(self, command: str) -> str:
        """Return a virsh command to suggest, on the destination."""
        return f"on {self.hosts[1]}: virsh {command} {self.uuid}"


class Decision(Struct, frozen=True):
    """The next steps, and the outcome if there are none."""

    acts: tuple[Act, ...]
    result: Result
    why: str = ""
