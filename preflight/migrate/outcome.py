"""What was to be done with a guest and how far that came, and what is decided for it: values alone."""

import enum

from msgspec import Struct

from preflight.migrate.observation import Place


class Act(enum.StrEnum):
    """One step that settles a guest; each can be done again without harm."""

    START_ON_SOURCE = "start on the source"
    START_ON_DESTINATION = "start on the destination"
    END_ON_SOURCE = "end the paused copy on the source"
    END_ON_DESTINATION = "end the copy on the destination that never ran"
    UNDEFINE_ON_SOURCE = "undefine on the source"
    UNDEFINE_ON_DESTINATION = "undefine on the destination"
    DEFINE_ON_SOURCE = "define on the source again"
    DEFINE_ON_DESTINATION = "define on the destination"
    #: A job still runs there: it ends by itself, or is watched by somebody else.
    WAIT = "wait for the job that runs on it"


class Result(enum.StrEnum):
    """What became of a guest."""

    ARRIVED = "arrived"
    #: On the source, as it was.
    STAYED = "stayed"
    #: On one host, and does not run though it did.
    STOPPED = "stopped"
    #: On one host, paused though it ran.
    PAUSED = "paused"
    #: Active on both hosts: must never be.
    BOTH = "both"
    #: On neither host: must never be.
    LOST = "lost"
    #: A host did not answer, so that cannot be told.
    UNKNOWN = "unknown"


class LogMark(Struct, frozen=True):
    """How far a log reached at one moment: the file's inode, and its size in bytes."""

    inode: int
    size: int


class LogEnd(enum.Enum):
    """How the log of the guest's QEMU on the source says that the process ended with which the migration began."""

    #: The log was not read, or cannot be read.
    UNKNOWN = enum.auto()
    #: More has happened than one migration and its end: the guest may have run again, or been moved on.
    MORE = enum.auto()
    #: The migration ended the process once libvirt had confirmed it, and no other was started.
    MIGRATED = enum.auto()
    #: The log names no end, and no other process was started: where there is none now, it went down with its host.
    NONE = enum.auto()


class Intent(Struct, frozen=True, kw_only=True):
    """What was to be done with a guest, and how far that is known to have come."""

    #: Whether it was active, and ran rather than being paused.
    running: bool
    paused: bool = False
    #: Whether it was defined on the source.
    persistent: bool
    #: Whether it is to be defined on the destination, and its definition on the source is to go.
    persist: bool
    undefine: bool
    #: Whether it starts with the source.
    autostart: bool = False
    #: Whether the guest is to stay paused on the destination.
    suspend: bool = False
    #: Whether preflight itself starts it on the destination, so that libvirt leaves it paused there.
    safe: bool = True
    #: Whether the source's daemon drives the migration, and so lets the guest go whatever becomes of preflight.
    peer_to_peer: bool = False
    #: Whether both hosts see the same disks, rather than copies of them.
    shares_disks: bool = True
    #: Whether the destination had a definition of it before.
    was_defined_there: bool = False
    #: Whether libvirt has said that the source has let it go; of one that is off, that it is whole on the destination.
    handed_over: bool = False
    #: Whether the source was then seen without a process of it, so that no copy was left there.
    confirmed: bool = False
    #: Whether preflight itself has paused it on the source, so that it converges.
    paused_by_us: bool = False
    #: Whether preflight has watched it since its move began. Not where a run is gone on with: then its owner may have
    #: done anything meanwhile.
    watched: bool = False
    #: Whether this preflight has just ended the copy there, and so knows what its definition without a process means.
    ended_on_source: bool = False
    ended_on_destination: bool = False
    #: How far the log of the guest's QEMU on the source reached when its move began; None where that is not known.
    log_mark: LogMark | None = None
    #: What that log says since.
    log_end: LogEnd = LogEnd.UNKNOWN
    #: For the commands that a person may run: the guest's UUID, and the hosts' names.
    uuid: str = "UUID"
    hosts: tuple[str, str] = ("the source", "the destination")

    @property
    def is_off(self) -> bool:
        """Whether it was off, so that its definition moves and nothing else."""
        return not self.running and not self.paused

    @property
    def wanted(self) -> Place:
        """What it is to be on the destination."""
        if self.is_off:
            return Place.OFF
        return Place.PAUSED if self.paused or self.suspend else Place.RUNNING

    def here(self, command: str) -> str:
        """A command for a person, on the source."""
        return f"on {self.hosts[0]}: virsh {command} {self.uuid}"

    def there(self, command: str) -> str:
        """A command for a person, on the destination."""
        return f"on {self.hosts[1]}: virsh {command} {self.uuid}"


class Decision(Struct, frozen=True):
    """What to do next, and what has become of the guest if that is nothing."""

    acts: tuple[Act, ...]
    result: Result
    why: str = ""
