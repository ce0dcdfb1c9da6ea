"""Types for fields of documents, each with its pattern, length or range, and a description of the pattern in words."""

import re
from typing import Annotated, Any, TypeAlias, get_args

from msgspec import Meta
from pydantic import Field
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from preflight import fields
from preflight.grammar import CPU_NAME, UUID, Grammar

#: Descriptions in words of each pattern, for errors.
FORMS: dict[str, str] = {}


def _form(pattern: str, what: str, longest: int | None = None) -> Any:
    """Require a text to match a pattern as a whole; pydantic's linear-time engine and ECMAScript read it alike."""
    whole = f"^(?:{pattern})$"
    FORMS[whole] = what
    return Field(pattern=whole, max_length=longest)


def _whole(grammar: Grammar) -> Any:
    return _form(grammar.pattern, grammar.what, grammar.longest)


def demands(meta: Meta) -> Any:
    """Return the constraints and the description of msgspec's `Meta` as a pydantic `Field`."""
    names = ("ge", "gt", "le", "lt", "min_length", "max_length", "description")
    same = {name: value for name in names if (value := getattr(meta, name)) is not None}
    pattern = meta.pattern and _ecmascript(meta.pattern)
    return Field(**same) if pattern is None else Field(pattern=pattern, **same)


def _ecmascript(pattern: str) -> str:
    r"""Replace Python's \A and \Z by ^ and $, which pydantic's engine and ECMAScript take as the ends of the text."""
    return f"^{pattern.removeprefix(chr(92) + 'A').removesuffix(chr(92) + 'Z')}$"


def _as_in_values(kind: Any) -> Any:
    """Return the constraints of a type from `preflight.fields`."""
    return demands(get_args(kind)[1])


class AnyText:
    r"""Python text that may contain lone surrogates: a host's text, which JSON writes with \u escapes."""

    def __init__(self, form: re.Pattern[str] | None = None, *, least: int = 0) -> None:
        """Take a pattern that linear-time engines and ECMAScript read alike, and the least number of characters."""
        self._form, self._least = form, least

    def __get_pydantic_core_schema__(self, _source: object, _handler: object) -> CoreSchema:
        """Return the schema, as pydantic requires of an annotation."""
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


#: Text from hosts and libvirt in documents that are written for others; the second is never empty.
Text: TypeAlias = Annotated[str, AnyText()]
SomeText: TypeAlias = Annotated[str, AnyText(least=1)]

Uuid: TypeAlias = Annotated[str, _whole(UUID)]
CpuName: TypeAlias = Annotated[str, _whole(CPU_NAME)]
MachineId: TypeAlias = Annotated[str, _form("[0-9a-f]{32}", "a machine ID")]
Digest: TypeAlias = Annotated[str, _form("[0-9a-f]{16,64}", "a digest")]
#: A version of preflight (PEP 440).
Version: TypeAlias = Annotated[str, _form("[0-9A-Za-z.!+_-]{1,64}", "a version")]
GuestName: TypeAlias = Annotated[str, _as_in_values(fields.GuestName)]
Line: TypeAlias = Annotated[str, _as_in_values(fields.Line)]
Word: TypeAlias = Annotated[str, _as_in_values(fields.Word)]
Xml: TypeAlias = Annotated[str, _as_in_values(fields.Xml)]
#: A message of libvirt or a host, as far as it is kept; printed only through `one_line`.
MOST_SAID = 8192
Said: TypeAlias = Annotated[str, Field(max_length=MOST_SAID)]

#: The name of a rule, which is shown as a word of a command.
RuleName: TypeAlias = Annotated[str, Field(pattern="^[a-z0-9]+(-[a-z0-9]+)*$")]

#: A moment for people and programs, in UTC and whole seconds (RFC 3339).
Instant: TypeAlias = Annotated[
    str, _form("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", "a time such as 2026-11-30T09:00:00Z")
]
#: Seconds since the epoch, up to the year 9892, so that strftime(3) can print them.
Moment: TypeAlias = Annotated[float, Field(ge=0, le=250_000_000_000)]
#: A duration in seconds.
Seconds: TypeAlias = Annotated[float, Field(ge=0, le=1e15)]
#: A measured time span in seconds, which is negative if the clock was set back.
Lapse: TypeAlias = Annotated[float, Field(ge=-1e15, le=1e15)]
#: KiB, up to the number of bytes that 64 bits can count.
Kib: TypeAlias = Annotated[int, Field(ge=0, le=2**54)]
#: A number of things, 0 or more.
Count: TypeAlias = Annotated[int, Field(ge=0)]

FORMS |= {_ecmascript(pattern): what for pattern, what in fields.FORMS.items()}
