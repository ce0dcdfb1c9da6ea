"""The options that select guests, which are the same for every command that checks, plans or migrates them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from preflight.cli import complete
from preflight.cli.arguments import what
from preflight.errors import UserError

if TYPE_CHECKING:
    from preflight.request.check_request import Selection

Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="GUEST...",
        help="Guests, by name or UUID, whether they are running or off.",
        show_default=False,
        autocompletion=complete.guests,
    ),
]
Named = Annotated[
    list[str] | None,
    what(
        "--guest",
        help="Select this guest, as GUEST does; may be repeated.",
        show_default=False,
        autocompletion=complete.guests,
    ),
]
AllGuests = Annotated[
    bool,
    what("--all", help="Select all guests: running guests, and those that are off, whose definitions are migrated."),
]
Running = Annotated[
    bool, what("--running", help="Select running guests: all of them, or those named, which must be running.")
]
Off = Annotated[
    bool, what("--offline", help="Select guests that are off: all of them, or those named, which must be off.")
]
Except = Annotated[
    list[str] | None,
    what(
        "--except",
        help="Leave this guest out, or several separated by commas; may be repeated.",
        show_default=False,
        autocompletion=complete.guests,
    ),
]
ReadyOnly = Annotated[
    bool,
    what(
        "--ready-only",
        help="Migrate the guests that are READY, and leave the others; without it one that is not READY keeps all.",
    ),
]
NoGuests = Annotated[bool, what("--no-guests", help="Check only the hosts.")]


def selection(
    names: Sequence[str],
    left_out: Sequence[str] | None,
    *,
    all_guests: bool,
    running: bool,
    offline: bool,
    no_guests: bool = False,
) -> "Selection":
    """Return what these options select; raises `UserError` for options that exclude each other."""
    from preflight.request.check_request import Selection  # it loads msgspec, which --help does not need

    if sum((all_guests, running, offline)) > 1:
        raise UserError("--all, --running and --offline are mutually exclusive: give one of them")
    if names and all_guests:
        raise UserError("name guests, or give --all, but not both")
    if no_guests and (names or all_guests or running or offline or left_out):
        raise UserError("--no-guests and a selection of guests are mutually exclusive: give one of them")
    return Selection(
        guests=tuple(names),
        no_guests=no_guests,
        offline=offline,
        as_they_are=all_guests or bool(names and not running and not offline),
        left_out=tuple(left_out or ()),
    )


def selected(
    guests: Names = None,
    guest: Named = None,
    all_guests: AllGuests = False,
    running: Running = False,
    offline: Off = False,
    left_out: Except = None,
    no_guests: NoGuests = False,
) -> "Selection":
    """Return what the options of a command that changes nothing select; see `selection`."""
    names = [*(guests or ()), *(guest or ())]
    return selection(names, left_out, all_guests=all_guests, running=running, offline=offline, no_guests=no_guests)


def require_selection(chosen: "Selection", *, running: bool) -> None:
    """Raise `UserError` if a command that changes something is given no guests at all."""
    if not (chosen.guests or chosen.as_they_are or running or chosen.offline):
        raise UserError("which guests? Name them, or give --all, --running or --offline")
