"""Translates a method and a guest into the flags and parameters of the libvirt call that migrates it."""

from typing import Any
from xml.etree.ElementTree import tostring

from preflight.errors import UserError
from preflight.facts.fact import Unreadable
from preflight.facts.text.xml import parse_xml
from preflight.request.method import Method

_TOO_OLD = "this machine's libvirt library is too old for"
_NEWER = "omit it, or install a newer one"


def refuse_unknown(method: Method) -> None:
    """Raise `UserError` for an option that this machine's libvirt does not know."""
    flags(method, persist=False, undefine=False)
    parameters(method)


def flags(method: Method, *, persist: bool, undefine: bool, resume_postcopy: bool = False) -> int:
    """Return the flags of one live migration; raises `UserError` for a flag that this machine's libvirt lacks."""
    asked = {flag: f"--{name}" for name, told in method.told.items() for flag in told.flags}
    decided = {
        "PERSIST_DEST": persist,
        "UNDEFINE_SOURCE": undefine,
        "PAUSED": method.is_safe,
        "POSTCOPY_RESUME": resume_postcopy,
    }
    value = 0
    for flag in (*asked, *(flag for flag, is_set in decided.items() if is_set)):
        value |= _flag(flag, asked.get(flag))
    return value


def _flag(name: str, option: str | None) -> int:
    import libvirt

    value = getattr(libvirt, f"VIR_MIGRATE_{name}", None)
    if value is None:
        raise UserError(f"{_TOO_OLD} {option or '--' + name.lower().replace('_', '-')}: {_NEWER}")
    return int(value)


def parameters(method: Method) -> dict[str, Any]:
    """Return the typed parameters of one live migration by libvirt's names (VIR_MIGRATE_PARAM_*).

    Raises `UserError` for a parameter that this machine's libvirt does not know and would send with the wrong type.
    """
    import libvirt

    known = {value for name, value in vars(libvirt).items() if name.startswith("VIR_MIGRATE_PARAM_")}
    found: dict[str, Any] = {}
    for name, told in method.told.items():
        if told.parameter is not None:
            # virPyDictToTypedParamOne of libvirt-python turns a number under an unknown name into an ullong
            if told.is_int and told.parameter not in known:
                raise UserError(f"{_TOO_OLD} --{name}: {_NEWER}")
            value = getattr(method, name.replace("-", "_"))
            found[told.parameter] = list(value) if isinstance(value, tuple) else value
    return found


def definition(method: Method, xml: str) -> str:
    """Return the guest's definition for the destination, made from the source's; raises `Unreadable`."""
    return named(method.persistent_xml or method.xml or xml, method.dname)


def named(xml: str, name: str | None) -> str:
    """Return the definition with the guest's name replaced by the given one, if any."""
    if name is None:
        return xml
    root = parse_xml(xml)
    own = root.find("name")
    if own is None:
        raise Unreadable("the XML names no guest")
    own.text = name
    return tostring(root, encoding="unicode")
