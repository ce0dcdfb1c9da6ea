"""Keeps what a run of the harness saw beside the tests, a file a part, and writes docs/reference/hostile.md of them."""

import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct
from tabulate import tabulate

from tests.hostile.demands import CPU, RSS, Judged

RECORDED = Path(__file__).parent / "recorded"
_ROOT = Path(__file__).parent.parent.parent
DOCUMENT = _ROOT / "docs" / "reference" / "hostile.md"
#: The parts in the order of the document, and what each is.
PARTS: Mapping[str, str] = {
    "snapshots": "Hostile snapshots, through `preflight check FILE`, every eighth through `capacity FILE` too",
    "files": "Hostile journals and plans, through `status` in text and JSON, `migrate --resume`, and `migrate PLAN`",
    "live hosts": "Hosts that answer as an attacker would, against check, capacity, fix, plan and migrate",
    "lab": "Real hosts of the lab, one of them an attacker's, against check, fix, plan, migrate, resume and status",
}
_HEAD = f"""# Hostile hosts and files

What `make hostile` and `make hostile-lab` last saw. Every run is a process of its own. It must end with a documented
exit code and without a traceback, write no control or bidirectional character and no verdict that a host has forged,
take at most {CPU:.0f} s of processor time and {RSS // 1024} MiB, leave no process behind, and run or write nothing
of an attacker's anywhere. Written by `python -m tests.documentation`.
"""


class Row(Struct, frozen=True, kw_only=True):
    """All runs of one kind: how they ended, and the most that one of them took (s, s, KiB)."""

    kind: str
    runs: int
    codes: dict[str, int]
    cpu: float
    wall: float
    rss: int
    faulty: int


class Part(Struct, frozen=True, kw_only=True):
    """One part of the harness as it went."""

    part: str
    seed: int
    #: The tree of the code that was run, as `git rev-parse HEAD` names it.
    commit: str
    cases: int
    seconds: float
    rows: list[Row]
    faults: list[str]


def summed(part: str, seed: int, seconds: float, runs: Sequence[Judged]) -> Part:
    """Add up the runs of a part, by kind."""
    by_kind: dict[str, list[Judged]] = {}
    for run in runs:
        by_kind.setdefault(run.kind, []).append(run)
    return Part(
        part=part,
        seed=seed,
        commit=_commit(),
        cases=len({(run.kind, run.name) for run in runs}) if part != "files" else len({run.name for run in runs}),
        seconds=round(seconds),
        rows=[_row(kind, of) for kind, of in sorted(by_kind.items())],
        faults=sorted(line(run) for run in runs if run.faults),
    )


def line(run: Judged) -> str:
    """A run that broke a demand, in a line."""
    return f"{run.kind}: {run.name}: {' '.join(run.words)}: {'; '.join(run.faults)}"


def write(part: Part) -> None:
    """Keep a part, and write the document from all that are kept."""
    RECORDED.mkdir(exist_ok=True)
    kept = msgspec.json.format(msgspec.json.encode(part), indent=1) + b"\n"
    (RECORDED / f"{part.part.replace(' ', '-')}.json").write_bytes(kept)
    DOCUMENT.write_text(markdown(), encoding="utf-8")


def markdown() -> str:
    """docs/reference/hostile.md."""
    return "\n".join([_HEAD, *(_section(part) for part in _kept())])


def _kept() -> Iterable[Part]:
    for name in PARTS:
        path = RECORDED / f"{name.replace(' ', '-')}.json"
        if path.exists():
            yield msgspec.json.decode(path.read_bytes(), type=Part)


def _section(part: Part) -> str:
    runs = sum(row.runs for row in part.rows)
    faulty = sum(row.faulty for row in part.rows)
    table = [
        (
            row.kind,
            row.runs,
            ", ".join(f"{code}: {number}" for code, number in row.codes.items()),
            f"{row.cpu:.1f}",
            f"{row.wall:.1f}",
            row.rss // 1024 or "",
            row.faulty or "",
        )
        for row in part.rows
    ]
    heads = ("kind", "runs", "exit codes", "CPU, s", "wall, s", "MiB", "broke a demand")
    shown = tabulate(table, heads, tablefmt="github", disable_numparse=True)
    faults = "".join(f"- {fault}\n" for fault in part.faults)
    return (
        f"## {part.part.capitalize()}\n\n{PARTS[part.part]}: {part.cases} cases of seed {part.seed}, {runs} runs in"
        f" {part.seconds / 60:.0f} min; {faulty} broke a demand. Code: {part.commit}. Times and memory are the largest"
        f" of each kind.\n\n{shown}\n{faults and chr(10)}{faults}"
    )


def _row(kind: str, runs: Sequence[Judged]) -> Row:
    codes = Counter("killed" if run.code is None else str(run.code) for run in runs)
    return Row(
        kind=kind,
        runs=len(runs),
        codes=dict(sorted(codes.items())),
        cpu=round(max(run.cpu for run in runs), 2),
        wall=round(max(run.wall for run in runs), 2),
        rss=max(run.rss for run in runs),
        faulty=sum(bool(run.faults) for run in runs),
    )


def _commit() -> str:
    told = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--exclude=*"],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return told.stdout.strip() or "not known"
