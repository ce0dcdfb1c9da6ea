"""What all documents have in common: how they are read, or refused in one line, and how they are written."""

import json
import re
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic_core import from_json

from preflight.errors import UserError
from preflight.schema.complaint import explained
from preflight.visible import escaped

T = TypeVar("T")

#: What pydantic's parser says of JSON that ends before its end.
_ENDS = re.compile("EOF while parsing ")
#: Of what preflight alone writes: a field that is not known is refused.
CLOSED = ConfigDict(extra="forbid", allow_inf_nan=False)


class Wrong(UserError):
    """A document is not of its form. The text is one line: the field, and what was expected."""


class Document(BaseModel):
    """What preflight alone writes, or a part of it: what is read of it and not known is refused."""

    model_config = ConfigDict(frozen=True, **CLOSED)


class Contract(BaseModel):
    """What is written for others, or a part of it: a later release may add fields, which a reader passes over."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


def read(form: "TypeAdapter[T]", content: bytes, *, tagged: bool = False) -> T:
    """Read a document, or one line of one, perhaps one of a `tagged` union; raises `Wrong`."""
    try:
        return form.validate_json(content, strict=True)
    except ValidationError as why:
        raise Wrong(explained(why, tagged=tagged)) from None


def text(document: BaseModel) -> str:
    """A document of one JSON value, for programs: indented, its control characters escaped, with a final newline."""
    return f"{indented(document.model_dump())}\n"


def indented(values: object) -> str:
    """Values as indented JSON, in which every control character is escaped."""
    return escaped(json.dumps(values, indent=2, ensure_ascii=False))


def format_of(content: bytes, field: str) -> int | None:
    """The format that a document names in this field; None where it names none."""
    try:
        value = from_json(content)
    except ValueError:
        return None
    found = value.get(field) if isinstance(value, dict) else None
    return found if type(found) is int and 0 < found < 1000 else None


def is_cut_off(line: bytes) -> bool:
    """Report whether nothing is wrong with a line of JSON but that it ends: such as a full disk leaves."""
    try:
        from_json(line)
    except ValueError as why:
        return _ENDS.match(str(why)) is not None
    return False
