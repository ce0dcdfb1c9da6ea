"""`python -m tests.mutation`: draw mutants by a seed, try them, and record what survived."""

import argparse
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor

from msgspec.structs import replace

from tests.mutation.drawn import try_drawn, try_survivors
from tests.mutation.record import Recorded, Trial, keep, read
from tests.mutation.subjects import SUBJECTS, Subject


def main() -> None:
    """Try each requested subject in a separate process, since an imported module stays imported."""
    asked = argparse.ArgumentParser(description=main.__doc__)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--most", type=int, default=300, help="mutants of a subject")
    asked.add_argument("--minutes", type=float, default=45, help="after which no further one is begun")
    asked.add_argument("--at-once", type=int, default=2)
    asked.add_argument("--only", choices=[one.name for one in SUBJECTS], action="append")
    asked.add_argument("--record", action="store_true", help="write tests/mutation/recorded.json")
    asked.add_argument("--survivors", action="store_true", help="only those that survived the last time")
    given = asked.parse_args()
    before = read() if given.survivors else Recorded(given.seed, given.most, ())
    if before is None:
        raise SystemExit("nothing was recorded yet")
    began = time.monotonic()
    trials = [
        _tried(subject, before, given.at_once, began + 60 * given.minutes)
        for subject in SUBJECTS
        if not given.only or subject.name in given.only
    ]
    for one in trials:
        print(f"{one.subject}: {one.drawn} of {one.possible} tried, {len(one.survivors)} survived")
    print(f"{(time.monotonic() - began) / 60:.1f} minutes")
    if given.record:
        keep(_with_others(Recorded(before.seed, before.most, tuple(trials))))
        print("docs/reference/mutation.md: python -m tests.documentation")


def _tried(subject: Subject, before: Recorded, at_once: int, until: float) -> Trial:
    """Try the survivors of a record; where it holds no trial, all mutants that its seed draws."""
    # spawned: nothing that another subject's mutants share has been imported there
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as one:
        if before.trials:
            return one.submit(try_survivors, subject, before, at_once, until).result()
        began = time.monotonic()
        trial = one.submit(try_drawn, subject, before.seed, before.most, at_once, until).result()
        return replace(trial, minutes=(time.monotonic() - began) / 60)


def _with_others(new: Recorded) -> Recorded:
    """Return the trials of this run, and of the last those of subjects that were not tried in this one."""
    before = read()
    if before is None or (before.seed, before.most) != (new.seed, new.most):
        return new
    names = {one.subject for one in new.trials}
    kept = [one for one in before.trials if one.subject not in names]
    order = [one.name for one in SUBJECTS]
    trials = sorted([*kept, *new.trials], key=lambda one: order.index(one.subject))
    return Recorded(new.seed, new.most, tuple(trials))


if __name__ == "__main__":
    main()
