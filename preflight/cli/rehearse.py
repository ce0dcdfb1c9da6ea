"""`preflight rehearse`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from preflight.cli import complete
from preflight.cli.arguments import MOST, Events, JournalFile, OverwriteSaved, Reports, SettleTimeout, form, how, output
from preflight.cli.configured import site_of
from preflight.cli.frame import command
from preflight.cli.help_page import Purpose
from preflight.cli.options import takes, takes_method
from preflight.cli.question import ask
from preflight.cli.requested import Requested, request_of
from preflight.cli.selection import AllGuests, Except, Running, require_selection, selection
from preflight.errors import UserError
from preflight.output import formats

if TYPE_CHECKING:
    from preflight.commands.rehearse import Wanted as RehearsalWanted
    from preflight.migrate.run import Settings
    from preflight.request.check_request import Site
    from preflight.request.method import Method


@command(
    Purpose.ACT,
    "# Ask libvirt about a guest, without migrating it",
    "preflight rehearse host1 host2 web",
    "# Rehearse all running guests, five at a time",
    "preflight rehearse host1 host2 --running --at-once 5",
    "# Also write a page for the change ticket",
    "preflight rehearse host1 host2 web --report html=web.html",
)
@takes_method()
@takes("site", site_of)
@takes("requested", request_of)
def rehearse(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            help="SOURCE DESTINATION [GUEST]..., named as for `preflight check`, but not by snapshot files.",
            metavar="WHAT...",
            autocompletion=complete.two_hosts,
        ),
    ] = None,
    all_guests: AllGuests = False,
    running: Running = False,
    left_out: Except = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Rehearse guests that are NOT READY too, unless that could harm them.")
    ] = False,
    run_hooks: Annotated[
        bool, typer.Option("--run-hooks", help="Allow libvirt to run the hook scripts of the destination.")
    ] = False,
    at_once: Annotated[int, how(min=1, max=MOST, help="Number of guests to rehearse at the same time.")] = 1,
    settle_timeout: SettleTimeout = 90,
    output_format: Annotated[str, form("rehearsal")] = "text",
    report: Reports = None,
    resume: Annotated[
        Path | None,
        typer.Option(help="Take back the guests of an interrupted rehearsal, by its journal.", show_default=False),
    ] = None,
    save: Annotated[
        Path | None, output(help="Also save the answers of both hosts to this file.", show_default=False)
    ] = None,
    overwrite: OverwriteSaved = False,
    journal: JournalFile = None,
    events: Events = None,
    *,
    requested: Requested,
    site: "Site",
    method: "Method",
) -> None:
    """Check, then begin each guest's real migration, and take it back before the guest is handed over.

    Each guest keeps running on SOURCE. The exit code is 0 if the verdict is READY, 1 if it is NOT READY, 3 if it is
    UNDETERMINED, 4 if a guest is not where and as it was before, 5 if no rehearsal was attempted, and 130 if the run
    was interrupted.
    """
    formats.require("rehearsal", output_format)
    files = formats.files("rehearsal", report or ())
    words = what or []
    if resume is not None:
        if words:
            raise UserError("--resume takes a journal, which names the hosts and the guests: omit them")
        from preflight.commands.migrate import Wanted
        from preflight.commands.resume import resume as take_back

        again = Wanted(ask=None if yes else ask, events=events, site=site, settings=_settings(settle_timeout))
        raise typer.Exit(take_back(resume, again, timeout=requested.timeout, command="rehearse"))
    if len(words) < 2:
        raise UserError("SOURCE and DESTINATION are missing: name the hosts, and the guests to rehearse")
    chosen = selection(words[2:], left_out, all_guests=all_guests, running=running, offline=False)
    require_selection(chosen, running=running)
    asked = requested.check(words[0], words[1], chosen, method, site)
    from preflight.commands import begin_rehearsal

    def wanted() -> "RehearsalWanted":
        from preflight.commands.rehearse import Wanted

        return Wanted(
            ask=None if yes else ask,
            anyway=anyway,
            run_hooks=run_hooks,
            at_once=at_once,
            output_format=output_format,
            files=files,
            journal=journal,
            events=events,
            save=save,
            overwrite=overwrite,
            settings=_settings(settle_timeout),
        )

    raise typer.Exit(begin_rehearsal.rehearse(asked, method, wanted, save=save, overwrite=overwrite))


def _settings(patience: float) -> "Settings":
    from preflight.migrate.run import Settings

    return Settings(goes_on=True, patience=patience)
