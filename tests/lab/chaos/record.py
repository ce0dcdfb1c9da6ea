"""Writes docs/reference/chaos.md from the runs that are recorded."""

import itertools
from collections import Counter
from pathlib import Path

from tests.lab.chaos.faults import FAULTS
from tests.lab.chaos.modes import MODES
from tests.lab.chaos.outcome import Outcome
from tests.lab.chaos.table import acts, summary
from tests.lab.chaos.trial import HOSTS
from tests.lab.interleavings.record import markdown as interleavings
from tests.lab.kill_nine.record import markdown as kills
from tests.lab.lines import Lines

LEFT = (
    "which was killed in a managed migration while they stood still: nobody can know then whether their owner has "
    "moved them on, so `--resume` says so and names the command that starts them"
)
RECORDED = Path(__file__).with_name("recorded.jsonl")
TEXT = """\
# Faults, what follows them, and where the guests then are

## Faults and second events

Each run moves seven guests between two real hosts of the lab (bookworm) with `preflight migrate` and throws a fault at
a random moment. Once it is healed, the owner of each guest acts, each in another way; then both daemons are restarted,
or a host loses its power and comes back. Then `preflight migrate --resume` has to finish. Owners know what they do:
they start no copy beside one that runs, and none that is older than its disk. Both hosts are looked at from inside:
QEMU's processes, libvirt's lists, and whether the guest's processors run. All the while each guest counts on its disk,
which nothing locks. Written by `python -m tests.documentation` from what `make chaos` last recorded.

{code}

{counts}

{summary}

{acts}

"arrived": on the destination alone, as it was. "stayed": on the source alone, as it was. "stopped" and "paused": on
one host alone, stopped by the fault, by its owner, or by a host that lost its power{left}.

A violation is a guest that ran on both hosts at any time, whose counter went back, that is on neither host though
nobody took it away, is stopped or paused by anything else, is started though its owner had stopped it, or was told to
be elsewhere than it is; or a command that did not end in time.

{wrong}

## Interleavings

Each was really made: libvirtd is stopped just between Finish and Confirm, its owner acts, and `--resume` follows
(`make interleavings`).

{interleavings}

## preflight killed, and nobody resumes it

At random moments of a transfer (`make kill-nine`). Looked at is where the guest is a minute later.

{kills}
"""


def markdown() -> str:
    """docs/reference/chaos.md."""
    outcomes = Lines(RECORDED, Outcome).read()
    late = sum("after the end" in each.moment for each in outcomes)
    aims = Counter(each.moment.split()[0] for each in outcomes if "after the end" not in each.moment)
    seeds = ", ".join(sorted({each.seed for each in outcomes}))
    counts = (
        f"{len(outcomes)} runs of seed {seeds} with {sum(each.guests for each in outcomes)} guests. The moment was "
        f"{aims['answer']} times within 0.05 s of libvirt's answer to it, {aims['hand-over']} times within 0.3 s of a "
        f"hand-over, {aims['transfer']} times during the transfer, "
        f"{aims['start']} times before it; {late} times all had ended."
    )
    often = Counter((each.faults[-1], each.mode, each.hosts) for each in outcomes)
    least = min((often[one] for one in itertools.product(FAULTS, MODES, HOSTS)), default=0)
    counts += (
        f" Each fault was thrown in each mode before each event that befalls the hosts at least {least} times, "
        f"alone and together with the death of preflight."
    )
    if advised := sum(each.advised for each in outcomes):
        counts += f" {advised} times the destination's daemon was restarted, as `--resume` had advised."
    violated = [each for each in outcomes if each.violations]
    wrong = "\n".join(f"- {each.seed}:{each.number}: {'; '.join(each.violations)}" for each in violated)
    codes = sorted({(each.code.commit, each.code.migrate) for each in outcomes})
    paused = sum(len(each.left) for each in outcomes)
    left = f", and {paused} left paused by preflight, {LEFT}" if paused else ""
    well = "No run with a violation." if outcomes else ""
    of = ", ".join(f"commit {commit} (preflight/migrate {migrate})" for commit, migrate in codes)
    return TEXT.format(
        code=f"This is of {of}." if codes else "Nothing is recorded yet.",
        counts=counts if outcomes else "",
        summary=summary(outcomes, tablefmt="github") if outcomes else "",
        acts=acts(outcomes, tablefmt="github") if outcomes else "",
        left=left,
        wrong=f"{len(violated)} runs with a violation:\n\n{wrong}" if violated else well,
        interleavings=interleavings(),
        kills=kills(),
    )
