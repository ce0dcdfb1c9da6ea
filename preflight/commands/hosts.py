"""`--list-hosts`: the hosts that a command would be about."""

import sys

from preflight.fleet.host import Fleet
from preflight.fleet.listing import listing_of
from preflight.output import formats
from preflight.visible import one_line


def show(fleet: Fleet, output_format: str) -> None:
    """Print the hosts in a format, text or json; raises `UserError`."""
    formats.require("hosts", output_format)
    formats.deliver("hosts", output_format, listing_of(fleet))


def say_notes(fleet: Fleet) -> None:
    """Print to standard error what the user should know about hosts that were named more than once."""
    for note in fleet.notes:
        print(f"preflight: {one_line(note)}", file=sys.stderr)
