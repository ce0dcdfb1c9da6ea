"""`preflight diff`."""

from pathlib import Path
from typing import Annotated

import typer

from preflight.cli.arguments import Reports, output, setting
from preflight.cli.frame import command
from preflight.cli.help_page import Purpose
from preflight.output import formats
from preflight.request.options import Group
from preflight.stdio import Colour, is_coloured


@command(
    Purpose.LOOK_UP,
    "# See what changed on a host since Monday",
    "preflight diff host1.json host2.json",
    "# Compare two pairs, and write a page",
    "preflight diff a.json b.json --report html=diff.html",
)
def diff(
    old: Annotated[
        Path,
        typer.Argument(
            metavar="OLD",
            help="Snapshot file of one host or of a pair, directory of snapshots, or report of `check --format json`.",
        ),
    ],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The same kind of file, of a later time.")],
    output_format: Annotated[
        str, setting("format", "--format", "-f", rich_help_panel=Group.OUTPUT, help=formats.help_on("difference"))
    ] = "text",
    color: Annotated[Colour, output(help="Colour the format text: in a terminal, always, or never.")] = Colour.AUTO,
    report: Reports = None,
) -> None:
    """Show what changed between two snapshots, pairs of snapshots or reports, and what that did to the verdict.

    No host is contacted. The exit code is 1 if the verdict, or that on a guest, became worse, 0 if not, and 2 if the
    files cannot be compared.
    """
    formats.require("difference", output_format)
    files = formats.files("difference", report or ())
    from preflight.commands import diff as comparing

    wanted = comparing.Wanted(output_format=output_format, colour=is_coloured(color), files=files)
    raise typer.Exit(comparing.diff(old, new, wanted))
