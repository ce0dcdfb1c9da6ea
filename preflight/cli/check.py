"""`preflight check`."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from preflight.cli.arguments import (
    MOST,
    Destination,
    Guests,
    Ignore,
    Over,
    Select,
    Source,
    Timeout,
    Uri,
    how,
    output,
    what,
)
from preflight.cli.frame import command
from preflight.cli.options import takes_method
from preflight.errors import UserError
from preflight.stdio import deliver

if TYPE_CHECKING:
    from preflight.request.method import Method


#: A check moves nothing, so nothing has to be done in time; its own --timeout is for answers.
_TIMEOUTS = ("timeout", "timeout_suspend", "timeout_postcopy", "timeout_abort")


@command
@takes_method(without=_TIMEOUTS)
def check(
    source: Source,
    destination: Destination = None,
    guest: Guests = None,
    no_guests: Annotated[bool, what("--no-guests", help="Judge the hosts alone.")] = False,
    concurrency: Annotated[int, how(min=1, max=MOST, help="Migrations started at the same time.")] = 1,
    transport: Over = None,
    destination_uri: Uri = None,
    offline: Annotated[bool, what("--offline", help="Move the definition of guests that are off.")] = False,
    select: Select = None,
    ignore: Ignore = None,
    output_format: Annotated[str, output("--format", "-f", help="text, table or json.")] = "text",
    save: Annotated[Path | None, output(help="Also keep both hosts' answers in this file.", show_default=False)] = None,
    timeout: Timeout = 60,
    *,
    method: "Method",
) -> None:
    """Say whether guests can be migrated from SOURCE to DESTINATION: exit 0 ready, 1 not ready, 3 undetermined.

    Nothing is changed on either host. All guests that run on the source are judged, unless --guest or --no-guests
    narrows it.
    """
    from preflight.collect.endpoints import open_hosts
    from preflight.output import formats
    from preflight.request.check_request import Asked, moved_by

    formats.require("report", output_format)
    if guest and no_guests:
        raise UserError("--guest and --no-guests exclude each other")
    asked = Asked(
        source=source,
        destination=destination,
        guests=tuple(guest or ()),
        no_guests=no_guests,
        concurrency=concurrency,
        transport=transport,
        destination_uri=destination_uri,
        offline=offline,
        select=tuple(select or ()),
        ignore=tuple(ignore or ()),
        timeout=timeout,
    )
    with open_hosts(moved_by(asked, method)) as opened:
        from preflight.connection import snapshot as snapshots
        from preflight.judge import check as checking  # while ssh shakes hands

        formats.load("report", output_format)
        if save is not None:
            snapshots.load()
        checked = checking.check(opened, stay=False)
    deliver(formats.render("report", output_format, checked.report, colour=_colour()))
    if save is not None:
        checking.save_pair(save, checked)
    raise typer.Exit(checked.report.verdict.exit_code)


def _colour() -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR") or os.environ.get("CLICOLOR_FORCE"):
        return True
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
