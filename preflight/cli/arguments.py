"""Arguments and options that several commands share."""

from typing import Annotated, Any

import typer

from preflight.request.migration import Transport
from preflight.request.options import Group


def what(*names: str, **more: Any) -> Any:
    """Declare an option that says what is migrated; the arguments are those of `typer.Option`."""
    return typer.Option(*names, rich_help_panel=Group.WHAT, **more)


def how(*names: str, **more: Any) -> Any:
    """Declare an option that says how guests are migrated."""
    return typer.Option(*names, rich_help_panel=Group.HOW, **more)


def output(*names: str, **more: Any) -> Any:
    """Declare an option that says what is printed or written."""
    return typer.Option(*names, rich_help_panel=Group.OUTPUT, **more)


HOST = "[USER@]HOST, an alias from ~/.ssh/config, a libvirt URI, or localhost."
Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="[USER@]HOST, an alias from ~/.ssh/config, a libvirt URI, localhost, or a snapshot file. A name, other"
        " than a URI, that contains a slash or ends in .json is taken to be a snapshot file.",
    ),
]
Destination = Annotated[
    str | None,
    typer.Argument(
        metavar="DESTINATION",
        help="Same forms as SOURCE; omit it if SOURCE is a file written by `preflight check --save`.",
        show_default=False,
    ),
]
CopyStorage = Annotated[
    bool,
    what("--copy-storage", help="Assume that disks are copied, as with --copy-storage-all."),
]
Over = Annotated[
    Transport | None,
    how(
        help="Transport of the control connection (default: that of DESTINATION's URI, otherwise ssh).",
        show_default=False,
    ),
]
Uri = Annotated[
    str | None,
    how(
        help="libvirt URI of the destination, as for virsh migrate (default: derived from DESTINATION).",
        show_default=False,
    ),
]
Select = Annotated[
    list[str] | None,
    typer.Option(help="Apply only this rule, or the rules of this subject; may be repeated.", show_default=False),
]
Ignore = Annotated[
    list[str] | None,
    typer.Option(help="Ignore this rule, or the rules of this subject; may be repeated.", show_default=False),
]
Timeout = Annotated[
    float, typer.Option(help="Maximum time, in seconds, to log in to a host and read all its answers.", min=1)
]

#: The maximum number of concurrent migrations: a host has no more ports.
MOST = 65535

#: The options that say who drives the migrations: the number of connections, and which files `fix` changes, depend on
#: no others.
DRIVEN = ("p2p", "tunnelled")
