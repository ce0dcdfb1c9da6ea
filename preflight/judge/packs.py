"""Packs: directories of rules besides preflight's own, named by the user or installed, and their questions to hosts.

A pack is code. It is used only if nobody but the user and root can write to it, and a pack that is installed only if
the user names it.
"""

import importlib
import importlib.util
import re
import sys
from collections.abc import Container, Iterable, Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from zlib import crc32

from msgspec import Struct

from preflight import own_file
from preflight.errors import UserError
from preflight.facts.fact import Question
from preflight.shell_text import ShellText, of_file, shell

#: The group of entry points by which a distribution names the package that has its rules.
GROUP = "preflight.rules"
#: The folder of a pack's tests, which has no rules.
TESTS = "tests"
#: The line in the head of a `.sh` file that declares that its functions only read.
READ_ONLY = "# preflight: read-only"

_RECORD = re.compile(r"[a-z][a-z0-9-]{0,63}(?:\.[a-z][a-z0-9-]{0,63})+")


class RuleError(UserError):
    """Raised for rules that cannot be used, or a selection that names no rule. The text is one line."""


class Pack(Struct, frozen=True):
    """A directory of rules, as `DIR/SUBJECT/RULE.py`, and the package that their modules belong to."""

    directory: Path
    #: The name of an importable package; None for a directory that is no package.
    package: str | None = None
    #: True if Python may keep compiled files beside the rules, as it does for preflight's own.
    is_compiled: bool = False

    @property
    def paths(self) -> Iterator[Path]:
        """Yield the rules' files."""
        for path in sorted(self.directory.glob("*/*.py")):
            subject = path.parent.name
            if subject != TESTS and subject[0] not in "._" and path.name[0] != "_":
                yield path

    def load(self, path: Path) -> ModuleType:
        """Return the module of a rule's file, run; a relative import leads to other files of the pack.

        Nothing is written beside a site's files: under some umasks, others could write to the compiled files.
        """
        kept = sys.dont_write_bytecode
        sys.dont_write_bytecode = kept or not self.is_compiled
        try:
            if self.package is not None:
                return importlib.import_module(f"{self.package}.{path.parent.name}.{path.stem}")
            return self._run(path)
        finally:
            sys.dont_write_bytecode = kept

    def _run(self, path: Path) -> ModuleType:
        subject = f"{self._root}.{path.parent.name}"
        for name, directory in ((self._root, self.directory), (subject, path.parent)):
            if name not in sys.modules:
                sys.modules[name] = _package(name, directory)
        name = f"{subject}.{path.stem}"
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return module

    def forget(self) -> None:
        """Let the next load read the files again, as a site may have changed them; an installed pack stays."""
        for name in [name for name in sys.modules if name == self._root or name.startswith(f"{self._root}.")]:
            del sys.modules[name]

    @property
    def _root(self) -> str:
        """The name of the package that the modules of a directory belong to, which nothing else imports."""
        return f"preflight_rules_{crc32(bytes(self.directory.absolute())):08x}"


def _package(name: str, directory: Path) -> ModuleType:
    spec = ModuleSpec(name, None, is_package=True)
    spec.submodule_search_locations = [str(directory)]
    return importlib.util.module_from_spec(spec)


def of_directory(directory: Path) -> Pack:
    """Return the pack in a directory; raises `RuleError` if there is none, or if others can write to it."""
    if not directory.is_dir():
        raise RuleError(f"{directory}: no such rule directory: correct --rules or the key `rules`")
    _refuse_if_others_write(directory)
    return Pack(directory)


def names() -> dict[str, str]:
    """Return the package of each installed pack, by the pack's name."""
    from importlib.metadata import entry_points  # which no check without packs pays for

    return {point.name: point.module for point in entry_points(group=GROUP)}


def versions(packs: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return these installed packs, each with the version of its distribution, or an empty text."""
    if not (wanted := tuple(packs)):
        return ()
    from importlib.metadata import entry_points

    known = {point.name: point.dist.version for point in entry_points(group=GROUP) if point.dist is not None}
    return tuple((name, known.get(name, "")) for name in wanted)


def installed(name: str) -> Pack:
    """Return the pack that an installed distribution has under this name; raises `RuleError`."""
    found = names()
    if name not in found:
        known = f"; installed are {', '.join(sorted(found))}" if found else "; none is installed"
        raise RuleError(f"there is no installed pack {name!r}{known}")
    package = found[name]
    # found, and not imported before it is known who can write to it
    top = _place(name, package.partition(".")[0])
    if top.parent != Path(__file__).parents[2]:  # what is installed beside preflight is as safe as preflight
        _refuse_if_others_write(top)
    return Pack(_place(name, package), package)


def _place(pack: str, package: str) -> Path:
    """Return the directory of a package; raises `RuleError`."""
    try:
        spec = importlib.util.find_spec(package)
    except Exception as why:  # of a package above it, which is run
        raise RuleError(f"pack {pack}: {type(why).__name__}: {' '.join(str(why).split())}") from why
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    if len(places) != 1:
        raise RuleError(f"pack {pack}: {package} is not a package in one directory: see docs/packs.md")
    return Path(places[0])


def _refuse_if_others_write(directory: Path) -> None:
    try:
        own_file.refuse_tree(directory)
    except UserError as why:
        raise RuleError(f"{why}, so its rules are not run: keep them where only you and root can write") from None


def question_of(question: Question, directory: Path, known: Container[str]) -> ShellText:
    """Return the command of a pack's question; raises `RuleError` if the pack must not ask it.

    `known` are the records that preflight itself asks for.
    """
    file, record = question.file, question.record
    if not _RECORD.fullmatch(record):
        raise RuleError(f"{record!r} is not the name of a question, such as site.memory-pressure")
    if record in known:
        raise RuleError(f"preflight itself asks the question {record}: choose another name")
    # what is outside has not been examined
    if not file.absolute().is_relative_to(directory.absolute()) or ".." in file.parts:
        raise RuleError(f"{file}: is not among the rules in {directory}: move it there")
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError) as why:
        raise RuleError(f"{file}: {why.strerror if isinstance(why, OSError) else why}") from None
    if READ_ONLY not in text.partition("\n\n")[0].splitlines():
        raise RuleError(f"{file}: its head does not declare `{READ_ONLY}`")
    function = record.rpartition(".")[2].replace("-", "_")
    functions = of_file(file)  # what comes after the head
    if not any(line.startswith(f"{function}() ") for line in functions.splitlines()):
        raise RuleError(f"{file}: has no function {function}() for the question {record}: add it")
    return shell("@functions@\n@function@", functions=functions, function=function)
