"""When, where, by whom and with which options an audit was made, and the age of its answers."""

from collections.abc import Iterator

from preflight.fleet.audited import Audited
from preflight.fleet.matrix import Matrix
from preflight.output.report.next_step import quoted, selection
from preflight.output.report.provenance import lasting, made_by, requested, shown
from preflight.output.sent_to import sent_to
from preflight.visible import many


def origin(audited: Audited) -> Iterator[tuple[str, str]]:
    """Yield a label and a text: who made the audit and when, the age of its answers, and its options."""
    if audited.made is not None:
        yield "made", made_by(audited.made)
    yield "answers", _answers(audited)
    yield from tried(audited.matrix)
    if led := sent_to({host.name: host.migration_address for host in audited.matrix.hosts if host.migration_address}):
        yield "memory", led
    if words := options(audited):
        yield "options", " ".join(words)


def tried(matrix: Matrix) -> Iterator[tuple[str, str]]:
    """Yield how many ways were tried, and how the others are judged."""
    number, every = matrix.tried()
    if number < every:
        yield (
            "tried",
            f"{number} of {many(every, 'way')} (the others are judged by names, addresses and firewalls alone)",
        )
    elif every:
        yield "tried", f"all {many(every, 'way')}"


def options(audited: Audited) -> list[str]:
    """Return the options, as words of a command line."""
    asked = audited.matrix.asked
    return quoted([*selection(asked), *requested(asked), *(["--need", "all"] if audited.every else [])])


def in_one_line(audited: Audited) -> str:
    """Return the origin in one line."""
    return "; ".join(f"{label} {text}" for label, text in origin(audited))


def _answers(audited: Audited) -> str:
    """Return when the hosts were asked."""
    taken = sorted(host.taken for host in audited.matrix.hosts if host.taken is not None)
    missing = len(audited.matrix.hosts) - len(taken)
    unknown = f"; of {many(missing, 'host')} the age is not known" if missing and taken else ""
    if not taken:
        return "of unknown age"
    first, last = shown(taken[0]), shown(taken[-1])
    when = f"taken {first}" if first == last else f"taken from {first} to {last}"
    if audited.made is None:
        return f"{when}{unknown}"
    return f"{when}, {lasting(max(0, audited.made.at - taken[0]))} before this audit{unknown}"
