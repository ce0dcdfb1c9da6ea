"""The findings that a site accepts, and the waivers that no longer do what they were written for, in words."""

from collections.abc import Iterator

from preflight.judge.report import Outcome, Report, Use
from preflight.output.report.problems import Problem, problems
from preflight.visible import one_line


def waived(report: Report) -> list[Problem]:
    """Return the findings that are waived; the reason is that of the problem's result."""
    return problems(report.results, Outcome.WAIVED)


def remarks(report: Report) -> Iterator[str]:
    """Yield a line for each waiver that has expired that covers nothing, or that names a host otherwise."""
    for one in report.waivers:
        waiver = one.waiver
        if one.use is Use.EXPIRED:
            said = f"expired after {waiver.expires}, so the findings count again"
        elif one.use is Use.UNUSED:
            said = f"covers no finding, and can be removed from {waiver.file}"
        elif one.use is Use.MISNAMED and (pair := waiver.misnamed((report.source.name, report.destination.name))):
            said = f"names {pair[0]}, and this check {pair[1]}, which it does not cover: write that in {waiver.file}"
        else:
            continue
        yield one_line(f"the waiver of {waiver.rule} for {waiver.scope} {said}")
