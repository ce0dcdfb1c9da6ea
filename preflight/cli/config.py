"""`preflight config`: the settings in use, and where each comes from."""

import enum
import inspect
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from preflight.cli.configured import ConfigFile, NoConfig, configured
from preflight.cli.frame import command
from preflight.cli.help_page import Purpose
from preflight.output import formats
from preflight.request.settings import every, key_of, variable

if TYPE_CHECKING:
    from preflight.request.configured import Configured, InUse


class Action(enum.StrEnum):
    """The part of `preflight config`."""

    SHOW = "show"


@command(
    Purpose.LOOK_UP,
    "preflight config show",
    "# Show what another file would set",
    "preflight config show --config site.toml",
)
def config(
    _action: Annotated[Action, typer.Argument(metavar="show", help="Show all settings.", show_default=False)],
    no_config: NoConfig = False,
    config: ConfigFile = None,
) -> None:
    """Show which configuration file is used, and each setting with its value and its origin.

    The command line takes precedence over the environment, and the environment over the file. No host is contacted.
    """
    found = configured(no_config, config)
    formats.deliver("configuration", "text", (found, tuple(_in_use(found))))


def _in_use(found: "Configured") -> "Iterator[InUse]":
    from preflight.request.configured import InUse

    defaults = _defaults()
    for key in every():
        if given := os.environ.get(variable(key)):
            yield InUse(key, given, f"environment variable {variable(key)}")
        elif key in found.values:
            yield InUse(key, _words(found.values[key]), found.origins[key])
        else:
            yield InUse(key, _words(defaults.get(key)), "default")


def _defaults() -> dict[str, Any]:
    """Return the defaults by key: those of `preflight check`, and of other commands for what it does not take."""
    from preflight.cli.capacity import capacity
    from preflight.cli.check import check
    from preflight.cli.migrate import migrate

    found: dict[str, Any] = {}
    for body in (check, capacity, migrate):
        for one in inspect.signature(body).parameters.values():
            (told, *_) = getattr(one.annotation, "__metadata__", (None,))
            if key := key_of(getattr(told, "envvar", None)):
                found.setdefault(key, one.default)
    return found


def _words(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
