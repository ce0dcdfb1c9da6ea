"""The options that choose the configuration file, whose values become the defaults of a command's other options."""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from preflight.cli.arguments import Packs, Rules, Severities, Thresholds, output, setting
from preflight.cli.help_page import Purpose
from preflight.errors import UserError
from preflight.request.migration import FailOn, OnUnknown
from preflight.request.options import Group
from preflight.request.settings import key_of, variable
from preflight.request.severity import Severity

if TYPE_CHECKING:
    from preflight.request.check_request import Gate, Site
    from preflight.request.configured import Configured

#: The purposes of the commands for which a file in the working directory or above it does not count.
_TRUSTED_ONLY = (Purpose.PLAN, Purpose.ACT)


#: The form of a threshold.
_NUMBER = re.compile(r"\d{1,6}(?:\.\d{1,6})?", re.ASCII)


def _none(context: typer.Context, wanted: bool) -> bool:
    if wanted:
        _refuse_both(context, "config")
    return wanted


def _read(context: typer.Context, named: str | None) -> object:
    """Read the file and make its values the defaults of the command; the command line and the environment outrank it.

    This runs before the other options are read. Its result replaces the path.
    """
    if context.resilient_parsing:  # the shell asks for a completion
        return named
    from preflight import config
    from preflight.request.configured import NONE

    if context.params.get("no_config"):
        _refuse_both(context, "config")
        return NONE
    purpose = getattr(context.command, "rich_help_panel", None)
    found = config.load(None if named is None else Path(named), walk=purpose not in _TRUSTED_ONLY)
    keys = {parameter.name or "": key_of(parameter.envvar) or "" for parameter in context.command.params}
    context.default_map = {name: found.values[key] for name, key in keys.items() if key in found.values}
    return found


def _read_if_usable(context: typer.Context, named: str | None) -> object:
    """Do the same, but return the `UserError` for a file that cannot be used: a diagnosis is asked for then."""
    if context.params.get("no_config"):
        return _read(context, named)
    try:
        return _read(context, named)
    except UserError as why:
        return why


def _refuse_both(context: typer.Context, other: str) -> None:
    source = context.get_parameter_source(other)
    if source is not None and source.name == "COMMANDLINE":
        raise UserError("--config and --no-config are mutually exclusive: give one of them")


NoConfig = Annotated[
    bool, typer.Option("--no-config", callback=_none, is_eager=True, help="Use no configuration file.")
]


def _config_file(read: Callable[[typer.Context, str | None], object]) -> Any:
    return typer.Option(
        "--config",
        metavar="FILE",
        callback=read,
        is_eager=True,
        envvar="PREFLIGHT_CONFIG",
        show_envvar=False,
        help="Configuration file to use, and no other (default: the first one that exists; see docs/configuration.md).",
        show_default=False,
    )


# Typer would make a path of what the callbacks return
ConfigFile = Annotated[str | None, _config_file(_read)]
ConfigFileIfUsable = Annotated[str | None, _config_file(_read_if_usable)]


def configured(no_config: NoConfig = False, config: ConfigFile = None) -> "Configured":
    """Return what the configuration file sets; `_read` has put it in place of the path."""
    from preflight.request.configured import NONE, Configured

    found: object = config
    assert not no_config or found is NONE
    return found if isinstance(found, Configured) else NONE


def site_of(
    severity: Severities = None,
    threshold: Thresholds = None,
    rules: Rules = None,
    packs: Packs = None,
    no_config: NoConfig = False,
    config: ConfigFile = None,
) -> "Site":
    """Return the changes that the site makes to the rules; raises `UserError`."""
    import time

    from preflight.request.check_request import Site

    return Site(
        rules=tuple(rules or ()),
        packs=tuple(packs or ()),
        severity=tuple(_severities(severity or ())),
        thresholds=tuple(_thresholds(threshold or ())),
        configured=configured(no_config, config),
        today=time.strftime("%Y-%m-%d", time.gmtime()),
    )


def _severities(given: Iterable[str]) -> Iterator[tuple[str, str]]:
    for text in given:
        rule, _, level = text.partition("=")
        if not rule or level not in {one.value for one in Severity}:
            raise UserError(f"--severity: {text!r} is not RULE=error, RULE=warning or RULE=info")
        yield rule, level


def _thresholds(given: Iterable[str]) -> Iterator[tuple[str, float]]:
    for text in given:
        rule, _, written = text.partition("=")
        if not rule or not _NUMBER.fullmatch(written):
            raise UserError(f"--threshold: {text!r} is not RULE=NUMBER")
        yield rule, float(written)


def ends_of(source: str | None, destination: str | None, found: "Configured") -> tuple[str, str | None]:
    """Return SOURCE and DESTINATION as typed, or else those of the environment or the configuration file.

    Raises `UserError` if there are none.
    """
    if source is not None:
        return source, destination
    given, hosts = os.environ.get(variable("hosts"), "").split(), found.values.get("hosts") or ()
    if given and len(given) != 2:
        raise UserError(f"{variable('hosts')}: expected SOURCE and DESTINATION, separated by a space")
    assert isinstance(hosts, Sequence)
    if len(typed := given or hosts) != 2:
        raise UserError("Missing argument 'SOURCE': name the hosts, or set `hosts` in the configuration file")
    return typed[0], typed[1]


def gate_of(
    fail_on: Annotated[FailOn, setting("fail-on", rich_help_panel=Group.OUTPUT)] = FailOn.ERROR,
    unknown: Annotated[OnUnknown, setting("unknown", rich_help_panel=Group.OUTPUT)] = OnUnknown.FAIL,
    exit_zero: Annotated[
        bool, output("--exit-zero", help="Never exit with code 1, whatever is found; codes 2, 3 and 70 are unaffected.")
    ] = False,
) -> "Gate":
    """Return what changes the exit code."""
    from preflight.request.check_request import Gate

    return Gate(fail_on, unknown, exit_zero)
