"""Runs one row: brings the hosts into its state, rehearses its guest, then migrates it with virsh."""

import json
import subprocess
import time
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from tests.lab import Lab
from tests.lab.rehearse_faults.run import Code
from tests.lab.rehearse_truth.memory import fill
from tests.lab.truth.row import GuestOf, Row
from tests.lab.truth.run import DESTINATION, PREFLIGHT, SOURCE, migrate, prepare

#: MiB that a guest has at least.
MEMORY = 384
#: Seconds for one rehearsal.
PATIENCE = 180.0
#: The rule that keeps a rehearsal from a port at which libvirt would heed no abort: it is never ignored.
KEPT = "migration-ports-filtered"


class Rehearsal(Struct, frozen=True, kw_only=True):
    """One row: the answer of its rehearsal, and what became of the migration by virsh."""

    row: str
    code: Code
    #: The check's verdict without the row's rule.
    checked: str = ""
    #: The answer of the rehearsal, "none" if there was no report; libvirt's message, or preflight's reason.
    answer: str
    said: str = ""
    #: The rule that explains the message, and what the rehearsal left on the destination.
    rule: str | None = None
    left: tuple[str, ...] = ()
    #: Seconds from the call until the guest was as before, and for the whole command.
    seconds: float | None = None
    whole: float
    outcome: Literal["moves", "fails"]
    #: virsh's message, empty if it succeeded.
    message: str


def run(lab: Lab, name: str, row: Row) -> Rehearsal:
    """Run one row in a lab whose hosts have the row's releases; raises LabError if the lab did not do what it asks."""
    large = replace(row, guests=tuple(map(_large, row.guests)))
    code = Code.now()
    with prepare(lab, large):
        fill(lab.hosts["host1"])
        told, whole = _rehearse(lab, large)
        outcome, message = migrate(lab, large)
    one: dict[str, Any] = told["guests"][0] if told["guests"] else {"answer": "none", "why": "no guest was chosen"}
    return Rehearsal(
        row=name,
        code=code,
        checked=one.get("checked", ""),
        answer=one["answer"],
        said=one.get("error") or one.get("why") or "",
        rule=one.get("rule"),
        left=tuple(one.get("left", ())),
        seconds=one.get("seconds"),
        whole=round(whole, 1),
        outcome=outcome,
        message=message,
    )


def _large(guest: GuestOf) -> GuestOf:
    return replace(guest, memory_mib=max(MEMORY, guest.memory_mib))


def words_of(row: Row) -> list[str]:
    """Return the words of `preflight rehearse` for a row: its options, its guest, and its rule ignored."""
    words: list[str] = []
    options = iter(row.check)
    for option in options:
        if option == "--guest":
            next(options)
        elif option not in ("--running", "--probe"):
            words.append(option)
    ignored = [] if row.rule == KEPT else ["--ignore", row.rule]
    return [
        SOURCE,
        DESTINATION,
        row.guests[0].name,
        *words,
        *ignored,
        "--anyway",
        "--run-hooks",
        "--yes",
        "--format",
        "json",
    ]


def _rehearse(lab: Lab, row: Row) -> tuple[dict[str, Any], float]:
    """Return the report of the rehearsal in JSON, and its seconds; without a report, its complaint is the reason."""
    began = time.monotonic()
    try:
        done = lab.client.run([PREFLIGHT, "rehearse", *words_of(row)], timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return {"guests": [{"answer": "none", "why": f"no end within {PATIENCE:g} s"}]}, PATIENCE
    whole = time.monotonic() - began
    if not done.stdout:
        complaint = (done.stderr.strip().splitlines() or [""])[-1]
        return {"guests": [{"answer": "none", "why": f"exit code {done.returncode}: {complaint}"}]}, whole
    return dict(json.loads(done.stdout)), whole
