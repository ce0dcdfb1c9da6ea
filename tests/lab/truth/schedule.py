"""Spreads rows over several labs that run side by side, and lets those that need the machine for themselves wait."""

import queue
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Generic, TypeAlias, TypeVar

from msgspec import Struct

from tests.lab import ImageMissing, Lab, LabError, LabUnavailable
from tests.lab.recipes import ImageName

from .row import Row

Saw = TypeVar("Saw")
Images = tuple[ImageName, ImageName]
Perform: TypeAlias = Callable[[Lab, str, Row], Saw]
#: How often the lab may break under one row.
TRIES = 2


class Done(Struct, Generic[Saw], frozen=True):
    """A row that is over: what was seen of it, or why the lab could not show it."""

    name: str
    row: Row
    saw: Saw | None
    #: What went wrong with the lab itself, each time.
    broke: tuple[str, ...] = ()


def run_all(chosen: Mapping[str, Row], labs: Sequence[Lab], perform: Perform[Saw]) -> Iterator[Done[Saw]]:
    """Yield each row as it is over: first all that may run side by side, then the others in the first lab.

    The labs are the caller's to name and to hold; they are up only as long as they are needed. `perform` runs one row
    in a lab that is up.
    """
    beside = {name: row for name, row in chosen.items() if not row.runs_alone}
    alone = {name: row for name, row in chosen.items() if row.runs_alone}
    for rows, crew in ((beside, labs), (alone, labs[:1])):
        if rows:
            yield from _Crew(rows, crew, perform).work()


class _Crew(Generic[Saw]):
    """Labs that take rows from one heap; each stays with one pair of images while there are rows for it."""

    def __init__(self, rows: Mapping[str, Row], labs: Sequence[Lab], perform: Perform[Saw]) -> None:
        self._left = dict(rows)
        self._labs = labs
        self._perform = perform
        self._lock = threading.Lock()
        self._over: queue.Queue[Done[Saw] | BaseException | None] = queue.Queue()

    def work(self) -> Iterator[Done[Saw]]:
        """Yield every row; an error that is not the lab's ends the work."""
        threads = [threading.Thread(target=self._serve, args=(lab,)) for lab in self._labs]
        with ExitStack() as ending:
            for thread in threads:
                thread.start()
                ending.callback(thread.join)
            ending.callback(self._stop)
            busy = len(threads)
            while busy:
                done = self._over.get()
                if isinstance(done, BaseException):
                    raise done
                if done is None:
                    busy -= 1
                else:
                    yield done

    def _stop(self) -> None:
        with self._lock:
            self._left.clear()

    def _next(self, at: Images | None) -> tuple[str, Row] | None:
        """Return a row for a lab that is up with these images: for them, or for the pair with most rows left."""
        with self._lock:
            if not self._left:
                return None
            counted = Counter(map(_images, self._left.values()))
            wanted = at if at in counted else counted.most_common(1)[0][0]
            name = next(name for name, row in self._left.items() if _images(row) == wanted)
            return name, self._left.pop(name)

    def _serve(self, lab: Lab) -> None:
        at: Images | None = None
        try:
            while taken := self._next(at):
                name, row = taken
                broke: list[str] = []
                saw = None
                while saw is None and len(broke) < TRIES:
                    try:
                        if at != _images(row):
                            lab.up(_images(row))
                            at = _images(row)
                        saw = self._perform(lab, name, row)
                    except ImageMissing as error:
                        broke.append(str(error))
                        at = None
                        break
                    except LabUnavailable:
                        raise
                    except LabError as error:
                        broke.append(str(error))
                        at = None
                self._over.put(Done(name, row, saw, tuple(broke)))
        except BaseException as error:  # handed to who waits for the rows
            self._over.put(error)
        finally:
            lab.down()
            self._over.put(None)


def _images(row: Row) -> Images:
    return row.source, row.destination
