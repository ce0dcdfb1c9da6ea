"""Describes a document's error in one line of bounded length: the expected value, the value found, and the field."""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from preflight.schema.fields import FORMS

#: Most characters of one complaint.
_LONGEST = 300
#: Names of expected types, by the beginning of pydantic's error type.
_KINDS = {
    "string": "str",
    "int": "int",
    "float": "float",
    "bool": "bool",
    "tuple": "array",
    "list": "array",
    "dict": "object",
    "model": "object",
    "dataclass": "object",
    "typed": "object",
    "none": "null",
}
#: Endings of the error types that mean only that the type is wrong.
_OF_ANOTHER_TYPE = ("_type", "_required", "_from_float", "_parsing", "_parsing_size")
_FOUND = {str: "str", bool: "bool", int: "int", float: "float", list: "array", dict: "object", type(None): "null"}
_COMPARED = {
    "greater_than_equal": ("ge", ">="),
    "greater_than": ("gt", ">"),
    "less_than_equal": ("le", "<="),
    "less_than": ("lt", "<"),
}
_MEASURED = {
    "string_too_long": ("str", "max_length", "<="),
    "string_too_short": ("str", "min_length", ">="),
    "too_long": ("array", "max_length", "<="),
    "too_short": ("array", "min_length", ">="),
}


def explained(why: ValidationError, *, tagged: bool = False) -> str:
    """Return the first error, as `Expected a UUID - at `$.guests[0].uuid``.

    In a `tagged` union the path begins with the tag, which is not a field and is left out.
    """
    first = why.errors(include_url=False)[0]
    at = first["loc"][1:] if tagged else first["loc"]
    said, place = _said(first["type"], first.get("ctx", {}), first["input"], at, first["msg"])
    whole = f"{said} - at `${place}`" if place else said
    return whole if len(whole) <= _LONGEST else whole[:_LONGEST] + "…"


def _said(
    kind: str, context: dict[str, Any], found: object, at: Sequence[int | str], otherwise: str
) -> tuple[str, str]:
    """Return the error, and the path of the field that it is about."""
    place = _path(at)
    if kind == "missing":
        return f"Object missing required field `{at[-1]}`", _path(at[:-1])
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        return f"Object contains unknown field `{at[-1]}`", _path(at[:-1])
    if kind == "union_tag_not_found":
        return f"Object missing required field `{_unquoted(context)}`", place
    if kind == "union_tag_invalid":
        return f"Invalid value {str(context['tag'])!r}", f"{place}.{_unquoted(context)}"
    if kind == "string_pattern_mismatch":
        return f"Expected {FORMS.get(context['pattern'], 'another form')}", place
    if kind in _COMPARED:
        name, sign = _COMPARED[kind]
        bound = context[name]
        return f"Expected `{type(bound).__name__}` {sign} {bound}", place
    if kind in _MEASURED:
        what, name, sign = _MEASURED[kind]
        return f"Expected `{what}` of length {sign} {context[name]}", place
    if kind in ("literal_error", "enum"):
        if isinstance(found, str):
            return f"Invalid enum value {found!r}", place
        wanted = "`str`" if kind == "enum" or context["expected"].startswith("'") else context["expected"]
        return f"Expected {wanted}, got `{_FOUND.get(type(found), 'other')}`", place
    if kind == "json_invalid":
        deep = "recursion" in context["error"]
        return "it is nested too deeply" if deep else f"JSON is malformed: {context['error']}", place
    wanted = _KINDS.get(kind.partition("_")[0])
    if wanted is not None and kind.endswith(_OF_ANOTHER_TYPE):
        return f"Expected `{wanted}`, got `{_FOUND.get(type(found), 'other')}`", place
    return otherwise, place


def _unquoted(context: dict[str, Any]) -> str:
    return str(context["discriminator"]).strip("'")


def _path(at: Sequence[int | str]) -> str:
    return "".join(
        f"[{one}]" if isinstance(one, int) else f".{one}" if one.replace("-", "_").isidentifier() else "[...]"
        for one in at
    )
