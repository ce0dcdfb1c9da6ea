"""All regular expressions of the program, and for each the texts that it would be slowest on.

A text that blows up a backtracking matcher is a beginning that leads to a repeat, that repeat's own text over and over,
and an end that the pattern does not take. All three are read off the parsed pattern.
"""

import ast
import importlib.util
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from preflight import grammar

#: The parser that `re` itself has; typeshed does not declare its parts.
codes: Any = importlib.import_module("re._constants")
parser: Any = importlib.import_module("re._parser")

ROOT = Path(__file__).parents[2]
#: Methods that try a pattern at each place of a text, not only at its beginning.
SCANS = frozenset(("search", "findall", "finditer", "sub", "subn", "split"))
ONCE = frozenset(("match", "fullmatch"))
#: Patterns that are put together where they are used, by file and source: what they are like.
BUILT = {
    ("preflight/fix/files.py", 'rf"[ \\t]*#[ \\t]*{re.escape(key)}\\b"'): r"[ \t]*#[ \t]*maxstartups\b",
    ("preflight/visible.py", 'rf"(?<!\\w){re.escape(guest)}(?!\\w)"'): r"(?<!\w)web(?!\w)",
    ("preflight/output/fix/ansible.py", "remark"): r"(?i)^[ \t]*#[ \t]*maxstartups\b",
    ("preflight/facts/ssh/login.py", "pattern"): r"Connection (?:reset|closed) by|Exceeded MaxStartups",
    ("preflight/connection/xml_secrets.py", 'rf"<(/?){name}(?=[\\s/>])[^<>]*+>"'): r"<(/?)metadata(?=[\s/>])[^<>]*+>",
    (
        "preflight/connection/obfuscation.py",
        'rf"(?<![^\\W_])(?:{each})(?![^\\W_])"',
    ): r"(?i)(?<![^\W_])(?:host1|web)(?![^\W_])",
    (
        "preflight/connection/obfuscation.py",
        """f"{before}({'|'.join(map(re.escape, taken))}){after}\"""",
    ): r"(?im)(/)(disk|vda)(\.[\w.-]+\b|(?=[/'\"\s]))",
    ("preflight/judge/site.py", "written"): r"kvm.*\.dc.",
    ("preflight/grammar.py", "self.pattern"): r"",  # each one is tried by itself
}
_IMPORTS = re.compile(r"^ *import re$", re.MULTILINE)
#: Characters that patterns often match, in addition to those that they name.
USUAL = "a0Z \t\n\"'\\[#:=-_/é"
#: More repeats than this count as without end.
MANY = 64
#: Beginnings and ends that are tried.
MOST = 12


@dataclass(frozen=True)
class Used:
    """A pattern where it is used, and the methods that it is used by."""

    where: str
    pattern: re.Pattern[str]
    methods: frozenset[str]

    def run(self, text: str) -> float:
        """Return seconds of CPU that the text takes, in all ways in which the pattern is used."""
        began = time.process_time()
        if self.methods & SCANS:
            for _ in self.pattern.finditer(text):
                pass
        for method in self.methods & ONCE:
            getattr(self.pattern, method)(text)
        return time.process_time() - began


def with_some() -> list[str]:
    """Return the files of preflight and of its rules that have patterns."""
    files = sorted(path for room in ("preflight", "rules") for path in (ROOT / room).rglob("*.py"))
    return [str(path.relative_to(ROOT)) for path in files if _IMPORTS.search(path.read_text())]


def used_in(name: str) -> list[Used]:
    """Return every pattern of a file."""
    found = list(in_source(name, (ROOT / name).read_text()))
    if name == "preflight/grammar.py":
        forms = [one for one in vars(grammar).values() if isinstance(one, grammar.Grammar)]
        found += [Used(f"{name}: {form.what}", form._whole, frozenset(("fullmatch",))) for form in forms]
    return found


def in_source(name: str, text: str) -> Iterator[Used]:
    """Yield the patterns of one module, from its source; raises `LookupError` for one that is not known."""
    if not _IMPORTS.search(text):
        return
    tree = ast.parse(text)
    constants: dict[str, Any] = {"re": re}
    for given in tree.body if name.startswith("rules/") else ():  # a rule is no module that could be imported
        if (
            isinstance(given, ast.Assign)
            and isinstance(given.value, ast.Constant)
            and isinstance(given.targets[0], ast.Name)
        ):
            constants[given.targets[0].id] = given.value.value
    if name.startswith("preflight/"):
        constants |= vars(importlib.import_module(name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")))
    called: dict[str, set[str]] = {}
    for call in ast.walk(tree):
        if isinstance(call, ast.Attribute) and isinstance(call.value, ast.Name):
            called.setdefault(call.value.id, set()).add(call.attr)
    kept = {node.value: node.targets[0] for node in ast.walk(tree) if isinstance(node, ast.Assign)}
    for call in ast.walk(tree):
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)):
            continue
        if not (isinstance(call.func.value, ast.Name) and call.func.value.id == "re"):
            continue
        method = call.func.attr
        if method not in {"compile", *SCANS, *ONCE}:
            continue
        written = BUILT.get((name, ast.unparse(call.args[0])))
        if written is None:
            written = BUILT.get((name, ast.get_source_segment(text, call.args[0]) or ""))
        if written is None:
            written = _value(call.args[0], constants)
        flags = [*call.args[1:], *(word.value for word in call.keywords if word.arg == "flags")]
        number = _value(flags[-1], constants) if flags and "re." in ast.unparse(flags[-1]) else 0
        place = kept.get(call)
        methods = {method} if method != "compile" else called.get(getattr(place, "id", ""), set())
        # one that is handed on may be used in any way
        yield Used(f"{name}:{call.lineno}", re.compile(written, number), frozenset(methods & (SCANS | ONCE) or ONCE))


def _value(node: ast.expr, constants: dict[str, Any]) -> Any:
    try:
        return eval(ast.unparse(node), {}, constants)
    except NameError as why:
        raise LookupError(f"{ast.unparse(node)} is put together elsewhere: name it in BUILT") from why


def attacks(pattern: re.Pattern[str]) -> list[tuple[str, str, str]]:
    """Beginnings, what is repeated, and ends, that may keep a matcher busy."""
    tree = parser.parse(pattern.pattern, pattern.flags)
    alphabet = sorted({*USUAL, *_named(tree)})
    starts, pumps = {""}, set(alphabet)
    for before, body in _repeats(tree, [""]):
        starts.update(before)
        pumps.update(_samples(body))
        pumps.update(one + other for one, other in product(_samples(body)[:4], repeat=2))
    pumps |= {start for start in starts if start}
    whole = _samples(tree)
    ends = {"", "\n", "\0", "!", *(text[-1:] for text in whole)}
    return [
        (start, pump, end)
        for start in sorted(starts, key=len)[:MOST]
        for pump in sorted(pumps - {""}, key=len)[: MOST * 5]
        for end in sorted(ends)[:MOST]
    ]


def _repeats(tree: Iterable[Any], before: list[str]) -> Iterator[tuple[list[str], Any]]:
    """Yield each repeat that has no small bound, with some texts that lead to it."""
    for operation, value in tree:
        if operation in {codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT}:
            _, most, body = value
            if most > MANY:
                yield before, body
            yield from _repeats(body, before)
        elif operation is codes.SUBPATTERN:
            yield from _repeats(value[-1], before)
        elif operation is codes.BRANCH:
            for branch in value[1]:
                yield from _repeats(branch, before)
        elif operation in {codes.ASSERT, codes.ASSERT_NOT}:
            yield from _repeats(value[1], before)
        elif operation is codes.ATOMIC_GROUP:
            yield from _repeats(value, before)
        before = _joined(before, _samples([(operation, value)]))


def _samples(tree: Iterable[Any]) -> list[str]:
    """Return a few texts that the pattern takes, short and long."""
    found = [""]
    for operation, value in tree:
        found = _joined(found, _of_one(operation, value))
    return found


def _of_one(operation: Any, value: Any) -> list[str]:
    if operation is codes.LITERAL:
        return [chr(value)]
    if operation is codes.NOT_LITERAL:
        return [next(one for one in USUAL if ord(one) != value)]
    if operation is codes.ANY:
        return ["a"]
    if operation is codes.IN:
        return [one for one in [*USUAL, *map(chr, range(33, 127))] if _is_in(one, value)][:2]
    if operation in {codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT}:
        least, most, body = value
        ones = _samples(body)
        return list(dict.fromkeys([ones[0] * least, *(one * max(least, min(1, most)) for one in ones)]))
    if operation is codes.SUBPATTERN:
        return _samples(value[-1])
    if operation is codes.BRANCH:
        return [text for branch in value[1] for text in _samples(branch)[:2]]
    if operation is codes.ATOMIC_GROUP:
        return _samples(value)
    return [""]  # a place, or a look ahead


def _joined(starts: Sequence[str], ends: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(start + end for start in starts[:3] for end in ends[:4]))[:6]


def _is_in(character: str, members: Any) -> bool:
    negated, within = False, False
    for operation, value in members:
        if operation is codes.NEGATE:
            negated = True
        elif operation is codes.LITERAL:
            within |= ord(character) == value
        elif operation is codes.RANGE:
            within |= value[0] <= ord(character) <= value[1]
        elif operation is codes.CATEGORY:
            kind = str(value).rpartition("_")[2].lower()
            there = {"digit": character.isdigit(), "space": character.isspace()}.get(
                kind, character.isalnum() or character == "_"
            )
            within |= there is ("NOT" not in str(value))
    return within is not negated


def _named(tree: Iterable[Any]) -> Iterator[str]:
    """Yield the characters that a pattern names."""
    for operation, value in tree:
        if operation in {codes.LITERAL, codes.NOT_LITERAL}:
            yield chr(value)
        elif operation is codes.IN:
            yield from _named(value)
        elif operation in {codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT}:
            yield from _named(value[2])
        elif operation is codes.SUBPATTERN:
            yield from _named(value[-1])
        elif operation is codes.BRANCH:
            for branch in value[1]:
                yield from _named(branch)


def slow_text(used: Used) -> str | None:
    """The description of a text that takes this pattern more than about linear time; None if there is none known."""
    for start, pump, end in attacks(used.pattern):
        shown = f"{start!r} + {pump!r} * n + {end!r}"
        for count in (18, 21, 24):  # one that doubles with each character is caught early
            if all(used.run(start + pump * count + end) > 0.05 for _ in range(3)):  # a busy machine may be slow once
                return f"{shown} takes exponential time"
        if used.run(start + pump * 2000 + end) < 0.0005:
            continue
        for less, more in ((1_000, 4_000), (4_000, 16_000)):  # most are seen without the seconds of the longest
            for _ in range(3):  # a busy machine may be slow once
                few, many = (min(used.run(start + pump * n + end) for _ in range(2)) for n in (less, more))
                if many <= 0.02 or (many <= 0.5 and many <= 7 * few):
                    break
            else:
                return f"{shown} takes {few:.3f} s for {less:,} and {many:.3f} s for {more:,}"
    return None
