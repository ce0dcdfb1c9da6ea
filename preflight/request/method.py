"""The method of a migration: a value for every declared option, as plans and journals contain it.

Rules report the options that a libvirt or QEMU lacks; `preflight.migrate.call` passes them to libvirt.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta

from preflight.errors import UserError
from preflight.fields import GuestName, HostText, Line, Word, Xml
from preflight.request.data_uri import to_host
from preflight.request.migration import Mode
from preflight.request.options import Form, Options, declared, default_of, option_name, type_of

#: The greatest value of a number without a bound of its own; poll() waits for at most 2**31 milliseconds.
_GREATEST = 1_000_000
_FORMS: dict[Form, Any] = {
    Form.LINE: Line,
    Form.HOST: HostText,
    Form.GUEST: GuestName,
    Form.XML: Xml,
    Form.PATIENCE: Word,
}


def _held(name: str) -> Any:
    """Return the type that restricts a field to the values that its declaration allows."""
    option, declared_as = declared()[name], type_of(name)
    if declared_as == tuple[str, ...]:
        return tuple[Word, ...]
    if declared_as == str | None:
        return _FORMS[option.form] | None
    for number in (int, float):
        if declared_as == number | None:
            most = _GREATEST if option.most is None else option.most
            return Annotated[number, Meta(ge=option.least, le=most)] | None
    return declared_as


if TYPE_CHECKING:
    Method = Options
else:
    Method = msgspec.defstruct(
        "Method",
        [(name, _held(name), default_of(name)) for name in declared()],
        namespace={name: value for name, value in vars(Options).items() if isinstance(value, property)}
        | {name: vars(Options)[name] for name in ("__post_init__", "__doc__", "_has", "_refuse_to_give_up")},
        module=__name__,
        frozen=True,
        kw_only=True,
        omit_defaults=True,
        forbid_unknown_fields=True,
    )


def of_words(words: Sequence[str]) -> Method:
    """Return the method of `Method.typed`; raises `UserError` for words that it cannot have returned.

    The content of a file is not among the words, so the document of an option that takes a file is empty.
    """
    left, values = list(reversed(words)), {}
    known = _by_word()
    while left:
        word = left.pop()
        if word not in known:
            raise UserError(f"{word!r} is not an option of a migration: see docs/reference/options.md")
        name, value = known[word]
        if value is None:
            if not left:
                raise UserError(f"{word}: the value is missing")
            text = left.pop()
            is_list = type_of(name) == tuple[str, ...]
            value = text.split(",") if is_list else "" if declared()[name].form is Form.XML else text
        values[name] = value
    try:
        return msgspec.convert(values, Method, strict=False)
    except msgspec.ValidationError as why:
        raise UserError(f"the options of the migration are invalid: {why}; make the file again") from None


def _by_word() -> dict[str, tuple[str, Any]]:
    """Return for each word that is an option its field, and the value that it stands for; None if one follows."""
    found: dict[str, tuple[str, Any]] = {}
    for name, option in declared().items():
        if option.switches:
            found |= {one.names[0]: (name, one.value) for one in option.switches if one.value is not None}
        elif type_of(name) in (bool, bool | None):
            found[option_name(name)] = (name, True)
            if option.contrary is not None:
                found[option.contrary] = (name, False)
        else:
            found[option_name(name)] = (name, None)
    return found


def led_to(method: Method, address: str | None) -> Method:
    """Return the method with the guest's memory sent to this host name or address, as with `--migrateuri`.

    It stays as it is without an address, with one of its own, and if the memory needs no connection.
    """
    if address is None or method.migrateuri is not None or method.mode is Mode.TUNNELLED:
        return method
    return msgspec.structs.replace(method, migrateuri=to_host(address))
