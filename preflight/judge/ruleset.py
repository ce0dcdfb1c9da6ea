"""Finds rule files, loads them by path, and selects the requested ones."""

import difflib
import functools
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FunctionType
from typing import TypeGuard

from msgspec import Struct

from preflight.collect import questions
from preflight.collect.sources import FACTS, Sources, made_of
from preflight.connection.libvirt import RECORDS
from preflight.errors import UserError
from preflight.facts.fact import Fact
from preflight.host import FactSource, Guest, Judged
from preflight.judge import packs
from preflight.judge.builtin import builtin_directory
from preflight.judge.packs import Pack, RuleError
from preflight.judge.report import RuleText
from preflight.request.check_request import Migration
from preflight.request.migration import Role
from preflight.rule import RuleBody, Severity
from preflight.shell_text import ShellText


class Parameter(Struct, frozen=True):
    """A parameter of a rule: its name, the end that it refers to (None for `host`), and its type, usually a fact."""

    name: str
    role: Role | None
    kind: type


class Rule(Struct, frozen=True):
    """A loaded rule: its text, its function and the function's parameters."""

    text: RuleText
    body: RuleBody
    parameters: tuple[Parameter, ...]
    path: Path
    #: The parts of those of its facts that preflight does not have itself.
    sources: Sources = {}
    #: The commands of the questions that these facts add, by record.
    questions: Mapping[str, ShellText] = {}

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
    def of_files(self) -> bool:
        """Report whether the rule is about files as they are written, which only `preflight lint` judges."""
        return any(parameter.name.split("_")[0] == "files" for parameter in self.parameters)

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


def load(directories: Sequence[Path] = (), installed: Sequence[str] = ()) -> tuple[Rule, ...]:
    """Load the built-in rules, once per process, and those of directories and installed packs, sorted by name.

    Raises `UserError`.
    """
    builtin = builtin_directory()
    there = builtin.stat()
    rules: dict[str, Rule] = {}
    _add(rules, _builtin(builtin, (there.st_dev, there.st_ino)))
    for pack in (*map(packs.of_directory, directories), *map(packs.installed, installed)):
        pack.forget()
        _add(rules, _load_pack(pack))
    return tuple(rules[name] for name in sorted(rules))


def load_own(pack: Pack) -> tuple[Rule, ...]:
    """Load the rules of one pack, without others; raises `UserError`."""
    pack.forget()
    return tuple(_load_pack(pack))


@functools.lru_cache(maxsize=1)
def _builtin(directory: Path, _identity: tuple[int, int]) -> tuple[Rule, ...]:
    """Load the built-in rules; if another directory takes that one's place, load them again."""
    return tuple(_load_pack(Pack(directory, is_compiled=True)))  # as safe as this file


def _load_pack(pack: Pack) -> Iterator[Rule]:
    return (_load_file(path, pack) for path in pack.paths)


def _add(rules: dict[str, Rule], others: Iterable[Rule]) -> None:
    asked = {record: command for rule in rules.values() for record, command in rule.questions.items()}
    facts = {kind.__name__: kind for rule in rules.values() for kind in rule.sources}
    for rule in others:
        if rule.name in rules:
            raise RuleError(
                f"{rule.path}: the name {rule.name} is already used by {rules[rule.name].path}: choose another name"
            )
        for kind in rule.sources:
            if facts.setdefault(kind.__name__, kind) is not kind:
                raise RuleError(f"{rule.path}: another rule's fact is called {kind.__name__} too: choose another name")
        for record, command in rule.questions.items():
            if asked.setdefault(record, command) != command:
                raise RuleError(
                    f"{rule.path}: another rule asks another question that is called {record}: choose another name"
                )
        rules[rule.name] = rule


def select(
    rules: Sequence[Rule],
    *,
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    applies: Callable[[Rule], bool] = lambda rule: not rule.of_files,
) -> tuple[Rule, ...]:
    """Return the rules that are selected, by rule or by subject, not ignored, and that a check `applies`.

    Raises `RuleError` for a name that is neither, and if no rule is left: READY would then mean nothing.
    """
    wanted = named(rules, select) or {rule.name for rule in rules}
    unwanted = named(rules, ignore)
    left = tuple(rule for rule in rules if rule.name in wanted and rule.name not in unwanted and applies(rule))
    if not left:
        raise RuleError("--select and --ignore leave no rule to apply: `preflight rules` lists them")
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


def _load_file(path: Path, pack: Pack) -> Rule:
    try:
        module = pack.load(path)
    except Exception as why:
        raise RuleError(f"{path}: {type(why).__name__}: {' '.join(str(why).split())}") from why
    body = getattr(module, "check", None)
    if not (isinstance(body, RuleBody) and isinstance(body.check, FunctionType)):
        raise RuleError(f"{path}: no function `check` decorated with @rule")
    name = path.stem.replace("_", "-")
    text = _parse_documentation(path, name, module.__doc__ or "", body.severity)
    parameters = _parameters(path, body, body.check)
    sources = _own_sources(path, parameters)
    return Rule(text, body, parameters, path, sources, _own_questions(path, pack, sources))


def _own_sources(path: Path, parameters: Iterable[Parameter]) -> Sources:
    """Return the parts of a rule's facts that preflight does not have; raises `RuleError`."""
    own = [one.kind for one in parameters if issubclass(one.kind, Fact) and one.kind not in FACTS]
    if not own:
        return {}
    try:
        sources = {kind: source for kind, source in made_of(own).items() if kind not in FACTS}
    except (TypeError, NameError) as why:
        raise RuleError(f"{path}: {why}") from None
    for kind in sources:
        if kind.__name__ in _NAMES:
            raise RuleError(f"{path}: {kind.__name__} is the name of a fact of preflight's: choose another name")
    asked = _asked() | {question.record for source in sources.values() for question in source.questions}
    for kind, source in sources.items():
        if unasked := sorted(set(source.records) - asked):
            raise RuleError(
                f"{path}: {kind.__name__}: no question asks for the record {unasked[0]}: add a question of that name"
            )
    return sources


#: The names of preflight's facts, by which plans and messages mean them.
_NAMES = frozenset(kind.__name__ for kind in FACTS)


def _own_questions(path: Path, pack: Pack, sources: Mapping[type[Fact], FactSource]) -> Mapping[str, ShellText]:
    found: dict[str, ShellText] = {}
    known = _asked()
    for question in dict.fromkeys(question for source in sources.values() for question in source.questions):
        try:
            command = packs.question_of(question, pack.directory, known)
        except UserError as why:
            raise RuleError(f"{path}: {why}") from None
        if found.setdefault(question.record, command) != command:
            raise RuleError(f"{path}: two questions are called {question.record}: choose another name")
    return found


@functools.cache
def _asked() -> frozenset[str]:
    """Return the names of the records that preflight itself asks for."""
    of_facts = (name for source in FACTS.values() for name in source.records)
    return frozenset((*questions.STANDING, *questions.WHEN_CLOSED, *questions.CLIENTS, *RECORDS, *of_facts))


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


def _parameters(path: Path, body: RuleBody, check: FunctionType) -> tuple[Parameter, ...]:
    try:
        hints = inspect.get_annotations(check, eval_str=True)
    except NameError as why:
        raise RuleError(f"{path}: {why}") from None
    parameters = []
    for name in _names(check):
        kind = hints.get(name)
        owner = name.split("_")[0]
        if (name, kind) in (("guest", Guest), ("guests", Judged), ("migration", Migration)):
            parameters.append(Parameter(name, None, {"guest": Guest, "guests": Judged}.get(name, Migration)))
        elif (name, kind) == ("threshold", float) and body.threshold is not None:
            parameters.append(Parameter(name, None, float))
        elif (name, kind) == ("source_guest", Guest):
            parameters.append(Parameter(name, Role.SOURCE, Guest))
        elif owner in ("source", "destination") and _is_fact(kind):
            parameters.append(Parameter(name, Role(owner), kind))
        elif owner in ("host", "files") and _is_fact(kind):
            parameters.append(Parameter(name, None, kind))
        else:
            raise RuleError(f"{path}: no fact matches `{name}: {getattr(kind, '__name__', kind)}`")
    about = [parameter for parameter in parameters if parameter.kind not in (Migration, float)]
    for alone in ("host", "files"):
        if len({parameter.name.split("_")[0] == alone for parameter in about}) > 1:
            raise RuleError(f"{path}: a `{alone}` rule takes neither another host's facts nor a guest")
    if {Guest, Judged} <= {parameter.kind for parameter in parameters}:
        raise RuleError(f"{path}: a rule takes either `guest` or `guests`, not both")
    return tuple(parameters)


def _names(check: FunctionType) -> Iterator[str]:
    """Yield the names of a function's parameters: its signature has more, and of all rules takes 3 ms to make."""
    code = inspect.getargs(inspect.unwrap(check).__code__)
    yield from code.args
    yield from filter(None, (code.varargs, code.varkw))


def _is_fact(kind: object) -> TypeGuard[type[Fact]]:
    """Report whether a type is a fact with a parser of its own."""
    return isinstance(kind, type) and issubclass(kind, Fact) and kind.parse.__qualname__ != Fact.parse.__qualname__
