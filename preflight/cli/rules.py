"""`preflight rules` and `preflight explain`."""

from typing import Annotated

import typer

from preflight.cli.frame import command
from preflight.cli.help_page import Purpose
from preflight.stdio import deliver


@command(Purpose.LOOK_UP, "preflight rules", "preflight rules --format markdown")
def rules(
    output_format: Annotated[str, typer.Option("--format", "-f", help="Output format: text or markdown.")] = "text",
) -> None:
    """List all rules, with their topics and severities."""
    from preflight.judge.ruleset import load
    from preflight.output import formats

    formats.require("rules", output_format)
    deliver(formats.render("rules", output_format, load()))


@command(Purpose.LOOK_UP, "preflight explain announced-name-unresolvable")
def explain(rule: Annotated[str, typer.Argument(metavar="RULE", help="Name of a rule, as findings show it.")]) -> None:
    """Explain what a rule looks for, why it matters, and how to fix what it finds."""
    from preflight.judge.ruleset import find, load
    from preflight.output.formats import render

    deliver(render("rule", "text", find(load(), rule)))
