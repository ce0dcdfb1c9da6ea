"""Every text with which a command refuses (`UserError`, `Refused`), from the source, by the kind of its next step.

`python -m tests.golden.refusals` writes them to refusals.txt: look at what has changed before you keep it.
"""

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from itertools import product
from pathlib import Path

ROOT = Path(__file__).parents[2]
KEPT = Path(__file__).with_name("refusals.txt")
#: The classes and functions whose calls refuse, besides the subclasses of these classes.
_FIRST = frozenset(("UserError", "Refused", "refused"))
#: Stands for what is not known before a run.
_VALUE = "..."
#: Letters that a text must have of its own; fewer are punctuation around what another function or program says.
_LEAST = 3

_VERBS = (
    "add|ask|check|choose|chmod|compare|continue|correct|deal|give|install|keep|leave|make|move|name|omit|plan|put|"
    "raise|remove|request|run|save|see|set|show|split|start|take|try|use|wait|write"
)
#: What tells a reader what to do, by kind; the first that fits counts.
STEPS: Mapping[str, re.Pattern[str]] = {
    "orders": re.compile(rf"(?:^|[:;,?] |, (?:so|and) |, or )(?:{_VERBS})\b", re.IGNORECASE),
    "command": re.compile(r"`[^`]+`|preflight \S+ --resume"),
    "choices": re.compile(
        r"is not one of|; it has: |have one: |; did you mean |; the (?:keys|groups) are |; installed are |none is inst"
    ),
    "form": re.compile(
        r"such as|is not a number up to|, as in |is not [A-Z'][-A-Z:=/.']|[Ee]xpected|not of the form|neither .* nor"
    ),
    "needs": re.compile(r"\brequires?\b|\bneeds?\b|\bis missing\b|\bare mutually exclusive\b"),
}


@cache
def refusals(source: Path = ROOT / "preflight") -> tuple[tuple[str, str, str], ...]:
    """Return the kind of next step, the package and the text of each refusal, each once."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(source.rglob("*.py"))}
    names = _refusing(trees.values())
    words = _constants(trees.values())
    return tuple(
        sorted(
            {
                (kind(text), path.relative_to(source).parts[0].removesuffix(".py"), text)
                for path, tree in trees.items()
                for text in _texts(tree, names, words)
                if sum(map(str.isalpha, text)) >= _LEAST
            }
        )
    )


def kind(text: str) -> str:
    """Return the kind of a text's next step; none if it has no word that names one."""
    return next((name for name, pattern in STEPS.items() if pattern.search(text)), "none")


def _refusing(trees: Collection[ast.Module]) -> frozenset[str]:
    """Return the names of what refuses: the first ones, and the classes below them."""
    bases = {
        node.name: {one.id for one in node.bases if isinstance(one, ast.Name)}
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    found = set(_FIRST)
    while more := {name for name, above in bases.items() if above & found} - found:
        found |= more
    return frozenset(found)


def _constants(trees: Collection[ast.Module]) -> dict[str, str]:
    """Return the texts that modules name, by name."""
    return {
        target.id: node.value.value
        for tree in trees
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _texts(tree: ast.Module, names: frozenset[str], words: Mapping[str, str]) -> Iterator[str]:
    """Yield the text of each refusal in a module, with the texts that its function has given names to."""
    bodies = [part for node in tree.body for part in (node.body if isinstance(node, ast.ClassDef) else [node])]
    for body in bodies:
        local = {
            node.targets[0].id: node.value
            for node in ast.walk(body)
            if isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and isinstance(node.value, ast.Constant | ast.JoinedStr | ast.IfExp)
        }
        known = {name: ast.Constant(text) for name, text in words.items()} | local
        for node in ast.walk(body):
            if isinstance(node, ast.Call) and node.args and isinstance(node.func, ast.Name) and node.func.id in names:
                yield from _alternatives(node.args[0], known)


def _alternatives(node: ast.expr, words: Mapping[str, ast.expr]) -> Iterator[str]:
    """Yield the texts that an expression can have, with `...` for what is not known."""
    match node:
        case ast.Constant(str(text)):
            yield text
        case ast.Name(name):
            left = {other: value for other, value in words.items() if other != name}
            yield from _alternatives(words[name], left) if name in words else (_VALUE,)
        case ast.JoinedStr(parts):
            yield from map("".join, product(*(list(_alternatives(part, words)) for part in parts)))
        case ast.FormattedValue(value):
            yield from _alternatives(value, words)
        case ast.IfExp(_, one, other):
            yield from _alternatives(one, words)
            yield from _alternatives(other, words)
        case ast.BinOp(one, ast.Add(), other):
            yield from map("".join, product(_alternatives(one, words), _alternatives(other, words)))
        case _:
            yield _VALUE


def written() -> str:
    """Return the file's contents: the texts by kind and package."""
    return "".join(f"{kind:8}{package:12}{text}\n" for kind, package, text in refusals())


if __name__ == "__main__":
    KEPT.write_text(written(), encoding="utf-8")
