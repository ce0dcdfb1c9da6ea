"""Refusal of options whose values a file determines: a plan or a journal is carried out as it was written."""

from collections.abc import Collection

import typer

from preflight.errors import UserError


def refuse_what_is_written_down(context: typer.Context, where: str, of_the_run: Collection[str]) -> None:
    """Raise `UserError` for an option on the command line that the file determines: all but those `of_the_run`."""
    names = {parameter.name or "" for parameter in context.command.params}
    if (option := first_typed(context, names.difference(of_the_run))) is not None:
        raise UserError(f"{option}: the {where} determines this, so it cannot be changed here: omit it")


def first_typed(context: typer.Context, names: Collection[str]) -> str | None:
    """Return the first option of these parameters that was given on the command line, as typed; None if none was."""
    for parameter in context.command.params:
        name = parameter.name or ""
        if name in names and is_typed(context, name):
            is_no = context.params.get(name) is False and parameter.secondary_opts
            return (parameter.secondary_opts if is_no else parameter.opts)[0]
    return None


def is_typed(context: typer.Context, name: str) -> bool:
    """Report whether an option was given on the command line, by the name of its parameter."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"
