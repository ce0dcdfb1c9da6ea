"""The progress of a run: a bar for each guest on a terminal, else lines; and everything in a file of JSON lines."""

import contextlib
import json
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeAlias

import msgspec

from preflight.errors import UserError
from preflight.migrate.events import Event, Tell
from preflight.migrate.progress import Sample, setback
from preflight.output.run.remaining import Stage, Whole, fitted, of
from preflight.schema import events as schema
from preflight.schema.plan import PlannedGuest
from preflight.stdio import draws
from preflight.units import MIB
from preflight.visible import escaped, named, one_line

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

#: Seconds between two lines of one guest, if there is no terminal.
LINE_EVERY = 5.0
#: Seconds that the last events may take to be shown once the run is over.
PATIENCE = 5.0

NO_GROUPS: Mapping[str, Sequence[PlannedGuest]] = {}

#: Shows an event, with the time at which it happened.
Show: TypeAlias = Callable[[float, Event], None]


@contextlib.contextmanager
def shown(
    guests: Sequence[PlannedGuest], events: Path | None, groups: Mapping[str, Sequence[PlannedGuest]] = NO_GROUPS
) -> Iterator[Tell]:
    """Yield the function to call with each event, from any thread; raise `UserError` if the file cannot be written.

    Each group, such as the guests that go to one destination, has a bar of its own beside the one for all.

    That function neither raises nor waits: a migration continues while the terminal is stopped (Ctrl-S), or gone.
    """
    outlets = [_Outlet(lambda: _bars(guests, groups) if draws() else contextlib.nullcontext(_Lines()))]
    if events is not None:
        log = _opened(events)
        outlets.append(_Outlet(lambda: _logged(log)))

    def tell(event: Event) -> None:
        for outlet in outlets:
            outlet.tell(event)

    for outlet in outlets:
        outlet.start()
    try:
        yield tell
    finally:
        for outlet in outlets:
            outlet.end()


class _Outlet(threading.Thread):
    """A thread that shows events in their order; it reports its own failure, which ends nothing else."""

    def __init__(self, opens: Callable[[], contextlib.AbstractContextManager[Show]]) -> None:
        super().__init__(daemon=True)
        self._opens = opens
        #: Each event with its time, in seconds since the epoch; None is the end. A signal handler adds events too,
        #: perhaps while its own thread is adding one, which only this kind of queue allows.
        self._events: queue.SimpleQueue[tuple[float, Event] | None] = queue.SimpleQueue()

    def tell(self, event: Event) -> None:
        self._events.put((time.time(), event))

    def end(self) -> None:
        """Wait until everything is shown, but not for long."""
        self._events.put(None)
        self.join(PATIENCE)

    def run(self) -> None:
        try:
            with self._opens() as show:
                while (one := self._events.get()) is not None:
                    show(*one)
        except Exception as why:
            print(
                f"preflight: events are no longer shown: {type(why).__name__}: {one_line(str(why))}",
                file=sys.stderr,
            )


def describe(sample: Sample) -> str:
    """Return a sample in words: what is left of the guest's memory, and its rates."""
    return ", ".join((of(sample.memory_remaining, sample.memory_total), *rates(sample)))


def rates(sample: Sample) -> Iterator[str]:
    """Return how fast a guest's memory is sent and written, the pass over it, and the downtime that QEMU expects."""
    yield f"{sample.rate / MIB:.0f} MiB/s"
    yield f"guest writes {sample.dirty_rate / MIB:.0f} MiB/s"
    yield f"pass {sample.iteration}"
    if sample.expected_downtime is not None:
        yield f"downtime {sample.expected_downtime * 1000:.0f} ms"


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("ab", buffering=0)  # so that closing it writes nothing, and cannot fail
    except OSError as why:
        raise UserError(f"{path}: {why.strerror}") from None


@contextlib.contextmanager
def _logged(file: IO[bytes]) -> Iterator[Show]:
    """Yield what writes each event as a line of JSON, at once: a public contract, see docs/events.schema.json."""
    is_cut = False

    def show(at: float, event: Event) -> None:
        nonlocal is_cut
        told = schema.values({"time": at} | msgspec.to_builtins(event))
        line = escaped(json.dumps(told, ensure_ascii=False, separators=(",", ":"))).encode() + b"\n"
        if is_cut:
            line = b"\n" + line
        with contextlib.suppress(OSError):  # a disk may have room again; the journal says what happened
            is_cut = file.write(line) != len(line)

    with file:
        yield show


class _Setbacks:
    """The last sample of each guest, to explain why a guest has more left to send than before."""

    def __init__(self) -> None:
        self._last: dict[str, Sample] = {}

    def why(self, name: str, sample: Sample) -> str | None:
        before, self._last[name] = self._last.get(name), sample
        return setback(before, sample) if before else None


class _Lines:
    """Prints a line for each event, and now and then one for the progress of each guest."""

    def __init__(self) -> None:
        self._setbacks = _Setbacks()
        self._printed: dict[str, float] = {}

    def __call__(self, at: float, event: Event) -> None:
        name = event.guest or ""
        if event.kind == "progress" and event.sample is not None:
            why = self._setbacks.why(name, event.sample)
            if why:
                _say(name, f"fell behind: {why}")
            if why or abs(at - self._printed.get(name, 0.0)) >= LINE_EVERY:  # a clock may be set back
                self._printed[name] = at
                _say(name, f"{event.sample.done:4.0%}  {describe(event.sample)}")
        elif text := in_words(event):
            _say(name, text)


def in_words(event: Event) -> str:
    """Return the text of an event other than progress; empty for one that people need not see."""
    if event.kind == "ended":
        result = event.told.get("result", "")
        return f"{result}: {event.text}" if event.text else result
    plain = {"started": "starts", "handed-over": "", "aborting": f"aborting: {event.text}"}
    return plain.get(event.kind, event.text)


def _say(name: str, text: str) -> None:
    head = f"{named(name)}: " if name else "preflight: "
    print(f"{head}{one_line(text)}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def _bars(guests: Sequence[PlannedGuest], groups: Mapping[str, Sequence[PlannedGuest]]) -> Iterator[Show]:
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.table import Column

    from preflight.console import GatedConsole

    console = GatedConsole()
    narrow = console.width < 100
    columns = (
        TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True, max_width=console.width // 4)),
        BarColumn(bar_width=8 if narrow else 24),
        TextColumn("{task.percentage:>3.0f}%"),
        TextColumn("{task.fields[words]}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis")),
        *(() if narrow else (TimeElapsedColumn(),)),
    )
    with Progress(*columns, console=console) as progress:
        yield _Bars(progress, guests, groups)


class _Bars:
    """A bar for each guest that has begun and, if there are several, one for all guests and one for each group.

    A bar is the memory that was sent, of all that has to be sent. The latter grows when a guest writes to memory that
    was sent already, and the bar then goes back.
    """

    def __init__(
        self, progress: "Progress", guests: Sequence[PlannedGuest], groups: Mapping[str, Sequence[PlannedGuest]]
    ) -> None:
        self._progress = progress
        self._whole = Whole(guests)
        self._tasks: dict[str, TaskID] = {}
        self._setbacks = _Setbacks()
        #: The guests together that have a bar, and their bars.
        self._together: dict[TaskID, Whole] = {}
        if len(guests) > 1:
            self._together[progress.add_task("all", words="")] = self._whole
        self._group_of: dict[str, Whole] = {}
        for name, some in groups.items() if len(groups) > 1 else ():
            group = self._together[progress.add_task(f"to {one_line(name)}", words="")] = Whole(some)
            self._group_of |= dict.fromkeys((guest.name for guest in some), group)
        self._show_together()

    def __call__(self, _at: float, event: Event) -> None:
        name = event.guest or ""
        if event.kind == "started":
            for whole in self._wholes(name):
                whole.guest(name).start()
            if name not in self._tasks:
                self._tasks[name] = self._progress.add_task(named(name), words="")
            self._show(name, ("starting",))
        elif event.kind == "progress" and event.sample is not None:
            if why := self._setbacks.why(name, event.sample):
                self._say(name, f"fell behind: {why}")
            for whole in self._wholes(name):
                whole.hear(name, event.sample)
            guest = self._whole.guest(name)
            self._show(name, (of(guest.left, guest.total), str(guest.eta), *rates(event.sample)))
        elif event.kind == "ended":
            for whole in self._wholes(name):
                whole.guest(name).end(arrived=event.told.get("result") == "arrived")
            self._show(name, (one_line(in_words(event)),))
        elif text := in_words(event):
            self._whole.starts_more &= event.kind != "stopping"
            self._say(name, text)
        self._show_together()

    def _wholes(self, name: str) -> Sequence[Whole]:
        """Return the guests together among which this one is."""
        group = self._group_of.get(name)
        return (self._whole,) if group is None else (self._whole, group)

    def _say(self, name: str, text: str) -> None:
        head = f"{named(name)}: " if name else ""
        self._progress.console.print(f"{head}{one_line(text)}", markup=False)

    def _show(self, name: str, words: Sequence[str]) -> None:
        """Show one guest; `words` are what fits of them."""
        if name in self._tasks:
            guest = self._whole.guest(name)
            # a guest without memory to send is all there or not at all
            done, total = (guest.sent, guest.total) if guest.total else (int(guest.stage is Stage.ARRIVED), 1)
            self._progress.update(self._tasks[name], completed=done, total=total, words=self._fitted(words))

    def _show_together(self) -> None:
        for task, whole in self._together.items():
            done, total = whole.progress
            self._progress.update(task, completed=done, total=total, words=self._fitted(whole.words()))

    def _fitted(self, words: Sequence[str]) -> str:
        """Fit words beside the longest name, the bar and the percentage."""
        width = self._progress.console.width
        longest = max((len(task.description) for task in self._progress.tasks), default=0)
        beside = min(longest, width // 4) + (16 if width < 100 else 40)
        return fitted(words, width - beside)
