"""The report of a rehearsal: that of the check, with libvirt's answers as results of two more rules. Pure.

Every format of a check shows a rehearsal too, since its report is one, with a result about each guest of both rules.
"""

from collections.abc import Iterator

from msgspec.structs import asdict

from preflight.judge.report import Outcome as Ended
from preflight.judge.report import Report, Result, RuleText
from preflight.rehearse.answer import Answer, Rehearsed
from preflight.rehearse.outcome import Outcome
from preflight.rule import Finding, Severity

#: The topic of both rules.
TOPIC = "rehearsal"
REFUSED = RuleText(
    "rehearsal-refused",
    TOPIC,
    "libvirt refuses a guest's migration when `preflight rehearse` begins it.",
    "The migration was begun with all its options, and libvirt ended it with an error. The real migration would end in"
    " the same way, unless something changes before.",
    "The message is libvirt's own: `preflight explain MESSAGE` names the rules that explain it. Fix the cause, and"
    " rehearse again.",
    Severity.ERROR,
)
DISTURBED = RuleText(
    "guest-not-as-before",
    TOPIC,
    "A guest is not where and as it was before its rehearsal, or the rehearsal has left something behind.",
    "A rehearsal takes each guest back. If the guest was handed over in spite of that, or is not seen as it was,"
    " somebody must look at it. Anything left on the destination may keep the guest from being migrated there later.",
    "Follow the message, which has the command for this guest; `preflight rehearse --resume JOURNAL` asks both hosts"
    " again.",
    Severity.ERROR,
)
#: The rules that only a rehearsal has.
RULES = (DISTURBED, REFUSED)
#: The advice where no rule explains a message.
ASK = "no rule knows this message: please report it, with a file from `preflight check --save`"


class RehearsalReport(Report, frozen=True, kw_only=True):
    """A report with the outcome of a rehearsal; its results include those of the two rules."""

    outcome: Outcome

    @property
    def command(self) -> str:
        """Return the command of preflight that made the report."""
        return "rehearse"

    @property
    def own_options(self) -> tuple[str, ...]:
        """Return the options that only a rehearsal has, as words of a command line."""
        return self.outcome.options

    @property
    def remark(self) -> str:
        """Return how many guests libvirt has accepted."""
        return accepted(self.outcome)

    @property
    def exit_code(self) -> int:
        """Return the exit code of the rehearsal."""
        return self.outcome.exit_code


def report_of(outcome: Outcome) -> RehearsalReport:
    """Return the report of a rehearsal."""
    report = outcome.report
    results = tuple(result for guest in outcome.guests for result in _results(guest.rehearsed))
    whole = asdict(report) | {
        "results": (*report.results, *results),
        "rules": tuple(sorted((*report.rules, *RULES), key=lambda rule: rule.name)),
    }
    return RehearsalReport(**whole, outcome=outcome)


def accepted(outcome: Outcome) -> str:
    """Return how many of the guests libvirt has accepted."""
    total = len(outcome.guests)
    return f"{outcome.accepted} of {total} {'guest' if total == 1 else 'guests'} accepted"


def _results(told: Rehearsed) -> Iterator[Result]:
    subject = f"guest {told.name}"

    def result(rule: RuleText, outcome: Ended, reason: str | None = None, *findings: Finding) -> Result:
        ranks = [finding.severity or rule.severity for finding in findings]
        worst = max(ranks, key=lambda severity: severity.rank, default=rule.severity)
        return Result(rule, subject, worst, outcome, reason, findings, told.name)

    match told.answer:
        case Answer.NOT_REHEARSED:
            yield result(REFUSED, Ended.NOT_APPLICABLE, f"not rehearsed: {told.why}")
            yield result(DISTURBED, Ended.NOT_APPLICABLE, f"not rehearsed: {told.why}")
            return
        case Answer.REFUSED:
            yield result(REFUSED, Ended.FAILED, None, _refusal(told))
        case Answer.ACCEPTED | Answer.MOVED:
            yield result(REFUSED, Ended.PASSED)
        case Answer.UNDECIDED | Answer.DISTURBED:
            said = "; ".join(filter(None, (told.why, told.error))) or "libvirt's answer was not seen"
            yield result(REFUSED, Ended.UNKNOWN, said)
    if found := tuple(_traces(told)):
        yield result(DISTURBED, Ended.FAILED, None, *found)
    else:
        yield result(DISTURBED, Ended.PASSED)


def _refusal(told: Rehearsed) -> Finding:
    said = "; ".join(filter(None, (told.error, told.why))) or "no message"
    fix = f"`preflight explain {told.rule}` explains this message" if told.rule else ASK
    return Finding(f"libvirt refused the migration in its rehearsal: {said}", fix=fix)


def _traces(told: Rehearsed) -> Iterator[Finding]:
    if told.answer is Answer.MOVED:
        yield Finding(f"the guest is on the destination: {told.why or 'it was handed over by the rehearsal'}")
    if told.answer is Answer.DISTURBED:
        said = "; ".join(filter(None, (told.error, told.why))) or "it was not seen as before"
        yield Finding(f"the guest is not as it was before the rehearsal: {said}")
    for line in told.left:
        yield Finding(f"left on the destination: {line}", severity=Severity.WARNING)
