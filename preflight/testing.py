"""Hosts for tests of rules: a pair that was recorded when all was well, with what a test changes in its answers.

The answers are real ones, so a test says only what is different: `Case().source("etc.hosts", "")`. No host is
contacted.
"""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self, TypeAlias

import msgspec

from preflight.answers import Answers, Record, SavedHost
from preflight.collect.endpoints import open_hosts
from preflight.connection import snapshot
from preflight.judge.check import Checked, check
from preflight.judge.report import Outcome, Report, Result
from preflight.request.check_request import Asked, Site
from preflight.request.method import Method
from preflight.rule import Severity

__all__ = ["RECORDED", "Case", "Change", "Outcome", "Record", "Severity"]

#: A change of an answer: another text, another record, a function of the text, or None for no answer.
Change: TypeAlias = str | Record | Callable[[str], str] | None


def _recorded() -> Path:
    """Return the directory of the recorded hosts: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent
    inside = package / "recorded"
    return inside if inside.is_dir() else package.parent / "tests" / "cases"


#: The recorded hosts, as snapshots.
RECORDED = _recorded()


class Case:
    """A recorded pair and the changes to it. Without a name it is the sound pair, with the guest "web" running.

    `rules` is a directory of rules, `pack` the name of an installed pack; their rules are applied as well.
    """

    def __init__(
        self,
        source: str = "ready/host1",
        destination: str = "ready/host2",
        *,
        rules: Path | None = None,
        pack: str | None = None,
    ) -> None:
        self.hosts = [_read(source), _read(destination)]
        self.options: dict[str, Any] = {}
        if rules is not None:
            self.options["rules"] = (rules,)
        if pack is not None:
            self.options["packs"] = (pack,)

    def source(self, record: str, change: Change) -> Self:
        """Change one answer of the source: to a text, by a function of the text, to a record; None takes it away."""
        return self._change(0, record, change)

    def destination(self, record: str, change: Change) -> Self:
        """Change one answer of the destination."""
        return self._change(1, record, change)

    def guest(self, change: Callable[[dict[str, Any]], None], *, on: int = 0) -> Self:
        """Change the first guest's entry in the list of guests, in place: its name, state, XML and so on."""

        def edit(text: str) -> str:
            listed = json.loads(text)
            change(listed["domains"][0])
            return json.dumps(listed)

        return self._change(on, "libvirt.domains", edit)

    def xml(self, before: str, after: str) -> Self:
        """Replace text in the first guest's XML; it must be there."""

        def edit(guest: dict[str, Any]) -> None:
            if before not in guest["xml"]:
                raise AssertionError(f"{before!r} is not in the guest's XML")
            guest["xml"] = guest["xml"].replace(before, after)

        return self.guest(edit)

    def asking(self, **options: Any) -> Self:
        """Set the request, by the fields of `Asked`, and of `Method` as a plan has them: `copy_storage="all"`."""
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
        """Return the result of one rule, for its only subject or for the one that is named.

        A subject is "source", "destination", "pair" or "guest NAME".
        """
        self.options["select"] = (rule,)
        results = [result for result in self.report().results if subject in (None, result.subject)]
        if len(results) != 1:
            raise AssertionError(f"{rule} speaks about {[result.subject for result in results]}: name one")
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
            if after == before:
                raise AssertionError(f"the change to {name} changes nothing")
            answers.records[name] = Record(after)
        return self


_known: dict[str, SavedHost] = {}


def _read(name: str) -> SavedHost:
    if name not in _known:
        (_known[name],) = snapshot.read(RECORDED / f"{name}.json")
    saved = _known[name]
    return SavedHost(saved.name, Answers(copy.copy(saved.answers.records), copy.copy(saved.answers.absent)))
