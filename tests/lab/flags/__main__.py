"""`make flags`: each flag on real guests, and the table flag by result, which docs/flags.md shows as last seen."""

import argparse
import json
import os
import sys
from itertools import groupby
from pathlib import Path

from msgspec import Struct, convert, to_builtins
from tabulate import tabulate

from tests.lab import Lab, LabError

from .proofs import must
from .run import run, sweep
from .seen import Seen, Unproved
from .trial import Trial
from .trials import TRIALS

RECORDED = Path(__file__).with_name("recorded.json")


class Row(Struct, frozen=True, kw_only=True):
    """A trial as it was last seen."""

    asked: str
    release: str
    code: int
    #: What shows that the flag had its effect; None where that was not seen.
    proved: str | None
    #: What was seen instead.
    instead: str | None = None


def main() -> int:
    """Run the trials that are named, or all; 1 when one was not proved."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab.flags", description=__doc__)
    parser.add_argument("names", nargs="*", help="beginnings of trials' names; all when none is given")
    parser.add_argument("--missing", action="store_true", help="only those that are not proved yet")
    options = parser.parse_args()
    known = recorded()
    chosen = [trial for trial in TRIALS if not options.names or trial.name.startswith(tuple(options.names))]
    if options.missing:
        chosen = [trial for trial in chosen if trial.name not in known or known[trial.name].proved is None]
    failed = False
    with Lab(os.environ.get("PREFLIGHT_LAB", "flags")) as lab:
        # those that leave nothing behind come first: for them the hosts need not be booted anew
        ordered = sorted(chosen, key=lambda trial: (trial.release, trial.leaves_traces))
        for release, trials in groupby(ordered, lambda trial: trial.release):
            lab.up([release, release])
            dirty = False
            for trial in trials:
                lab.client.reset(list(lab.hosts))
                if dirty:
                    lab.reset(list(lab.hosts.values()))
                else:
                    sweep(lab)
                dirty = trial.leaves_traces
                row, seen = _row(lab, trial)
                print(f"{trial.name:<34} {row.proved or 'NOT PROVED: ' + (row.instead or '')}", flush=True)
                if row.proved is None:
                    failed = True
                    _keep(trial.name, seen)
                known[trial.name] = row
                RECORDED.write_text(json.dumps(to_builtins(known), indent=1, sort_keys=True) + "\n", encoding="utf-8")
            lab.down()
    return int(failed)


def _row(lab: Lab, trial: Trial) -> tuple[Row, Seen | None]:
    asked = " ".join(trial.asked) or "(nothing more)"
    seen = None
    try:
        seen = run(lab, trial)
        last = (seen.err.strip() or seen.out.strip()).splitlines()[-1:]
        must(seen.code == trial.code, f"exit code {seen.code}: {' '.join(last)}")
        return Row(asked=asked, release=trial.release, code=seen.code, proved=trial.proof(seen)), seen
    except (Unproved, LabError) as why:
        code = -1 if seen is None else seen.code
        return Row(asked=asked, release=trial.release, code=code, proved=None, instead=str(why)), seen


def _keep(name: str, seen: Seen | None) -> None:
    """What was seen of a trial that was not proved, for whoever looks into it."""
    kept = os.environ.get("PREFLIGHT_FLAGS_KEEP")
    if kept and seen is not None:
        Path(kept, f"{name.replace(' ', '-').replace(',', '')}.json").write_text(json.dumps(to_builtins(seen)))


def recorded() -> dict[str, Row]:
    """The rows as last seen, by the trial's name."""
    return convert(json.loads(RECORDED.read_text(encoding="utf-8")), dict[str, Row]) if RECORDED.exists() else {}


def markdown() -> str:
    """docs/flags.md: every trial that the lab has seen."""
    known = recorded()
    rows = [
        (
            trial.name,
            f"`{row.asked}`",
            row.release,
            row.code,
            "yes" if row.proved else "NO",
            row.proved or row.instead,
        )
        for trial in TRIALS
        if (row := known.get(trial.name))
    ]
    table = tabulate(
        rows,
        ("Flag", "Asked of preflight migrate", "Release", "Exit", "As asked", "What shows it"),
        tablefmt="github",
        disable_numparse=True,
    )
    proved = sum(row[4] == "yes" for row in rows)
    return (
        "# Each flag and transport, as seen\n\n"
        "Each row is a real guest that `preflight migrate host1 host2 web --yes` moved in the lab with these options.\n"
        "What shows the effect is taken from what both libvirt daemons wrote down of the calls they got and of all\n"
        "they told QEMU, and from both hosts afterwards. Written by `python -m tools.documentation` from what\n"
        f"`make flags` last saw: {proved} of {len(rows)} as asked.\n\n"
        f"{table}\n"
    )


if __name__ == "__main__":
    sys.exit(main())
