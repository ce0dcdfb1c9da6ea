"""The guests of the source that were not among the selected ones: one line for each reason."""

from collections.abc import Iterator

from preflight.judge.guests import Skip
from preflight.judge.report import Report
from preflight.output.terminal import listed

_WHICH = {
    Skip.OFF: ("is off and was not {done}", "are off and were not {done}"),
    Skip.RUNNING: ("is running and was not {done}", "are running and were not {done}"),
    Skip.LEFT_OUT: ("was left out", "were left out"),
}


def skipped(report: Report, done: str = "checked") -> Iterator[str]:
    """Yield a line for each reason, with the guests; `done` is the participle for what was done to the others."""
    for why, names in report.skipped.items():
        one, several = _WHICH[why]
        head = f"1 guest {one}" if len(names) == 1 else f"{len(names)} guests {several}"
        hint = "" if why is Skip.LEFT_OUT else "; --all includes " + ("it" if len(names) == 1 else "them")
        yield f"{head.format(done=done)}: {listed(names)}{hint}"
