"""Reports as text for people and programs: one file a format, and this table of them."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from preflight.judge.report import Report

Render: TypeAlias = "Callable[[Report, bool], str]"

#: The module that renders each format, imported when it is asked for. Each has `render(report, colour) -> str`.
FORMATS: Mapping[str, str] = {
    "text": "preflight.output.report.text",
    "table": "preflight.output.report.table",
    "json": "preflight.output.report.json",
}


def load(format_name: str) -> None:
    """Load what a format takes, where there is time for it."""
    import_module(FORMATS[format_name])


def render(report: "Report", format_name: str, *, colour: bool = False) -> str:
    """The report in one of `FORMATS`."""
    function: Render = import_module(FORMATS[format_name]).render
    return function(report, colour)
