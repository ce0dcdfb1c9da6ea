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
def explain(rule: Annotated[str, typer.Argument(help="A rule's name, as every finding shows it.")]) -> None:
    """Say what a rule looks for, why it matters, and how to fix what it finds."""
    from preflight.judge.ruleset import find, load
    from preflight.output.formats import render

    deliver(render("rule", "text", find(load(), rule)))
