"""`preflight migrate` on two hosts in memory: `python -m tests.unit.commands.moving DIRECTORY HOW ARGUMENT...`.

All of it is preflight's own but for the check, the logins and libvirt. HOW is "arrives", "fails" or "hangs", which
sends until it is aborted and touches DIRECTORY/began; or "bug", which ends the run with an exception.
"""

import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from preflight.__main__ import main
from preflight.answers import Record
from preflight.commands import migrate
from preflight.commands.migrate import Wanted
from preflight.units import MIB
from tests.unit.migrate.runs import Pair


class Visit:
    """A host that is logged in to, and whose shell answers nothing."""

    def __init__(self, host: Any) -> None:
        self.name, self.connect = host.name, host.connect

    def run(self, *_: object) -> Record:
        return Record("", code=1)

    def tell(self, _command: object) -> None: ...


def sending(pair: Pair) -> None:
    """Have the guest's job report the memory that is sent: three passes, of which each begins with less."""
    began = time.monotonic()
    while not pair.source.migrations.aborted.is_set():
        passed, within = divmod(time.monotonic() - began, 4.0)
        total = (1024 >> 2 * min(int(passed), 3)) * MIB
        job = {
            "memory_total": 1024 * MIB,
            "memory_remaining": int(total * (1 - within / 4.0)),
            "memory_bps": 250 * MIB,
            "memory_dirty_rate": 0 if passed < 1 else 60 * 256,
            "memory_iteration": 1 + int(passed),
            "data_processed": int(within * MIB),
            "time_elapsed": int(1000 * (time.monotonic() - began)),
        }
        if pair.here.job is not None:
            pair.here.job.update(job)
        time.sleep(0.05)


def hosts(directory: Path, how: str) -> Pair:
    pair = Pair(directory)
    migrations = pair.source.migrations
    if how == "fails":
        migrations.fails = "perform"
    if how == "hangs":
        migrations.sends = threading.Event()
        migrations.at["perform"] = (directory / "began").touch
        threading.Thread(target=sending, args=(pair,), daemon=True).start()
    return pair


def install(directory: Path, how: str) -> None:
    """Put the fakes in the places of the check and of the logins."""
    pair = hosts(directory, how)
    visits: Any = (Visit(pair.source), Visit(pair.destination))
    opened: Any = SimpleNamespace(visits=visits, report=None)

    def move(_asked: object, _method: object, wanted: Wanted, **_told: object) -> int:
        return migrate.start(pair.plan, opened, opened, wanted)

    def fail(*_: object) -> Sequence[Any]:
        raise RuntimeError("the disk of this machine is gone")

    own: Any = migrate
    own.move, own.live, own.same_hosts = move, lambda both: both, lambda _plan, both: both
    if how == "bug":
        own.finish = fail


if __name__ == "__main__":
    install(Path(sys.argv[1]), sys.argv[2])
    sys.argv = ["preflight", *sys.argv[3:]]
    main()
