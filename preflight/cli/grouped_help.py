"""A command whose `--help` lists its options by group: what is moved, how, and output, after those that are in none."""

from gettext import gettext
from typing import Any

from typer.core import TyperCommand

from preflight.request.options import Group


class Grouped(TyperCommand):
    """A command of the parser's, with the options of each `Group` under its name."""

    def format_options(self, ctx: Any, formatter: Any) -> None:  # the parser's types are Typer's own business
        """Write down arguments, and options by their group."""
        sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": [], **{one: [] for one in Group}}
        for parameter in self.get_params(ctx):
            if record := parameter.get_help_record(ctx):
                is_argument = parameter.param_type_name == "argument"
                panel = getattr(parameter, "rich_help_panel", None) or "Options"
                sections.setdefault("Arguments" if is_argument else panel, []).append(record)
        for title, records in sections.items():
            if records:
                with formatter.section(gettext(title)):
                    formatter.write_dl(records)
