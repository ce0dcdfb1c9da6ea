"""The outcome of a rehearsal as gauges: those of the check, and the number of guests by libvirt's answer."""

from collections import Counter

from preflight.output.report.prometheus import text
from preflight.rehearse.answer import Answer
from preflight.rehearse.report import RehearsalReport


def render(report: RehearsalReport, _colour: bool) -> str:
    """Return the gauges, each with its help and its type."""
    answers = Counter(guest.rehearsed.answer for guest in report.outcome.guests)
    samples = [({"answer": one.value}, answers[one]) for one in Answer]
    return text(report, ("rehearsed_guests", "Guests by libvirt's answer in the rehearsal.", samples))
