"""The base of all documents: reading, which refuses an invalid document in one line, and writing."""

import codecs
import contextlib
import json
import re
from collections.abc import Iterator
from typing import TypeVar

import msgspec.json
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, from_json, to_json

from preflight.errors import UserError
from preflight.schema.complaint import explained
from preflight.visible import escaped

T = TypeVar("T")

#: Characters that are escaped at a time.
_BLOCK = 1024 * 1024

#: The message of pydantic's parser for truncated JSON.
_ENDS = re.compile("EOF while parsing ")
#: For documents that only preflight writes: an unknown field is refused.
CLOSED = ConfigDict(extra="forbid", allow_inf_nan=False)


class Wrong(UserError):
    """A document is invalid. The text is one line: the field, and the expected value."""


class Document(BaseModel):
    """A document that only preflight writes, or a part of one: an unknown field is refused when it is read."""

    model_config = ConfigDict(frozen=True, **CLOSED)


class Contract(BaseModel):
    """A document that is written for others, or a part of one: later releases may add fields, which readers ignore.

    Every field is always written. One that was added within a format, and has a default that is true of all documents
    without it, may be missing when a document is read.
    """

    model_config = ConfigDict(
        frozen=True, extra="ignore", allow_inf_nan=False, json_schema_serialization_defaults_required=True
    )


class Missing(Wrong):
    """A document lacks a field, as one of an older release may."""


def read(form: "TypeAdapter[T]", content: bytes, *, tagged: bool = False) -> T:
    """Read a document or a line of one, which may belong to a `tagged` union; raises `Wrong`."""
    try:
        return form.validate_json(content, strict=True)
    except ValidationError as why:
        lacks = why.errors(include_url=False)[0]["type"] in ("missing", "union_tag_not_found")
        raise (Missing if lacks else Wrong)(explained(why, tagged=tagged)) from None


def read_values(form: "TypeAdapter[T]", values: object) -> T:
    """Read a document from what TOML contains; raises `Wrong`."""
    try:
        content = to_json(values)
    except PydanticSerializationError:
        raise Wrong("Tables or lists are nested too deeply: write them with fewer levels") from None
    return read(form, content)


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Raise `Wrong` if a document is made from invalid values in this context."""
    try:
        yield
    except ValidationError as why:
        raise Wrong(explained(why)) from None


def text(document: BaseModel) -> str:
    """Return a document as one JSON value for programs: indented, control characters escaped, with a final newline."""
    return _encoded(document.model_dump(), indent=2, end="\n")


def line(document: BaseModel) -> str:
    """Return a document as JSON on one line with a final newline, control characters escaped."""
    return _encoded(document.model_dump(), end="\n")


def indented(values: object) -> str:
    """Return values as indented JSON in which every control character is escaped."""
    return _encoded(values, indent=2)


def _encoded(values: object, *, indent: int | None = None, end: str = "") -> str:
    try:
        whole = to_json(values, indent=indent)
        whole = whole if indent is not None else msgspec.json.format(whole, indent=0)
    except PydanticSerializationError:  # a lone surrogate in what a host says; this takes eight times as long
        whole = json.dumps(values, indent=indent, ensure_ascii=False).encode("utf-8", "surrogatepass")
    # joined once, with the end: each further copy of a host's text may take a hundred megabytes
    return "".join((*_escaped_blocks(whole), end))


def _escaped_blocks(whole: bytes) -> Iterator[str]:
    """Yield JSON in blocks, escaped: one character that is not ASCII would widen every character of a longer text."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogatepass")
    for at in range(0, len(whole), _BLOCK):
        yield escaped(decoder.decode(whole[at : at + _BLOCK]))


def written_by(content: bytes) -> str | None:
    """Return the version of preflight that a document for others names as its writer; None if it names none."""
    try:
        value = from_json(content)
    except ValueError:
        return None
    for part in ("provenance", "made"):
        origin = value.get(part) if isinstance(value, dict) else None
        version = origin.get("version") if isinstance(origin, dict) else None
        if isinstance(version, str) and re.fullmatch(r"[0-9A-Za-z.!+_-]{1,64}", version):
            return version
    return None


def format_of(content: bytes, field: str) -> int | None:
    """Return the format that a document names in this field; None if it names none."""
    try:
        value = from_json(content)
    except ValueError:
        return None
    found = value.get(field) if isinstance(value, dict) else None
    return found if type(found) is int and 0 < found < 1000 else None


def is_cut_off(line: bytes) -> bool:
    """Report whether the only error in a line of JSON is that it ends early, as after a full disk."""
    try:
        from_json(line)
    except ValueError as why:
        return _ENDS.match(str(why)) is not None
    return False
