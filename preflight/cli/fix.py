"""`preflight fix`."""

from typing import TYPE_CHECKING, Annotated

import typer

from preflight.cli.arguments import DRIVEN, HOST, MOST, CopyStorage, Over, Timeout, how, output
from preflight.cli.frame import command
from preflight.cli.options import takes_method
from preflight.cli.question import ask

if TYPE_CHECKING:
    from preflight.request.method import Method


@command
@takes_method(only=DRIVEN)
def fix(
    source: Annotated[str, typer.Argument(help=HOST)],
    destination: Annotated[str, typer.Argument(help="The same.")],
    rule: Annotated[
        list[str] | None, typer.Argument(help="Cure what these rules found, instead of all.", show_default=False)
    ] = None,
    concurrency: Annotated[int, how(min=1, max=MOST, help="Migrations to be started at the same time.")] = 1,
    transport: Over = None,
    copy_storage: CopyStorage = False,
    output_format: Annotated[str, output("--format", "-f", help="text or ansible.")] = "text",
    apply: Annotated[bool, typer.Option("--apply", help="Make the changes, after asking.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    timeout: Timeout = 120,
    *,
    method: "Method",
) -> None:
    """Show the changes of both hosts' configuration that would cure what a check finds; with --apply, make them.

    Exit 0 when there was nothing to change, or all of it is shown or in force; 3 when an error is left that no change
    mends, which is listed, or when it is not known whether there is more; 4 when a change could not be computed or did
    not come into force, 5 when nobody agreed.
    """
    from preflight.commands.fix import fix as do
    from preflight.output import formats
    from preflight.request.check_request import Asked

    formats.require("fix", output_format)
    asked = Asked(
        source=source,
        destination=destination,
        concurrency=concurrency,
        mode=method.mode,
        transport=transport,
        copy_storage=copy_storage,
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
