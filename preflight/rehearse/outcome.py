"""The outcome of a rehearsal: the check's verdict, what libvirt answered, and the exit code that follows. Pure."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from preflight.judge.report import SEVERE, GuestVerdict, Report, Result, Verdict, judge_each
from preflight.rehearse.answer import Answer, Rehearsed
from preflight.rehearse.lifted import lifted

#: The exit codes of `preflight rehearse` in addition to those of a verdict: a guest is not where and as it was; and the
#: rehearsal was interrupted.
NOT_AS_BEFORE, INTERRUPTED = 4, 130


class GuestOutcome(Struct, frozen=True):
    """One guest: the verdict of the check, the one after its rehearsal, and the answer of libvirt."""

    name: str
    checked: Verdict
    verdict: Verdict
    rehearsed: Rehearsed

    @property
    def is_rehearsed(self) -> bool:
        """Report whether the verdict rests on an answer of libvirt."""
        return self.rehearsed.answer in (Answer.ACCEPTED, Answer.REFUSED)


class Outcome(Struct, frozen=True, kw_only=True):
    """All guests of a rehearsal."""

    #: The report of the check, and the one after the rehearsals.
    checked: Report
    report: Report
    guests: tuple[GuestOutcome, ...]
    #: Unknowns that acceptance answered, and errors that it refutes.
    answered: tuple[Result, ...] = ()
    refuted: tuple[Result, ...] = ()
    #: The number of guests that were rehearsed at once, and the number that the hosts' limits allow; None if unknown.
    at_once: int = 1
    predicted: int | None = None
    interrupted: bool = False
    #: The options of the rehearsal that a check does not have, as words of a command line.
    options: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Return the verdict on all guests and both hosts."""
        verdicts = {self.report.verdict, *(guest.verdict for guest in self.guests)}
        return next(one for one in SEVERE if one in verdicts)

    @property
    def accepted(self) -> int:
        """Return the number of guests that the destination accepted."""
        return sum(one.rehearsed.answer is Answer.ACCEPTED for one in self.guests)

    @property
    def is_rehearsed(self) -> bool:
        """Report whether libvirt has answered for every guest."""
        return bool(self.guests) and all(one.is_rehearsed for one in self.guests)

    @property
    def exit_code(self) -> int:
        """Return the exit code."""
        if any(one.rehearsed.answer in (Answer.MOVED, Answer.DISTURBED) for one in self.guests):
            return NOT_AS_BEFORE
        return INTERRUPTED if self.interrupted else self.verdict.exit_code


def outcome(
    report: Report,
    answers: Sequence[Rehearsed],
    *,
    at_once: int = 1,
    predicted: int | None = None,
    interrupted: bool = False,
    options: tuple[str, ...] = (),
) -> Outcome:
    """Return the outcome of a check and of the rehearsals of its guests."""
    after = lifted(report, answers)
    before = {one.name: one.verdict for one in report.guests}
    now = dict(judge_each(after.report.results, before))
    answer_of = {one.name: one for one in answers}
    guests = tuple(
        GuestOutcome(name, before[name], _verdict(now[name], answer_of[name]), answer_of[name])
        for name in before
        if name in answer_of
    )
    return Outcome(
        checked=report,
        report=after_report(after.report, guests),
        guests=guests,
        answered=after.answered,
        refuted=after.refuted,
        at_once=at_once,
        predicted=predicted,
        interrupted=interrupted,
        options=options,
    )


def after_report(report: Report, guests: Sequence[GuestOutcome]) -> Report:
    """Return the report with the guests' verdicts after their rehearsals."""
    now = {one.name: one.verdict for one in guests}
    return replace(
        report, guests=tuple(GuestVerdict(one.name, now.get(one.name, one.verdict)) for one in report.guests)
    )


def _verdict(now: Verdict, rehearsed: Rehearsed) -> Verdict:
    """Return the verdict on a guest; libvirt was asked about it, so that without an answer READY would say too much.

    A guest that is not as it was before is an error, in every format.
    """
    if rehearsed.answer in (Answer.REFUSED, Answer.MOVED, Answer.DISTURBED):
        return Verdict.NOT_READY
    return Verdict.UNDETERMINED if rehearsed.answer is Answer.UNDECIDED and now is Verdict.READY else now
