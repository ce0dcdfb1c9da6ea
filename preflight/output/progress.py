"""A migration's progress while it runs: a bar on a terminal, else a line now and then. On standard error only."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from preflight.output.terminal import clean
from preflight.progress import MIB, Sample, setback

#: Seconds between two lines where there is no terminal.
LINE_EVERY = 5.0

Watch = Callable[[Sample], None]


@contextmanager
def shown(guest: str) -> Iterator[Watch]:
    """What to call with each sample of a guest's migration."""
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb" and not os.environ.get("CI"):
        with _bar(guest) as watch:
            yield watch
    else:
        yield _lines(guest)


def describe(sample: Sample) -> str:
    """A sample in words: what is left, how fast it goes, how fast the guest writes, which pass."""
    return (
        f"{sample.memory_remaining / MIB:.0f} of {sample.memory_total / MIB:.0f} MiB left,"
        f" {sample.rate / MIB:.0f} MiB/s, guest writes {sample.dirty_rate / MIB:.0f} MiB/s, pass {sample.iteration}"
    )


def _lines(guest: str) -> Watch:
    last: list[Sample] = []
    printed = [0.0]

    def watch(sample: Sample) -> None:
        why = setback(last[0], sample) if last else None
        if why:
            print(f"{clean(guest)}: went back: {why}", file=sys.stderr)
        if why or not last or time.monotonic() - printed[0] >= LINE_EVERY:
            print(f"{clean(guest)}: {sample.done:4.0%}  {describe(sample)}", file=sys.stderr, flush=True)
            printed[0] = time.monotonic()
        last[:] = [sample]

    return watch


@contextmanager
def _bar(guest: str) -> Iterator[Watch]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True, force_interactive=True, highlight=False)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:>3.0f}%"),
        TextColumn("{task.fields[words]}", markup=False),
        TimeElapsedColumn(),
    )
    last: list[Sample] = []
    with Progress(*columns, console=console, transient=False) as progress:
        task = progress.add_task(clean(guest), total=1.0, words="starting")

        def watch(sample: Sample) -> None:
            why = setback(last[0], sample) if last else None
            if why:
                progress.console.print(f"{clean(guest)}: went back: {why}", markup=False)
            progress.update(task, completed=sample.done, words=describe(sample))
            last[:] = [sample]

        yield watch
