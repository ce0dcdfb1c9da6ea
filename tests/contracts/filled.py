"""Records filled to the most that a host may send, each in ways that parsers may like least; and what a check takes."""

import json
import os
import resource
import signal
import sys
from collections.abc import Iterator

from preflight.answers import Record
from preflight.connection.shell import RECORD_LIMIT
from preflight.output.report import text as shown
from tests.case import Case

#: Seconds of CPU after which a check of such hosts is given up.
GIVEN_UP = 60


def fillings(out: str) -> Iterator[tuple[str, str]]:
    """Texts of the greatest length, by what they are, after the one that the record really has."""
    lines = out.splitlines(keepends=True) or ["x\n"]
    body = "".join(lines)
    yield "its own lines again and again", (body * (RECORD_LIMIT // len(body) + 1))[:RECORD_LIMIT]
    for number, line in enumerate(dict.fromkeys(lines)):
        if number in {0, 1, len(lines) - 1}:
            yield f"its line {number} again and again", line * (RECORD_LIMIT // len(line))
    yield "a line of its words", out + " ".join(out.split()[:1] or ["x"]) + " x" * ((RECORD_LIMIT - len(out)) // 2)
    yield "lines of a letter", out + "\na" * (RECORD_LIMIT // 2)
    yield "no line at all", out + "x" * (RECORD_LIMIT - len(out))
    if out.startswith("{"):
        yield "lists of lists", '{"nftables": [' + "[]," * (RECORD_LIMIT // 3) + "[]]}"
        yield from _longer_lists(out)
    if out.startswith("<"):
        at = out.rindex("</")
        yield "elements", out[:at] + "<a/>" * (RECORD_LIMIT // 4) + out[at:]


def _longer_lists(out: str) -> Iterator[tuple[str, str]]:
    """Yield the JSON with its first list of objects again and again."""
    document = json.loads(out)
    for key, value in document.items() if isinstance(document, dict) else ():
        if isinstance(value, list) and value:
            each = len(json.dumps(value))
            yield f"{key} again and again", json.dumps(document | {key: value * (RECORD_LIMIT // each)})


def taken(record: str, filling: str) -> tuple[float, int]:
    """Return seconds of CPU and MiB of memory of a check of two hosts that both have this text in this record."""
    pid = os.fork()
    if pid == 0:
        resource.setrlimit(resource.RLIMIT_CPU, (GIVEN_UP, GIVEN_UP))
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        case = Case()
        for host in case.hosts:
            host.answers.records[record] = Record(filling)
        shown.render(case.report(), colour=False)
        os._exit(0)
    _, status, usage = os.wait4(pid, 0)
    if status:
        return GIVEN_UP, usage.ru_maxrss // 1024
    return usage.ru_utime, usage.ru_maxrss // 1024


if __name__ == "__main__":
    known = Case().hosts[0].answers.records
    for name in sys.argv[1:] or sorted(known):
        for what, text in fillings(known[name].out):
            seconds, mib = taken(name, text)
            mark = "  <--" if seconds > 10 or mib > 350 else ""
            print(f"{name}: {what}: {seconds:.1f} s {mib} MiB{mark}", flush=True)
