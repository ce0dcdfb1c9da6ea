"""The orders of `preflight steer` about the migrations of a run, in a file of JSON lines beside the run's journal.

The journal itself belongs to the process that runs the plan: it counts what it has written, and takes back a line that
is not on the disk. So other processes append to a file of their own, under its lock, and the run reads it. An order is
written before it is carried out, so that an abort has its reason even if the process that ordered it dies.
"""

import contextlib
import enum
import fcntl
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct, to_builtins

from preflight import own_file
from preflight.errors import UserError
from preflight.schema.document import Wrong
from preflight.schema.document import read as read_form
from preflight.schema.fields import MOST_SAID
from preflight.schema.steered import LINE
from preflight.visible import encodable

#: Most bytes of the file: some 20,000 lines.
MOST = 4 * 1024 * 1024


class Act(enum.StrEnum):
    """A change that libvirt allows to a migration under way."""

    BANDWIDTH = "bandwidth"
    MAX_DOWNTIME = "max-downtime"
    POSTCOPY = "postcopy"
    ABORT = "abort"


class State(enum.StrEnum):
    """The state of an order: about to be carried out, or what libvirt answered."""

    ORDERED = "ordered"
    DONE = "done"
    REFUSED = "refused"


class Order(Struct, frozen=True, kw_only=True):
    """One line of the file. `value` is in MiB/s or milliseconds, `at` in seconds since the epoch."""

    at: float
    guest: str
    act: Act
    value: int | None = None
    #: Who ordered it: "root on host9".
    by: str
    state: State
    why: str = ""

    def __str__(self) -> str:
        return f"{in_words(self.act, self.value)}, ordered by {self.by}"


def in_words(act: Act, value: int | None) -> str:
    """Return a change in words."""
    return {
        Act.BANDWIDTH: f"bandwidth of {value} MiB/s",
        Act.MAX_DOWNTIME: f"maximum downtime of {value} ms",
        Act.POSTCOPY: "switch to post-copy",
        Act.ABORT: "abort",
    }[act]


def path_of(journal: Path) -> Path:
    """Return the file of the orders about the run of this journal."""
    return journal.with_name(f"{journal.name}.steered")


def append(journal: Path, order: Order) -> None:
    """Append an order, and return once it is on the disk; raises `UserError`.

    Several processes may append at the same time. A line that another one could not complete is ended first.
    """
    path = path_of(journal)
    values = to_builtins(order) | {"why": encodable(order.why)[:MOST_SAID]}
    line = LINE.validate_python(values).model_dump_json(exclude_defaults=True).encode() + b"\n"
    try:
        with _opened_to_append(path) as descriptor:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            size = os.fstat(descriptor).st_size
            if size + len(line) >= MOST:
                raise UserError(f"{path}: is full: use `virsh migrate-setspeed` or `virsh domjobabort` instead")
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                line = b"\n" + line
            while line:
                line = line[os.write(descriptor, line) :]
            os.fsync(descriptor)
    except OSError as why:
        raise UserError(f"{path}: {why.strerror}") from None


@contextlib.contextmanager
def _opened_to_append(path: Path) -> Iterator[int]:
    """Open the file, made if there is none; raises `OSError`, and `UserError` for one that others can write."""
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or own_file.others_may_write(status):
            raise UserError(f"{path}: is not a file that you and root alone can write: remove it, and try again")
        yield descriptor
    finally:
        os.close(descriptor)


def read(journal: Path) -> Sequence[Order]:
    """Return all orders about the run of this journal, oldest first; none if there is no file.

    Raises `UserError` for a file that others can write. A line that is not whole, or not an order, is passed over.
    """
    path = path_of(journal)
    if not os.path.lexists(path):
        return ()
    descriptor = own_file.open_own(path).descriptor
    try:
        content = own_file.read(path, descriptor, MOST)
    finally:
        os.close(descriptor)
    return tuple(_orders(content))


def _orders(content: bytes) -> Iterator[Order]:
    for line in content.split(b"\n"):
        with contextlib.suppress(Wrong):
            told = read_form(LINE, line)
            yield Order(
                at=told.at,
                guest=told.guest,
                act=Act(told.act),
                value=told.value,
                by=told.by,
                state=State(told.state),
                why=told.why,
            )


def abort_of(orders: Sequence[Order], guest: str, since: float = 0.0) -> Order | None:
    """Return the last order since then that aborted this guest's migration; None if there is none, or it was refused.

    An order without an answer counts: whoever gave it may have died before libvirt answered.
    """
    found: Order | None = None
    for order in orders:
        if order.guest == guest and order.act is Act.ABORT and order.at >= since:
            found = None if order.state is State.REFUSED else order
    return found


def why_aborted(order: Order) -> str:
    """Return why a guest's migration was aborted, for the ledger."""
    return f"aborted by {order.by} with preflight steer"


def reason(journal: Path, guest: str, since: float) -> str | None:
    """Return why this guest's migration, begun at that time, was aborted; None if it was not, or if it is not known."""
    with contextlib.suppress(UserError):
        order = abort_of(read(journal), guest, since)
        return None if order is None else why_aborted(order)
    return None


class Following:
    """The orders about one guest that are given from now on, each once."""

    def __init__(self, journal: Path, guest: str) -> None:
        """Pass over the orders that are there already: they were about an earlier migration."""
        self._journal, self._guest = journal, guest
        self._size, self._seen = -1, 0
        self.news()

    def news(self) -> Sequence[Order]:
        """Return the orders that were added since the last call; none if the file cannot be read."""
        try:
            size = path_of(self._journal).lstat().st_size
            if size == self._size:
                return ()
            every = read(self._journal)
        except (OSError, UserError):
            return ()
        self._size, before, self._seen = size, self._seen, len(every)
        return tuple(order for order in every[before:] if order.guest == self._guest)
