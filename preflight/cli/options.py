"""Typer's parameters for the options of a migration, and the `Method` that they make."""

import enum
import functools
import inspect
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar

import typer

from preflight.errors import UserError
from preflight.request.migration import CopyStorage
from preflight.request.options import Form, Option, Switch, declared, default_of, option_name, type_of, virsh_name
from preflight.request.settings import MIGRATION, every, key_of, rivals, variable

if TYPE_CHECKING:
    from preflight.request.method import Method

T = TypeVar("T")


@functools.cache
def parameters() -> Mapping[str, inspect.Parameter]:
    """Return a parameter for each option, in the order of `--help`."""
    return {one.name: one for name, option in declared().items() for one in _parameters(name, option)}


def _parameters(name: str, option: Option) -> Iterator[inspect.Parameter]:
    shown: dict[str, Any] = {"rich_help_panel": option.group.value, "show_default": False, "show_envvar": False}
    for switch in option.switches:
        key = f"{MIGRATION}.{switch.name}"
        more = shown | ({"callback": _first_of, "envvar": variable(key)} if key in every() else {})
        yield _parameter(_variable(switch), bool, typer.Option(*switch.names, help=switch.help, **more), default=False)
    if not option.switches:
        if (key := f"{MIGRATION}.{virsh_name(name)}") in every():
            shown["envvar"] = variable(key)
        spelled = f"{option_name(name)}/{option.contrary}" if option.contrary else option_name(name)
        shown |= {"help": option.help, "min": option.least, "max": option.most}
        default = default_of(name)
        yield _parameter(
            name, _taken(name, option), typer.Option(spelled, **shown), default=None if default == () else default
        )


#: The sources of a value, each of which outranks the ones after it.
_RANKS = ("COMMANDLINE", "ENVIRONMENT", "DEFAULT_MAP", "DEFAULT")


def _first_of(context: typer.Context, parameter: typer.CallbackParam, value: bool) -> bool:
    """Return the value of a switch, unless a rival is on from a source that outranks this one's.

    A rival from a source that this one's outranks is turned off.
    """
    if not value:
        return value
    keys = rivals(key_of(parameter.envvar) or "")
    rank = _rank(context, parameter.name or "")
    for name in [one.name or "" for one in context.command.params if key_of(one.envvar) in keys]:
        if context.params.get(name):
            other = _rank(context, name)
            if other < rank:
                return False
            if other > rank:
                context.params[name] = False
    return value


def _rank(context: typer.Context, name: str) -> int:
    source = context.get_parameter_source(name)
    return _RANKS.index(source.name) if source is not None and source.name in _RANKS else len(_RANKS)


def _parameter(name: str, taken: Any, shown: Any, *, default: Any) -> inspect.Parameter:
    annotation = Annotated[taken, shown]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _variable(switch: Switch) -> str:
    return switch.name.replace("-", "_")


def _taken(name: str, option: Option) -> Any:
    """Return the type on the command line: a list is a text with commas, and XML is the path of its file."""
    held = type_of(name)
    if held == tuple[str, ...]:
        return str | None
    return Path | None if option.form is Form.XML else held


def method_of(**given: Any) -> "Method":
    """Return what the given options mean, by the names of their parameters; raises `UserError`."""
    from preflight.request.method import Method  # it loads msgspec, which --help does not need

    if unknown := given.keys() - parameters():
        raise TypeError(f"no such option: {', '.join(sorted(unknown))}")
    values = {name: _value(name, option, given) for name, option in declared().items()}
    actions = [one for one in declared()["on_timeout"].switches if given.get(_variable(one))]
    if len(actions) > 1 or (actions and values["timeout"] is None):
        raise UserError(
            "--timeout-suspend, --timeout-postcopy and --timeout-abort need --timeout and are mutually exclusive:"
            " give one of them, and --timeout"
        )
    return Method(**values)


def copying(method: "Method") -> "Method":
    """Return the same method with all disks copied in full."""
    from msgspec.structs import replace

    return replace(method, copy_storage=CopyStorage.ALL)


def _value(name: str, option: Option, given: Mapping[str, Any]) -> Any:
    """Return the value of a field by the options that were given; raises `UserError`."""
    if option.switches:
        return _switched(name, option, given)
    value, typed = given.get(name, default_of(name)), option_name(name)
    if isinstance(value, str) and not isinstance(value, enum.Enum) and not value.strip():
        raise UserError(f"{typed}: {value!r} is empty: give a value")  # virsh: "Option argument is empty"
    if type_of(name) == tuple[str, ...]:
        return _several(typed, value) if isinstance(value, str) else ()
    if option.form is Form.XML and value is not None:
        return _guest_of(typed, value)
    if option.form is Form.GUEST and value is not None and not set(value).isdisjoint("/\n"):
        # virDomainDefParseXML, qemuDomainDefPostParse
        raise UserError(
            f"{typed}: {value!r}: a guest's name cannot contain a slash or a newline: give it as `virsh list` shows it"
        )
    return value


def _switched(name: str, option: Option, given: Mapping[str, Any]) -> Any:
    """Return the value of a field by its switches; the last one given wins unless they are mutually exclusive."""
    switches = [one for one in option.switches if given.get(_variable(one))]
    for one in switches:
        if one.refused:
            raise UserError(f"{one.names[0]}: {one.refused}")
    if len(switches) > 1 and option.exclusive:
        raise UserError(f"{' and '.join(one.names[0] for one in switches)} are mutually exclusive: give one of them")
    return switches[-1].value if switches else default_of(name)


class _Whole(Generic[T]):
    """A function with the parameters of another function in place of one of its own.

    They are put together when Typer first asks for them: it asks only for those of the command that is called.
    """

    def __init__(
        self,
        body: Callable[..., T],
        made: str,
        make: Callable[..., Any],
        taken: Callable[[], Mapping[str, inspect.Parameter]],
    ) -> None:
        """Take the function, the name of its parameter, what makes its value, and the parameters that this takes."""
        functools.update_wrapper(self, body, assigned=("__module__", "__name__", "__qualname__", "__doc__"))
        del vars(self)["__wrapped__"]  # otherwise Typer would find the body's own parameters
        self._body, self._made, self._make, self._parameters = body, made, make, taken
        self.__annotations__: dict[str, Any] = {}  # the signature has those of the parameters

    def __call__(self, **given: Any) -> T:
        """Call the function."""
        picked = {name: given.pop(name) for name in self._taken}
        return self._body(**{self._made: self._make(**picked)}, **given)

    @functools.cached_property
    def _taken(self) -> Mapping[str, inspect.Parameter]:
        return self._parameters()

    @functools.cached_property
    def __signature__(self) -> inspect.Signature:
        """Return the parameters, as `inspect.signature` asks for them."""
        own = inspect.signature(self._body)
        every: list[inspect.Parameter] = []
        for name, one in own.parameters.items():
            every += self._taken.values() if name == self._made else [one]
        return own.replace(parameters=[one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in every])


def takes_method(
    *, only: Collection[str] | None = None, without: Collection[str] = ()
) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Give a command the options of a migration, and pass it what they mean as `method`.

    `only` names the options that the command takes, if it does not take all; `without` those that it has no use for.
    """

    def taken() -> Mapping[str, inspect.Parameter]:
        return {
            name: one for name, one in parameters().items() if name not in without and (only is None or name in only)
        }

    return lambda body: _Whole(body, "method", method_of, taken)


def takes(
    made: str, make: Callable[..., Any], *, without: Collection[str] = ()
) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Give a function the parameters of `make`, in place of its own parameter `made`, and pass it what `make` returns.

    Parameters of `make` that are left out with `without` keep their defaults.
    """

    def taken() -> Mapping[str, inspect.Parameter]:
        return {name: one for name, one in inspect.signature(make).parameters.items() if name not in without}

    return lambda body: _Whole(body, made, make, taken)


def _several(option: str, text: str | None) -> tuple[str, ...]:
    parts = () if text is None else tuple(part.strip() for part in text.split(","))
    if not all(parts):
        raise UserError(f"{option}: {text!r} has an empty part: remove a comma")
    return parts


def _guest_of(option: str, path: Path | None) -> str | None:
    """Return the XML of a guest from a file, unchanged; libvirt refuses a document with another root element."""
    if path is None:
        return None
    from preflight.facts.fact import Unreadable
    from preflight.facts.text.xml import parse_xml

    try:
        text = path.read_text(encoding="utf-8")
        root = parse_xml(text).tag
    except (OSError, UnicodeDecodeError) as why:
        said = why.strerror if isinstance(why, OSError) else "is not UTF-8"
        raise UserError(f"{option}: {path}: {said}") from None
    except Unreadable as why:
        raise UserError(f"{option}: {path}: {why}") from None
    if root != "domain":
        raise UserError(
            f"{option}: {path}: not the XML of a guest: its root element is <{root}>, not <domain>: save it with"
            " `virsh dumpxml`"
        )
    return text
