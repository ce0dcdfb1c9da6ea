"""The causes of an audit as reports for machines file them: a finding each, with the ways that it is about."""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from preflight.fleet.audited import Audited
from preflight.fleet.matrix import Cause, Matrix
from preflight.judge.report import Outcome
from preflight.output.report.artifacts import Filed, Place, between, fingerprint, on_host, setting
from preflight.output.terminal import listed
from preflight.rule import Finding
from preflight.visible import many

#: Ways, as the numbers of source and destination.
Ways: TypeAlias = Sequence[tuple[int, int]]


def filed(audited: Audited) -> Iterator[Filed]:
    """Yield every finding, the worst first, each under a fingerprint of its own."""
    seen: dict[str, int] = {}
    matrix = audited.matrix
    ways = sum(1 for _ in matrix.ways)
    failed = [one for one in zip(matrix.causes, matrix.met_by(), strict=True) if one[0].outcome is Outcome.FAILED]
    failed.sort(key=lambda one: -one[0].severity.rank)
    for cause, met in failed:
        yield Filed(
            cause.rule,
            _finding(matrix, cause, met, ways),
            cause.severity,
            place(matrix, cause, met),
            " ".join(filter(None, (cause.host, cause.guest and f"guest {cause.guest}"))) or _leading(matrix, met[0]),
            fingerprint(key(matrix, cause, met), seen),
        )


def place(matrix: Matrix, cause: Cause, met: Ways) -> Place:
    """Return the place under which a cause is filed; one between hosts is filed under the first of its ways."""
    if cause.host is not None:
        return on_host(cause.host, cause.location, cause.guest)
    source, destination = (matrix.hosts[number].name for number in met[0])
    return between(source, destination)


def key(matrix: Matrix, cause: Cause, met: Ways) -> str:
    """Return the text that is the same for the same cause in every audit: no line, and no message with numbers."""
    ends = cause.host if cause.host is not None else _leading(matrix, met[0])
    path = "" if cause.location is None else cause.location.path
    return "\0".join((cause.rule.name, cause.outcome.value, ends, cause.guest or "", path, setting(cause.change)))


def _leading(matrix: Matrix, way: tuple[int, int]) -> str:
    source, destination = way
    return f"{matrix.hosts[source].name} -> {matrix.hosts[destination].name}"


def _named(matrix: Matrix, met: Ways) -> str:
    """Return ways in words: by their common end, if they have one."""
    names = [host.name for host in matrix.hosts]
    sources, destinations = ({way[end] for way in met} for end in (0, 1))
    if len(destinations) == 1:
        return f"to {names[met[0][1]]} from {listed([names[source] for source, _ in met])}"
    if len(sources) == 1:
        return f"from {names[met[0][0]]} to {listed([names[destination] for _, destination in met])}"
    return listed([_leading(matrix, way) for way in met])


def _finding(matrix: Matrix, cause: Cause, met: Ways, ways: int) -> Finding:
    does = "blocks" if cause.blocks else "concerns"
    return Finding(
        message=f"{cause.text} ({does} {len(met)} of {many(ways, 'way')}: {_named(matrix, met)})",
        location=cause.location,
        predicted_error=cause.predicted_error,
        fix=cause.fix,
    )
