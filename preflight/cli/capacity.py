"""`preflight capacity`."""

from typing import TYPE_CHECKING, Annotated

import typer

from preflight.cli.arguments import (
    DRIVEN,
    MOST,
    CopyStorage,
    Destination,
    Over,
    Reports,
    SourceIfAny,
    Timeout,
    form,
    how,
    setting,
)
from preflight.cli.configured import configured, ends_of
from preflight.cli.frame import command
from preflight.cli.help_page import Purpose
from preflight.cli.options import copying, takes, takes_method
from preflight.cli.selection import selected
from preflight.output import formats

if TYPE_CHECKING:
    from preflight.request.check_request import Selection
    from preflight.request.configured import Configured
    from preflight.request.method import Method


@command(
    Purpose.LOOK,
    "# Find the best number of concurrent migrations",
    "preflight capacity host1 host2",
    "# Check whether all guests can be migrated in half an hour",
    "preflight capacity host1 host2 --window 30m",
    "# Also write a page with bars",
    "preflight capacity host1 host2 --report html=capacity.html",
)
@takes_method(only=DRIVEN)
@takes("chosen", selected, without=("no_guests",))
@takes("configuration", configured)
def capacity(
    source: SourceIfAny = None,
    destination: Destination = None,
    *,
    chosen: "Selection",
    concurrency: Annotated[
        int | None,
        how(
            min=1,
            max=MOST,
            help="Check whether this many migrations can run at once (default: find the best number).",
            show_default=False,
        ),
    ] = None,
    transport: Over = None,
    copy_storage: CopyStorage = False,
    bandwidth: Annotated[
        float | None,
        how(
            min=0.01,
            help="Bandwidth of all migrations together, in MiB/s (default: that of the link).",
            show_default=False,
        ),
    ] = None,
    window: Annotated[str | None, setting("window", min=None, max=None, show_default=False)] = None,
    both_ways: Annotated[
        bool,
        how("--both-ways", help="Assume the same number of migrations from DESTINATION to SOURCE at the same time."),
    ] = False,
    measure_dirty_rate: Annotated[
        bool,
        typer.Option(
            "--measure-dirty-rate",
            help="Measure how fast the running guests write to their memory. The measurement affects the guests.",
        ),
    ] = False,
    output_format: Annotated[str, form("capacity")] = "text",
    report: Reports = None,
    timeout: Timeout = 60,
    configuration: "Configured",
    method: "Method",
) -> None:
    """Show how many migrations can run at once, what limits them, and how long they take.

    Nothing is changed on either host. The exit code is 0, or 1 if the hosts do not allow what --concurrency or --window
    asks for, or 3 if that cannot be determined: for --window, if it depends on dirty rates that were not measured, or
    on the copy of disks.
    """
    from msgspec.structs import asdict

    from preflight.commands.capacity import size
    from preflight.request.check_request import Asked, Site

    formats.require("capacity", output_format)
    files = formats.files("capacity", report or ())
    source, destination = ends_of(source, destination, configuration)
    asked = Asked(
        source=source,
        destination=destination,
        **asdict(chosen),
        concurrency=concurrency or 1,
        method=copying(method) if copy_storage else method,
        transport=transport,
        both_ways=both_ways,
        site=Site(configured=configuration),
        sizing=True,
        timeout=timeout,
    )
    answer = size(
        asked, concurrency=concurrency, bandwidth=bandwidth, window=window, measure_dirty_rate=measure_dirty_rate
    )
    formats.publish("capacity", output_format, answer, files)
    raise typer.Exit(answer.exit_code)
