"""`preflight waivers`."""

import enum
from typing import TYPE_CHECKING, Annotated

import typer

from preflight.cli import complete
from preflight.cli.configured import site_of
from preflight.cli.frame import command
from preflight.cli.help_page import Purpose
from preflight.cli.options import takes
from preflight.errors import UserError

if TYPE_CHECKING:
    from preflight.request.check_request import Site


class Action(enum.StrEnum):
    """The part of `preflight waivers`."""

    LIST = "list"
    CHECK = "check"
    ADD = "add"


@command(
    Purpose.LOOK_UP,
    "preflight waivers list",
    "# Fail if a waiver has expired",
    "preflight waivers check",
)
@takes("site", site_of)
def waivers(
    action: Annotated[
        Action, typer.Argument(metavar="[list|check|add]", help="List the waivers, check them, or add one.")
    ],
    rule: Annotated[
        str | None,
        typer.Argument(
            metavar="RULE", help="With add: rule to waive.", show_default=False, autocompletion=complete.rules
        ),
    ] = None,
    host: Annotated[
        list[str] | None,
        typer.Option(
            help="With add: host whose findings are accepted; * and ? stand for any characters. May be repeated.",
            show_default=False,
        ),
    ] = None,
    pair: Annotated[
        list[str] | None,
        typer.Option(
            metavar="'SOURCE -> DESTINATION'",
            help="With add, instead of --host: pair of hosts whose findings are accepted. May be repeated.",
            show_default=False,
        ),
    ] = None,
    reason: Annotated[str | None, typer.Option(help="With add: reason.", show_default=False)] = None,
    days: Annotated[
        int | None, typer.Option(min=0, max=3660, help="With add: number of days from today.", show_default=False)
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option(
            metavar="DATE", help="With add, instead of --days: last day, in UTC, as 2026-12-31.", show_default=False
        ),
    ] = None,
    ticket: Annotated[
        str | None, typer.Option(help="With add: ticket in which the waiver is discussed.", show_default=False)
    ] = None,
    *,
    site: "Site",
) -> None:
    """List, check or add waivers: findings that the configuration file accepts until a date.

    A waiver is added to the configuration file in use, or to a new preflight.toml in the working directory; its
    comments are kept. The exit code of check is 0 if all waivers are valid, and 1 if one has expired or names a rule
    that does not exist or cannot be waived. No host is contacted.
    """
    from preflight.commands import waivers as commands
    from preflight.request.configured import Waiver

    given = (rule, host, pair, reason, days, expires, ticket)
    if action is not Action.ADD:
        if any(one is not None for one in given):
            raise UserError(f"waivers {action.value} takes no rule and none of the options of add: omit them")
        raise typer.Exit((commands.show if action is Action.LIST else commands.check)(site))
    needed = {
        "RULE": (rule,),
        "--reason": (reason,),
        "either --days or --expires": (days, expires),
        "either --host or --pair": (host or None, pair or None),
    }
    if lacking := [name for name, values in needed.items() if sum(value is not None for value in values) != 1]:
        raise UserError(f"waivers add needs {', '.join(lacking)}")
    assert rule is not None
    assert reason is not None
    pairs = []
    for text in pair or ():
        source, sign, destination = text.partition("->")
        if not sign:
            raise UserError(f"--pair: {text!r} is not 'SOURCE -> DESTINATION'")
        pairs.append((source.strip(), destination.strip()))
    waiver = Waiver(
        rule=rule,
        hosts=tuple(host or ()),
        pairs=tuple(pairs),
        reason=reason,
        expires=expires or site.today,
        ticket=ticket or "",
    )
    raise typer.Exit(commands.add(site, waiver, days=days))
