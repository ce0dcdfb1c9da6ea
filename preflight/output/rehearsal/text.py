"""The outcome of a rehearsal, for people."""

from collections.abc import Iterator

from preflight.judge.report import Verdict
from preflight.output.report.text import origin
from preflight.output.terminal import columns, listed, width, wrapped
from preflight.rehearse.answer import Answer
from preflight.rehearse.outcome import GuestOutcome, Outcome
from preflight.rehearse.report import ASK, RehearsalReport, accepted
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


def render(report: RehearsalReport, _colour: bool) -> str:
    """Return a line for each guest, what there is to say about some, the origin, and one line for all."""
    wide, outcome = width(), report.outcome
    said = [part for line in remarks(outcome) for part in wrapped(line, width=wide)]
    table = columns([HEADS, *map(cells, outcome.guests)], width=wide)
    ending = wrapped(verdict(outcome), width=wide)
    return "\n".join([*table, "", *said, *([""] if said else []), *origin(report, wide), "", *ending]) + "\n"


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
            yield f"{name}: see `preflight explain {one_line(told.rule)}`" if told.rule else f"{name}: {ASK}"
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
    if outcome.checked.verdict is not Verdict.READY:
        decisive = [one for one in outcome.checked.results if one.blocks or one.obscures]
        rules = listed(list(dict.fromkeys(one.rule.name for one in decisive)))
        yield f"the check alone: {VERDICTS[outcome.checked.verdict]} because of {rules}"
    if outcome.at_once > 1:
        predicted = "?" if outcome.predicted is None else str(outcome.predicted)
        yield f"at once: {outcome.at_once} requested, {predicted} predicted, {outcome.accepted} accepted"


def word_of(outcome: Outcome) -> str:
    """Return the verdict in words; READY only says that it was rehearsed if libvirt has answered for every guest."""
    word = VERDICTS[outcome.verdict]
    return f"{word} (rehearsed)" if outcome.verdict is Verdict.READY and outcome.is_rehearsed else word


def verdict(outcome: Outcome) -> str:
    """Return the line about all guests."""
    word = word_of(outcome)
    ends = one_line(f"{outcome.report.source.name} -> {outcome.report.destination.name}")
    return f"{word}  {ends}: {accepted(outcome)}"
