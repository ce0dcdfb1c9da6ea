"""`preflight check`, `preflight nagios` and `preflight show`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from preflight.cli.arguments import (
    ENDINGS,
    Color,
    Concurrency,
    Destination,
    Ignore,
    Obfuscate,
    Over,
    OverwriteSaved,
    Reports,
    Select,
    SourceIfAny,
    Timeout,
    Uri,
    how,
    output,
    usual_form,
)
from preflight.cli.configured import ends_of, gate_of, site_of
from preflight.cli.frame import command
from preflight.cli.help_page import Purpose
from preflight.cli.options import takes, takes_method
from preflight.cli.selection import selected
from preflight.output import formats
from preflight.stdio import Colour, is_coloured

if TYPE_CHECKING:
    from preflight.request.check_request import Asked, Gate, Selection, Site
    from preflight.request.method import Method


Format = Annotated[
    str,
    usual_form("report"),
]


@takes_method(without=ENDINGS)
@takes("chosen", selected)
@takes("site", site_of)
def _asked(
    source: SourceIfAny = None,
    destination: Destination = None,
    *,
    chosen: "Selection",
    concurrency: Concurrency = 1,
    transport: Over = None,
    destination_uri: Uri = None,
    select: Select = None,
    ignore: Ignore = None,
    site: "Site",
    timeout: Timeout = 60,
    method: "Method",
) -> "Asked":
    """Return the request of a check; raises `UserError`."""
    from msgspec.structs import asdict

    from preflight.request.check_request import Asked

    source, destination = ends_of(source, destination, site.configured)
    return Asked(
        source=source,
        destination=destination,
        **asdict(chosen),
        concurrency=concurrency,
        transport=transport,
        destination_uri=destination_uri,
        select=tuple(select or ()),
        ignore=tuple(ignore or ()),
        site=site,
        timeout=timeout,
        method=method,
    )


@command(
    Purpose.LOOK,
    "# Check all guests running on host1",
    "preflight check host1 host2",
    "# Check one guest, for a peer-to-peer migration",
    "preflight check host1 host2 web --p2p",
    "# Check all guests but one, including those that are off",
    "preflight check host1 host2 --all --except web",
    "# Also write a report for a CI server",
    "preflight check host1 host2 --report junit=junit.xml",
)
@takes("asked", _asked)
@takes("gate", gate_of)
def check(
    *,
    asked: "Asked",
    output_format: Format = "text",
    color: Color = Colour.AUTO,
    report: Reports = None,
    probe: Annotated[
        bool,
        how(
            "--probe",
            help="Open a port on the destination for at most two seconds, at the upper end of the migration range or as"
            " given with --migrateuri, and have the source connect to it: finds a firewall between the hosts that"
            " rejects connections.",
        ),
    ] = False,
    save: Annotated[
        Path | None, output(help="Also save the answers of both hosts to this file.", show_default=False)
    ] = None,
    overwrite: OverwriteSaved = False,
    obfuscate: Obfuscate = None,
    gate: "Gate",
) -> None:
    """Check whether guests can be migrated from SOURCE to DESTINATION.

    All guests that run on the source are checked, unless others are selected, as for `preflight migrate`. Nothing is
    changed on either host; only --probe opens a port on the destination, for at most two seconds. The exit code is 0 if
    the verdict is READY, 1 if it is NOT READY, and 3 if it is UNDETERMINED, in every format; --fail-on, --unknown and
    --exit-zero change that.
    """
    formats.require("report", output_format)
    files = formats.files("report", report or ())
    from msgspec.structs import replace

    from preflight.commands import check as checks

    wanted = checks.Wanted(
        output_format=output_format,
        colour=is_coloured(color),
        files=files,
        save=save,
        overwrite=overwrite,
        obfuscate=obfuscate,
        gate=gate,
    )
    raise typer.Exit(checks.check(replace(asked, probe=probe), wanted))


@command(
    Purpose.LOOK,
    "preflight nagios host1 host2",
    "# Check only the hosts, and answer within 20 seconds",
    "preflight nagios host1 host2 --no-guests --timeout 20",
    failure=3,
)
@takes("asked", _asked)
def nagios(
    *,
    asked: "Asked",
    report: Reports = None,
) -> None:
    """Run `preflight check` as a plugin for Nagios or a compatible server.

    One line with performance data is printed. The exit codes are those of Nagios: 0 (OK) if the verdict is READY, 1
    (WARNING) if it is READY with warnings, 2 (CRITICAL) if it is NOT READY, and 3 (UNKNOWN) if it is UNDETERMINED or if
    preflight itself fails.
    """
    files = formats.files("report", report or ())
    from preflight.commands import check as checks

    raise typer.Exit(checks.nagios(asked, files))


@command(
    Purpose.LOOK_UP,
    "# Show what `check --report json=report.json` wrote",
    "preflight show report.json",
    "# Show it as Markdown, for a ticket",
    "preflight show report.json --format markdown",
    "# Show a saved answer of `preflight capacity` as a page",
    "preflight show capacity.json --format html > capacity.html",
)
def show(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="Report that `preflight check`, `rehearse`, `capacity`, `status` or `rules` wrote in the format json.",
        ),
    ],
    output_format: Format = "text",
    color: Color = Colour.AUTO,
    report: Reports = None,
) -> None:
    """Show a saved report in any format that its command has.

    No host is contacted. The exit code is 0 if the report can be read, whatever its verdict, and 2 if not.
    """
    from preflight.commands import show as shows

    shows.show(file, output_format, report or (), colour=is_coloured(color))
