"""The errors that a rule declares, as forms: fixed text of libvirt, QEMU or ssh, and places for what varies.

A rule declares an error where a finding predicts it (`error=`), and in `errors` of its decorator where it takes the
text from a host's answer, or where users meet the problem by another message. Both are read here and nowhere else.
"""

import ast
import errno
import os
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, Self

from msgspec import Struct

from preflight.judge.ruleset import Rule

#: What stands for a name, a path or a number in `errors`.
VARIES = "..."
#: Characters that one such place may have at most: QEMU quotes a device's definition, some hundred characters.
LONGEST = 512
#: A form whose fixed text is shorter than this occurs in too many messages.
LEAST = 12

#: Texts of system calls. Alone they do not say what failed.
_REASONS = frozenset(os.strerror(number) for number in errno.errorcode)


class Form(Struct, frozen=True):
    """One error: its fixed parts in the order in which a message has them."""

    parts: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a declared text, in which `...` stands for what varies."""
        parts = [part for part in " ".join(text.split()).split(VARIES) if part.strip("' \":")]
        return cls(tuple(parts[:-1]) + tuple(part.rstrip(" .") for part in parts[-1:]))  # few copy a full stop

    def __str__(self) -> str:
        return VARIES.join(self.parts)

    @property
    def weight(self) -> int:
        """Characters of fixed text: the more, the less likely is a match by chance."""
        return sum(map(len, self.parts))

    @property
    def is_telling(self) -> bool:
        """Report whether a message that has this text says what failed."""
        return self.weight >= LEAST and not is_reason_alone(str(self))

    def find(self, message: str) -> tuple[int, int] | None:
        """Return where the form begins and ends in the message; None if it does not occur there.

        Takes time in proportion to the message's length: after each beginning no more than `LONGEST` is looked at.
        """
        if not all(part in message for part in self.parts):
            return None
        first = self.parts[0]
        begin = message.find(first)
        while begin >= 0:
            end = self._end(message, begin + len(first))
            if end is not None:
                return begin, end
            begin = message.find(first, begin + len(first))
        return None

    def _end(self, message: str, end: int) -> int | None:
        for part in self.parts[1:]:
            at = message.find(part, end + 1, end + LONGEST + len(part))
            if at < 0:
                return None
            end = at + len(part)
        return end

    def overlap(self, message: str) -> int:
        """Return how many fixed characters the form shares with a message that is a piece of it; 0 if it is none."""
        if len(message) >= LEAST and any(message in part for part in self.parts):
            return len(message)
        if not message.startswith(self.parts[0]):
            return 0
        shared, end = len(self.parts[0]), len(self.parts[0])
        for part in self.parts[1:]:
            at = message.find(part, end + 1, end + LONGEST + len(part))
            if at < 0:
                return shared if shared >= LEAST and _is_cut(message[end:], part) else 0
            shared, end = shared + len(part), at + len(part)
        return shared


def is_reason_alone(text: str) -> bool:
    """Report whether a text is nothing but an error of a system call, such as "Permission denied"."""
    return text.strip(" :.'") in _REASONS


def _is_cut(rest: str, part: str) -> bool:
    """Report whether a message's end may be what varies, cut off before or within the fixed text behind it."""
    return len(rest) <= LONGEST and (part[0] not in rest or any(rest.endswith(part[:n]) for n in range(1, len(part))))


def forms(rule: Rule) -> tuple[Form, ...]:
    """Return the errors that a rule declares, those of its findings first."""
    found = (Form.parse(text) for text in (*_Source(rule).predicted(), *rule.body.errors))
    return tuple(dict.fromkeys(form for form in found if form.parts and form.is_telling))


class _Source:
    """A rule's file, as far as it says which errors its findings predict."""

    def __init__(self, rule: Rule) -> None:
        self._tree = ast.parse(rule.path.read_text(encoding="utf-8"))
        self._constants: Mapping[str, Any] = getattr(rule.body.check, "__globals__", {})

    def predicted(self) -> Iterator[str]:
        """Yield each text that is given as `error=`, as far as it is written in this file."""
        for node in ast.walk(self._tree):
            if isinstance(node, ast.keyword) and node.arg == "error":
                yield from self._texts(node.value, frozenset())

    def _texts(self, node: ast.AST, within: frozenset[str]) -> Iterator[str]:
        match node:
            case ast.Constant(value=str(text)):
                yield text
            case ast.JoinedStr(values=pieces):
                for texts in product(*(tuple(self._texts(piece, within)) or (VARIES,) for piece in pieces)):
                    yield "".join(texts)
            case ast.FormattedValue(value=ast.Name(id=name)) if name in self._constants:
                yield str(self._constants[name])
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                for one in tuple(self._texts(left, within)) or (VARIES,):
                    for other in tuple(self._texts(right, within)) or (VARIES,):
                        yield one + other
            case ast.IfExp(body=body, orelse=orelse):
                yield from self._texts(body, within)
                yield from self._texts(orelse, within)
            case ast.BoolOp(values=values) | ast.Dict(values=values):
                for value in values:
                    yield from self._texts(value, within)
            case ast.Call(func=ast.Attribute(value=ast.Dict() as table, attr="get")):
                yield from self._texts(table, within)
            case ast.Name(id=name) if isinstance(self._constants.get(name), str):
                yield self._constants[name]
            case ast.Name(id=name) | ast.Call(func=ast.Name(id=name)) if name not in within:
                for value in self._given(name):
                    yield from self._texts(value, within | {name})
            case _:
                pass

    def _given(self, name: str) -> Iterator[ast.expr]:
        """Yield what a variable is set to, or what a function of this file returns."""
        for node in ast.walk(self._tree):
            match node:
                case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
                    yield value
                case ast.FunctionDef(name=function) if function == name:
                    yield from (one.value for one in ast.walk(node) if isinstance(one, ast.Return) and one.value)
                case _:
                    pass
