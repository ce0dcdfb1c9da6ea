"""When, where, by whom and with which options the answer of `capacity` was made, and the age of its answers."""

from collections.abc import Iterator

from preflight.forecast.answer import Answer
from preflight.forecast.duration import AS_GIVEN
from preflight.output.report import provenance
from preflight.output.report.next_step import connected, quoted, selection


def origin(answer: Answer) -> Iterator[tuple[str, str]]:
    """Yield a label and what is known under it."""
    if made := provenance.made(answer.report):
        yield "Made", made
    yield "Answers", provenance.answers(answer.report)
    if words := " ".join(quoted(tuple(_options(answer)))):
        yield "Options", words


def _options(answer: Answer) -> Iterator[str]:
    """Yield the options, as words of a command line."""
    report, forecast = answer.report, answer.forecast
    yield from selection(report.asked)
    if answer.concurrency is not None:
        yield from ("--concurrency", str(answer.concurrency))
    yield from connected(report.asked)
    yield from (word for word in report.asked.method.typed if word in ("--p2p", "--tunnelled"))
    if report.asked.method.copies_storage:
        yield "--copy-storage"
    if forecast is not None and forecast.link.because == AS_GIVEN:
        yield from ("--bandwidth", f"{forecast.link.rate:g}")
    if answer.window is not None:
        yield from ("--window", f"{answer.window:.0f}s")
    if report.capacity.both_ways:
        yield "--both-ways"
    if forecast is not None and any(load.dirty is not None for load in forecast.loads):
        yield "--measure-dirty-rate"
