"""`preflight snapshot`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from preflight.cli.arguments import HOST, Timeout
from preflight.cli.frame import command
from preflight.cli.help_page import Purpose
from preflight.stdio import deliver


@command(
    Purpose.LOOK,
    "preflight snapshot host1 -o host1.json",
    "# Check two such files without a network",
    "preflight check host1.json host2.json",
)
def snapshot(
    host: Annotated[str, typer.Argument(metavar="HOST", help=HOST)],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write.")],
    timeout: Timeout = 60,
) -> None:
    """Save everything that a check reads from HOST to a file, so that a later check needs no network.

    Nothing is changed on the host. The exit code is 3 if the login fails; the file then contains the reason.
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
