"""`preflight check` and `preflight nagios`: collect, judge, print the report and write it to files."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from preflight.collect.endpoints import open_hosts
from preflight.output import formats
from preflight.request.check_request import Asked, Gate

if TYPE_CHECKING:
    from preflight.judge.check import Checked
    from preflight.judge.report import Report


class Wanted(Struct, frozen=True, kw_only=True):
    """What becomes of a report: the format on standard output, the files, and what changes the exit code."""

    output_format: str = "text"
    colour: bool = False
    #: Further files, each with its format.
    files: tuple[tuple[str, Path], ...] = ()
    #: The file for the answers of both hosts.
    save: Path | None = None
    #: Whether that file may replace another one.
    overwrite: bool = False
    #: The map with which names and addresses are replaced in all that is written; None to keep them.
    obfuscate: Path | None = None
    gate: Gate = Gate()


def check(asked: Asked, wanted: Wanted) -> int:
    """Check, print the report, write the files, and return the exit code; raises `UserError`."""
    report, checked = _report(asked, wanted)
    more = []
    if wanted.save is not None:
        from preflight.commands.made import taken_now
        from preflight.judge.check import save_pair

        more.append(partial(save_pair, wanted.save, checked, taken_now(asked.site), overwrite=wanted.overwrite))
    formats.publish("report", wanted.output_format, report, wanted.files, *more, colour=wanted.colour)
    return report.exit_code


def nagios(asked: Asked, files: tuple[tuple[str, Path], ...]) -> int:
    """Check, print the line of a plugin of Nagios, write the files, and return Nagios's exit code."""
    wanted = Wanted(output_format="nagios", files=files)
    report, _ = _report(asked, wanted)
    from preflight.output.report.nagios import state

    formats.publish("report", wanted.output_format, report, wanted.files)
    return state(report).value


def _obfuscated(asked: Asked, wanted: Wanted, path: Path, checked: "Checked") -> "tuple[Report, Checked]":
    """Judge the same answers again under other names and addresses, and return the report that says no more."""
    from preflight.commands.made import made_now
    from preflight.commands.obfuscated import Mapped
    from preflight.connection.obfuscation import OBFUSCATED
    from preflight.judge import check as checking

    mapped = Mapped(path)
    source, destination = mapped.hosts([visit.saved() for visit in checked.visits])
    other = mapped.obfuscation
    again = replace(
        asked,
        source=source,
        destination=destination,
        guests=tuple(map(other.typed, asked.guests)),
        left_out=tuple(map(other.typed, asked.left_out)),
        destination_uri=None if asked.destination_uri is None else other.text(asked.destination_uri),
        method=replace(
            asked.method,
            migrateuri=None if asked.method.migrateuri is None else other.text(asked.method.migrateuri),
            disks_uri=None if asked.method.disks_uri is None else other.text(asked.method.disks_uri),
            dname=None if asked.method.dname is None else other.typed(asked.method.dname),
        ),
    )
    with open_hosts(again) as opened:
        checked = checking.check(opened, stay=False)
    made = replace(made_now(asked), machine=OBFUSCATED, user=OBFUSCATED)
    mapped.write()  # with what the options named
    return replace(checked.report, gate=wanted.gate, made=made), checked


def _report(asked: Asked, wanted: Wanted) -> "tuple[Report, Checked]":
    """Collect from both hosts and judge; what the formats need is loaded while ssh shakes hands."""
    if wanted.save is not None:
        from preflight.connection.snapshot import refuse_to_overwrite

        refuse_to_overwrite(wanted.save, overwrite=wanted.overwrite)
        asked = replace(asked, whole=True)
    with open_hosts(asked) as opened:
        from preflight.commands.made import made_now
        from preflight.connection import snapshot as snapshots
        from preflight.judge import check as checking

        for name in {wanted.output_format, *(name for name, _ in wanted.files)}:
            formats.load("report", name)
        if wanted.save is not None:
            snapshots.load()
        checked = checking.check(opened, stay=False)
    if wanted.obfuscate is not None:
        return _obfuscated(asked, wanted, wanted.obfuscate, checked)
    forms = {wanted.output_format, *(name for name, _ in wanted.files)}
    made = made_now(asked, digests=not forms.isdisjoint(formats.WITH_DIGESTS))
    return replace(checked.report, gate=wanted.gate, made=made), checked
