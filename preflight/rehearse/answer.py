"""The answers of rehearsals, as values."""

import enum
import re
from collections.abc import Callable

from msgspec import Struct

from preflight.migrate.observation import Place
from preflight.migrate.outcome import Result


class Answer(enum.StrEnum):
    """The answer of libvirt to one guest's migration."""

    #: The destination took the guest's memory for a while, or the copies of its disks had all begun.
    ACCEPTED = "accepted"
    REFUSED = "refused"
    #: Begun, and ended before either could be seen.
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


#: libvirt's message about a migration that was aborted on request (qemuMigrationJobCheckStatus, libvirt 7.0 to 11.3).
_ABORTED = ("canceled by client", "cancelled by client", "operation aborted")
#: Parts of libvirt's messages when a connection between two daemons, or to one, has ended: of a peer-to-peer migration
#: that was aborted, of a daemon that was killed, of a link that was cut. They say nothing about the guest.
_LOST = (
    "End of file while reading data",
    "client socket is closed",
    "connection closed due to keepalive timeout",
    "Connection reset by peer",
    "Broken pipe",
    "received hangup",
    "no response received",
)
#: Messages of that kind with nothing that says why. Rules declare them too, for causes of which libvirt says no more.
_BARE = re.compile(r"End of file while reading data: ?: Input/output error|internal error: client socket is closed")
#: Parts of messages about a connection that was never made, which may end in one of `_LOST`.
_NOT_MADE = ("Failed to connect", "Permission denied", "can't connect to virtlogd")


def is_abort(error: str) -> bool:
    """Report whether libvirt's message says that the migration was aborted on request."""
    return any(words in error for words in _ABORTED)


def is_lost(error: str, *, is_explained: Callable[[], bool]) -> bool:
    """Report whether libvirt's message says no more than that a connection has ended, after it was made.

    A message that a rule explains says more, as the name of a program that is missing.
    """
    if _BARE.fullmatch(error.strip()):
        return True
    return (
        any(words in error for words in _LOST) and not any(words in error for words in _NOT_MADE) and not is_explained()
    )


def answer_of(
    result: Result,
    source: Place,
    error: str | None,
    *,
    is_enough: bool,
    was_aborted: bool,
    is_explained: Callable[[], bool],
) -> Answer:
    """Return the answer, from where the guest is, libvirt's message, and what was seen and done before it.

    `is_enough` says that the destination had the time to refuse the guest, `was_aborted` that libvirt has accepted the
    rehearsal's abort, and `is_explained` tells whether a rule explains the message as a refusal; it is called only if
    that matters, because loading all rules takes a tenth of a second. A message that says no more than that it was
    aborted, or that a connection has ended, is no refusal; without an abort of the rehearsal's own it is no acceptance
    either.
    """
    if result is Result.ARRIVED:
        return Answer.MOVED
    if result is not Result.STAYED or source is not Place.RUNNING or error is None:
        return Answer.DISTURBED
    taken_back = was_aborted and is_enough
    # a connection that is lost once the abort is accepted is lost because of it, whatever else has the same message
    if is_abort(error) or is_lost(error, is_explained=(lambda: False) if taken_back else is_explained):
        return Answer.ACCEPTED if taken_back else Answer.UNDECIDED
    return Answer.REFUSED if not was_aborted or is_explained() else Answer.UNDECIDED
