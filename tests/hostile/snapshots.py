"""Thousands of hostile snapshots from a seed, each judged by a real `preflight check` in a separate process."""

import itertools
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random

from tests.hostile import configurations, firewalls, guests, records, whole
from tests.hostile.demands import Judged, faults
from tests.hostile.nursery import Job
from tests.hostile.pair import Hostile
from tests.hostile.runs import Nursery

#: READY, NOT READY, usage, UNDETERMINED.
CODES = (0, 1, 2, 3)
#: The rows of the lab that are made hostile.
ROWS = 60
#: One snapshot in so many is sized by `preflight capacity` too.
SIZED = 8
_FORMS = ("text", "table", "json")


def snapshots(seed: int) -> Iterator[Hostile]:
    """Return all of them; the same seed gives the same bytes."""
    return itertools.chain(
        records.hostile(seed),
        records.of_rows(seed, ROWS),
        guests.hostile(seed),
        configurations.hostile(seed),
        firewalls.hostile(seed),
        whole.hostile(seed),
    )


def sample(seed: int, count: int) -> list[Hostile]:
    """Return this many of them, with at least one of every kind if possible, and none that takes long to write."""
    by_kind: dict[str, list[Hostile]] = {}
    for one in snapshots(seed):
        if one.kind not in ("record huge", "many guests"):
            by_kind.setdefault(one.kind, []).append(one)
    chance = Random(seed)
    for ones in by_kind.values():
        chance.shuffle(ones)
    rounds = itertools.zip_longest(*by_kind.values())
    return [one for one in itertools.chain.from_iterable(rounds) if one is not None][:count]


def judge(one: Hostile, nursery: Nursery) -> Iterable[Judged]:
    """Check the snapshot in one of the formats, which its name chooses, and size some."""
    drawn = zlib.crc32(f"{one.kind} {one.name}".encode("utf-8", "replace"))
    forms = [("check", _FORMS[drawn % 3])]
    if drawn % SIZED == 0:
        forms.append(("capacity", ("text", "json")[drawn // SIZED % 2]))
    with tempfile.TemporaryDirectory(prefix="preflight-hostile-") as directory:
        Path(directory, "pair.json").write_bytes(made := one.make())
        for command, form in forms:
            job = Job([command, "pair.json", "--format", form], cwd=directory)
            outcome = nursery.run(job)
            yield Judged(
                part="snapshots",
                kind=one.kind,
                name=one.name,
                words=tuple(job.words),
                code=outcome.code,
                cpu=outcome.cpu,
                wall=outcome.wall,
                rss=outcome.rss,
                size=len(made),
                faults=tuple(faults(job, outcome, CODES)),
            )
