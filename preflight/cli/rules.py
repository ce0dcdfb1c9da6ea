"""`preflight rules` and `preflight explain`."""

from typing import TYPE_CHECKING, Annotated

import typer

from preflight.cli.arguments import Reports, output
from preflight.cli.configured import site_of
from preflight.cli.frame import command
from preflight.cli.help_page import Purpose
from preflight.cli.options import takes
from preflight.output import formats

if TYPE_CHECKING:
    from preflight.request.check_request import Site


@command(Purpose.LOOK_UP, "preflight rules", "preflight rules --format markdown")
@takes("site", site_of)
def rules(
    output_format: Annotated[str, output("--format", "-f", help=formats.help_on("rules"))] = "text",
    report: Reports = None,
    *,
    site: "Site",
) -> None:
    """List all rules, with their subjects and severities."""
    from preflight.judge.site import rules_of

    formats.require("rules", output_format)
    files = formats.files("rules", report or ())
    formats.publish("rules", output_format, tuple(rule.text for rule in rules_of(site)), files)


@command(
    Purpose.LOOK_UP,
    "preflight explain announced-name-unresolvable",
    'preflight explain "Unable to resolve address"',
    "virsh migrate ... 2>&1 | preflight explain -",
)
@takes("site", site_of)
def explain(
    what: Annotated[
        str,
        typer.Argument(
            metavar="RULE|MESSAGE|-",
            help="A rule's name, an error message of libvirt, QEMU or ssh, or - to read messages from standard input.",
        ),
    ],
    *,
    site: "Site",
) -> None:
    """Explain a rule, or the error message of a failed migration.

    For a rule, print what it looks for, why that matters, and how to fix it. For a message, print the same for the
    rule that predicts this error, and the names of other rules that predict it too. Names, addresses, ports, paths and
    numbers in the message do not matter. Only the last 64 KiB of the input are explained.

    The exit code is 0 if every message is explained, and 3 if no rule predicts one of them.
    """
    from preflight.commands.explain import of

    raise typer.Exit(of(what, site))
