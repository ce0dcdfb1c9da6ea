"""The answer of `capacity` as one HTML file, with the limits drawn as bars."""

from collections.abc import Iterator

from preflight.forecast.answer import Answer
from preflight.output.capacity.text import guests, summary
from preflight.output.page.bars import bars
from preflight.output.page.template import fill
from preflight.output.report import provenance
from preflight.request.migration import Role

#: The label, in the text output, of the numbers that answer the request; they are the page's heading.
_ASKED = ("requested", "window")


def render(answer: Answer, _colour: bool) -> str:
    """Return the answer as a page with a final newline."""
    report = answer.report
    numbers = tuple(_grouped(answer))
    asked = dict(pair for pair in numbers if pair[0] in _ASKED)
    heads, *rows = guests(answer.forecast) if answer.forecast is not None and answer.forecast.loads else [()]
    word, tone = _verdict(answer)
    return fill(
        "capacity.html",
        report=report,
        word=word,
        tone=tone,
        lines=tuple(line for lines in asked.values() for line in lines),
        origin=provenance.made(report),
        numbers=tuple(pair for pair in numbers if pair[0] not in asked),
        bars=bars(report.capacity, answer.concurrency or report.migration.concurrency),
        roles=tuple(Role),
        heads=heads,
        guests=rows,
        made=tuple(_made(answer)),
    )


def _verdict(answer: Answer) -> tuple[str, str]:
    """Return the answer to the request in one word, and its tone; without a request, the number of migrations."""
    if answer.concurrency is None and answer.window is None:
        capacity = answer.report.capacity
        if capacity.concurrent is None:
            return "Capacity unknown", "undetermined"
        at_most = "At most " if capacity.unread else ""
        each_way = " each way" if capacity.both_ways else ""
        return f"{at_most}{capacity.concurrent} at once{each_way}", "info"
    return {True: ("FITS", "ready"), False: ("DOES NOT FIT", "not-ready"), None: ("NOT KNOWN", "undetermined")}[
        answer.fits
    ]


def _grouped(answer: Answer) -> Iterator[tuple[str, list[str]]]:
    """Yield each label once, with all that is said under it."""
    found: list[tuple[str, list[str]]] = []
    for label, said in summary(answer):
        if not found or (label and label != found[-1][0]):
            found.append((label, []))
        found[-1][1].append(said)
    yield from found


def _made(answer: Answer) -> Iterator[tuple[str, tuple[str]]]:
    """Yield who made the page, and how old the answers are."""
    if made := provenance.made(answer.report):
        yield "Made", (made,)
    yield "Answers", (provenance.answers(answer.report, live=True),)
