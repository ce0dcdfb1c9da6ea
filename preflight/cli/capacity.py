"""`preflight capacity`."""

from typing import TYPE_CHECKING, Annotated

import typer

from preflight.cli.arguments import DRIVEN, MOST, CopyStorage, Destination, Guests, Over, Source, Timeout, how, output
from preflight.cli.frame import command
from preflight.cli.options import takes_method
from preflight.stdio import deliver

if TYPE_CHECKING:
    from preflight.request.method import Method


@command
@takes_method(only=DRIVEN)
def capacity(
    source: Source,
    destination: Destination = None,
    guest: Guests = None,
    concurrency: Annotated[
        int | None,
        how(min=1, max=MOST, help="Say whether so many can run at a time.", show_default="the best"),
    ] = None,
    transport: Over = None,
    copy_storage: CopyStorage = False,
    bandwidth: Annotated[
        float | None,
        how(min=0.01, help="MiB/s that all migrations may send together.", show_default="the link's"),
    ] = None,
    window: Annotated[
        str | None, typer.Option(help="Say whether all fit into this time, as 30m.", show_default=False)
    ] = None,
    both_ways: Annotated[
        bool, how("--both-ways", help="As many go from DESTINATION to SOURCE at the same time.")
    ] = False,
    measure_dirty_rate: Annotated[
        bool, typer.Option("--measure-dirty-rate", help="Measure how fast the guests dirty memory. It touches them.")
    ] = False,
    output_format: Annotated[str, output("--format", "-f", help="text or json.")] = "text",
    timeout: Timeout = 60,
    *,
    method: "Method",
) -> None:
    """Say how many migrations can run at once, what limits them, and how long they take.

    Exit 0, 1 when what was asked for with --concurrency or --window does not fit, 3 when that cannot be known. Nothing
    is changed on either host.
    """
    from preflight.commands.capacity import size
    from preflight.output import formats
    from preflight.request.check_request import Asked

    formats.require("capacity", output_format)
    asked = Asked(
        source=source,
        destination=destination,
        guests=tuple(guest or ()),
        concurrency=concurrency or 1,
        mode=method.mode,
        transport=transport,
        copy_storage=copy_storage,
        both_ways=both_ways,
        sizing=True,
        timeout=timeout,
    )
    answer = size(
        asked, concurrency=concurrency, bandwidth=bandwidth, window=window, measure_dirty_rate=measure_dirty_rate
    )
    deliver(formats.render("capacity", output_format, answer))
    raise typer.Exit(answer.exit_code)
