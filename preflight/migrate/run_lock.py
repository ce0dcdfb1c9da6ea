"""A lock that a run holds on the source while it is logged in there, so that no other run moves the same guests.

Each run has its own file in /run/preflight on the source, with its owner and the guests it moves. The login's shell
holds an exclusive flock(2) on the file, which the kernel releases when the shell ends for any reason. A run first
publishes its file and then reads the others, so of two runs that begin together at least one sees the other.
"""

import contextlib
import getpass
import hashlib
import os
import sys
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Final, Protocol, Self

from msgspec import Struct

from preflight.answers import Record, Unreadable
from preflight.grammar import LOGIN_USER, NODE_NAME, UUID, Grammar
from preflight.migrate.root_shell import as_root, complaint, script
from preflight.plan.make import Refused
from preflight.schema.plan import PlannedGuest
from preflight.shell_text import NOTHING, ShellText, shell
from preflight.visible import one_line

#: Directory of the files: writable only by root, and emptied when the host boots.
DIRECTORY: Final = "/run/preflight"
#: Most characters read from all files of one host.
_MOST: Final = 4 * 1024 * 1024

_KEY = Grammar("a run's key", r"[0-9a-f]{32}", 32)
_NUMBER = Grammar("a number", r"[0-9]{1,12}", 12)

#: Seconds between two signs of life. After 30 s without one, the process left by `starter` considers preflight dead.
ALIVE: Final = 5.0

#: Commands for the login's shell: `locked` is empty once it holds the lock, otherwise it has the reason.
_HOLD = r"""
if locked=$(printf '%s\n' @text@ | @make@ "$(id -u)" 2>&1) &&
  { command exec 9<>@new@; } 2>/dev/null && flock -n 9 &&
  locked=$(@publish@ </dev/null 2>&1)
then locked=; else locked=${locked:-its file cannot be locked}; fi
"""
_LET_GO = r"""
as_root rm -f @files@ </dev/null >/dev/null 2>&1; { command exec 9>&-; } 2>/dev/null
"""


class Host(Protocol):
    """A host with an open login: the part of `collect.session.LiveVisit` that a lock needs."""

    name: str

    def run(self, command: ShellText, first: ShellText = NOTHING) -> Record:
        """Return the answer to a POSIX sh command; the session's own shell runs `first` before it."""

    def tell(self, command: ShellText) -> None:
        """Have the session's own shell run a command without waiting for it."""


class Holder(Struct, frozen=True, kw_only=True):
    """A run that holds its lock: who began it, when (seconds since the epoch), and the UUIDs of its guests."""

    key: str
    user: str
    machine: str
    process: int
    since: int
    guests: frozenset[str]

    def __str__(self) -> str:
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.since))
        return f"{self.user} on {self.machine} (process {self.process}, since {when})"

    @classmethod
    def own(cls, journal: Path, guests: Sequence[PlannedGuest]) -> Self:
        """Return this process as the holder, for the run of this journal: a resumed run is the same run."""
        return cls(
            key=key_of(journal),
            user=_user(),
            machine=os.uname().nodename,
            process=os.getpid(),
            since=int(time.time()),
            guests=frozenset(guest.uuid for guest in guests),
        )

    def text(self) -> str:
        """Return the contents of the file."""
        head = {"user": self.user, "machine": self.machine, "process": self.process, "since": self.since}
        lines = [f"{name} {value}" for name, value in head.items()]
        return "\n".join([*lines, *(f"guest {uuid}" for uuid in sorted(self.guests))])


def key_of(journal: Path) -> str:
    """Return 32 hex digits that identify the run of this journal on this machine."""
    try:
        machine = Path("/etc/machine-id").read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        machine = os.uname().nodename
    return hashlib.sha256(f"{machine}\0{os.path.realpath(journal)}".encode("utf-8", "surrogateescape")).hexdigest()[:32]


@contextlib.contextmanager
def held(source: Host, journal: Path, guests: Sequence[PlannedGuest], *, directory: str = DIRECTORY) -> Iterator[None]:
    """Hold the lock of this journal's run on the source. Raises `Refused` if another run moves one of the guests.

    If no lock can be held, this is reported, and another run is noticed only by the jobs that libvirt reports.
    """
    own = Holder.own(journal, guests)
    try:
        answer = source.run(listing(directory), hold(own, directory))
        if answer.code != 0:
            why = complaint(answer)
            _say(f"cannot lock on {source.name}, so a second run is only recognized by libvirt's jobs: {why}")
        else:
            _refuse_another(answer.out, own, guests, directory)
        with _signs_of_life(source, f"{directory}/{own.key}.run"):
            yield
    finally:
        source.tell(let_go(own, directory))


@contextlib.contextmanager
def _signs_of_life(source: Host, file: str) -> Iterator[None]:
    """Touch the file periodically while the context is open."""
    ended = threading.Event()

    def touch() -> None:
        while not ended.wait(ALIVE):
            source.tell(shell("touch -c @file@ </dev/null >/dev/null 2>&1\n", file=file))

    thread = threading.Thread(target=touch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def others(source: Host, guests: Collection[str], *, own: Path | None = None, directory: str = DIRECTORY) -> str | None:
    """Return in one line who is moving one of these guests (UUIDs) now; None if nobody is, or if it cannot be seen.

    `own` is the journal of the run that asks, if it already holds its lock.
    """
    answer = source.run(listing(directory))
    if answer.code != 0:
        return None
    with contextlib.suppress(Unreadable):
        for holder in _overlapping(answer.out, guests, None if own is None else key_of(own)):
            them = "" if len(guests) == 1 else "one of them is "
            return f"{them}already being migrated by {holder}"
    return None


def hold(own: Holder, directory: str) -> ShellText:
    """Build the commands by which the login's shell takes the lock."""
    return shell(
        _HOLD,
        text=own.text(),
        make=as_root(script("lock_make"), own.key, directory),
        publish=as_root(script("lock_publish"), own.key, directory),
        new=f"{directory}/{own.key}.new",
    )


def let_go(own: Holder, directory: str) -> ShellText:
    """Build the commands by which the login's shell releases the lock."""
    return shell(_LET_GO, files=[f"{directory}/{own.key}.{kind}" for kind in ("run", "new", "start")])


def listing(directory: str) -> ShellText:
    """Build the command that lists the holders; it fails with the reason if the login has not got its own lock."""
    return shell(
        'if [ -n "$locked" ]; then printf "%s\\n" "$locked" >&2; false; else @listed@; fi',
        listed=as_root(script("lock_list"), directory),
    )


def parse(text: str) -> Iterator[Holder]:
    """Yield the runs that hold their locks; raises `Unreadable` for a file of another form."""
    if len(text) > _MOST:
        raise Unreadable(f"the files in {DIRECTORY} are longer than {_MOST >> 20} MiB")
    for block in f"\n{text}".split("\nfile ")[1:]:
        name, _, rest = block.partition("\n")
        values: dict[str, str] = {}
        guests: set[str] = set()
        for line in filter(None, rest.split("\n")):
            word, _, value = line.partition(" ")
            if word == "guest":
                guests.add(UUID.of(value))
            else:
                values[word] = value
        yield Holder(
            key=_KEY.of(name.removesuffix(".run")),
            user=LOGIN_USER.of(values.get("user", "")),
            machine=NODE_NAME.of(values.get("machine", "")),
            process=int(_NUMBER.of(values.get("process", ""))),
            since=int(_NUMBER.of(values.get("since", ""))),
            guests=frozenset(guests),
        )


def _refuse_another(text: str, own: Holder, guests: Sequence[PlannedGuest], directory: str) -> None:
    """Raise `Refused` if another run moves one of the guests, or if that is not known."""
    try:
        found = _overlapping(text, own.guests, own.key)
    except Unreadable as why:
        raise Refused(
            f"refused: the locks of other runs in {directory} on the source cannot be read: {why}; remove those of"
            " runs that have ended"
        ) from None
    for holder in found:
        names = [guest.name for guest in guests if guest.uuid in holder.guests]
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        file = f"{directory}/{holder.key}.run"
        raise Refused(
            f"refused: {shown}: already being migrated by {holder}; if that run is dead, remove {file} on the source"
        )


def _overlapping(text: str, guests: Collection[str], own: str | None) -> list[Holder]:
    """Return the other runs that move one of these guests; raises `Unreadable`."""
    return [each for each in parse(text) if each.key != own and not each.guests.isdisjoint(guests)]


def _say(text: str) -> None:
    print(f"preflight: {one_line(text)}", file=sys.stderr)


def _user() -> str:
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a UID without an account
        return str(os.getuid())
    return name if LOGIN_USER.takes(name) else str(os.getuid())
