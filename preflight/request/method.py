"""How guests are moved: a value of every option that is declared, as a plan and a journal hold it.

Values only. What of it a libvirt or QEMU lacks is for rules to say, how libvirt is told for `preflight.migrate.call`.
"""

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta

from preflight.fields import GuestName, HostText, Line, Word, Xml
from preflight.request.options import Form, Options, declared, default_of, type_of

#: Of a number that is not bounded otherwise; poll() waits for no more than 2**31 milliseconds.
_GREATEST = 1_000_000
_FORMS: dict[Form, Any] = {Form.LINE: Line, Form.HOST: HostText, Form.GUEST: GuestName, Form.XML: Xml}


def _held(name: str) -> Any:
    """The type that holds a field to what its declaration says it may be."""
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
