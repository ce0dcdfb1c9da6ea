"""`preflight migrate` from end to end: check, show the plan, ask, move, look on both hosts, and say so."""

import sys
from collections.abc import Callable

from preflight.asking import Asked, open_hosts
from preflight.check import check
from preflight.connection.target import TargetError
from preflight.migrate import Ending, Place, migrate
from preflight.output import progress, text
from preflight.output.terminal import clean
from preflight.plan import Refused, plan
from preflight.report import Verdict
from preflight.visit import LiveVisit

#: The exit codes beside those of a verdict.
ARRIVED, NOT_ARRIVED, REFUSED, INTERRUPTED = 0, 4, 5, 130

Ask = Callable[[str], bool | None]


def move(
    source: str, destination: str, guest: str, *, ask: Ask | None, ignore: tuple[str, ...] = (), timeout: float = 60
) -> int:
    """Move one guest; returns the exit code. `ask` is None when the user has agreed beforehand.

    `ask` returns None where nobody can answer. Raises `UserError`.
    """
    asked = Asked(source=source, destination=destination, guests=(guest,), ignore=ignore, timeout=timeout)
    with open_hosts(asked) as opened:
        checked = check(opened)
        ends = [visit for visit in checked.visits if isinstance(visit, LiveVisit)]
        if len(ends) != len(checked.visits):
            raise TargetError("a guest cannot be moved between snapshots: name real hosts")
        try:
            planned = plan(checked.report, checked.guests)
        except Refused as why:
            sys.stdout.write(text.render(checked.report, sys.stdout.isatty()))
            print(f"preflight: {why}", file=sys.stderr)
            return REFUSED
        warnings = sum(result.findings != () for result in checked.report.results)
        print(clean(planned.describe()), file=sys.stderr)
        narrowed = "; only selected rules were judged" if checked.report.narrowed else ""
        print(f"check        {Verdict.READY.name}, {warnings} warnings{narrowed}", file=sys.stderr)
        if ask is not None:
            agreed = ask("migrate?")
            if agreed is None:
                print("preflight: refused: nobody is there to answer; use --yes", file=sys.stderr)
            if not agreed:
                return REFUSED
        with progress.shown(planned.guest) as watch:
            ending = migrate(planned, ends[0].connect, ends[1].connect, watch)
    return _tell(ending)


def _tell(ending: Ending) -> int:
    plan_ = ending.plan
    stood_still = "" if ending.downtime is None else f", stood still for {ending.downtime * 1000:.0f} ms"
    print(f"{clean(plan_.guest)}  on {plan_.destination}: {ending.on_destination.value}")
    print(f"{clean(plan_.guest)}  on {plan_.source}: {ending.on_source.value}")
    if ending.error is not None:
        print(f"libvirt: {clean(ending.error)}", file=sys.stderr)
    if ending.arrived:
        print(f"ARRIVED  {clean(plan_.guest)} is on {plan_.destination} after {ending.elapsed:.1f} s{stood_still}")
        return ARRIVED
    unknown = Place.UNKNOWN in (ending.on_source, ending.on_destination)
    print(f"NOT ARRIVED  {clean(plan_.guest)}" + (": a host no longer answers; look there" if unknown else ""))
    return INTERRUPTED if ending.interrupted else NOT_ARRIVED
