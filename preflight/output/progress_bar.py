"""A bar on standard error for what takes a while; nothing where standard error is no terminal."""

import contextlib
import sys
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def bar(what: str, steps: int) -> Iterator[Callable[[int, int], None]]:
    """Yield a function that takes the steps that are done, and of how many."""
    if not sys.stderr.isatty() or steps == 0:
        yield lambda _done, _all: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from preflight.output.run.console import GatedConsole

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=GatedConsole(), transient=True) as progress:
        task = progress.add_task(what, total=steps)

        def advance(done: int, every: int) -> None:
            progress.update(task, completed=done, total=every)

        yield advance
