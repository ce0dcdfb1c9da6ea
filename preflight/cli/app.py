"""The command line: parse the arguments, call one function, print, exit."""

import contextlib
import copy
import enum
import functools
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ParamSpec

import typer
from typer.models import CommandInfo

from preflight.cli.grouped_help import Grouped
from preflight.cli.options import takes_method
from preflight.errors import UserError
from preflight.request.migration import Transport
from preflight.request.options import Group
from preflight.stdio import deliver

if TYPE_CHECKING:
    from preflight.request.method import Method

app = typer.Typer(
    name="preflight",
    help="Will this KVM guest's live migration work? Checks both hosts before it is tried.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

#: What ended: usage is wrong, preflight has a bug, the user interrupted it. The verdict's own codes are in `report`.
USAGE, BUG, INTERRUPTED = 2, 70, 130


def _what(*names: str, **more: Any) -> Any:
    return typer.Option(*names, rich_help_panel=Group.WHAT, **more)


def _how(*names: str, **more: Any) -> Any:
    return typer.Option(*names, rich_help_panel=Group.HOW, **more)


def _output(*names: str, **more: Any) -> Any:
    return typer.Option(*names, rich_help_panel=Group.OUTPUT, **more)


_HOST = "[user@]host, an alias of ~/.ssh/config, a libvirt URI, or localhost."
Source = Annotated[
    str,
    typer.Argument(
        help="[user@]host, an alias of ~/.ssh/config, a libvirt URI, localhost, or a snapshot file: what has a / in it"
        " or ends in .json."
    ),
]
Destination = Annotated[
    str | None, typer.Argument(help="The same. Left out when SOURCE is a file of --save.", show_default=False)
]
Guests = Annotated[
    list[str] | None,
    _what("--guest", help="Judge this guest only; repeat for more.", show_default=False),
]
CopyStorage = Annotated[
    bool,
    _what("--copy-storage", help="Disks are copied, as by --copy-storage-all."),
]
Over = Annotated[
    Transport | None,
    _how(help="What the control connection runs over.", show_default="ssh"),
]
Uri = Annotated[
    str | None,
    _how(help="The destination's libvirt URI, as given to virsh migrate.", show_default=False),
]
Select = Annotated[list[str] | None, typer.Option(help="Only this rule or topic; repeat for more.", show_default=False)]
Ignore = Annotated[
    list[str] | None, typer.Option(help="Leave out this rule or topic; repeat for more.", show_default=False)
]
Timeout = Annotated[float, typer.Option(help="Seconds that a host may take for its login and all its answers.", min=1)]


#: Of any option that takes a fraction. Most are seconds, and poll() waits for no more than 2**31 milliseconds.
_GREATEST = 1_000_000
#: Of migrations at once: a host has no more ports.
_MOST = 65535


class OnError(enum.StrEnum):
    """What is done about the other guests when one did not arrive."""

    STOP = "stop"
    CONTINUE = "continue"


P = ParamSpec("P")


def command(body: Callable[P, None]) -> Callable[P, None]:
    """Add a command. Typer would turn Ctrl-C into exit code 1, which reads as "not ready".

    And it lets pass "nan", which is neither less nor more than any bound.
    """

    @functools.wraps(body)
    def interruptible(*args: P.args, **kwargs: P.kwargs) -> None:
        for name, value in kwargs.items():
            if isinstance(value, float) and not abs(value) <= _GREATEST:
                raise UserError(f"--{name.replace('_', '-')}: {value:g} is not a number up to {_GREATEST}")
        try:
            body(*args, **kwargs)
        except KeyboardInterrupt:
            print("preflight: interrupted", file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from None

    return app.command(cls=Grouped)(interruptible)


def _version(asked: bool) -> None:
    if asked:
        from preflight import __version__

        print(f"preflight {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    _version_asked: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None: ...


#: A check moves nothing, so nothing has to be done in time; its own --timeout is for answers.
_TIMEOUTS = ("timeout", "timeout_suspend", "timeout_postcopy", "timeout_abort")


@command
@takes_method(without=_TIMEOUTS)
def check(
    source: Source,
    destination: Destination = None,
    guest: Guests = None,
    no_guests: Annotated[bool, _what("--no-guests", help="Judge the hosts alone.")] = False,
    concurrency: Annotated[int, _how(min=1, max=_MOST, help="Migrations started at the same time.")] = 1,
    transport: Over = None,
    destination_uri: Uri = None,
    offline: Annotated[bool, _what("--offline", help="Move the definition of guests that are off.")] = False,
    select: Select = None,
    ignore: Ignore = None,
    output_format: Annotated[str, _output("--format", "-f", help="text, table or json.")] = "text",
    save: Annotated[
        Path | None, _output(help="Also keep both hosts' answers in this file.", show_default=False)
    ] = None,
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
        from preflight.judge import check as checking  # while ssh shakes hands

        formats.load("report", output_format)
        checked = checking.check(opened, stay=False)
    deliver(formats.render("report", output_format, checked.report, colour=_colour()))
    if save is not None:
        checking.save_pair(save, checked)
    raise typer.Exit(checked.report.verdict.exit_code)


#: Who drives the migrations: all that a count of connections and a change of configuration depend on.
_DRIVEN = ("p2p", "tunnelled")


@command
@takes_method(only=_DRIVEN)
def capacity(
    source: Source,
    destination: Destination = None,
    guest: Guests = None,
    concurrency: Annotated[
        int | None,
        _how(min=1, max=_MOST, help="Say whether so many can run at a time.", show_default="the best"),
    ] = None,
    transport: Over = None,
    copy_storage: CopyStorage = False,
    bandwidth: Annotated[
        float | None,
        _how(min=0.01, help="MiB/s that all migrations may send together.", show_default="the link's"),
    ] = None,
    window: Annotated[
        str | None, typer.Option(help="Say whether all fit into this time, as 30m.", show_default=False)
    ] = None,
    both_ways: Annotated[
        bool, _how("--both-ways", help="As many go from DESTINATION to SOURCE at the same time.")
    ] = False,
    measure_dirty_rate: Annotated[
        bool, typer.Option("--measure-dirty-rate", help="Measure how fast the guests dirty memory. It touches them.")
    ] = False,
    output_format: Annotated[str, _output("--format", "-f", help="text or json.")] = "text",
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


AllGuests = Annotated[bool, _what("--all", help="All guests: live those that run, by definition those off.")]
Running = Annotated[bool, _what("--running", help="All guests that run.")]
Off = Annotated[bool, _what("--offline", help="All guests that are off, or those named, which must be.")]
AtOnce = Annotated[
    int | None, _how(min=1, max=_MOST, help="How many move at a time.", show_default="as many as are quickest")
]


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
        Path | None, _output(help="Where each step is written down.", show_default="~/.local/state/preflight")
    ] = None,
    events: Annotated[Path | None, _output(help="Append JSON lines of all that happens.", show_default=False)] = None,
    back: Annotated[Path | None, _output(help="Write the plan for the way home here.", show_default=False)] = None,
    transport: Over = None,
    destination_uri: Uri = None,
    ignore: Ignore = None,
    answer_timeout: Annotated[
        float, typer.Option(help="Seconds that a host may take for its login and all its answers.", min=1)
    ] = 60,
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
        ask=None if yes else _ask,
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
    output: Annotated[Path, _output("--output", "-o", help="The file to write.")],
    guest: Annotated[list[str] | None, typer.Argument(help="The guests to move.", show_default=False)] = None,
    all_guests: AllGuests = False,
    running: Running = False,
    offline: Off = False,
    at_once: AtOnce = None,
    lapses_after: Annotated[str, typer.Option(help="How long it may be run: 90s, 30m, 24h.")] = "24h",
    transport: Over = None,
    destination_uri: Uri = None,
    ignore: Ignore = None,
    answer_timeout: Annotated[
        float, typer.Option(help="Seconds that a host may take for its login and all its answers.", min=1)
    ] = 60,
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


@command
def status(
    journal: Annotated[
        Path | None, typer.Argument(help="The journal of a run. Without one, the runs are listed.", show_default=False)
    ] = None,
    output_format: Annotated[str, _output("--format", "-f", help="text or json.")] = "text",
) -> None:
    """Show what a run's journal says of each guest; without a journal, list the runs, newest first.

    No host is contacted: `migrate --resume` does that. Exit 0 when the journal could be read, whatever it says; 2 when
    not. In the list, a journal that cannot be read is named and does not change the exit code.
    """
    from preflight.commands import status as told
    from preflight.output import formats

    formats.require("ledger", output_format)
    deliver(told.of_all(output_format) if journal is None else told.of_run(journal, output_format))


def _ask(question: str) -> bool | None:
    """The user's answer, or None where nobody can answer."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    import termios

    try:
        termios.tcflush(sys.stdin, termios.TCIFLUSH)  # what was typed before the question does not answer it
        print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
        return sys.stdin.readline().strip().lower() in ("y", "yes")
    except (OSError, termios.error):  # the terminal was lost
        return None


@command
@takes_method(only=_DRIVEN)
def fix(
    source: Annotated[str, typer.Argument(help=_HOST)],
    destination: Annotated[str, typer.Argument(help="The same.")],
    rule: Annotated[
        list[str] | None, typer.Argument(help="Cure what these rules found, instead of all.", show_default=False)
    ] = None,
    concurrency: Annotated[int, _how(min=1, max=_MOST, help="Migrations to be started at the same time.")] = 1,
    transport: Over = None,
    copy_storage: CopyStorage = False,
    output_format: Annotated[str, _output("--format", "-f", help="text or ansible.")] = "text",
    apply: Annotated[bool, typer.Option("--apply", help="Make the changes, after asking.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    timeout: Timeout = 120,
    *,
    method: "Method",
) -> None:
    """Show the changes of both hosts' configuration that would cure what a check finds; with --apply, make them.

    Exit 0 when there was nothing to change, or all of it is shown or in force; 3 when an error is left that no change
    mends, which is listed, or when it is not known whether there is more; 4 when a change could not be computed or did
    not come into force, 5 when nobody agreed.
    """
    from preflight.commands.fix import fix as do
    from preflight.output import formats
    from preflight.request.check_request import Asked

    formats.require("fix", output_format)
    asked = Asked(
        source=source,
        destination=destination,
        concurrency=concurrency,
        mode=method.mode,
        transport=transport,
        copy_storage=copy_storage,
        timeout=timeout,
    )
    code = do(
        asked,
        tuple(rule or ()),
        apply=apply,
        ask=None if yes else _ask,
        output_format=output_format,
    )
    raise typer.Exit(code)


@command
def snapshot(
    host: Annotated[str, typer.Argument(help=_HOST)],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")],
    timeout: Timeout = 60,
) -> None:
    """Keep HOST's answers in a file, for a check without a network.

    Exit 3 when it could not be logged in to, which is kept too.
    """
    from preflight.judge import check as checking
    from preflight.judge.report import Verdict

    saved = checking.take_snapshot(host, output, timeout)
    records, why = len(saved.answers.records), saved.answers.absent.get("")
    deliver(f"{output}: {records} record{'' if records == 1 else 's'} of {saved.name}\n")
    if why is not None:
        from preflight.visible import one_line

        print(f"preflight: {one_line(why)}", file=sys.stderr)
        raise typer.Exit(Verdict.UNDETERMINED.exit_code)


@command
def rules(
    output_format: Annotated[str, typer.Option("--format", "-f", help="text or markdown.")] = "text",
) -> None:
    """List the rules."""
    from preflight.judge.ruleset import load
    from preflight.output import formats

    formats.require("rules", output_format)
    deliver(formats.render("rules", output_format, load()))


@command
def explain(rule: Annotated[str, typer.Argument(help="A rule's name, as every finding shows it.")]) -> None:
    """Say what a rule looks for, why it matters, and how to fix what it finds."""
    from preflight.judge.ruleset import find, load
    from preflight.output.formats import render

    deliver(render("rule", "text", find(load(), rule)))


@contextlib.contextmanager
def _building_only(called: str) -> Iterator[None]:
    """Leave the commands that are not called their names and their help alone.

    The parser would build the parameters of all, one by one, whichever is called.
    """
    known = app.registered_commands
    bodies = [one.callback for one in known if one.callback is not None]
    if called == "--help" or any(body.__name__ == called for body in bodies):
        app.registered_commands = [
            one if body.__name__ == called else _bare(one, body) for one, body in zip(known, bodies, strict=True)
        ]
    try:
        yield
    finally:
        app.registered_commands = known


def _bare(command: CommandInfo, body: Callable[..., None]) -> CommandInfo:
    def passed_over() -> None: ...

    passed_over.__name__, passed_over.__doc__ = body.__name__, body.__doc__
    bare = copy.copy(command)
    bare.callback = passed_over
    return bare


def run() -> int:
    """Run the command line and return its exit code; nothing that a user typed ends in a traceback."""
    try:
        if not sys.argv[1:]:
            app(["--help"], standalone_mode=False)
            return USAGE
        with _building_only(sys.argv[1]):
            code = app(standalone_mode=False)  # or the parser would print what is wrong in four lines
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else USAGE
    except Exception as why:
        return _explain_failure(why)
    return code if isinstance(code, int) else 0


def _explain_failure(why: Exception) -> int:
    from preflight.visible import one_line

    told = getattr(why, "format_message", None)  # the parser's errors, which older releases of Typer leave to Click
    if callable(told):
        print(f"preflight: {one_line(told())}", file=sys.stderr)
        return USAGE
    if isinstance(why, UserError):
        print(f"preflight: {one_line(str(why))}", file=sys.stderr)
        return USAGE
    if os.environ.get("PREFLIGHT_TRACEBACK"):
        traceback.print_exception(why)
    print(f"preflight: a bug in preflight: {type(why).__name__}: {one_line(str(why))}", file=sys.stderr)
    print("preflight: set PREFLIGHT_TRACEBACK=1 to see where, and report it, please", file=sys.stderr)
    return BUG


def _colour() -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR") or os.environ.get("CLICOLOR_FORCE"):
        return True
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
