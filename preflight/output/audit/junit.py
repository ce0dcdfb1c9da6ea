"""An audit as JUnit XML: a suite for each source, and a case for each thing that the verdict asks for.

With `--need any` that is a READY way for each guest, and with `--need all` each way, so that no case fails where the
exit code is 0.
"""

from collections.abc import Iterator, Mapping

from preflight.fleet.audited import Audited
from preflight.fleet.matrix import Cell
from preflight.judge.report import Outcome, Verdict, best
from preflight.output.audit.causes import Deciding, decisive_of, told
from preflight.output.audit.names import short_names
from preflight.output.audit.origin import origin
from preflight.output.report.junit import Case, Suite, class_of, text
from preflight.output.terminal import listed
from preflight.rule import Severity
from preflight.visible import one_line

#: Causes of one case that are listed.
_LISTED = 20
_KINDS = {Verdict.READY: "passed", Verdict.NOT_READY: "failure", Verdict.UNDETERMINED: "error"}


def render(audited: Audited, _colour: bool) -> str:
    """Return the document."""
    return text(_suites(audited))


def _suites(audited: Audited) -> Iterator[Suite]:
    cases = _Cases(audited)
    classes: dict[str, int] = {}
    properties = {"verdict": audited.verdict.value, "need": "all" if audited.every else "any", **dict(origin(audited))}
    for source, row in enumerate(audited.matrix.cells):
        if row:
            name = audited.matrix.hosts[source].name
            classname = f"preflight.audit.{class_of(name, classes)}"
            yield Suite(name, name, tuple(cases.of(source, row, classname)), audited.made, properties)


class _Cases:
    """Makes the cases of an audit."""

    def __init__(self, audited: Audited) -> None:
        self._audited = audited
        self._names = short_names(audited.matrix)
        self._groups = told(audited)
        self._deciding: Deciding = decisive_of(audited, self._groups)

    def of(self, source: int, row: Mapping[int, Cell], classname: str) -> Iterator[Case]:
        """Yield the cases of a source: its ways, or its guests, or itself if it has none."""
        matrix = self._audited.matrix
        if self._audited.every:
            for destination, cell in row.items():
                name = f"to {matrix.hosts[destination].name}"
                yield self._case(classname, name, {destination: cell}, cell.verdict)
            return
        for number, guest in enumerate(matrix.guests[source]):
            verdicts = {destination: cell.guests[number] for destination, cell in row.items()}
            verdict = best(verdicts.values())
            ways = {destination: row[destination] for destination, one in verdicts.items() if one is verdict}
            yield self._case(classname, f"guest {guest}", ways if verdict is Verdict.READY else row, verdict, guest)
        if not matrix.guests[source]:
            verdict = best(cell.verdict for cell in row.values())
            ways = {destination: cell for destination, cell in row.items() if cell.verdict is verdict}
            yield self._case(classname, "any way", ways if verdict is Verdict.READY else row, verdict)

    def _case(
        self, classname: str, name: str, ways: Mapping[int, Cell], verdict: Verdict, guest: str | None = None
    ) -> Case:
        """Return a case; of one that is READY, `ways` are those that are."""
        kind = _KINDS[verdict]
        if verdict is not Verdict.READY:
            lines = self._lines(ways, guest)
            return Case(classname, name, kind, lines[0], "\n".join(lines), verdict.value)
        waived = [self._waived(cell, guest) for cell in ways.values()]
        if waived and all(waived):
            return Case(classname, name, "skipped", f"waived: {waived[0]}", "", Outcome.WAIVED.value)
        return Case(classname, name, kind, "", "", verdict.value)

    def _lines(self, ways: Mapping[int, Cell], guest: str | None) -> list[str]:
        """Return what keeps these ways from being READY, each cause with the destinations and its remedy."""
        met: dict[int, list[str]] = {}
        for destination, cell in ways.items():
            for number in self._deciding.of(cell, guest):
                met.setdefault(number, []).append(self._names[destination])
        lines: list[str] = []
        for number, destinations in sorted(met.items())[:_LISTED]:
            one = self._groups[number - 1]
            lines.append(one_line(f"to {listed(destinations)}: {one.kind} {one.group.rule.name}: {one.summary}"))
            lines += [one_line(": ".join(one.help))] if one.help else []
        return lines + ([f"{len(met) - _LISTED} more causes"] if len(met) > _LISTED else [])

    def _waived(self, cell: Cell, guest: str | None) -> str:
        """Return the text of an error that is waived on a way; empty if there is none."""
        for number in sorted(cell.causes):
            cause = self._audited.matrix.causes[number]
            is_error = cause.outcome is Outcome.WAIVED and cause.severity is Severity.ERROR
            if is_error and (guest is None or cause.guest in (None, guest)):
                return cause.text
        return ""
