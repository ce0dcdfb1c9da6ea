"""`preflight fix`."""

from typing import TYPE_CHECKING, Annotated

import typer

from preflight.cli import complete
from preflight.cli.arguments import DRIVEN, HOST, Concurrency, CopyStorage, Over, Timeout, form
from preflight.cli.configured import site_of
from preflight.cli.frame import command
from preflight.cli.help_page import Purpose
from preflight.cli.options import copying, takes, takes_method
from preflight.cli.question import ask
from preflight.output import formats

if TYPE_CHECKING:
    from preflight.request.check_request import Site
    from preflight.request.method import Method


@command(
    Purpose.PLAN,
    "# Show the changes",
    "preflight fix host1 host2",
    "# Make them, after asking for confirmation",
    "preflight fix host1 host2 --apply",
    "# Write them as a playbook",
    "preflight fix host1 host2 --format ansible > fix.yml",
)
@takes_method(only=DRIVEN)
@takes("site", site_of)
def fix(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help=HOST, autocompletion=complete.hosts)],
    destination: Annotated[
        str, typer.Argument(metavar="DESTINATION", help="Same forms as SOURCE.", autocompletion=complete.hosts)
    ],
    rule: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RULE...",
            help="Fix only the findings of these rules (default: of all rules).",
            show_default=False,
            autocompletion=complete.rules,
        ),
    ] = None,
    concurrency: Concurrency = 1,
    transport: Over = None,
    copy_storage: CopyStorage = False,
    output_format: Annotated[str, form("fix")] = "text",
    apply: Annotated[bool, typer.Option("--apply", help="Make the changes, after asking for confirmation.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
    timeout: Timeout = 120,
    *,
    site: "Site",
    method: "Method",
) -> None:
    """Show the configuration changes on both hosts that fix what a check finds, or make them with --apply.

    Errors that no such change fixes are listed. The exit code is 0 if there is nothing to change, or if all changes
    are shown or in effect; 3 if an error remains that no change fixes, or if something is unknown that may hide an
    error or call for another change; 4 if a change could not be computed or did not take effect; and 5 if the changes
    were not confirmed.
    """
    from preflight.commands.fix import fix as do
    from preflight.request.check_request import Asked

    formats.require("fix", output_format)
    asked = Asked(
        source=source,
        destination=destination,
        concurrency=concurrency,
        method=copying(method) if copy_storage else method,
        transport=transport,
        site=site,
        timeout=timeout,
    )
    code = do(
        asked,
        tuple(rule or ()),
        apply=apply,
        ask=None if yes else ask,
        output_format=output_format,
    )
    raise typer.Exit(code)
