"""`preflight check`."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from preflight.cli.arguments import (
    MOST,
    Destination,
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
from preflight.cli.help_page import Purpose
from preflight.cli.options import takes_method
from preflight.cli.selection import AllGuests, Except, Named, Names, Off, Running, selection
from preflight.stdio import deliver

if TYPE_CHECKING:
    from preflight.request.method import Method


#: Options without a meaning for a check, which migrates nothing; its own --timeout is about answers.
_TIMEOUTS = ("timeout", "timeout_suspend", "timeout_postcopy", "timeout_abort")


@command(
    Purpose.LOOK,
    "# Check all guests running on host1",
    "preflight check host1 host2",
    "# Check one guest, for a peer-to-peer migration",
    "preflight check host1 host2 web --p2p",
    "# Check all guests but one, including those that are off",
    "preflight check host1 host2 --all --except web",
)
@takes_method(without=_TIMEOUTS)
def check(
    source: Source,
    destination: Destination = None,
    guests: Names = None,
    guest: Named = None,
    all_guests: AllGuests = False,
    running: Running = False,
    offline: Off = False,
    left_out: Except = None,
    no_guests: Annotated[bool, what("--no-guests", help="Check only the hosts.")] = False,
    concurrency: Annotated[int, how(min=1, max=MOST, help="Number of migrations started at the same time.")] = 1,
    transport: Over = None,
    destination_uri: Uri = None,
    select: Select = None,
    ignore: Ignore = None,
    output_format: Annotated[str, output("--format", "-f", help="Output format: text, table or json.")] = "text",
    save: Annotated[
        Path | None, output(help="Also save the answers of both hosts to this file.", show_default=False)
    ] = None,
    timeout: Timeout = 60,
    *,
    method: "Method",
) -> None:
    """Check whether guests can be migrated from SOURCE to DESTINATION.

    All guests that run on the source are checked, unless others are selected, as for `preflight migrate`. Nothing is
    changed on either host. The exit code is 0 if the verdict is READY, 1 if it is NOT READY, and 3 if it is
    UNDETERMINED.
    """
    from msgspec.structs import asdict

    from preflight.collect.endpoints import open_hosts
    from preflight.output import formats
    from preflight.request.check_request import Asked

    formats.require("report", output_format)
    chosen = selection(
        [*(guests or ()), *(guest or ())],
        left_out,
        all_guests=all_guests,
        running=running,
        offline=offline,
        no_guests=no_guests,
    )
    asked = Asked(
        source=source,
        destination=destination,
        **asdict(chosen),
        concurrency=concurrency,
        transport=transport,
        destination_uri=destination_uri,
        select=tuple(select or ()),
        ignore=tuple(ignore or ()),
        timeout=timeout,
        method=method,
    )
    with open_hosts(asked) as opened:
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
