"""Arguments and options that several commands take."""

from typing import Annotated, Any

import typer

from preflight.request.migration import Transport
from preflight.request.options import Group


def what(*names: str, **more: Any) -> Any:
    """Declare an option that says what is moved; arguments as of `typer.Option`."""
    return typer.Option(*names, rich_help_panel=Group.WHAT, **more)


def how(*names: str, **more: Any) -> Any:
    """Declare an option that says how it is moved."""
    return typer.Option(*names, rich_help_panel=Group.HOW, **more)


def output(*names: str, **more: Any) -> Any:
    """Declare an option that says what is printed or written."""
    return typer.Option(*names, rich_help_panel=Group.OUTPUT, **more)


HOST = "[user@]host, an alias of ~/.ssh/config, a libvirt URI, or localhost."
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
    what("--guest", help="Judge this guest only; repeat for more.", show_default=False),
]
CopyStorage = Annotated[
    bool,
    what("--copy-storage", help="Disks are copied, as by --copy-storage-all."),
]
Over = Annotated[
    Transport | None,
    how(help="What the control connection runs over.", show_default="ssh"),
]
Uri = Annotated[
    str | None,
    how(help="The destination's libvirt URI, as given to virsh migrate.", show_default=False),
]
Select = Annotated[list[str] | None, typer.Option(help="Only this rule or topic; repeat for more.", show_default=False)]
Ignore = Annotated[
    list[str] | None, typer.Option(help="Leave out this rule or topic; repeat for more.", show_default=False)
]
Timeout = Annotated[float, typer.Option(help="Seconds that a host may take for its login and all its answers.", min=1)]

#: Of migrations at once: a host has no more ports.
MOST = 65535

#: Who drives the migrations: all that a count of connections and a change of configuration depend on.
DRIVEN = ("p2p", "tunnelled")
