"""The pages of `--help`: commands by what one wants to do, a command's options by group, and its examples last."""

import enum
from gettext import gettext
from typing import Any

from typer.core import TyperCommand, TyperGroup

from preflight.request.options import Group

#: More characters than any summary has, so that none is cut off.
_WHOLE = 10_000


class Purpose(enum.StrEnum):
    """The purpose of a command: the heading under which `preflight --help` lists it."""

    LOOK = "Look (changes nothing)"
    PLAN = "Plan"
    ACT = "Act"
    LOOK_UP = "Look up"


class ByPurpose(TyperGroup):
    """The program itself, whose page lists the commands under their purposes, before the options."""

    def format_options(self, ctx: Any, formatter: Any) -> None:  # the parser's types are Typer's own business
        """Write the commands, then the program's own options."""
        self.format_commands(ctx, formatter)
        _write_options(self, ctx, formatter, "Options")

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write each command with the whole first sentence of its help."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            one: Any = self.get_command(ctx, name)
            sections.setdefault(one.rich_help_panel, []).append((name, one.get_short_help_str(_WHOLE)))
        for title, rows in sections.items():
            with formatter.section(gettext(title)):
                formatter.write_dl(rows)


class Grouped(TyperCommand):
    """A command whose page lists the options of each `Group` under its name, and examples at the end."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments, and the options by their group."""
        _write_options(self, ctx, formatter, "Arguments", "Options", *Group)

    def format_epilog(self, _ctx: Any, formatter: Any) -> None:
        """Write the examples, one per line, as they are typed."""
        with formatter.section(gettext("Examples")):
            for line in (self.epilog or "").splitlines():
                formatter.write(f"{'':>{formatter.current_indent}}{line}\n")


def _write_options(command: Any, ctx: Any, formatter: Any, *titles: str) -> None:
    sections: dict[str, list[tuple[str, str]]] = {title: [] for title in titles}
    for parameter in command.get_params(ctx):
        if record := parameter.get_help_record(ctx):
            is_argument = parameter.param_type_name == "argument"
            panel = getattr(parameter, "rich_help_panel", None) or "Options"
            sections["Arguments" if is_argument else panel].append(record)
    for title, records in sections.items():
        if records:
            with formatter.section(gettext(title)):
                formatter.write_dl(records)
