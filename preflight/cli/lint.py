"""`preflight lint`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from preflight.cli import complete
from preflight.cli.arguments import HOST, Color, Ignore, Reports, Select, Timeout
from preflight.cli.check import Format
from preflight.cli.configured import gate_of, site_of
from preflight.cli.frame import command
from preflight.cli.help_page import Purpose
from preflight.cli.options import takes
from preflight.output import formats
from preflight.stdio import Colour, is_coloured

if TYPE_CHECKING:
    from preflight.request.check_request import Gate, Site


@command(
    Purpose.LOOK,
    "# Find what is wrong on two hosts, each by itself",
    "preflight lint host1 host2",
    "# Judge rendered/HOST/etc/... before it is installed",
    "preflight lint --files rendered",
    "# The same in a CI job",
    "preflight lint --files rendered --format github",
)
@takes("site", site_of)
@takes("gate", gate_of)
def lint(
    hosts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="HOST...",
            help=f"{HOST} A snapshot file is taken too.",
            show_default=False,
            autocompletion=complete.hosts,
        ),
    ] = None,
    files: Annotated[
        Path | None,
        typer.Option(
            "--files",
            metavar="DIR",
            help="Judge configuration files instead: DIR/HOST/etc/... for each host, or DIR/etc/... for one. Only"
            " rules that these files can answer are applied.",
            show_default=False,
        ),
    ] = None,
    select: Select = None,
    ignore: Ignore = None,
    timeout: Timeout = 60,
    *,
    site: "Site",
    output_format: Format = "text",
    color: Color = Colour.AUTO,
    report: Reports = None,
    gate: "Gate",
) -> None:
    """Find what is wrong on each HOST by itself, or in configuration files that are no host yet.

    Rules that compare two hosts are not applied, and those about guests are applied to all guests, each as it is, with
    the default options of a migration. Nothing is changed on a host, and nothing in DIR is executed. The exit code is
    that of `preflight check`: 0 if the verdict on every host is READY, 1 if any is NOT READY, else 3.
    """
    formats.require("lint", output_format)
    reports = formats.files("lint", report or ())
    from preflight.commands import lint as lints
    from preflight.judge.lint import Request

    lints.refuse_both(hosts or (), files)
    request = Request(
        select=tuple(select or ()),
        ignore=tuple(ignore or ()),
        site=site,
        gate=gate,
    )
    raise typer.Exit(
        lints.lint(
            hosts or (),
            files,
            request,
            timeout=timeout,
            output_format=output_format,
            reports=reports,
            colour=is_coloured(color),
        )
    )
