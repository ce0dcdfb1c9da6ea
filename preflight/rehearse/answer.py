"""The answers of rehearsals, as values."""

import enum

from msgspec import Struct

from preflight.migrate.observation import Place
from preflight.migrate.outcome import Result


class Answer(enum.StrEnum):
    """The answer of libvirt to one guest's migration."""

    #: The destination took the guest's memory, or the copies of its disks had all begun.
    ACCEPTED = "accepted"
    REFUSED = "refused"
    #: Begun, and taken back before either could be seen.
    UNDECIDED = "undecided"
    #: Not begun, for a reason.
    NOT_REHEARSED = "not-rehearsed"
    #: The guest is on the destination.
    MOVED = "moved"
    #: The guest is not as it was before, or that could not be seen.
    DISTURBED = "disturbed"


class Rehearsed(Struct, frozen=True, kw_only=True):
    """One guest's rehearsal. Times are in seconds."""

    name: str
    uuid: str
    answer: Answer
    #: libvirt's message, if it refused or if that is not clear.
    error: str | None = None
    #: The rule that explains it.
    rule: str | None = None
    #: preflight's reason, and what a person can do.
    why: str = ""
    source: Place | None = None
    destination: Place | None = None
    #: From the call until the destination took memory or disks, and until the guest was seen as before.
    begun_after: float | None = None
    seconds: float | None = None
    #: What the rehearsal left on the destination, each with the command that removes it.
    left: tuple[str, ...] = ()


def not_rehearsed(name: str, uuid: str, why: str) -> Rehearsed:
    """Return the answer for a guest whose rehearsal was not begun."""
    return Rehearsed(name=name, uuid=uuid, answer=Answer.NOT_REHEARSED, why=why)


#: How libvirt reports that a migration was aborted on request: the source's daemon itself (qemuMigrationJobCheckStatus,
#: libvirt 7.0 to 11.3), and in peer-to-peer mode the destination, whose QEMU has lost its sender.
_ABORTED = ("canceled by client", "cancelled by client", "End of file while reading data", "operation aborted")


def is_abort(error: str) -> bool:
    """Report whether libvirt's message says no more than that the migration was aborted."""
    return any(words in error for words in _ABORTED)


def answer_of(
    result: Result, source: Place, error: str | None, *, has_begun: bool, was_aborted: bool, is_explained: bool
) -> Answer:
    """Return the answer, from where the guest is, libvirt's message, and what was seen and done before it.

    `is_explained` says that a rule explains the message as a refusal.
    """
    if result is Result.ARRIVED:
        return Answer.MOVED
    if result is not Result.STAYED or source is not Place.RUNNING:
        return Answer.DISTURBED
    if not was_aborted:
        return Answer.REFUSED if error is not None else Answer.DISTURBED
    if error is not None and not is_abort(error):
        return Answer.REFUSED if is_explained else Answer.UNDECIDED
    return Answer.ACCEPTED if has_begun else Answer.UNDECIDED
