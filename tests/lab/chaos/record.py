"""Keeps the outcomes of a whole run beside the tests, and writes docs/chaos.md from them."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from tests.lab.chaos.run import Outcome
from tests.lab.chaos.table import summary

RECORDED = Path(__file__).with_name("recorded.json")


class Record(Struct, frozen=True):
    """What is kept of a whole run."""

    release: str
    outcomes: tuple[Outcome, ...]


def write(outcomes: Sequence[Outcome], release: str) -> None:
    """Keep them in place of those that were kept."""
    RECORDED.write_bytes(msgspec.json.format(msgspec.json.encode(Record(release, tuple(outcomes)))) + b"\n")


def markdown() -> str:
    """docs/chaos.md."""
    record = msgspec.json.decode(RECORDED.read_bytes(), type=Record)
    outcomes = record.outcomes
    guests = sum(each.guests for each in outcomes)
    violated = [each for each in outcomes if each.violations]
    late = sum("after the end" in each.moment for each in outcomes)
    aims = Counter(each.moment.split()[0] for each in outcomes if "after the end" not in each.moment)
    seeds = ", ".join(sorted({each.seed for each in outcomes}))
    wrong = "\n".join(f"- {each.seed}:{each.number}: {'; '.join(each.violations)}" for each in violated)
    return (
        f"""\
# Faults, and where the guests then are

Each run moves 1 to 6 guests between two real hosts of the lab ({record.release}) with `preflight migrate`, throws a
fault at a random moment, heals it, and lets `preflight migrate --resume` finish. Then both hosts are looked at from
inside: QEMU's processes, libvirt's lists, and whether the guest's processors run. Meanwhile both are watched for a
guest that runs on both. Written by `python -m tools.documentation` from what `make chaos` last recorded.

{len(outcomes)} runs of seed {seeds} with {guests} guests. The moment was {aims["hand-over"]} times within 0.3 s of a
hand-over, {aims["transfer"]} times during the transfer, {aims["start"]} times before it; {late} times all had ended.
Guests by what became of them:

{summary(outcomes, tablefmt="github")}

"arrived": on the destination alone, as it was. "stayed": on the source alone, as it was. "stopped": on one host alone,
stopped by the fault itself: its host was rebooted, or its QEMU killed once the source had let it go.

A violation is a guest that ran on both hosts at any time, is on neither, is stopped or paused by anything but the fault
itself, is defined on both or on none, or was told to be elsewhere than it is; or a command that did not end in time.

{f"{len(violated)} runs with a violation:" if violated else "No run with a violation."}
{wrong}
""".rstrip()
        + "\n"
    )
