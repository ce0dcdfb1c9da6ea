"""The demands on every run of preflight, whatever its input; each breach is a line for a person."""

import json
import re
from collections.abc import Collection, Iterator

from msgspec import Struct

from tests.hostile.nursery import Job, Outcome

#: Seconds of processor time and KiB of memory that no run may exceed.
CPU, RSS = 20.0, 500 * 1024
#: What steers a terminal or turns the direction of text, written out here rather than taken from the code under test.
STEERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
#: The lines by which a reader knows how it ended; a hostile text tries to write one.
VERDICT = re.compile(r"^(READY|NOT READY|UNDETERMINED|ARRIVED|NOT ARRIVED)\b", re.MULTILINE)
#: Occurs in every forged verdict.
FORGED = "forged-by-a-host"
#: What a user must never see.
BUGS = ("Traceback (most recent call last)", "a bug in preflight", "Exception in thread", "Exception ignored in")


class Judged(Struct, frozen=True):
    """One run: what it was fed, how it ended, and the demands that it broke."""

    #: Which of the harness's parts, the kind of attack in it, and the one case, which the seed makes again.
    part: str
    kind: str
    name: str
    words: tuple[str, ...]
    code: int | None
    cpu: float
    wall: float
    rss: int
    size: int
    faults: tuple[str, ...]


def faults(job: Job, outcome: Outcome, codes: Collection[int]) -> Iterator[str]:
    """Yield every demand that a run broke; `codes` are those that are documented for its command."""
    out, err = (stream.decode("utf-8", "surrogateescape") for stream in (outcome.out, outcome.err))
    if outcome.code is None:
        yield f"did not end within {job.wall:g} s"
    elif outcome.code not in codes:
        yield f"exit {outcome.code}"
    if outcome.cpu > CPU:
        yield f"took {outcome.cpu:.0f} s of CPU"
    if outcome.rss > RSS:
        yield f"took {outcome.rss // 1024} MiB"
    for stream, text in (("output", out), ("error output", err)):
        yield from (f"{bug!r} in its {stream}" for bug in BUGS if bug in text)
        if steers := STEERS.search(text):
            yield f"{steers[0]!r} in its {stream}"
        if any(FORGED in line for line in text.splitlines() if VERDICT.match(line)):
            yield f"a forged verdict in its {stream}"
    if "json" in job.words and outcome.code in (0, 1, 3):
        try:
            json.loads(out)
        except ValueError as why:
            yield f"JSON that cannot be read: {why}"
    elif job.words[0] == "check" and outcome.code in (0, 1, 3) and len(VERDICT.findall(out)) != 1:
        yield f"{len(VERDICT.findall(out))} lines that look like a verdict"
    if outcome.code == 2 and (len(lines := err.splitlines()) != 1 or not lines[0].startswith("preflight: ")):
        yield f"exit 2 with {len(lines)} lines instead of one: {err[:80]!r}"
    yield from (f"left behind: {command[:80]}" for command in outcome.left)
