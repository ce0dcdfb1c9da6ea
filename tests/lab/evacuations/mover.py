"""`preflight evacuate`, its `--resume` and `--back`, and what it says about each guest."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from preflight.migrate import journal
from preflight.migrate.ledger import of_journal
from tests.lab.chaos.mover import PATIENCE, PREFLIGHT, Started
from tests.lab.lab import Lab

#: Seconds for `preflight status`, which waits for nothing but a processor.
LONGEST = 600.0


#: Those of `chaos`, and enough for a busy machine to answer 20 guests' questions.
TIMES = (*PATIENCE, "--answer-timeout", "300")


class Said(Struct, frozen=True):
    """What is reported about a guest: the host that has it and its state there, each None if nothing is claimed."""

    result: str | None
    host: str | None = None
    state: str | None = None
    error: str = ""
    why: str = ""
    done: bool = False


class Evacuation:
    """The commands of one run; the record and the journals are in a directory of their own."""

    def __init__(self, lab: Lab, hosts: Sequence[str], options: Sequence[str], journals: Path, output: Path) -> None:
        self._lab, self._hosts, self._output = lab, hosts, output
        self._options = options
        self.record = journals / "run.evacuation"

    def start(self) -> Started:
        """Start to evacuate."""
        source, *destinations = (f"{host}.example.com" for host in self._hosts)
        words = ["evacuate", source, "--to", ",".join(destinations), "--journal", str(self.record)]
        return self._start(*words, *self._options, *TIMES)

    def resume(self) -> Started | None:
        """Start to recover, if there is a record: before that nothing was begun."""
        return self._again("--resume")

    def back(self) -> Started | None:
        """Start to bring all guests home."""
        return self._again("--back")

    def said(self) -> dict[str, Said]:
        """Return what `preflight status` reports about each guest; raises ValueError if it reports nothing."""
        return {guest["name"]: _said(guest, found["source"]) for found in [self._told()] for guest in found["guests"]}

    def is_over(self) -> bool:
        """Report whether the record says that nothing is left to do."""
        return bool(self._told()["stage"] == "over")

    def runs(self) -> list[dict[str, str]]:
        """Return the result of each guest by name, as the journal of each run tells it, in the order of the runs."""
        journals = sorted(self.record.with_name(self.record.name + ".runs").glob("*.journal"))
        return [{row.name: row.result or "" for row in of_journal(*journal.read(path))} for path in journals]

    def log(self, line: str) -> None:
        """Write a line between what the commands wrote."""
        with self._output.open("a") as file:
            file.write(f"\n===== {line}\n")

    def _again(self, option: str) -> Started | None:
        return self._start("evacuate", option, str(self.record), *TIMES) if self.record.exists() else None

    def _start(self, *words: str) -> Started:
        self.log(f"preflight {' '.join(words)}")
        return Started(self._lab, [[PREFLIGHT, *words]], self._output)

    def _told(self) -> dict[str, Any]:
        done = self._lab.client.run([PREFLIGHT, "status", str(self.record), "--format", "json"], timeout=LONGEST)
        if not done.stdout:
            raise ValueError(f"preflight status {self.record.name} ended with {done.returncode}: {done.stderr.strip()}")
        found: dict[str, Any] = json.loads(done.stdout)
        return found


def _said(guest: dict[str, Any], home: str) -> Said:
    moved = guest["moved"]
    if moved is None:
        return Said(None, _short(home), done=guest["done"])
    end = _end_of(moved)
    return Said(
        moved["result"],
        None if end is None else _short(moved["from_host" if end == "source" else "to_host"]),
        None if end is None else moved[end],
        error=moved["error"] or "",
        why=moved["why"],
        done=guest["done"],
    )


def _end_of(moved: dict[str, Any]) -> str | None:
    """Return the end of its last run at which a guest is said to be, if that is said; not of one that is under way."""
    if moved["result"] in ("paused", "stopped"):
        return "destination" if moved["source"] in (None, "absent") else "source"
    if moved["result"] is None:
        return None if moved["began"] else "source"
    return {"arrived": "destination", "stayed": "source"}.get(moved["result"])


def _short(host: str) -> str:
    return host.partition(".")[0]
