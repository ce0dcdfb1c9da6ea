"""`preflight show`: a saved report in any format. It contacts no host."""

from pathlib import Path

from preflight.commands.check import Wanted
from preflight.commands.check import show as show_report
from preflight.judge.saved import read_report


def show(path: Path, wanted: Wanted) -> None:
    """Print a saved report, and write it to further files; raises `UserError`."""
    show_report(read_report(path), wanted)
