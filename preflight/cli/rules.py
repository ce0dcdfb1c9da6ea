"""`preflight rules` and `preflight explain`."""

from typing import Annotated

import typer

from preflight.cli.frame import command
from preflight.stdio import deliver


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
def explain(
    what: Annotated[
        str,
        typer.Argument(
            metavar="RULE|MESSAGE|-",
            help="A rule's name, an error message of libvirt, QEMU or ssh, or - to read messages from standard input.",
        ),
    ],
) -> None:
    """Explain a rule, or the error message of a failed migration.

    A rule's name prints what the rule looks for, why it matters, and how to fix it. A message prints the same of the
    rule that declares this message, and names other rules that declare it too:
    `preflight explain "Unable to resolve address 'host2' service '49152'"`, or
    `virsh migrate ... 2>&1 | preflight explain -`. Names, addresses, ports and paths may be any; the last 64 KiB of an
    input are read. Exit 0 when every message is explained, 3 when a message is unknown.
    """
    from preflight.commands.explain import of

    raise typer.Exit(of(what))
