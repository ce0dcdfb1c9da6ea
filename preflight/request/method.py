"""The method of a migration: a value for every declared option, as plans and journals contain it.

Rules report the options that a libvirt or QEMU lacks; `preflight.migrate.call` passes them to libvirt.
"""

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta

from preflight.fields import GuestName, HostText, Line, Word, Xml
from preflight.request.options import Form, Options, declared, default_of, type_of

#: The greatest value of a number without a bound of its own; poll() waits for at most 2**31 milliseconds.
_GREATEST = 1_000_000
_FORMS: dict[Form, Any] = {Form.LINE: Line, Form.HOST: HostText, Form.GUEST: GuestName, Form.XML: Xml}


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
        | {name: vars(Options)[name] for name in ("__post_init__", "__doc__", "_has")},
        module=__name__,
        frozen=True,
        kw_only=True,
        omit_defaults=True,
        forbid_unknown_fields=True,
    )
