"""`preflight diff`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from preflight.cli.arguments import ENDINGS, Color, Concurrency, Ignore, Over, Reports, Select, Uri, usual_form
from preflight.cli.configured import site_of
from preflight.cli.frame import command
from preflight.cli.help_page import Purpose
from preflight.cli.options import takes, takes_method
from preflight.cli.selection import selected
from preflight.output import formats
from preflight.stdio import Colour, is_coloured

if TYPE_CHECKING:
    from preflight.request.check_request import Asked, Selection, Site
    from preflight.request.method import Method


@takes_method(without=ENDINGS)
@takes("chosen", selected)
@takes("site", site_of)
def _asked(
    *,
    chosen: "Selection",
    concurrency: Concurrency = 1,
    transport: Over = None,
    destination_uri: Uri = None,
    select: Select = None,
    ignore: Ignore = None,
    site: "Site",
    method: "Method",
) -> "Asked":
    """Return the request with which both pairs are checked, without their hosts; raises `UserError`."""
    from msgspec.structs import asdict

    from preflight.request.check_request import Asked

    return Asked(
        source="",
        **asdict(chosen),
        concurrency=concurrency,
        transport=transport,
        destination_uri=destination_uri,
        select=tuple(select or ()),
        ignore=tuple(ignore or ()),
        site=site,
        method=method,
    )


@command(
    Purpose.LOOK_UP,
    "# See what changed on a host since Monday",
    "preflight diff host1.json host2.json",
    "# Compare two pairs, and write a page",
    "preflight diff a.json b.json --report html=diff.html",
)
@takes("asked", _asked)
def diff(
    old: Annotated[
        Path,
        typer.Argument(
            metavar="OLD",
            help="Snapshot file of one host or of a pair, directory of snapshots, or report of `check --format json`.",
        ),
    ],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The same kind of file, of a later time.")],
    *,
    asked: "Asked",
    output_format: Annotated[
        str,
        usual_form("difference"),
    ] = "text",
    color: Color = Colour.AUTO,
    report: Reports = None,
) -> None:
    """Show what changed between two snapshots, pairs of snapshots or reports, and what that did to the verdict.

    No host is contacted. Two pairs are checked with the given options, as `preflight check` would; a report already
    has its own. The exit code is 1 if the verdict, or that on a guest, became worse, 0 if not, and 2 if the
    files cannot be compared.
    """
    formats.require("difference", output_format)
    files = formats.files("difference", report or ())
    from preflight.commands import diff as comparing

    wanted = comparing.Wanted(output_format=output_format, colour=is_coloured(color), files=files)
    raise typer.Exit(comparing.diff(old, new, asked, wanted))
