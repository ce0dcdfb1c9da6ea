"""`preflight doctor`."""

from typing import Annotated

import typer

from preflight.cli import complete
from preflight.cli.arguments import Color, Packs, Reports, Rules, Timeout, form
from preflight.cli.configured import ConfigFileIfUsable, NoConfig, site_of
from preflight.cli.frame import command
from preflight.cli.help_page import Purpose
from preflight.cli.hosts import InventoryFile, fleet_of
from preflight.errors import UserError
from preflight.output import formats
from preflight.stdio import Colour, is_coloured


@command(
    Purpose.LOOK,
    "# Find out what preflight lacks on this machine",
    "preflight doctor",
    "# Also log in to two hosts, and see what may be read",
    "preflight doctor host1 host2",
)
def doctor(
    hosts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="HOST...",
            help="[USER@]HOST, an alias from ~/.ssh/config, a libvirt URI or localhost; a range such as kvm[01-16], or"
            " @GROUP of the inventory. Omit it to examine this machine alone.",
            show_default=False,
            autocompletion=complete.hosts,
        ),
    ] = None,
    inventory: InventoryFile = None,
    rules: Rules = None,
    packs: Packs = None,
    no_config: NoConfig = False,
    config: ConfigFileIfUsable = None,
    timeout: Timeout = 60,
    output_format: Annotated[str, form("doctor")] = "text",
    color: Color = Colour.AUTO,
    report: Reports = None,
) -> None:
    """Find out what preflight lacks: on this machine, and as the user who logs in to each HOST.

    For each means of preflight print ok, limited or missing, and a command that mends it. Limited means that a check
    works, but some facts will be UNKNOWN; missing, that no check works. Nothing is changed. The exit code is 0 if all
    is ok, 1 if anything is missing, and 3 if anything is limited.
    """
    formats.require("doctor", output_format)
    reports = formats.files("doctor", report or ())
    from preflight.commands import doctor as commands
    from preflight.fleet.host import Fleet

    found: object = config
    fault = str(found) if isinstance(found, UserError) else ""
    usable = None if fault else config
    raise typer.Exit(
        commands.diagnose(
            fleet_of(hosts, inventory) if hosts else Fleet(()),
            site_of(rules=rules, packs=packs, no_config=no_config and not fault, config=usable),
            fault,
            timeout=timeout,
            output_format=output_format,
            reports=reports,
            colour=is_coloured(color),
        )
    )
