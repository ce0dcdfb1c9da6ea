"""The questions that hosts are asked, for a terminal."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from preflight.collect import questions
from preflight.judge.ruleset import Rule
from preflight.output.terminal import clean, columns, one_line, width, wrapped

_NOTE = (
    "The functions that commands call are in preflight/collect/questions.sh. Further questions depend on the guests and"
    " on the other host: see docs/security.md."
)


def render(rules: Sequence[Rule], _colour: bool) -> str:
    """Return a table of the questions, and the whole text of those that rules of one's own add."""
    return "\n".join(_lines(rules)) + "\n"


def _lines(rules: Sequence[Rule]) -> Iterator[str]:
    fixed = {**questions.STANDING, **questions.AFTER_LIBVIRT, **questions.LAST, **questions.WHEN_CLOSED}
    rows = [(name, "preflight", one_line(command)) for name, command in fixed.items()]
    own = dict(_own(rules))
    rows += [(name, one_line(str(path)), "see below") for name, path in own.items()]
    yield from columns([("question", "asked by", "command"), *rows], width=width())
    yield ""
    yield from wrapped(_NOTE, width=width())
    for path in dict.fromkeys(own.values()):
        yield ""
        yield f"{one_line(str(path))}:"
        yield from (f"    {line}".rstrip() for line in clean(path.read_text(encoding="utf-8")).splitlines())


def _own(rules: Sequence[Rule]) -> Iterator[tuple[str, Path]]:
    for rule in rules:
        for source in rule.sources.values():
            for question in source.questions:
                yield question.record, question.file
