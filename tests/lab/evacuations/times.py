"""`make evacuation-times`: 20 guests to four hosts by `preflight evacuate`, and by what one would do without it."""

import argparse
import os
import re
import signal
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import mkdtemp

from msgspec import Struct
from tabulate import tabulate

from tests.lab.chaos.mover import PREFLIGHT
from tests.lab.evacuations.outcome import TESTED
from tests.lab.evacuations.trial import IMAGES
from tests.lab.host import LabHost
from tests.lab.lab import Lab
from tests.lab.lines import Code, Lines
from tests.lab.twenty import REFUSED

TIMED = Path(__file__).with_name("timed.jsonl")
#: MiB of each guest, and MiB/s that each writes: they have touched all their memory, and keep at it.
SIZES, DIRTY = (32, 64, 96, 128) * 5, 1.0
#: Seconds that a way may take.
LONGEST = 900.0
#: virsh as each of the many calls it, with a guest and a destination on each line of its input.
VIRSH = "virsh -q -c qemu+ssh://root@{source}/system migrate --live --persistent --undefinesource $0 $1"
EVACUATE, ONE_BY_ONE = "preflight evacuate", "preflight migrate, one destination after the other"
#: How evacuate says how many it moves at a time in all.
_IN_ALL = re.compile(r"^at a time +(\d+) in all", re.MULTILINE)


class Timed(Struct, frozen=True, kw_only=True):
    """One way, once. `load` is this machine's mean load meanwhile; `in_all` is how many moved at a time at most."""

    way: str
    round: int
    seconds: float
    lost: tuple[str, ...]
    load: float
    code: Code
    in_all: int | None = None


def main() -> int:
    """Measure what is not recorded of this code; 1 where evacuate lost something or was not the quickest."""
    given = _parser().parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the lab is taken down then, too
    code, lines = Code.now(*TESTED), Lines(given.record, Timed)
    done = {(each.way, each.round) for each in lines.keep(lambda each: each.code.migrate == code.migrate)}
    with Lab(os.environ.get("PREFLIGHT_LAB", "evacuations")) as lab:
        lab.up(IMAGES)
        for number, mib in enumerate(SIZES):
            lab.hosts["host1"].guest(f"g{number:02}", memory_mib=mib, dirty_mib_per_s=DIRTY, disk="counter", fill=True)
        in_all = _width(lab)
        for turn in range(given.rounds):
            for name, way in _ways(lab, in_all).items():
                if (name, turn) not in done:
                    timed = _time(lab, name, turn, way, code)
                    lines.append(timed)
                    print(f"{name}: {timed.seconds:.1f} s, load {timed.load:.0f} {'; '.join(timed.lost)}", flush=True)
    found = lines.read()
    print(f"\n{table(found)}")
    return int(_is_beaten(found))


def table(found: Sequence[Timed], *, tablefmt: str = "simple") -> str:
    """Return the median and the longest time of each way, and what was lost on it."""
    rows = []
    for way in dict.fromkeys(each.way for each in found):
        of = [each for each in found if each.way == way]
        taken = [each.seconds for each in of]
        lost = "; ".join(text for each in of for text in each.lost) or "nothing"
        load = f"{statistics.median(each.load for each in of):.0f}"
        rows.append((way, len(of), f"{statistics.median(taken):.1f} s", f"{max(taken):.1f} s", load, lost))
    heads = ("way", "times", "median", "longest", "load", "lost on the way")
    return tabulate(rows, heads, tablefmt=tablefmt, disable_numparse=True)


def _is_beaten(found: Sequence[Timed]) -> bool:
    medians = {
        way: statistics.median(each.seconds for each in found if each.way == way)
        for way in {each.way for each in found}
    }
    lost = any(each.lost for each in found if each.way == EVACUATE)
    others = [seconds for way, seconds in medians.items() if not _loses(found, way) and way != EVACUATE]
    return lost or medians[EVACUATE] > min(others, default=float("inf"))


def _loses(found: Sequence[Timed], way: str) -> bool:
    return any(each.lost for each in found if each.way == way)


def _ways(lab: Lab, in_all: int) -> Mapping[str, Callable[[], str]]:
    return {
        EVACUATE: partial(_evacuate, lab),
        ONE_BY_ONE: partial(_one_by_one, lab),
        **{f"virsh by xargs -P {width}, round robin": partial(_xargs, lab, width) for width in sorted({4, in_all})},
    }


def _time(lab: Lab, name: str, turn: int, way: Callable[[], str], code: Code) -> Timed:
    began = time.monotonic()
    said = way()
    seconds = time.monotonic() - began
    refused = sum(bool(REFUSED.search(line)) for line in said.splitlines())
    left = len(_running(lab.hosts["host1"]))
    lost = [f"{refused} refused"] if refused else []
    lost += [f"{left} did not move"] if left else []
    load = os.getloadavg()[0]
    _home(lab)
    return Timed(
        way=name, round=turn, seconds=round(seconds, 1), lost=tuple(lost), load=round(load, 1), code=code,
        in_all=_in_all(said) if name == EVACUATE else None,
    )  # fmt: skip


def _width(lab: Lab) -> int:
    """Return how many guests evacuate moves at a time in all, by its plan."""
    plan = Path(mkdtemp()) / "plan.evacuation"
    source, *destinations = (host.fqdn for host in lab.hosts.values())
    words = ["evacuate", source, "--to", ",".join(destinations), "--plan", str(plan)]
    return _in_all(lab.client.run([PREFLIGHT, *words], timeout=LONGEST).stdout) or 1


def _in_all(said: str) -> int | None:
    found = _IN_ALL.search(said)
    return None if found is None else int(found[1])


def _evacuate(lab: Lab) -> str:
    source, *destinations = (host.fqdn for host in lab.hosts.values())
    record = Path(mkdtemp()) / "run.evacuation"
    words = ["evacuate", source, "--to", ",".join(destinations), "--yes", "--journal", str(record)]
    return _said(lab, words)


def _one_by_one(lab: Lab) -> str:
    source, *destinations = lab.hosts.values()
    said = [
        _said(lab, ["migrate", source.fqdn, host.fqdn, *names, "--yes"])
        for host, names in _round_robin(_running(source), destinations)
    ]
    return "\n".join(said)


def _said(lab: Lab, words: Sequence[str]) -> str:
    done = lab.client.run([PREFLIGHT, *words], timeout=LONGEST)
    if done.returncode:
        print(done.stdout + done.stderr, file=sys.stderr)
    return done.stderr


def _round_robin(names: Sequence[str], hosts: Sequence[LabHost]) -> list[tuple[LabHost, Sequence[str]]]:
    return [(host, names[number :: len(hosts)]) for number, host in enumerate(hosts)]


def _xargs(lab: Lab, width: int) -> str:
    source, *destinations = lab.hosts.values()
    names = _running(source)
    return _virsh(lab, source, [(name, destinations[n % len(destinations)]) for n, name in enumerate(names)], width)


def _virsh(lab: Lab, source: LabHost, moves: Sequence[tuple[str, LabHost]], width: int) -> str:
    lines = "".join(f"{name} qemu+ssh://root@{host.fqdn}/system\n" for name, host in moves)
    words = ["xargs", "-P", str(width), "-L", "1", "sh", "-c", VIRSH.format(source=source.fqdn)]
    return lab.client.run(words, input=lines, timeout=LONGEST).stderr


def _home(lab: Lab) -> None:
    """Bring all guests home, one at a time; raises nothing, because who did not come counts as lost the next time."""
    home, *others = lab.hosts.values()
    for host in others:
        _virsh(lab, host, [(name, home) for name in _running(host)], 2)


def _running(host: LabHost) -> list[str]:
    return sorted(host.run("virsh", "-q", "list", "--name").stdout.split())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.lab.evacuations.times", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--record", type=Path, default=TIMED, metavar="FILE")
    return parser


if __name__ == "__main__":
    sys.exit(main())
