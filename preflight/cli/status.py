"""`preflight status`."""

from pathlib import Path
from typing import Annotated

import typer

from preflight.cli.arguments import output
from preflight.cli.frame import command
from preflight.stdio import deliver


@command
def status(
    journal: Annotated[
        Path | None, typer.Argument(help="The journal of a run. Without one, the runs are listed.", show_default=False)
    ] = None,
    output_format: Annotated[str, output("--format", "-f", help="text or json.")] = "text",
) -> None:
    """Show what a run's journal says of each guest; without a journal, list the runs, newest first.

    No host is contacted: `migrate --resume` does that. Exit 0 when the journal could be read, whatever it says; 2 when
    not. In the list, a journal that cannot be read is named and does not change the exit code.
    """
    from preflight.commands import status as told
    from preflight.output import formats

    formats.require("ledger", output_format)
    deliver(told.of_all(output_format) if journal is None else told.of_run(journal, output_format))
