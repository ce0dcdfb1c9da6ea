"""The causes of error messages for a terminal: unknown messages first, then each cause with its messages."""

from collections.abc import Iterator, Sequence

from preflight.judge.explain import Explained
from preflight.output.rule.text import about
from preflight.output.terminal import labelled, width

#: Greatest numbers that are shown: messages of one cause, unknown messages, causes, and further rules of a message.
ALIKE, UNKNOWN, CAUSES, OTHERS = 3, 20, 20, 8
#: Characters of a message that are shown, and of these the ones before the text that the rule declares.
_LONGEST, _BEFORE = 400, 80


def render(explained: Sequence[Explained], _colour: bool) -> str:
    """Render the messages in the order in which they came."""
    if not explained:
        return "nothing to explain: the input contains no message\n"
    return "\n".join("\n".join(block) + "\n" for block in _blocks(explained))


def _blocks(explained: Sequence[Explained]) -> Iterator[list[str]]:
    columns = width()
    unknown = [one for one in explained if not one.candidates]
    if unknown:
        yield [
            *(line for one in unknown[:UNKNOWN] for line in _message("unknown", one, columns)),
            *_more(len(unknown) - UNKNOWN, "unknown messages"),
        ]
    causes: dict[tuple[str, ...], list[Explained]] = {}
    for one in explained:
        if one.candidates:
            causes.setdefault(tuple(each.rule.name for each in one.candidates), []).append(one)
    for alike in list(causes.values())[:CAUSES]:
        yield [
            *(line for one in alike[:ALIKE] for line in _message("message", one, columns)),
            *_more(len(alike) - ALIKE, "messages with this cause"),
            "",
            *about(alike[0].candidates[0].rule, columns),
            *_others(alike[0], columns),
        ]
    if len(causes) > CAUSES:
        yield _more(len(causes) - CAUSES, "causes")
    if unknown:
        said = (
            "No rule predicts this message."
            if len(explained) == 1
            else f"{len(unknown)} of {len(explained)} messages are unknown."
        )
        yield _text(f"{said} `preflight check SOURCE DESTINATION` looks for causes on the hosts.", columns)


def _message(label: str, one: Explained, columns: int | None) -> list[str]:
    at = one.candidates[0].begin if one.candidates else 0
    begin = 0 if at + _BEFORE <= _LONGEST else at - _BEFORE
    end = begin + _LONGEST
    shown = f"{'…' if begin else ''}{one.message[begin:end]}{'…' if one.message[end:] else ''}"
    return labelled(label, shown, width=columns, indent=0)


def _others(one: Explained, columns: int | None) -> list[str]:
    """Return the line about the other rules; those that declare the very same text are as likely as the first."""
    same = [each.rule.name for each in one.first[1:]]
    less = [each.rule.name for each in one.candidates[len(one.first) :]]
    lines: list[str] = []
    if same:
        lines += ["", *_text(f"Other causes of the same message: {_some(same)}.", columns)]
        lines += _text("`preflight check SOURCE DESTINATION` tells them apart.", columns)
    if less:
        lines += ["", *_text(f"Less likely: {_some(less)}.", columns)]
    return lines


def _some(names: Sequence[str]) -> str:
    rest = len(names) - OTHERS
    return ", ".join(names[:OTHERS]) + (f" and {rest} more" if rest > 0 else "")


def _more(number: int, what: str) -> list[str]:
    return [f"and {number} more {what}"] if number > 0 else []


def _text(text: str, columns: int | None) -> list[str]:
    return labelled("", text, width=columns, indent=0, column=0)
