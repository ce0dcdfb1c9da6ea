"""Answers that a host gives path by path: the path in a line of its own, and below it what it said of it."""

from typing import Self

from preflight.facts.fact import Fact, Record, Unreadable


class ByPath(Fact, frozen=True, kw_only=True):
    """What was said of each path; what is wrong with one shows when that one is looked at."""

    #: By path the line that was answered; empty where nothing was.
    answers: dict[str, str]
    #: Why the host did not answer at all; None when it did.
    error: str | None = None

    def answer(self, path: str, what: str) -> str:
        """What was said of the path, which is a `what`; raises `Unreadable` when the host was not asked or silent."""
        if self.error is not None:
            raise Unreadable(f"the {what} {path} was not checked: {self.error}")
        if path not in self.answers:
            raise Unreadable(f"the host was not asked about the {what} {path}")
        return self.answers[path]

    @classmethod
    def parse(cls, record: Record) -> Self:
        """Read lines of `path PATH`, each with its answer below; without any the reason is kept."""
        try:
            text = record.required()
        except Unreadable as why:
            return cls(answers={}, error=str(why))
        answers: dict[str, str] = {}
        path = None
        for line in text.splitlines():
            if line.startswith("path "):
                path = line.removeprefix("path ")
                answers.setdefault(path, "")
            elif path is not None and line:
                answers[path] = line
        return cls(answers=answers)
