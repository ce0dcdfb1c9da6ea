"""A bar on standard error for what takes a while; nothing where standard error is no terminal."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from preflight.stdio import draws

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


#: Held by the bar that is drawn. A process has one terminal: a second bar would be drawn over the first one, and its
#: control codes shown as text, since standard error is then rich's, and what rich does not draw itself is made visible.
_TERMINAL = threading.Lock()


class Bar:
    """A bar that appears when it is first shown, and can be taken away while something else needs the terminal.

    While another thread's bar is drawn, this one is not.
    """

    def __init__(self) -> None:
        self._drawn: tuple[Progress, TaskID] | None = None

    def show(self, what: str, done: int, every: int) -> None:
        """Draw the bar, or change it: `done` of `every` steps."""
        if self._drawn is None:
            if not _TERMINAL.acquire(blocking=False):
                return
            progress = _progress()
            self._drawn = progress, progress.add_task(what, total=every)
            progress.start()
        progress, task = self._drawn
        progress.update(task, description=what, completed=done, total=every)

    def hide(self) -> None:
        """Take the bar away; its lines are as they were before."""
        if self._drawn is not None:
            self._drawn[0].stop()
            self._drawn = None
            _TERMINAL.release()


@contextlib.contextmanager
def bar(what: str, steps: int) -> Iterator[Callable[[int, int], None]]:
    """Yield a function that takes the steps that are done, and of how many."""
    if not draws() or steps == 0:
        yield lambda _done, _all: None
        return
    drawn = Bar()
    drawn.show(what, 0, steps)
    try:
        yield lambda done, every: drawn.show(what, done, every)
    finally:
        drawn.hide()


def _progress() -> "Progress":
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.table import Column

    from preflight.console import GatedConsole

    console = GatedConsole()
    whole = Column(no_wrap=True, overflow="ellipsis", max_width=max(20, console.width - 40))
    return Progress(
        TextColumn("{task.description}", markup=False, table_column=whole),
        BarColumn(bar_width=16),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        redirect_stdout=False,
    )
