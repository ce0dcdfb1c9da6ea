"""`make flags`: each flag on real guests, and the table flag by result, as docs/reference/flags.md shows it."""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from msgspec import Struct, convert, to_builtins
from msgspec.json import encode
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
    chosen = [trial for trial in TRIALS if any(name.startswith(tuple(options.names) or "") for name in trial.proofs)]
    if options.missing:
        chosen = [
            trial for trial in chosen if any(name not in known or not known[name].proved for name in trial.proofs)
        ]
    failed = False
    with Lab(os.environ.get("PREFLIGHT_LAB", "flags")) as lab:
        # those that leave nothing behind come first: for them the hosts need not be rebooted
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
                for name, row in _rows(lab, trial):
                    print(f"{name:<34} {row.proved or 'NOT PROVED: ' + (row.instead or '')}", flush=True)
                    failed = failed or row.proved is None
                    known[name] = row
                RECORDED.write_text(json.dumps(to_builtins(known), indent=1, sort_keys=True) + "\n", encoding="utf-8")
            lab.down()
    return int(failed)


def _rows(lab: Lab, trial: Trial) -> Iterator[tuple[str, Row]]:
    asked, code = " ".join(trial.asked) or "(no further options)", -1
    seen: Seen | str
    try:
        seen = run(lab, trial)
        code = seen.code
        _keep(trial, seen)
        last = (seen.err.strip() or seen.out.strip()).splitlines()[-1:]
        must(code == trial.code, f"exit code {code}: {' '.join(last)}")
    except (Unproved, LabError, subprocess.SubprocessError) as why:
        seen = str(why)
    for name, proof in trial.proofs.items():
        proved, instead = None, seen if isinstance(seen, str) else None
        try:
            proved = None if isinstance(seen, str) else proof(seen)
        except Unproved as why:
            instead = str(why)
        yield name, Row(asked=asked, release=trial.release, code=code, proved=proved, instead=instead)


def _keep(trial: Trial, seen: Seen) -> None:
    """Return the observations, for a person who looks into the failure."""
    kept = os.environ.get("PREFLIGHT_FLAGS_KEEP")
    if kept:
        name = next(iter(trial.proofs)).replace(" ", "-").replace(",", "")
        Path(kept, f"{name}.json").write_bytes(encode(seen))


def recorded() -> dict[str, Row]:
    """Return the rows as last seen, by the trial's name."""
    return convert(json.loads(RECORDED.read_text(encoding="utf-8")), dict[str, Row]) if RECORDED.exists() else {}


def markdown() -> str:
    """Return docs/reference/flags.md: every trial that the lab has recorded."""
    known = recorded()
    rows = [
        (
            name,
            f"`{row.asked}`",
            row.release,
            row.code,
            "yes" if row.proved else "NO",
            row.proved or row.instead,
        )
        for trial in TRIALS
        for name in trial.proofs
        if (row := known.get(name))
    ]
    table = tabulate(
        rows,
        ("Flag", "Options of preflight migrate", "Release", "Exit code", "As requested", "Evidence"),
        tablefmt="github",
        disable_numparse=True,
    )
    proved = sum(row[4] == "yes" for row in rows)
    return (
        "# Flags and transports\n\n"
        "Each row is a run of `preflight migrate host1 host2 web --yes` in the lab, with a real guest and these\n"
        "options; flags that do not affect each other share a run. The evidence is taken from the logs of both\n"
        "libvirt daemons, which contain the calls that they received and the commands that they sent to QEMU, and\n"
        "from both hosts after the run. Generated by `python -m tests.documentation` from the last records of\n"
        f"`make flags`: {proved} of {len(rows)} flags had the requested effect.\n\n"
        f"{table}\n"
    )


if __name__ == "__main__":
    sys.exit(main())
