"""A rehearsal in which libvirt gives every answer, whose output is kept in cases/ in every format."""

from collections.abc import Iterator

from msgspec.structs import replace

from preflight.migrate.observation import Place
from preflight.rehearse.answer import Answer, Rehearsed, not_rehearsed
from preflight.rehearse.outcome import outcome
from preflight.rehearse.report import RehearsalReport, report_of
from tests.case import Case
from tests.golden import many
from tests.golden.reports import MADE, RULES

#: The name under which it is kept.
NAME = "rehearsed"
_REFUSED = "Unable to resolve address 'host2.example.com' service '49152': Name or service not known"
_LEFT = "/var/lib/libvirt/qemu/nvram/guest-001_VARS.fd; to remove it: ssh host2.example.com rm -- ..."


def rehearsal() -> RehearsalReport:
    """Return the report, made where and when the other kept ones were."""
    case = many.guests(7, lambda _number, _guest: None).asking(
        guests=many.names(7), as_they_are=True, select=(*RULES, "disk-server-silent")
    )
    return of(case.destination("disk-ports", None))


def of(case: Case) -> RehearsalReport:
    """Return the report of a rehearsal of the guests of a case, each of which ends in another way."""
    report = replace(case.report(), made=MADE)
    answers = (
        replace(one, name=guest.name) for guest, one in zip(report.guests, _answers(len(report.guests)), strict=True)
    )
    options = ("--at-once", "2", "--anyway")
    return report_of(outcome(report, tuple(answers), at_once=2, predicted=report.capacity.concurrent, options=options))


def accepted(case: Case) -> RehearsalReport:
    """Return the report of a rehearsal that libvirt accepts for every guest of a case."""
    report = replace(case.report(), made=MADE)
    answers = [_told(Answer.ACCEPTED, begun_after=0.3, seconds=0.8) for _ in report.guests]
    named = [replace(one, name=guest.name) for guest, one in zip(report.guests, answers, strict=True)]
    return report_of(outcome(report, named))


def _answers(count: int) -> Iterator[Rehearsed]:
    kinds = (
        _told(Answer.ACCEPTED, begun_after=0.31, seconds=0.84),
        _told(Answer.ACCEPTED, begun_after=0.4, seconds=1.2, left=(_LEFT,)),
        _told(Answer.REFUSED, error=_REFUSED, rule="announced-name-unresolvable", seconds=0.5),
        _told(Answer.REFUSED, error="internal error: never seen before", seconds=0.5),
        _told(
            Answer.UNDECIDED,
            why="the migration was aborted before libvirt had accepted or refused it: 10 s had passed",
            seconds=10.2,
        ),
        not_rehearsed("", "", "a job is running on the guest"),
        _told(
            Answer.MOVED,
            why="MOVED BY THE REHEARSAL; to bring it home: preflight migrate host2.example.com host1.example.com GUEST",
            source=Place.OFF,
            destination=Place.RUNNING,
            seconds=3.0,
        ),
    )
    return (kinds[number % len(kinds)] for number in range(count))


def _told(answer: Answer, **told: object) -> Rehearsed:
    known = {"source": Place.RUNNING, "destination": Place.ABSENT} | told
    return Rehearsed(name="", uuid="c7a5fdbd-edaf-9455-926a-d65c16db1809", answer=answer, **known)  # type: ignore[arg-type] # its fields
