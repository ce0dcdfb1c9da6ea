"""`preflight rules` and `preflight explain`."""

import enum
from typing import TYPE_CHECKING, Annotated

import typer

from preflight.cli import complete
from preflight.cli.arguments import Reports, form
from preflight.cli.configured import site_of
from preflight.cli.frame import command
from preflight.cli.help_page import Purpose
from preflight.cli.options import takes
from preflight.errors import UserError
from preflight.output import formats

if TYPE_CHECKING:
    from preflight.request.check_request import Site


class Action(enum.StrEnum):
    """The part of `preflight rules`."""

    LIST = "list"
    NEW = "new"
    TEST = "test"


@command(
    Purpose.LOOK_UP,
    "preflight rules",
    "# Show the commands that the rules have run on hosts",
    "preflight rules --questions",
    "# Write a rule of one's own, and its tests",
    "preflight rules new no-root-login --rules rules.d",
    "# Run the tests of all rules in a directory",
    "preflight rules test rules.d",
)
@takes("site", site_of)
def rules(
    action: Annotated[
        Action,
        typer.Argument(metavar="[list|new|test]", help="List the rules, write a new one, or run the tests of a pack."),
    ] = Action.LIST,
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="[SUBJECT/]RULE|DIR|PACK",
            help="With new: the rule to write. With test: a directory of rules, or an installed pack.",
            show_default=False,
        ),
    ] = None,
    output_format: Annotated[str, form("rules")] = "text",
    report: Reports = None,
    questions: Annotated[
        bool, typer.Option("--questions", help="List the commands that hosts are asked to run, instead of the rules.")
    ] = False,
    *,
    site: "Site",
) -> None:
    """List all rules, write a new one, or test those of a pack.

    A new rule is written to the directory of --rules, or else to rules.d in the working directory, with its tests.
    The exit code of test is 0 if each rule has tests and all of them pass, and 1 if not. No host is contacted.
    """
    formats.require("rules", output_format)
    files = formats.files("rules", report or ())
    from preflight.commands import rules as commands

    if action is not Action.LIST and (questions or files or output_format != "text"):
        raise UserError(f"rules {action.value} takes neither --questions nor --format nor --report: omit them")
    if (action is Action.LIST) is not (what is None):
        wanted = (
            "takes no name: omit it"
            if action is Action.LIST
            else f"needs {'RULE' if action is Action.NEW else 'DIR or PACK'}"
        )
        raise UserError(f"rules {action.value} {wanted}")
    if questions:
        if files or output_format != "text":
            raise UserError("--questions has only the format text: omit --format and --report")
        raise typer.Exit(commands.show_questions(site))
    match action:
        case Action.NEW:
            raise typer.Exit(commands.new(what or "", site))
        case Action.TEST:
            raise typer.Exit(commands.test(what or ""))
    raise typer.Exit(commands.show(site, output_format, files))


@command(
    Purpose.LOOK_UP,
    "preflight explain announced-name-unresolvable",
    'preflight explain "Unable to resolve address"',
    "virsh migrate ... 2>&1 | preflight explain -",
)
@takes("site", site_of)
def explain(
    what: Annotated[
        str,
        typer.Argument(
            metavar="RULE|MESSAGE|-",
            help="A rule's name, an error message of libvirt, QEMU or ssh, or - to read messages from standard input.",
            autocompletion=complete.rules,
        ),
    ],
    *,
    site: "Site",
) -> None:
    """Explain a rule, or the error message of a failed migration.

    For a rule, print what it looks for, why that matters, and how to fix it. For a message, print the same for the
    rule that predicts this error, and the names of other rules that predict it too. Names, addresses, ports, paths and
    numbers in the message do not matter. Only the last 64 KiB of the input are explained.

    The exit code is 0 if every message is explained, and 3 if no rule predicts one of them.
    """
    from preflight.commands.explain import of

    raise typer.Exit(of(what, site))
