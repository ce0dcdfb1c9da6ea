"""The arguments and options that name the hosts of a command that is about many."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from preflight.cli import complete
from preflight.cli.arguments import output, setting
from preflight.stdio import say_waiting

if TYPE_CHECKING:
    from preflight.fleet.host import Fleet

Hosts = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="HOST...",
        help="[USER@]HOST, an alias from ~/.ssh/config, a libvirt URI or localhost; a range such as kvm[01-16].dc1 or"
        " kvm[01-04,07]; @GROUP of the inventory, or @all; a snapshot file, or a directory of snapshots (with a slash);"
        " or - for standard input, one host a line. Several are separated by commas. Omit it for all hosts of the"
        " inventory.",
        show_default=False,
        autocompletion=complete.hosts,
    ),
]
InventoryFile = Annotated[Path | None, setting("inventory", "--inventory", metavar="FILE", show_default=False)]
ListHosts = Annotated[
    bool,
    output("--list-hosts", help="Print the hosts, and what ssh makes of their names, in the format text or json."),
]


def fleet_of(hosts: Hosts = None, inventory: InventoryFile = None) -> "Fleet":
    """Return the hosts that a command is about; raises `UserError`."""
    from preflight.fleet import inventory as inventories

    given = hosts or []
    known = inventories.NO_INVENTORY if inventory is None else inventories.read(inventory)
    if any(one.strip() == inventories.STDIN for one in given) and sys.stdin.isatty():
        say_waiting("hosts on standard input, one a line")
    return inventories.hosts(given, known, sys.stdin.buffer)
