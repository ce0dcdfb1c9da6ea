"""Answers that a host gives path by path: each path on a line of its own, followed by the answer about it."""

from typing import Self

from preflight.facts.fact import Fact, Record, Unreadable


class ByPath(Fact, frozen=True, kw_only=True):
    """Answers by path; an error about one path is raised only when that path is looked up."""

    #: The answer line for each path; empty if there was none.
    answers: dict[str, str]
    #: Reason why the host did not answer at all, or None.
    error: str | None = None

    def answer(self, path: str, what: str) -> str:
        """Return the answer about the path of a `what`; raises `Unreadable` if it was not asked or not answered."""
        if self.error is not None:
            raise Unreadable(f"the {what} {path} was not checked: {self.error}")
        if path not in self.answers:
            raise Unreadable(f"the host was not asked about the {what} {path}")
        return self.answers[path]

    @classmethod
    def parse(cls, record: Record) -> Self:
        """Parse lines of `path PATH`, each followed by its answer; without a record, keep the reason."""
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
