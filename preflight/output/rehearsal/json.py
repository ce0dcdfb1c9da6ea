"""The outcome of a rehearsal, as JSON."""

from preflight.output.report.json import document as report
from preflight.output.report.json import host
from preflight.rehearse.outcome import GuestOutcome
from preflight.rehearse.report import RehearsalReport
from preflight.schema import document, rehearsal


def render(shown: RehearsalReport, _colour: bool) -> str:
    """Return the outcome as JSON: a public contract, described by docs/rehearsal.schema.json."""
    outcome = shown.outcome
    return document.text(
        rehearsal.Rehearsal(
            kind="rehearsal",
            format=rehearsal.FORMAT,
            verdict=outcome.verdict.value,
            rehearsed=outcome.is_rehearsed,
            source=host(outcome.report.source),
            destination=host(outcome.report.destination),
            guests=tuple(map(guest_of, outcome.guests)),
            answered=tuple(
                rehearsal.Answered(rule=one.rule.name, subject=one.subject, reason=one.reason or "")
                for one in outcome.answered
            ),
            refuted=tuple(rehearsal.Refuted(rule=one.rule.name, subject=one.subject) for one in outcome.refuted),
            at_once=outcome.at_once,
            predicted=outcome.predicted,
            accepted=outcome.accepted,
            interrupted=outcome.interrupted,
            options=outcome.options,
            exit_code=outcome.exit_code,
            check=report(outcome.checked),
        )
    )


def guest_of(guest: GuestOutcome) -> rehearsal.Guest:
    """Return a guest as documents have it."""
    told = guest.rehearsed
    return rehearsal.Guest(
        name=guest.name,
        uuid=told.uuid,
        checked=guest.checked.value,
        verdict=guest.verdict.value,
        answer=told.answer.value,
        error=told.error,
        rule=told.rule,
        why=told.why,
        source=told.source and told.source.value,
        destination=told.destination and told.destination.value,
        begun_after=told.begun_after,
        seconds=told.seconds,
        left=told.left,
    )
