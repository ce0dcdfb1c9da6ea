"""A snapshot: the answers of hosts, so that a check can be repeated without a network and give the same report."""

import json
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import FailFast, Field, TypeAdapter, ValidationError, field_validator
from pydantic_core import ErrorDetails, PydanticCustomError, from_json

from preflight.schema.document import Contract, Wrong

#: The version of the format.
FORMAT: Final = 1

#: A command's standard output, its exit code, and its standard error.
Answer: TypeAlias = tuple[str, int, str]


class SavedHost(Contract):
    """The answers of one host."""

    name: str = Field(description="The name by which the host was reached.")
    records: dict[str, Answer] = Field(
        description="Answers by the name of the record: standard output, exit code (44: no such file) and standard"
        " error, with a backslash escape for each byte that is not UTF-8."
    )
    absent: dict[str, str] = Field(
        description="Reasons for missing records, by the name of the record; the empty name stands for all others."
    )

    @field_validator("records", mode="before")
    @classmethod
    def _are_answers(cls, records: object) -> object:
        """Stop at the first invalid answer: otherwise up to a million complaints would be kept."""
        if not isinstance(records, dict):
            return records
        return {name: _answer(name, answer) for name, answer in records.items()}

    @field_validator("absent", mode="before")
    @classmethod
    def _are_reasons(cls, absent: object) -> object:
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


class Snapshot(Contract):
    """A snapshot of one host, or of the two hosts of a check."""

    preflight_snapshot: Literal[1] = Field(description="The version of this format.")
    hosts: Annotated[list[SavedHost], FailFast()] = Field(
        min_length=1, description="The hosts: one, or the source and the destination."
    )


#: Reads a snapshot.
SNAPSHOT = TypeAdapter(Snapshot)


def read(content: bytes) -> Snapshot:
    """Read a snapshot; raises `Wrong`."""
    try:
        return SNAPSHOT.validate_json(content, strict=True)
    except ValidationError as why:
        raise Wrong(_in_words(content, why.errors(include_url=False)[0])) from None


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
        return f"snapshot format {found!r}, this preflight reads {FORMAT}"
    if len(at) < 2:
        return "not a whole snapshot: it contains no host"
    saved = document["hosts"][at[1]]
    name = saved.get("name") if isinstance(saved, dict) else None
    if not isinstance(name, str):
        return "not a whole snapshot: a host in it has no name"
    if kind in ("answer", "reason"):
        return f"not a whole snapshot: {why['msg'].replace('@host@', repr(name))}"
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
