"""Hosts for tests: a pair that the lab recorded when all was well, with what a test changes in its answers.

The answers are real ones, so a test says only what is different: `Case().source("etc.hosts", "")`.
"""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import msgspec

from preflight.answers import Answers, SavedHost
from preflight.collect.endpoints import open_hosts
from preflight.connection import snapshot
from preflight.facts.fact import Record
from preflight.judge.check import Checked, check
from preflight.judge.report import Report, Result
from preflight.request.check_request import Asked, Site
from preflight.request.method import Method

#: Written by `python -m tests.lab.record`, from real hosts.
RECORDED = Path(__file__).parent / "cases"

Change = str | Record | None | Callable[[str], str]


class Case:
    """A recorded pair and the changes to it. Without a name it is the sound pair, with the guest "web" running."""

    def __init__(self, source: str = "ready/host1", destination: str = "ready/host2") -> None:
        self.hosts = [_read(source), _read(destination)]
        self.options: dict[str, Any] = {}

    def source(self, record: str, change: Change) -> Self:
        """Change one answer of the source: to a text, by a function of the text, to a record; None takes it away."""
        return self._change(0, record, change)

    def destination(self, record: str, change: Change) -> Self:
        """Change one answer of the destination."""
        return self._change(1, record, change)

    def guest(self, change: Callable[[dict[str, Any]], None], *, on: int = 0) -> Self:
        """Change the first guest's entry in the list of guests, in place: its name, state, XML…"""

        def edit(text: str) -> str:
            listed = json.loads(text)
            change(listed["domains"][0])
            return json.dumps(listed)

        return self._change(on, "libvirt.domains", edit)

    def xml(self, before: str, after: str) -> Self:
        """Replace text in the first guest's XML; it must be there."""

        def edit(guest: dict[str, Any]) -> None:
            assert before in guest["xml"], f"{before!r} is not in the guest's XML"
            guest["xml"] = guest["xml"].replace(before, after)

        return self.guest(edit)

    def asking(self, **options: Any) -> Self:
        """Return the request, by the fields of `Asked`, and of `Method` as a plan holds them: `copy_storage="all"`."""
        self.options |= options
        return self

    def report(self) -> Report:
        """Return the whole report."""
        return self.checked().report

    def checked(self) -> Checked:
        """Return the report and what it was made of."""
        own = {name: value for name, value in self.options.items() if name in Asked.__struct_fields__}
        if site := {name: value for name, value in self.options.items() if name in Site.__struct_fields__}:
            own["site"] = Site(**site)
        how = {name: value for name, value in self.options.items() if name not in own and name not in site}
        method = msgspec.convert(how, Method)
        with open_hosts(Asked(self.hosts[0], self.hosts[1], method=method, **own)) as opened:
            return check(opened)

    def result(self, rule: str, subject: str | None = None) -> Result:
        """Return the result of one rule, for its only subject or for the one that is named."""
        self.options["select"] = (rule,)
        results = [result for result in self.report().results if subject in (None, result.subject)]
        assert len(results) == 1, f"{rule} speaks about {[result.subject for result in results]}: name one"
        return results[0]

    def _change(self, end: int, name: str, change: Change) -> Self:
        answers = self.hosts[end].answers
        if change is None:
            answers.records.pop(name, None)
            answers.absent[name] = f"{name} was not answered"
        elif isinstance(change, Record):
            answers.records[name] = change
        elif isinstance(change, str):
            answers.records[name] = Record(change)
        else:
            before = answers.records[name].out
            after = change(before)
            assert after != before, f"the change to {name} changes nothing"
            answers.records[name] = Record(after)
        return self


_known: dict[str, SavedHost] = {}


def _read(name: str) -> SavedHost:
    if name not in _known:
        (_known[name],) = snapshot.read(RECORDED / f"{name}.json")
    saved = _known[name]
    return SavedHost(saved.name, Answers(copy.copy(saved.answers.records), copy.copy(saved.answers.absent)))


def with_startups(end: Callable[..., Case], written: str, *, running: str | None = None) -> Case:
    """Have sshd of an end, `case.source` or `case.destination`, use this MaxStartups, or another one than it reads."""
    start, _, full = (running or written).split(":")
    made = end("sshd.listener", f"sshd: /usr/sbin/sshd -D [listener] 0 of {start}-{full} startups\n")
    if written == "10:30:100":
        return made
    return end("sshd.effective", lambda text: text.replace("maxstartups 10:30:100", f"maxstartups {written}"))
