"""`preflight snapshot`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from preflight.cli.arguments import HOST, Timeout
from preflight.cli.frame import command
from preflight.stdio import deliver


@command
def snapshot(
    host: Annotated[str, typer.Argument(help=HOST)],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")],
    timeout: Timeout = 60,
) -> None:
    """Keep HOST's answers in a file, for a check without a network.

    Exit 3 when it could not be logged in to, which is kept too.
    """
    from preflight.judge import check as checking
    from preflight.judge.report import Verdict

    saved = checking.take_snapshot(host, output, timeout)
    records, why = len(saved.answers.records), saved.answers.absent.get("")
    deliver(f"{output}: {records} record{'' if records == 1 else 's'} of {saved.name}\n")
    if why is not None:
        from preflight.visible import one_line

        print(f"preflight: {one_line(why)}", file=sys.stderr)
        raise typer.Exit(Verdict.UNDETERMINED.exit_code)
