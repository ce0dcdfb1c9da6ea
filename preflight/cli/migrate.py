"""`preflight migrate` and `preflight plan`, which share most options."""

import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from preflight.cli import complete
from preflight.cli.arguments import (
    MOST,
    ConfirmUri,
    Events,
    JournalFile,
    SettleTimeout,
    Source,
    StallTimeout,
    Verify,
    VerifyTimeout,
    how,
    output,
    proofs_of,
)
from preflight.cli.configured import site_of
from preflight.cli.frame import command
from preflight.cli.help_page import Purpose
from preflight.cli.options import takes, takes_method
from preflight.cli.question import ask
from preflight.cli.recorded import is_typed, refuse_what_is_written_down
from preflight.cli.requested import Requested, request_of
from preflight.cli.selection import AllGuests, Except, Names, Off, ReadyOnly, Running, require_selection, selection
from preflight.errors import UserError

if TYPE_CHECKING:
    from preflight.commands.migrate import Prepare
    from preflight.migrate.steer import Steering
    from preflight.request.check_request import Site
    from preflight.request.method import Method


AtOnce = Annotated[
    int | None,
    how(
        min=1,
        max=MOST,
        help="Number of guests to migrate at once (default: the number with the shortest total duration).",
        show_default=False,
    ),
]


Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
Rehearse = Annotated[
    bool,
    typer.Option(
        "--rehearse",
        help="Rehearse the guests first, as many at once as are migrated at once, and continue only if libvirt accepts"
        " them.",
    ),
]


class OnError(enum.StrEnum):
    """The action on the other guests when one did not arrive."""

    STOP = "stop"
    CONTINUE = "continue"


@command(
    Purpose.ACT,
    "# Migrate two guests",
    "preflight migrate host1 host2 web db",
    "# Migrate all guests, including those that are off",
    "preflight migrate host1 host2 --all",
    "# Run what `preflight plan` wrote",
    "preflight migrate evening.plan",
    "# Continue a run that was interrupted or that failed",
    "preflight migrate --resume evening.journal",
)
@takes_method()
@takes("site", site_of)
@takes("requested", request_of)
def migrate(
    context: typer.Context,
    what: Annotated[
        list[str] | None,
        typer.Argument(
            help="SOURCE DESTINATION [GUEST]..., or a file that `preflight plan` wrote. Hosts have the same forms"
            " as for `preflight check`, except snapshot files.",
            metavar="WHAT...",
            autocompletion=complete.two_hosts,
        ),
    ] = None,
    all_guests: AllGuests = False,
    running: Running = False,
    offline: Off = False,
    left_out: Except = None,
    ready_only: ReadyOnly = False,
    yes: Yes = False,
    at_once: AtOnce = None,
    rehearse: Rehearse = False,
    on_error: Annotated[
        OnError,
        typer.Option(
            help="Action if a guest does not arrive: start no further migrations, or continue with the other guests."
        ),
    ] = OnError.STOP,
    stall_timeout: StallTimeout = 120,
    settle_timeout: SettleTimeout = 90,
    verify: Verify = None,
    verify_timeout: VerifyTimeout = 30,
    resume: Annotated[
        Path | None, typer.Option(help="Resume the run that this journal records.", show_default=False)
    ] = None,
    abort: Annotated[
        bool,
        typer.Option(
            "--abort",
            help="With --resume: abort the migrations that are still under way, and start no others.",
        ),
    ] = False,
    confirm_uri: ConfirmUri = None,
    journal: JournalFile = None,
    events: Events = None,
    back: Annotated[
        Path | None, output(help="File to which a plan for migrating the guests back is written.", show_default=False)
    ] = None,
    *,
    requested: Requested,
    site: "Site",
    method: "Method",
) -> None:
    """Check, then migrate guests from SOURCE to DESTINATION, and verify on both hosts that each has arrived.

    After the first Ctrl-C, no further migrations are started; the second aborts the migrations in progress, and their
    guests stay on the source. The exit code is 0 if every guest arrived as requested, 4 if not, 5 if no migration was
    attempted, and 130 if the run was interrupted.
    """
    from preflight.commands import migrate
    from preflight.migrate.run import Settings

    wanted = migrate.Wanted(
        ask=None if yes else ask,
        confirmed=tuple(confirm_uri or ()),
        journal=journal,
        events=events,
        back=back,
        site=site,
        ready_only=ready_only,
        settings=Settings(
            goes_on=on_error is OnError.CONTINUE,
            stall=stall_timeout,
            patience=settle_timeout,
            proofs=proofs_of(verify),
            proven_within=verify_timeout,
        ),
    )
    prepare = _rehearsal() if rehearse else migrate.show_and_ask
    words = what or []
    if resume is not None:
        if words:
            raise UserError("--resume takes a journal, which names the hosts and the guests: omit them")
        if rehearse:
            raise UserError("--rehearse: a run that is resumed is not rehearsed: omit it")
        refuse_what_is_written_down(context, "journal", (_OF_THE_RUN | _STEERED) - {"journal"})
        from preflight.commands.resume import resume as continue_run

        steering = _steering(context, method, abort=abort)
        raise typer.Exit(continue_run(resume, wanted, timeout=requested.timeout, steering=steering))
    if abort:
        raise UserError("--abort requires --resume; `preflight steer` aborts the migrations of a run that is at work")
    if len(words) == 1:
        refuse_what_is_written_down(context, "plan", _OF_THE_RUN)
        raise typer.Exit(migrate.run_plan(Path(words[0]), wanted, timeout=requested.timeout, prepare=prepare))
    if len(words) < 2:
        raise UserError("SOURCE and DESTINATION are missing: name the hosts, or a file that `preflight plan` wrote")
    chosen = selection(words[2:], left_out, all_guests=all_guests, running=running, offline=offline)
    require_selection(chosen, running=running)
    if confirm_uri:
        raise UserError(
            "--confirm-uri is for the URIs of a plan or a journal; URIs on the command line need no confirmation:"
            " omit it"
        )
    asked = requested.check(words[0], words[1], chosen, method, site)
    raise typer.Exit(migrate.move(asked, method, wanted, at_once=at_once, prepare=prepare))


#: The options that also change the migrations of a run that is resumed, as those of `preflight steer` do.
_STEERED = frozenset(("bandwidth", "max_downtime", "postcopy"))


def _steering(context: typer.Context, method: "Method", *, abort: bool) -> "Steering":
    """Return the changes to migrations that are still under way, as typed: a configuration file changes none."""
    from preflight.migrate.steer import Steering

    typed = {name: getattr(method, name) for name in _STEERED if is_typed(context, name)}
    if abort and typed:
        raise UserError("--abort cannot be combined with other changes: give it alone")
    return Steering(abort=abort, **typed)


def _rehearsal() -> "Prepare":
    from preflight.commands.rehearsed import rehearse_first

    return rehearse_first


@command(
    Purpose.PLAN,
    "# Write a plan now, and run it later",
    "preflight plan host1 host2 --running -o evening.plan",
    "preflight migrate evening.plan",
)
@takes_method()
@takes("site", site_of)
@takes("requested", request_of)
def plan(
    source: Source,
    destination: Annotated[
        str, typer.Argument(metavar="DESTINATION", help="Same forms as SOURCE.", autocompletion=complete.hosts)
    ],
    output: Annotated[Path, output("--output", "-o", help="File to write.")],
    guest: Names = None,
    all_guests: AllGuests = False,
    running: Running = False,
    offline: Off = False,
    left_out: Except = None,
    ready_only: ReadyOnly = False,
    at_once: AtOnce = None,
    rehearse: Rehearse = False,
    yes: Yes = False,
    lapses_after: Annotated[
        str, typer.Option(help="Time after which the plan expires, such as 90s, 30m or 24h.")
    ] = "24h",
    *,
    requested: Requested,
    site: "Site",
    method: "Method",
) -> None:
    """Check, and write a plan that `preflight migrate` can run later, provided that nothing has changed by then.

    Nothing is changed on either host, unless --rehearse is given. The exit code is 0, or 5 if the verdict is not READY;
    with --rehearse also 4 or 130, as for `preflight rehearse`.
    """
    from preflight.commands import migrate
    from preflight.commands.capacity import seconds_of

    chosen = selection(guest or (), left_out, all_guests=all_guests, running=running, offline=offline)
    require_selection(chosen, running=running)
    lapse = seconds_of("--lapses-after", lapses_after)
    asked = requested.check(source, destination, chosen, method, site)
    prepare = _rehearsal() if rehearse else migrate.as_it_is
    wanted = migrate.Wanted(ask=None if yes else ask, site=site, ready_only=ready_only)
    code = migrate.make_plan(asked, method, output, at_once=at_once, lapses_after=lapse, wanted=wanted, prepare=prepare)
    raise typer.Exit(code)


#: The parameters of `migrate` that are about the run itself; all others say what is migrated, and how.
_OF_THE_RUN = frozenset(
    (
        "what",
        "resume",
        "abort",
        "yes",
        "rehearse",
        "confirm_uri",
        "journal",
        "events",
        "back",
        "on_error",
        "stall_timeout",
        "settle_timeout",
        "verify",
        "verify_timeout",
        "answer_timeout",
        "packs",
        "rules",
        "severity",
        "threshold",
        "config",
        "no_config",
    )
)
