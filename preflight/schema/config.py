"""The configuration file: settings, which are options of the command line as well, and waivers."""

from collections.abc import Mapping
from datetime import date
from difflib import get_close_matches
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import Field, TypeAdapter, create_model, field_validator, model_validator
from pydantic_core import PydanticCustomError

from preflight.errors import UserError
from preflight.request.settings import MIGRATION, SETTINGS, Kind, Setting, every
from preflight.schema.document import Document, read_values
from preflight.schema.fields import FORMS

#: The version of the format.
FORMAT: Final = 1
#: The key of the tables that accept findings.
WAIVER: Final = "waiver"

_DATE = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_PATTERN = r"^[^\s>,]{1,253}$"
_PAIR = r"^[^\s>,]{1,253} *-> *[^\s>,]{1,253}$"
FORMS |= {
    _DATE: "a date such as 2026-12-31",
    _PATTERN: "a host's name, in which * and ? stand for any characters",
    _PAIR: "SOURCE -> DESTINATION",
}
_Name: TypeAlias = Annotated[str, Field(min_length=1, max_length=128)]
_Said: TypeAlias = Annotated[str, Field(max_length=1000, pattern=r"\S")]
FORMS[r"\S"] = "a text that is not blank"


class Waiver(Document):
    """Acceptance of the findings of one rule, for some hosts or pairs of hosts, until a date."""

    rule: _Name = Field(description="The rule. Rules that guard data cannot be waived.")
    hosts: tuple[Annotated[str, Field(pattern=_PATTERN)], ...] = Field(
        default=(),
        description="The hosts that the accepted findings are about, as they are named on the command line, without"
        " user and URI; * and ? stand for any characters.",
    )
    pairs: tuple[Annotated[str, Field(pattern=_PAIR)], ...] = Field(
        default=(), description="The pairs of hosts that the accepted findings are about, as SOURCE -> DESTINATION."
    )
    reason: _Said = Field(description="Why the findings are accepted.")
    expires: Annotated[str, Field(pattern=_DATE)] = Field(
        description="The last day on which the waiver applies, in UTC."
    )
    ticket: Annotated[str, Field(max_length=200)] = Field(default="", description="The ticket that it is discussed in.")

    @field_validator("expires")
    @classmethod
    def _exists(cls, text: str) -> str:
        try:
            date.fromisoformat(text)
        except ValueError:
            raise PydanticCustomError("date", "Expected a date that exists") from None
        return text

    @model_validator(mode="after")
    def _names_hosts(self) -> "Waiver":
        if bool(self.hosts) is bool(self.pairs):
            raise PydanticCustomError("hosts", "Expected either `hosts` or `pairs`")
        return self


def _type(setting: Setting) -> Any:
    words: Any = _Name if setting.words is None else Literal[tuple(one.value for one in setting.words)]
    match setting.kind:
        case Kind.TEXT | Kind.PATH:
            return words
        case Kind.TEXTS | Kind.DIRECTORIES | Kind.WORDS:
            return tuple[words, ...]
        case Kind.HOSTS:
            return Annotated[tuple[words, ...], Field(min_length=2, max_length=2)]
        case Kind.BY_RULE:
            return dict[_Name, words]
        case Kind.NUMBER_BY_RULE:
            return dict[_Name, Annotated[float, Field(ge=setting.least, le=setting.most)]]
        case Kind.FLAG:
            return bool
        case Kind.WHOLE:
            return Annotated[int, Field(ge=setting.least, le=setting.most)]
        case Kind.NUMBER:
            return Annotated[float, Field(ge=setting.least, le=setting.most)]


def _fields(settings: Mapping[str, Setting]) -> dict[str, Any]:
    return {
        key.replace("-", "_"): (_type(one) | None, Field(default=None, alias=key, description=one.help))
        for key, one in settings.items()
    }


_OPTIONS = {key.removeprefix(f"{MIGRATION}."): one for key, one in every().items() if key not in SETTINGS}
MigrationOptions = create_model(
    "MigrationOptions",
    __base__=Document,
    __doc__="Options of a migration, by virsh's names, that apply unless the command line has others.",
    **_fields(_OPTIONS),
)
_SETTINGS = _fields(SETTINGS)
_FURTHER: dict[str, Any] = {
    MIGRATION: (
        MigrationOptions | None,
        Field(default=None, description="Options of a migration, by virsh's names."),
    ),
    "extend": (
        str | None,
        Field(default=None, description="A file whose keys apply unless this file sets them; its waivers apply too."),
    ),
    WAIVER: (tuple[Waiver, ...], Field(default=(), description="Accepted findings.")),
}
Configuration = create_model(
    "Configuration",
    __base__=Document,
    __doc__="The contents of preflight.toml, or of the table [tool.preflight] in pyproject.toml.",
    **_SETTINGS,
    **_FURTHER,
)

#: Reads the contents of a configuration file.
CONFIGURATION: TypeAdapter[Any] = TypeAdapter(Configuration)


def parsed(values: dict[str, Any]) -> Any:
    """Return the model of what TOML contains; raises `Wrong`, or `UserError` for a key that does not exist."""
    _refuse_unknown(values, [*SETTINGS, *_FURTHER], "")
    if isinstance(table := values.get(MIGRATION), dict):
        _refuse_unknown(table, [*_OPTIONS], f" in [{MIGRATION}]")
    for waiver in tables if isinstance(tables := values.get(WAIVER), list) else ():
        if isinstance(waiver, dict):
            _refuse_unknown(waiver, [*Waiver.model_fields], f" in [[{WAIVER}]]")
    return read_values(CONFIGURATION, values)


def _refuse_unknown(values: dict[str, Any], known: list[str], where: str) -> None:
    for key in values:
        if key not in known:
            close = get_close_matches(key.replace("_", "-"), known, n=1) or get_close_matches(key, known, n=1)
            said = f"; did you mean {close[0]}?" if close else f"; the keys are {', '.join(known)}"
            raise UserError(f"there is no key {key[:100]!r}{where}{said}")
