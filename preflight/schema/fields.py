"""Types of the fields of documents: each with its form, its length or its range, and its form in words."""

import re
from typing import Annotated, Any, TypeAlias, get_args

from msgspec import Meta
from pydantic import Field
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from preflight import fields
from preflight.grammar import UUID, Grammar

#: Forms in words, by their patterns, for errors.
FORMS: dict[str, str] = {}


def _form(pattern: str, what: str, longest: int | None = None) -> Any:
    """Hold a whole text to a pattern, which pydantic's engine (of linear time) and ECMAScript read alike."""
    whole = f"^(?:{pattern})$"
    FORMS[whole] = what
    return Field(pattern=whole, max_length=longest)


def _whole(grammar: Grammar) -> Any:
    return _form(grammar.pattern, grammar.what, grammar.longest)


def demands(meta: Meta) -> Any:
    """What msgspec's `Meta` demands of a value, as pydantic's `Field` demands it."""
    names = ("ge", "gt", "le", "lt", "min_length", "max_length")
    same = {name: value for name in names if (value := getattr(meta, name)) is not None}
    pattern = meta.pattern and _ecmascript(meta.pattern)
    return Field(**same) if pattern is None else Field(pattern=pattern, **same)


def _ecmascript(pattern: str) -> str:
    r"""Python's \A and \Z as ^ and $, which to pydantic's engine and to ECMAScript are the ends of the text too."""
    return f"^{pattern.removeprefix(chr(92) + 'A').removesuffix(chr(92) + 'Z')}$"


def _as_in_values(kind: Any) -> Any:
    """The demands of a type of `preflight.fields`."""
    return demands(get_args(kind)[1])


class AnyText:
    r"""Text of Python's that may hold lone surrogates: what a host said, which is written with JSON's \u escapes."""

    def __init__(self, form: re.Pattern[str] | None = None, *, least: int = 0) -> None:
        """`form` is one that engines of linear time and ECMAScript read alike; `least` counts characters."""
        self._form, self._least = form, least

    def __get_pydantic_core_schema__(self, _source: object, _handler: object) -> CoreSchema:
        """What pydantic asks of an annotation."""
        form, least = self._form, self._least
        as_json = core_schema.str_schema(pattern=form and form.pattern, min_length=least or None)
        any_text = core_schema.is_instance_schema(str)
        if form is None and not least:
            return core_schema.json_or_python_schema(as_json, any_text)

        def held(text: str) -> str:
            if len(text) < least or (form is not None and form.search(text) is None):
                raise PydanticCustomError("form", "Expected another form")
            return text

        return core_schema.json_or_python_schema(as_json, core_schema.no_info_after_validator_function(held, any_text))


#: Text of hosts and of libvirt in what is written for others; and such as is not empty.
Text: TypeAlias = Annotated[str, AnyText()]
SomeText: TypeAlias = Annotated[str, AnyText(least=1)]

Uuid: TypeAlias = Annotated[str, _whole(UUID)]
MachineId: TypeAlias = Annotated[str, _form("[0-9a-f]{32}", "a machine ID")]
Digest: TypeAlias = Annotated[str, _form("[0-9a-f]{16,64}", "a digest")]
#: A version of preflight's (PEP 440).
Version: TypeAlias = Annotated[str, _form("[0-9A-Za-z.!+_-]{1,64}", "a version")]
GuestName: TypeAlias = Annotated[str, _as_in_values(fields.GuestName)]
Line: TypeAlias = Annotated[str, _as_in_values(fields.Line)]
Word: TypeAlias = Annotated[str, _as_in_values(fields.Word)]
Xml: TypeAlias = Annotated[str, _as_in_values(fields.Xml)]
#: What libvirt or a host said, as far as it is kept; printed only through `one_line`.
Said: TypeAlias = Annotated[str, Field(max_length=8192)]

#: Seconds since the epoch, up to the year 9892: what strftime(3) can print.
Moment: TypeAlias = Annotated[float, Field(ge=0, le=250_000_000_000)]
#: Seconds that something takes.
Seconds: TypeAlias = Annotated[float, Field(ge=0, le=1e15)]
#: Seconds. A clock that was set back makes them negative.
Lapse: TypeAlias = Annotated[float, Field(ge=-1e15, le=1e15)]
#: KiB, up to what 64 bits of bytes can count.
Kib: TypeAlias = Annotated[int, Field(ge=0, le=2**54)]
#: A number of things, from none.
Count: TypeAlias = Annotated[int, Field(ge=0)]

FORMS |= {_ecmascript(pattern): what for pattern, what in fields.FORMS.items()}
