"""A plan for the person who decides whether to run it."""

import time
from collections.abc import Iterator

from preflight.judge.report import Outcome, Report, Result
from preflight.output.report.skipped import skipped
from preflight.output.staying import staying
from preflight.output.terminal import listed, padded, width, wrapped
from preflight.request.method import Method
from preflight.request.migration import CopyStorage, Mode, OnGiveUp
from preflight.rule import Severity
from preflight.schema.plan import MigrationPlan, PlannedGuest, RehearsedGuests
from preflight.visible import named, one_line

_MODES = {
    Mode.MANAGED: "managed by this machine",
    Mode.PEER_TO_PEER: "peer-to-peer: driven by the source's daemon",
    Mode.TUNNELLED: "tunnelled: peer-to-peer, with the memory sent through the control connection",
}


#: What is done with a migration at one of its limits.
_AT_LIMIT = {
    OnGiveUp.ABORT: "a migration is aborted, and its guest stays on the source",
    OnGiveUp.POSTCOPY: "a migration switches to post-copy",
    OnGiveUp.SUSPEND: "a guest is paused until it has moved",
}
#: The column in which the text begins, behind its label.
_COLUMN = 13
#: Warnings that are listed; the rest is counted.
MOST_WARNINGS = 40
#: Subjects of rules whose warnings come first: they say what a guest may lose.
_WORST = ("storage", "guests")


def text(plan: MigrationPlan, report: Report | None = None) -> str:
    """Return what will be done, to which guests, in which order, how many at a time, and the warnings of the check."""
    of_check = () if report is None else (*_skipped(report), *_warnings(report))
    columns = width()
    lines = (part for line in (*_lines(plan), *of_check) for part in wrapped(line, width=columns, indent=_COLUMN))
    return "\n".join(lines) + "\n"


def _skipped(report: Report) -> Iterator[str]:
    for number, line in enumerate(skipped(report, "planned")):
        yield _row("" if number else "not included", line)


def _warnings(report: Report) -> Iterator[str]:
    """Yield a line for each warning, with its rule and its guest; what a guest may lose comes first."""
    results = [result for result in report.results if result.severity is Severity.WARNING]
    results.sort(key=lambda result: (result.rule.topic not in _WORST, result.rule.name, result.subject))
    lines = [line for result in results for line in _warning(result)]
    yield from lines[:MOST_WARNINGS]
    if len(lines) > MOST_WARNINGS:
        yield _row("", f"and {len(lines) - MOST_WARNINGS} more; preflight check lists them")


def _warning(result: Result) -> Iterator[str]:
    guest = "" if result.guest is None else f"{result.guest}: "
    if result.outcome is Outcome.FAILED:
        for finding in result.findings:
            if finding.severity in (None, Severity.WARNING):
                yield one_line(_row("warning", f"{guest}{finding.message}  [{result.rule.name}]"))
    elif result.outcome is Outcome.UNKNOWN:
        yield one_line(_row("unknown", f"{guest}{result.reason or 'no reason was given'}  [{result.rule.name}]"))


def _lines(plan: MigrationPlan) -> Iterator[str]:
    for number, one in enumerate(plan.stays):
        yield _row("" if number else "stays", staying(one))
    yield _row("from", one_line(plan.source))
    yield _row("to", f"{one_line(plan.destination)}  ({one_line(plan.destination_uri)})")
    for number, guest in enumerate(plan.guests):
        yield _row("" if number else "guests", _guest(guest))
    yield _row("how", ", ".join(_how(plan)))
    if plan.live and not plan.rehearsal:
        for number, line in enumerate(_limits(plan.method)):
            yield _row("" if number else "limits", line)
    if len(plan.guests) > 1:
        canary = "the first alone, then " if len(plan.live) > 1 else ""
        yield _row("at a time", f"{canary}{plan.width} ({one_line(plan.because)})")
    if plan.seconds is not None:
        yield _row("duration", f"about {plan.seconds:.0f} s by the pre-copy model, for guests that write little")
    if plan.rehearsed is not None:
        yield _row("rehearsed", _rehearsed(plan, plan.rehearsed))
    yield _row("warnings", str(plan.warnings))
    if plan.ignore:
        yield _row("ignored", one_line(", ".join(plan.ignore)))
    yield _row("expires", _moment(plan.lapses))


def _rehearsed(plan: MigrationPlan, rehearsed: RehearsedGuests) -> str:
    accepted = set(rehearsed.guests)
    others = [named(guest.name) for guest in plan.guests if guest.uuid not in accepted]
    which = f"all but {listed(others)}" if others else "all"
    return f"{which}, accepted by the destination ({_moment(rehearsed.at)})"


def _moment(moment: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moment))


def _row(label: str, text: str) -> str:
    return padded(label, _COLUMN) + text


def _guest(guest: PlannedGuest) -> str:
    state = "off, definition only" if not guest.active else "stays paused" if guest.paused else "running"
    kept = "" if guest.persistent else ", transient"
    takes = "" if guest.seconds is None else f", about {guest.seconds:.0f} s"
    return f"{named(guest.name)}  ({guest.memory_kib / 1024:.0f} MiB, {state}{kept}{takes})"


def _how(plan: MigrationPlan) -> Iterator[str]:
    method = plan.method
    if plan.live:
        yield "live" if method.live else "paused during the migration"
        yield _MODES[method.mode]
        if method.postcopy:
            yield "post-copy if needed, which cannot be aborted"
        elif method.is_safe:
            yield "started on the destination once the source has released it"
        else:
            yield "started on the destination by libvirt"
    if method.copy_storage is not CopyStorage.NONE:
        disks = f": {', '.join(map(one_line, method.migrate_disks))}" if method.migrate_disks else ""
        yield f"disks copied ({method.copy_storage}){disks}"
    if method.unsafe:
        yield "UNSAFE: libvirt's own checks of the disks are skipped"
    if not method.undefinesource:
        yield "the definition stays on the source as well"
    named = {name for name in method.asked if "=" not in name}  # each compression method has an entry too
    shown = sorted(named - {"unsafe", "postcopy", "copy-storage-all", "copy-storage-inc", "migrate-disks"})
    if shown:
        yield "with " + " ".join(_option(name, getattr(method, name.replace("-", "_"))) for name in shown)


def _limits(method: Method) -> Iterator[str]:
    """Yield what ends a migration that lasts too long or makes no progress, and who sees to that."""
    if method.timeout is not None:
        yield f"after {method.timeout:g} s {_AT_LIMIT[OnGiveUp(method.on_timeout)]}"
    if method.patience is not None:
        yield f"after {method.patience} {_AT_LIMIT[method.on_give_up or OnGiveUp.ABORT]}"
    if method.timeout is None and method.patience is None:
        yield "none: a guest that writes faster than its memory is sent is migrated without end"
    elif method.mode is not Mode.MANAGED:
        yield "if preflight dies, the source's daemon goes on without these limits until --resume or preflight steer"


def _option(name: str, value: object) -> str:
    if value is True or name in ("xml", "persistent-xml"):
        return f"--{name}"
    return f"--{name} {one_line(','.join(value) if isinstance(value, tuple) else str(value))}"
