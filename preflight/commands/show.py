"""`preflight show`: a saved report in any format that its kind has. It contacts no host."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from preflight import __version__
from preflight.errors import UserError
from preflight.fleet.saved import difference_of
from preflight.fleet.saved_audit import audited_of
from preflight.forecast.saved import answer_of
from preflight.judge.saved import content_of, report_of, rule_of
from preflight.migrate.ledger import Row
from preflight.migrate.observation import Place
from preflight.migrate.outcome import Result
from preflight.migrate.runs import Found, PastRun, Stage
from preflight.output import formats
from preflight.rehearse.answer import Answer, Rehearsed
from preflight.rehearse.outcome import outcome
from preflight.rehearse.report import RehearsalReport
from preflight.rehearse.report import report_of as rehearsal_of
from preflight.schema import audit, capacity, difference, rehearsal, report, rules, shown, status
from preflight.schema.document import Missing, format_of, read, written_by
from preflight.schema.recognised import recognised


class Planned(NamedTuple):
    """The part of a plan that a saved report has."""

    source: str
    destination: str
    made: float
    rehearsal: bool
    stays: tuple[status.Staying, ...] = ()


class Told(NamedTuple):
    """The outcome of a run, as it was saved."""

    plan: Planned
    rows: tuple[Row, ...]


def show(path: Path, output_format: str, files: Iterable[str], *, colour: bool) -> None:
    """Print a saved report, and write it to further files, each FORMAT=PATH; raises `UserError`."""
    subject, value = read_saved(path)
    formats.require(subject, output_format)
    formats.publish(subject, output_format, value, formats.files(subject, files), colour=colour)


def read_saved(path: Path) -> tuple[str, Any]:
    """Return the subject of a report, as `output.formats` names it, and its value; raises `UserError` in one line."""
    content = content_of(path)
    try:
        return _value(read(shown.SHOWN, content, tagged=True))
    except UserError as why:
        raise UserError(f"{path}: {_refusal(content, why)}") from None


def _refusal(content: bytes, why: UserError) -> str:
    """Return why a file is no report, and what to do: one of another version is shown by that version."""
    if (other := recognised(content)) is not None:
        return f"no report that `preflight show` reads, but {other}"
    found, by = format_of(content, "format"), written_by(content)
    writer = f"preflight {by}" if by else "the preflight that wrote it"
    if found is not None and found != shown.FORMAT:
        return f"report format {found}, this preflight reads {shown.FORMAT}: show it with {writer}"
    if found is not None and isinstance(why, Missing):
        again = f"show it with {writer}, or save it again with --format json"
        return f"has less than this preflight ({__version__}) reads, as if an older one wrote it: {again} ({why})"
    return f"not a report that preflight wrote in the format json: {why}; save one with --format json"


def _value(document: shown.Shown) -> tuple[str, Any]:
    match document:
        case report.Report():
            return "report", report_of(document)
        case rehearsal.Rehearsal():
            return "rehearsal", _rehearsal(document)
        case rules.Rules():
            return "rules", tuple(map(rule_of, document.rules))
        case capacity.Capacity():
            return "capacity", answer_of(document)
        case status.Status():
            plan = Planned(document.source, document.destination, document.made, document.rehearsal, document.stays)
            return "ledger", Told(plan, tuple(map(_row, document.guests)))
        case audit.Audit():
            return "audit", audited_of(document)
        case difference.Difference():
            return "difference", difference_of(document)
        case status.Runs():
            return "runs", Found(Path(document.directory), tuple(map(_run, document.runs)), document.older)


def _rehearsal(document: rehearsal.Rehearsal) -> RehearsalReport:
    done = outcome(
        report_of(document.check),
        tuple(map(_rehearsed, document.guests)),
        at_once=document.at_once,
        predicted=document.predicted,
        interrupted=document.interrupted,
        options=document.options,
    )
    return rehearsal_of(done)


def _rehearsed(guest: rehearsal.Guest) -> Rehearsed:
    return Rehearsed(
        name=guest.name,
        uuid=guest.uuid,
        answer=Answer(guest.answer),
        error=guest.error,
        rule=guest.rule,
        why=guest.why,
        source=None if guest.source is None else Place(guest.source),
        destination=None if guest.destination is None else Place(guest.destination),
        begun_after=guest.begun_after,
        seconds=guest.seconds,
        left=guest.left,
    )


def _row(guest: status.Guest) -> Row:
    return Row(
        name=guest.name,
        uuid=guest.uuid,
        result=None if guest.result is None else Result(guest.result),
        source=None if guest.source is None else Place(guest.source),
        destination=None if guest.destination is None else Place(guest.destination),
        persistent=guest.persistent,
        error=guest.error,
        why=guest.why,
        rule=guest.rule,
        seconds=guest.seconds,
        downtime=guest.downtime,
        began=guest.began,
        kept=guest.kept,
    )


def _run(run: status.Run) -> PastRun:
    return PastRun(
        path=run.path,
        stage=Stage(run.stage),
        made=run.made,
        source=run.source,
        destination=run.destination,
        guests=run.guests,
        unfinished=run.unfinished,
        why=run.why,
    )
