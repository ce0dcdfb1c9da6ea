"""The outcome of a rehearsal, for people."""

from collections.abc import Iterator

from preflight.judge.report import Verdict
from preflight.output.terminal import columns, width, wrapped
from preflight.rehearse.answer import Answer
from preflight.rehearse.outcome import GuestOutcome, Outcome
from preflight.visible import named, one_line

_WORDS = {
    Answer.ACCEPTED: "accepted",
    Answer.REFUSED: "REFUSED",
    Answer.UNDECIDED: "undecided",
    Answer.NOT_REHEARSED: "not rehearsed",
    Answer.MOVED: "MOVED BY THE REHEARSAL",
    Answer.DISTURBED: "NOT AS BEFORE",
}
VERDICTS = {Verdict.READY: "READY", Verdict.NOT_READY: "NOT READY", Verdict.UNDETERMINED: "UNDETERMINED"}
#: The heads of a table of guests.
HEADS = ("guest", "check", "rehearsal", "begun after", "back after")
#: The command that asks for help with an unknown message.
_REPORT = "no rule knows this message: please report it, with a file from `preflight check --save`"


def render(outcome: Outcome, _colour: bool) -> str:
    """Return a line for each guest, what there is to say about some, and one line for all."""
    wide = width()
    lines = [*remarks(outcome), verdict(outcome)]
    table = columns([HEADS, *map(cells, outcome.guests)], width=wide)
    return "\n".join([*table, "", *(part for line in lines for part in wrapped(line, width=wide))]) + "\n"


def cells(guest: GuestOutcome) -> tuple[str, ...]:
    """Return the cells of a guest's row."""
    told = guest.rehearsed
    return (
        named(guest.name),
        VERDICTS[guest.checked],
        _WORDS[told.answer],
        "" if told.begun_after is None else f"{told.begun_after:.1f} s",
        "" if told.seconds is None else f"{told.seconds:.1f} s",
    )


def remarks(outcome: Outcome) -> Iterator[str]:
    """Yield what there is to say about guests and rules, a line each."""
    for guest in outcome.guests:
        told, name = guest.rehearsed, named(guest.name)
        if told.error:
            yield f"{name}: {one_line(told.error)}"
            yield f"{name}: see `preflight explain {one_line(told.rule)}`" if told.rule else f"{name}: {_REPORT}"
        if told.why:
            yield f"{name}: {one_line(told.why)}"
        for line in told.left:
            yield f"{name}: left on the destination: {one_line(line)}"
    for result in outcome.answered:
        yield one_line(f"{result.subject}: accepted, so {result.rule.name} is no longer unknown ({result.reason})")
    for result in outcome.refuted:
        yield one_line(
            f"{result.subject}: accepted although {result.rule.name} predicted a refusal: please report it, with a file"
            " from `preflight check --save`"
        )
    if outcome.at_once > 1:
        predicted = "?" if outcome.predicted is None else str(outcome.predicted)
        yield f"at once: {outcome.at_once} requested, {predicted} predicted, {outcome.accepted} accepted"


def verdict(outcome: Outcome) -> str:
    """Return the line about all guests."""
    word = VERDICTS[outcome.verdict]
    if outcome.verdict is Verdict.READY and outcome.is_rehearsed:
        word = f"{word} (rehearsed)"
    total = len(outcome.guests)
    ends = one_line(f"{outcome.report.source.name} -> {outcome.report.destination.name}")
    return f"{word}  {ends}: {outcome.accepted} of {total} {'guest' if total == 1 else 'guests'} accepted"
