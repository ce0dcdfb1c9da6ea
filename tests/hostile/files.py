"""Hostile journals and plans, each read, resumed and run by `preflight` where no host can be reached."""

import importlib
import importlib.util
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random

from tests.hostile import journals
from tests.hostile.canary import sung
from tests.hostile.demands import Judged, faults
from tests.hostile.nursery import Job
from tests.hostile.runs import Nursery

#: What each command may end with: done, usage, not arrived, refused.
_STATUS, _MIGRATE = (0, 2), (0, 2, 4, 5)
_SHORT = ("--yes", "--answer-timeout", "2", "--settle-timeout", "1")
COMMANDS: tuple[tuple[tuple[str, ...], tuple[int, ...]], ...] = (
    (("status", "file"), _STATUS),
    (("status", "file", "--format", "json"), _STATUS),
    (("migrate", "--resume", "file", *_SHORT), _MIGRATE),
    (("migrate", "file", *_SHORT), _MIGRATE),
)

#: How many of all of them a run takes, unless it is told to take those of a name.
DRAWN = 600


def documents(seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield all journals and plans; `tests.hostile.documents` adds its own where it is there."""
    yield from journals.documents(seed)
    if importlib.util.find_spec("tests.hostile.documents"):
        yield from importlib.import_module("tests.hostile.documents").documents(seed)


def sample(seed: int, count: int) -> list[tuple[str, bytes]]:
    """Return this many of them, drawn from the seed."""
    return Random(seed).sample(list(documents(seed)), count)


def judge(one: tuple[str, bytes], nursery: Nursery) -> Iterable[Judged]:
    """Give the file to every command that takes one."""
    name, content = one
    for words, codes in COMMANDS:
        with tempfile.TemporaryDirectory(prefix="preflight-hostile-") as directory:
            yield _judge(name, content, words, codes, Path(directory), nursery)


def _judge(
    name: str, content: bytes, words: tuple[str, ...], codes: Iterable[int], directory: Path, nursery: Nursery
) -> Judged:
    file = directory / "file"
    file.write_bytes(content)
    file.chmod(0o600)
    path = directory / "bin"
    path.mkdir()
    ssh = path / "ssh"
    ssh.write_text("#!/bin/sh\necho 'no host is contacted' >&2\nexit 255\n")
    ssh.chmod(0o700)
    environment = {"PATH": f"{path}:/usr/bin:/bin", "HOME": str(directory), "XDG_STATE_HOME": str(directory)}
    job = Job(list(words), cwd=str(directory), environment=environment)
    outcome = nursery.run(job)
    return Judged(
        part="files",
        kind=" ".join(word for word in words if word.isalpha() or word == "--resume").removesuffix(" file"),
        name=name,
        words=words,
        code=outcome.code,
        cpu=outcome.cpu,
        wall=outcome.wall,
        rss=outcome.rss,
        size=len(content),
        faults=(*faults(job, outcome, tuple(codes)), *sung()),
    )
