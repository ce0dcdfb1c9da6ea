"""A snapshot: the answers of hosts, so that a check can be repeated without a network and give the same report."""

import json
from typing import Any

import msgspec
from pydantic import TypeAdapter, ValidationError, field_validator
from pydantic_core import ErrorDetails, PydanticCustomError, from_json

from preflight.schema import saved
from preflight.schema.document import Contract, Wrong, format_of
from preflight.schema.inside import modelled


def _are_answers(records: object) -> object:
    """Stop at the first invalid answer: otherwise up to a million complaints would be kept."""
    if not isinstance(records, dict):
        return records
    return {name: _answer(name, answer) for name, answer in records.items()}


def _are_reasons(absent: object) -> object:
    for name, reason in absent.items() if isinstance(absent, dict) else ():
        if not isinstance(reason, str):
            raise PydanticCustomError(
                "reason", "the reason why {name} of @host@ is missing is not a text", {"name": repr(name)}
            )
    return absent


def _answer(name: object, answer: Any) -> tuple[object, ...]:
    if not (isinstance(answer, list | tuple) and [type(part) for part in answer] == [str, int, str]):
        raise PydanticCustomError(
            "answer", "the answer {name} of @host@ does not consist of text, code and text", {"name": repr(name)}
        )
    return tuple(answer)


_VALIDATORS = {
    "_are_answers": field_validator("records", mode="before")(_are_answers),
    "_are_reasons": field_validator("absent", mode="before")(_are_reasons),
}
_File, _Made = modelled(saved.File, Contract), modelled(saved.Made, Contract)
_SavedHost = modelled(saved.SavedHost, Contract, parts={saved.File: _File}, validators=_VALIDATORS)
#: Reads a snapshot.
SNAPSHOT = TypeAdapter(modelled(saved.Snapshot, Contract, parts={saved.SavedHost: _SavedHost, saved.Made: _Made}))
_FormerHost = modelled(saved.FormerHost, Contract, validators=_VALIDATORS)
#: Reads a snapshot in the former format.
_FORMER = TypeAdapter(modelled(saved.Former, Contract, parts={saved.FormerHost: _FormerHost}))


def read(content: bytes) -> saved.Snapshot:
    """Read a snapshot in today's format or in the former one; raises `Wrong`."""
    former = format_of(content, "preflight_snapshot") == saved.FORMER
    try:
        document = (_FORMER if former else SNAPSHOT).validate_json(content, strict=True)
    except ValidationError as why:
        raise Wrong(_in_words(content, why.errors(include_url=False)[0])) from None
    values = document.model_dump()
    return (
        saved.brought_up(msgspec.convert(values, saved.Former)) if former else msgspec.convert(values, saved.Snapshot)
    )


def written(snapshot: saved.Snapshot) -> dict[str, Any]:
    """Return the document that is written for a snapshot."""
    return SNAPSHOT.validate_python(msgspec.to_builtins(snapshot)).model_dump()


def _in_words(content: bytes, why: ErrorDetails) -> str:
    """Describe the error in a file that is not a snapshot, or not a complete one."""
    at, kind = why["loc"], why["type"]
    if kind == "json_invalid":
        return f"not a whole snapshot: {_malformed(content)}"
    document = from_json(content)
    if not isinstance(document, dict) or "preflight_snapshot" not in document:
        return "not a snapshot made by preflight"
    if at == ("preflight_snapshot",):
        found = str(document["preflight_snapshot"])[:20]
        return f"snapshot format {found!r}, this preflight reads {saved.FORMER} and {saved.FORMAT}"
    if at[0] == "made":
        return "not a whole snapshot: it does not say properly who took it and when"
    if len(at) < 2:
        return "not a whole snapshot: it contains no host"
    host = document["hosts"][at[1]]
    name = host.get("name") if isinstance(host, dict) else None
    if not isinstance(name, str):
        return "not a whole snapshot: a host in it has no name"
    if kind in ("answer", "reason"):
        return f"not a whole snapshot: {why['msg'].replace('@host@', repr(name))}"
    if len(at) > 2 and at[2] in ("peers", "files"):
        return f"not a whole snapshot: the list of {at[2]} of {name!r} is invalid"
    return f"not a whole snapshot: it contains no answers of {name!r}"


def _malformed(content: bytes) -> str:
    try:
        json.loads(content)
    except RecursionError:
        return "it is nested too deeply"
    except json.JSONDecodeError as why:
        return f"not JSON at line {why.lineno}, column {why.colno}"
    except UnicodeDecodeError:
        return "it is not UTF-8"
    except ValueError:  # Python reads no whole number of more than 4300 digits
        return "a number in it is too long"
    return "it is nested too deeply, or contains half a character"
