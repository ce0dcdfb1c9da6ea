"""`make domains`: judge every test domain of libvirt, and record what was said of each kind."""

import argparse
import sys
from collections import Counter

from . import record
from .judged import Judged, judge, summed, unnamed
from .sources import domains

#: Seconds within which each domain must be judged on a machine that does other things too.
LIMIT = 5.0


def main() -> int:
    """Run; 1 if a rule failed, a domain took too long, or a guest is READY that should not be."""
    parser = argparse.ArgumentParser(prog="python -m tests.domains", description=__doc__)
    parser.add_argument(
        "--only", default="", metavar="TEXT", help="domains with this in their name; nothing is recorded"
    )
    only = parser.parse_args().only
    judged: list[Judged] = []
    unread = 0
    for domain in domains():
        if only not in domain.name:
            continue
        found = judge(domain)
        if found is None:
            unread += 1
            continue
        judged.append(found)
        if only:
            print(f"{domain.name} ({domain.release}): {found.verdict.value} {' '.join(sorted(found.rules))}")
    wrong = [f"{one.domain.name}: {bug}" for one in judged for bug in one.bugs]
    wrong += [f"{one.domain.name}: took {one.took:.1f} s" for one in judged if one.took > LIMIT]
    if not only:
        wrong += [f"no entry of kinds.toml has the kind {kind}" for kind in unnamed(judged)]
        run = record.Recorded(
            domains=dict(Counter(one.domain.release for one in judged)),
            unread=unread,
            verdicts=dict(sorted(Counter(one.verdict.value for one in judged).items())),
            slowest=max(one.took for one in judged),
            kinds=tuple(summed(judged)),
        )
        wrong += record.faults(run)
        record.write(run)
        print(f"{len(judged)} domains: {run.verdicts}, the slowest took {run.slowest:.1f} s")
    print("\n".join(wrong))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
