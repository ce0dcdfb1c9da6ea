"""`preflight migrate` and `preflight plan`, which take the same."""

import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from preflight.cli.arguments import MOST, Ignore, Over, Source, Timeout, Uri, how, output, what
from preflight.cli.frame import command
from preflight.cli.options import takes_method
from preflight.cli.question import ask
from preflight.errors import UserError

if TYPE_CHECKING:
    from preflight.request.method import Method


AllGuests = Annotated[bool, what("--all", help="All guests: live those that run, by definition those off.")]


Running = Annotated[bool, what("--running", help="All guests that run.")]


Off = Annotated[bool, what("--offline", help="All guests that are off, or those named, which must be.")]


AtOnce = Annotated[
    int | None, how(min=1, max=MOST, help="How many move at a time.", show_default="as many as are quickest")
]


class OnError(enum.StrEnum):
    """What is done about the other guests when one did not arrive."""

    STOP = "stop"
    CONTINUE = "continue"


@command
@takes_method()
def migrate(
    context: typer.Context,
    what: Annotated[
        list[str] | None,
        typer.Argument(help="SOURCE DESTINATION [GUEST]..., or a file of `preflight plan`.", metavar="WHAT..."),
    ] = None,
    all_guests: AllGuests = False,
    running: Running = False,
    offline: Off = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    at_once: AtOnce = None,
    on_error: Annotated[
        OnError, typer.Option(help="When a guest does not arrive: start no further one, or go on.")
    ] = OnError.STOP,
    stall_timeout: Annotated[
        float, typer.Option(min=1, help="Seconds without a byte sent after which a migration is aborted.")
    ] = 120,
    settle_timeout: Annotated[
        float, typer.Option(min=1, help="Seconds for which a host that does not answer is waited for afterwards.")
    ] = 90,
    resume: Annotated[
        Path | None, typer.Option(help="Go on with the run that this journal is of.", show_default=False)
    ] = None,
    confirm_uri: Annotated[
        list[str] | None,
        typer.Option(
            help="With a plan or --resume: use this URI of the file although it names a command, a socket or a key, and"
            " others can read or replace the file. Repeat for more.",
            show_default=False,
        ),
    ] = None,
    journal: Annotated[
        Path | None, output(help="Where each step is written down.", show_default="~/.local/state/preflight")
    ] = None,
    events: Annotated[Path | None, output(help="Append JSON lines of all that happens.", show_default=False)] = None,
    back: Annotated[Path | None, output(help="Write the plan for the way home here.", show_default=False)] = None,
    transport: Over = None,
    destination_uri: Uri = None,
    ignore: Ignore = None,
    answer_timeout: Timeout = 60,
    *,
    method: "Method",
) -> None:
    """Check, then move guests from SOURCE to DESTINATION, and prove on both hosts that each has arrived.

    Exit 0 when every guest asked for is there as it was asked for, 4 when not, 5 when nothing was tried, 130 when it
    was interrupted. Ctrl-C starts no further guest; a second one aborts those under way, which stay on the source.
    """
    from preflight.commands import migrate
    from preflight.migrate.run import Settings

    wanted = migrate.Wanted(
        ask=None if yes else ask,
        confirmed=tuple(confirm_uri or ()),
        journal=journal,
        events=events,
        back=back,
        settings=Settings(goes_on=on_error is OnError.CONTINUE, stall=stall_timeout, patience=settle_timeout),
    )
    words = what or []
    if resume is not None:
        if words:
            raise UserError("--resume takes a journal, which says what is moved: leave the hosts out")
        _refuse_what_is_written_down(context, "journal")
        from preflight.commands.resume import resume as go_on

        raise typer.Exit(go_on(resume, wanted, timeout=answer_timeout))
    if len(words) == 1:
        _refuse_what_is_written_down(context, "plan")
        raise typer.Exit(migrate.run_plan(Path(words[0]), wanted, timeout=answer_timeout))
    _refuse_unclear(words, all_guests=all_guests, running=running, offline=offline)
    if confirm_uri:
        raise UserError(
            "--confirm-uri is about the URIs of a plan or a journal: the ones given here are used as they are"
        )
    asked = migrate.asked_for(
        words,
        method,
        transport=transport,
        destination_uri=destination_uri,
        offline=offline,
        only_running=running,
        ignore=ignore or (),
        timeout=answer_timeout,
    )
    raise typer.Exit(migrate.move(asked, method, wanted, at_once=at_once))


@command
@takes_method()
def plan(
    source: Source,
    destination: Annotated[str, typer.Argument(help="The same.")],
    output: Annotated[Path, output("--output", "-o", help="The file to write.")],
    guest: Annotated[list[str] | None, typer.Argument(help="The guests to move.", show_default=False)] = None,
    all_guests: AllGuests = False,
    running: Running = False,
    offline: Off = False,
    at_once: AtOnce = None,
    lapses_after: Annotated[str, typer.Option(help="How long it may be run: 90s, 30m, 24h.")] = "24h",
    transport: Over = None,
    destination_uri: Uri = None,
    ignore: Ignore = None,
    answer_timeout: Timeout = 60,
    *,
    method: "Method",
) -> None:
    """Check, and write down what `preflight migrate` would do, to be run later if nothing has changed by then.

    Exit 0, or 5 when the check does not say READY. Nothing is changed on either host.
    """
    from preflight.commands import migrate
    from preflight.commands.capacity import seconds_of

    words = [source, destination, *(guest or ())]
    _refuse_unclear(words, all_guests=all_guests, running=running, offline=offline)
    lapse = seconds_of("--lapses-after", lapses_after)
    asked = migrate.asked_for(
        words,
        method,
        transport=transport,
        destination_uri=destination_uri,
        offline=offline,
        only_running=running,
        ignore=ignore or (),
        timeout=answer_timeout,
    )
    raise typer.Exit(migrate.make_plan(asked, method, output, at_once=at_once, lapses_after=lapse))


#: The parameters of `migrate` that are about the run itself; all others say what is moved, and how.
_OF_THE_RUN = frozenset(
    (
        "what",
        "resume",
        "yes",
        "confirm_uri",
        "journal",
        "events",
        "back",
        "on_error",
        "stall_timeout",
        "settle_timeout",
        "answer_timeout",
    )
)


def _refuse_what_is_written_down(context: typer.Context, where: str) -> None:
    """Raise `UserError` for an option that was typed, and that the plan or the journal has settled already."""
    for parameter in context.command.params:
        name = parameter.name or ""
        typed = context.get_parameter_source(name)
        if name not in _OF_THE_RUN and typed is not None and typed.name != "DEFAULT":
            is_no = context.params.get(name) is False and parameter.secondary_opts
            option = (parameter.secondary_opts if is_no else parameter.opts)[0]
            raise UserError(f"{option}: that stands in the {where}, and cannot be changed here")


def _refuse_unclear(words: list[str], *, all_guests: bool, running: bool, offline: bool) -> None:
    """Raise `UserError` where it is not clear what is to be moved, and where to."""
    if len(words) < 2:
        raise UserError("SOURCE and DESTINATION are missing, or a file of `preflight plan`")
    if sum((all_guests, running, offline)) > 1:
        raise UserError("--all, --running and --offline exclude each other")
    if words[2:] and (all_guests or running):
        raise UserError("guests are named, or --all or --running is given, not both")
    if not (words[2:] or all_guests or running or offline):
        raise UserError("which guests? Name them, or give --all, --running or --offline")
