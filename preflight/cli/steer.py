"""`preflight steer`."""

from pathlib import Path
from typing import Annotated

import typer

from preflight.cli.arguments import Timeout
from preflight.cli.frame import command
from preflight.cli.help_page import Purpose
from preflight.errors import UserError
from preflight.request.migration import FASTEST, LONGEST_DOWNTIME


@command(
    Purpose.ACT,
    "# Give a migration that is under way more of the link",
    "preflight steer evening.journal web --bandwidth 500",
    "# Hand a guest over with a longer downtime",
    "preflight steer evening.journal web --max-downtime 1000",
    "# Abort all that are under way; the guests stay",
    "preflight steer evening.journal --abort",
)
def steer(
    journal: Annotated[Path, typer.Argument(metavar="JOURNAL", help="Journal of the run, or record of an evacuation.")],
    guests: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="GUEST...",
            help="Guests of the run, by name or UUID (default: all whose migrations are under way).",
            show_default=False,
        ),
    ] = None,
    bandwidth: Annotated[
        int | None,
        typer.Option(
            help="Maximum bandwidth, in MiB/s; that of post-copy if the migration is in post-copy.",
            min=1,
            max=FASTEST,
            show_default=False,
        ),
    ] = None,
    max_downtime: Annotated[
        int | None,
        typer.Option(help="Maximum downtime, in milliseconds.", min=1, max=LONGEST_DOWNTIME, show_default=False),
    ] = None,
    postcopy: Annotated[
        bool, typer.Option("--postcopy", help="Switch to post-copy, if the run was started with --postcopy.")
    ] = False,
    abort: Annotated[bool, typer.Option("--abort", help="Abort the migration; the guest stays on the source.")] = False,
    confirm_uri: Annotated[
        list[str] | None,
        typer.Option(
            help="Accept this URI from the journal, as for `preflight migrate`; may be repeated.", show_default=False
        ),
    ] = None,
    answer_timeout: Timeout = 60,
) -> None:
    """Change the migrations of a run while they are under way, by the run's journal, from any terminal.

    It works while preflight runs them, and after it has died, as peer-to-peer migrations continue then. Only the source
    is asked. The exit code is 0 if every change was made, 4 if some were, and 5 if none was.
    """
    if abort and (bandwidth is not None or max_downtime is not None or postcopy):
        raise UserError("--abort cannot be combined with other changes: give it alone")
    if not (abort or postcopy or bandwidth is not None or max_downtime is not None):
        raise UserError("which change? Give --bandwidth, --max-downtime, --postcopy or --abort")
    from preflight.commands import steer as command
    from preflight.migrate.steer import Steering

    steering = Steering(bandwidth=bandwidth, max_downtime=max_downtime, postcopy=postcopy, abort=abort)
    wanted = command.Wanted(
        guests=tuple(guests or ()), steering=steering, confirmed=tuple(confirm_uri or ()), timeout=answer_timeout
    )
    from preflight.evacuate.record import is_record

    if is_record(journal):
        from preflight.commands import steer_evacuation

        raise typer.Exit(steer_evacuation.run(journal, wanted))
    raise typer.Exit(command.run(journal, wanted))
