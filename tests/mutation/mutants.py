"""Mutants of a module's text: each differs from it in one place, by a change that keeps it a program.

Docstrings, annotations, decorators, imports and texts for people are left alone: what they say no test should fix.
"""

import ast
from collections.abc import Iterator

from msgspec import Struct

_SWAPPED: dict[type[ast.AST], str] = {
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.Is: "is not",
    ast.IsNot: "is",
    ast.In: "not in",
    ast.NotIn: "in",
    ast.Add: "-",
    ast.Sub: "+",
    ast.Mult: "//",
    ast.Div: "*",
    ast.FloorDiv: "*",
    ast.BitOr: "&",
    ast.BitAnd: "|",
}
_NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}
_DELETED = (ast.Expr, ast.Assign, ast.AugAssign, ast.Raise, ast.Continue, ast.Break)


class Mutant(Struct, frozen=True):
    """One change: the characters from `start` to `end` of the module's text are written as `after`."""

    line: int
    start: int
    end: int
    before: str
    after: str

    def of(self, text: str) -> str:
        """Return the text with the change."""
        return text[: self.start] + self.after + text[self.end :]


def mutants(text: str) -> list[Mutant]:
    """Return all mutants of a module's text, in the order of their places."""
    found = _Finder(text).all()
    return sorted({one for one in found if one.before != one.after}, key=lambda one: (one.start, one.end, one.after))


class _Finder:
    """Walks the tree of one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tree = ast.parse(text)
        self._lines = [0]
        for line in text.splitlines(keepends=True):
            self._lines.append(self._lines[-1] + len(line))
        #: Members of what looks like an enumeration, such as `Act.START`.
        self._members: dict[str, list[str]] = {}
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.attr.isupper():
                members = self._members.setdefault(node.value.id, [])
                if node.attr not in members:
                    members.append(node.attr)

    def all(self) -> Iterator[Mutant]:
        """Yield each change of each node that is run."""
        yield from self._below(self._tree)

    def _below(self, node: ast.AST) -> Iterator[Mutant]:
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "decorator_list", "type_comment"):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST) and not _is_for_readers(child):
                    yield from self._changes(child, node)
                    yield from self._below(child)

    def _changes(self, node: ast.AST, parent: ast.AST) -> Iterator[Mutant]:
        match node:
            case ast.Compare(ops=[operator]):
                yield self._between(node.left, node.comparators[0], _SWAPPED[type(operator)])
            case ast.BinOp() if type(node.op) in _SWAPPED:
                yield self._between(node.left, node.right, _SWAPPED[type(node.op)])
            case ast.BoolOp():
                word = "or" if isinstance(node.op, ast.And) else "and"
                for left, right in zip(node.values, node.values[1:], strict=False):
                    yield self._between(left, right, word)
            case ast.UnaryOp(op=ast.Not()):
                yield self._written(node, self._source(node.operand))
            case ast.Constant(value=bool() as value):
                yield self._written(node, str(not value))
            case ast.Constant(value=int() as value):
                yield self._written(node, str(value + 1))
            case ast.Constant(value=str()) if isinstance(parent, ast.Compare):
                yield self._written(node, '"another"')
            case ast.Name(id=name) if name in _NAMES and isinstance(parent, ast.Call):
                yield self._written(node, _NAMES[name])
            case ast.Attribute(value=ast.Name(id=name), attr=attr) if attr in self._members.get(name, ()):
                members = self._members[name]
                yield self._written(node, f"{name}.{members[(members.index(attr) + 1) % len(members)]}")
            case ast.Return(value=ast.expr() as value) if not _is_none(value):
                yield self._written(value, "None")
            case _ if isinstance(node, _DELETED) and not isinstance(parent, ast.Module | ast.ClassDef):
                yield self._written(node, "pass")
            case _:
                pass
        if isinstance(node, ast.If | ast.While | ast.IfExp):
            yield self._written(node.test, f"(not ({self._source(node.test)}))")
        if isinstance(node, ast.comprehension):
            for condition in node.ifs:
                yield self._written(condition, f"(not ({self._source(condition)}))")

    def _at(self, line: int, column: int) -> int:
        """Return the place of a node's beginning or end, whose column the tree counts in bytes of UTF-8."""
        start = self._lines[line - 1]
        return start + len(self._text[start : self._lines[line]].encode()[:column].decode())

    def _span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._at(node.lineno, node.col_offset), self._at(node.end_lineno, node.end_col_offset)

    def _source(self, node: ast.expr | ast.stmt) -> str:
        start, end = self._span(node)
        return self._text[start:end]

    def _written(self, node: ast.expr | ast.stmt, after: str) -> Mutant:
        start, end = self._span(node)
        return Mutant(node.lineno, start, end, self._text[start:end], after)

    def _between(self, left: ast.expr, right: ast.expr, word: str) -> Mutant:
        """Exchange the operator that stands between two operands; brackets and line ends around it stay."""
        start, end = self._span(left)[1], self._span(right)[0]
        gap = self._text[start:end]
        head = len(gap) - len(gap.lstrip(" \n\t)"))
        tail = len(gap) - len(gap.rstrip(" \n\t("))
        start, end = start + head, end - tail
        return Mutant(self._text.count("\n", 0, start) + 1, start, end, self._text[start:end], word)


def _is_for_readers(node: ast.AST) -> bool:
    """Report whether it is a docstring, a text composed for a report, or a part of the program that does not run."""
    match node:
        case ast.Expr(value=ast.Constant(value=str())) | ast.JoinedStr() | ast.Import() | ast.ImportFrom():
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case _:
            return False


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
