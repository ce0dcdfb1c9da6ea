"""Finds rule files, loads them by path, and selects the requested ones."""

import difflib
import functools
import importlib.util
import inspect
import re
import sys
import typing
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeGuard

from msgspec import Struct

from preflight.collect.sources import FACTS
from preflight.errors import UserError
from preflight.facts.fact import Fact
from preflight.host import Guest, Judged
from preflight.judge.report import RuleText
from preflight.own_file import others_may_write
from preflight.request.check_request import Migration
from preflight.request.migration import Role
from preflight.rule import RuleBody, Severity


class RuleError(UserError):
    """Raised for a rule file that cannot be used, or a selection that names no rule. The text is one line."""


class Parameter(Struct, frozen=True):
    """A parameter of a rule: its name, the end that it refers to (None for `host`), and the type of its fact."""

    name: str
    role: Role | None
    kind: type


class Rule(Struct, frozen=True):
    """A loaded rule: its text, its function and the function's parameters."""

    text: RuleText
    body: RuleBody
    parameters: tuple[Parameter, ...]
    path: Path

    @property
    def name(self) -> str:
        """Return the rule's identifier, such as `shared-host-uuid`."""
        return self.text.name

    @property
    def per_guest(self) -> bool:
        """Report whether the rule is applied to each guest."""
        return any(parameter.kind is Guest for parameter in self.parameters)

    @property
    def of_all_guests(self) -> bool:
        """Report whether the rule is applied once to all guests together."""
        return any(parameter.kind is Judged for parameter in self.parameters)

    @property
    def per_host(self) -> bool:
        """Report whether the rule is applied to each host alone."""
        return any(parameter.name.split("_")[0] == "host" for parameter in self.parameters)

    @property
    def may_ask_for_a_change(self) -> bool:
        """Report whether a finding may contain a change for `preflight fix`: the file then imports a kind of change."""
        return not {"Change", "HostsLine"}.isdisjoint(getattr(self.body.check, "__globals__", {}))

    def facts(self, role: Role) -> set[type[Fact]]:
        """Return the facts that the rule needs from the host in this role."""
        return {
            parameter.kind
            for parameter in self.parameters
            if issubclass(parameter.kind, Fact) and parameter.role in (role, None)
        }


def builtin_directory() -> Path:
    """Return the directory of the built-in rules: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "rules"
    return inside if inside.is_dir() else package.parent / "rules"


def load(directories: Sequence[Path] = ()) -> tuple[Rule, ...]:
    """Load the built-in rules, once per process, and those of other directories; raises `RuleError`. Sorted by name."""
    builtin = builtin_directory()
    there = builtin.stat()
    rules: dict[str, Rule] = {}
    _add(rules, _builtin(builtin, (there.st_dev, there.st_ino)))
    for directory in directories:
        if directory != builtin:  # the built-in rules are as safe as this file
            _refuse_if_others_write(directory)
        _add(rules, _load_directory(directory))
    return tuple(rules[name] for name in sorted(rules))


@functools.lru_cache(maxsize=1)
def _builtin(directory: Path, _identity: tuple[int, int]) -> tuple[Rule, ...]:
    """Load the built-in rules; if another directory takes that one's place, load them again."""
    return tuple(_load_directory(directory))


def _load_directory(directory: Path) -> Iterator[Rule]:
    return (_load_file(path) for path in sorted(directory.glob("*/*.py")))


def _add(rules: dict[str, Rule], others: Iterable[Rule]) -> None:
    for rule in others:
        if rule.name in rules:
            raise RuleError(f"{rule.path}: the name {rule.name} is already used by {rules[rule.name].path}")
        rules[rule.name] = rule


def select(rules: Sequence[Rule], *, select: Iterable[str] = (), ignore: Iterable[str] = ()) -> tuple[Rule, ...]:
    """Return the rules that are selected, by rule or by subject, and not ignored.

    Raises `RuleError` for a name that is neither, and if no rule is left: READY would then mean nothing.
    """
    wanted = named(rules, select) or {rule.name for rule in rules}
    unwanted = named(rules, ignore)
    left = tuple(rule for rule in rules if rule.name in wanted and rule.name not in unwanted)
    if not left:
        raise RuleError("--select and --ignore leave no rule to apply")
    return left


def find(rules: Sequence[Rule], name: str) -> Rule:
    """Return the rule of that name; raises `RuleError` with the closest name."""
    for rule in rules:
        if rule.name == name:
            return rule
    raise RuleError(_unknown(name, [rule.name for rule in rules]))


def named(rules: Sequence[Rule], names: Iterable[str]) -> set[str]:
    """Return the names of the rules that these names of rules and subjects mean; raises `RuleError`."""
    found: set[str] = set()
    for name in names:
        matches = {rule.name for rule in rules if name in (rule.name, rule.text.topic)}
        if not matches:
            raise RuleError(_unknown(name, [rule.name for rule in rules] + [rule.text.topic for rule in rules]))
        found |= matches
    return found


def _unknown(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"there is no rule {name!r}" + (f"; did you mean {close[0]}?" if close else "; see `preflight rules`")


def _refuse_if_others_write(directory: Path) -> None:
    if not directory.is_dir():
        raise RuleError(f"{directory}: no such rule directory")
    for path in (directory, *directory.glob("*"), *directory.glob("*/*.py")):
        if others_may_write(path.stat()):
            raise RuleError(f"{path}: users other than you and root can write to it, so its rules are not run")


def _load_file(path: Path) -> Rule:
    module_name = f"preflight_rules.{path.parent.name}.{path.stem}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise RuleError(f"{path}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as why:
        raise RuleError(f"{path}: {type(why).__name__}: {' '.join(str(why).split())}") from why
    body = getattr(module, "check", None)
    if not isinstance(body, RuleBody):
        raise RuleError(f"{path}: no function `check` decorated with @rule")
    name = path.stem.replace("_", "-")
    text = _parse_documentation(path, name, module.__doc__ or "", body.severity)
    return Rule(text, body, _parameters(path, body), path)


_HEADINGS = re.compile(r"^(Why it matters|How to fix)\n", re.MULTILINE)


def _parse_documentation(path: Path, name: str, documentation: str, severity: Severity) -> RuleText:
    parts = _HEADINGS.split(inspect.cleandoc(documentation))
    sections = dict(zip(parts[1::2], parts[2::2], strict=False))
    title = parts[0].strip()
    if not title or "\n" in title or set(sections) != {"Why it matters", "How to fix"}:
        raise RuleError(
            f"{path}: the docstring must have a title in one line, then `Why it matters`, then `How to fix`"
        )
    why, fix = (inspect.cleandoc(sections[heading]) for heading in ("Why it matters", "How to fix"))
    return RuleText(name, path.parent.name, title, why, fix, severity)


def _parameters(path: Path, body: RuleBody) -> tuple[Parameter, ...]:
    try:
        hints = typing.get_type_hints(body.check)
    except NameError as why:
        raise RuleError(f"{path}: {why}") from None
    parameters = []
    for name in inspect.signature(body.check).parameters:
        kind = hints.get(name)
        owner = name.split("_")[0]
        if (name, kind) in (("guest", Guest), ("guests", Judged), ("migration", Migration)):
            parameters.append(Parameter(name, None, {"guest": Guest, "guests": Judged}.get(name, Migration)))
        elif (name, kind) == ("source_guest", Guest):
            parameters.append(Parameter(name, Role.SOURCE, Guest))
        elif owner in ("source", "destination") and _is_fact(kind):
            parameters.append(Parameter(name, Role(owner), kind))
        elif owner == "host" and _is_fact(kind):
            parameters.append(Parameter(name, None, kind))
        else:
            raise RuleError(f"{path}: no fact matches `{name}: {getattr(kind, '__name__', kind)}`")
    if len({parameter.name.split("_")[0] == "host" for parameter in parameters if parameter.kind is not Migration}) > 1:
        raise RuleError(f"{path}: a `host` rule takes neither another host's facts nor a guest")
    if {Guest, Judged} <= {parameter.kind for parameter in parameters}:
        raise RuleError(f"{path}: a rule takes either `guest` or `guests`, not both")
    return tuple(parameters)


def _is_fact(kind: object) -> TypeGuard[type[Fact]]:
    return isinstance(kind, type) and kind in FACTS
