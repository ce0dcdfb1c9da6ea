"""Each option of a migration as a user would give it, with those that it needs: by its declaration alone."""

from pathlib import Path
from typing import Any

from preflight.cli.options import parameters
from preflight.request.options import Form, Option, declared, default_of, option_name, type_of, virsh_name


def given(parameter: str, xml: Path = Path("xml")) -> dict[str, Any]:
    """Return arguments of `method_of` with which this option changes the method; `xml` is a file with a guest's XML."""
    name, option = _field_of(parameter)
    value = True if option.switches else _example(name, option, xml)
    return needed(option) | {parameter: value}


def needed(option: Option) -> dict[str, Any]:
    """Return the other options without which this option is refused."""
    if not option.needs:
        return {}
    name, _, word = option.needs[0].partition("=")
    parameter = name.replace("-", "_")
    value = f"{word}192.0.2.12" if word.endswith("://") else word or True
    return needed(_field_of(parameter)[1]) | {parameter: value}


def typed(parameter: str) -> tuple[str, ...]:
    """Return the same on a command line."""
    words: list[str] = []
    for name, value in given(parameter).items():
        field, option = _field_of(name)
        if value is False and option.contrary:
            words.append(option.contrary)
        else:
            words.append(f"--{virsh_name(name)}" if option.switches else option_name(field))
            words += [] if value is True else [str(value)]
    return tuple(words)


def _field_of(parameter: str) -> tuple[str, Option]:
    assert parameter in parameters()
    for name, option in declared().items():
        if parameter == name or any(virsh_name(parameter) == one.name for one in option.switches):
            return name, option
    raise AssertionError(parameter)


def _example(name: str, option: Option, xml: Path) -> Any:
    held, default = type_of(name), default_of(name)
    if isinstance(default, bool) or held == bool | None:
        return not default
    if option.words:
        return next(iter(option.words))
    if option.least is not None:
        return type(option.least)(option.least + 2)
    if option.form is Form.XML:
        return xml
    if option.form is Form.DISK:
        return "vda"
    if option.form is Form.PATIENCE:
        return "5 passes"
    if held in (str | None, tuple[str, ...]):
        return "tcp://192.0.2.12" if "uri" in name else "host2"
    return list(held.__args__[0])[-1]  # of an enumeration
