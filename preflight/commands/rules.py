"""`preflight rules`: the list of rules and questions, a new rule of one's own, and the tests of a pack."""

import inspect
import os
import re
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType

from preflight import own_file
from preflight.errors import UserError
from preflight.judge import packs
from preflight.judge.packs import Pack, RuleError
from preflight.judge.ruleset import Rule, load, load_own
from preflight.judge.site import rules_of
from preflight.output import formats
from preflight.request.check_request import Site
from preflight.stdio import deliver
from preflight.visible import many

#: The exit codes if all tests of a pack pass, and if some do not, or lack.
SOUND, FAULTY = 0, 1
#: What the names of a rule's tests begin with; there is at least one of each.
KINDS = ("test_catches_", "test_passes_", "test_is_unknown_when_")
#: The directory of new rules, and their subject, if none is named.
DIRECTORY, SUBJECT = Path("rules.d"), "site"

_NAME = re.compile(r"(?:(?P<subject>[a-z][a-z0-9_-]{0,63})/)?(?P<rule>[a-z][a-z0-9]*(?:-[a-z0-9]+)*)")


def show(site: Site, output_format: str, files: Sequence[tuple[str, Path]] = ()) -> int:
    """Print the list of rules, write it to files too, each with its format, and return the exit code."""
    formats.publish("rules", output_format, tuple(rule.text for rule in rules_of(site)), files)
    return SOUND


def show_questions(site: Site) -> int:
    """Print the questions that hosts are asked, and return the exit code."""
    formats.deliver("questions", "text", rules_of(site))
    return SOUND


def test(name: str) -> int:
    """Run the tests of a pack, print what fails or lacks, and return the exit code; raises `UserError`.

    `name` is that of an installed pack, or a directory.
    """
    pack = _pack(name)
    rules = load_own(pack)
    if not rules:
        raise RuleError(f"{pack.directory}: has no rules (DIR/SUBJECT/RULE.py): write one with `preflight rules new`")
    _refuse_taken(rules)
    ran, faults = 0, []
    files = {path.stem.removeprefix("test_"): path for path in sorted(pack.directory.glob(f"{packs.TESTS}/test_*.py"))}
    for rule in rules:
        faults += [f"{rule.name}: {lack}" for lack in _lacks(rule, files.get(rule.path.stem))]
    for path in files.values():
        for told, fault in _run(pack, path):
            ran += 1
            faults += [f"{told}: {fault}"] if fault else []
    tried = f"{many(len(rules), 'rule')}, {many(ran, 'test')}"
    deliver("".join(f"{fault}\n" for fault in faults) + f"{tried}: {f'{len(faults)} faults' if faults else 'passed'}\n")
    return FAULTY if faults else SOUND


def _pack(name: str) -> Pack:
    """Return the installed pack of that name, or else the one in that directory; raises `UserError`."""
    if name in packs.names():
        return packs.installed(name)
    if not Path(name).is_dir():
        raise RuleError(
            f"{name}: neither a directory nor an installed pack: name a directory of rules, or install the pack"
        )
    return packs.of_directory(Path(name))


def _refuse_taken(rules: Sequence[Rule]) -> None:
    taken = {rule.name: rule for rule in load()}
    for rule in rules:
        if rule.name in taken:
            raise RuleError(
                f"{rule.path}: the name {rule.name} is already used by {taken[rule.name].path}: choose another name"
            )


def _lacks(rule: Rule, path: Path | None) -> Iterator[str]:
    """Yield what a rule's tests lack."""
    file = f"{packs.TESTS}/test_{rule.path.stem}.py"
    if path is None:
        yield f"there is no {file}"
        return
    text = path.read_text(encoding="utf-8")
    yield from (f"{file}: no test begins with {kind}" for kind in KINDS if f"def {kind}" not in text)


def _run(pack: Pack, path: Path) -> Iterator[tuple[str, str]]:
    """Yield each test of a file, as FILE:FUNCTION, and why it fails; empty if it passes."""
    told = f"{packs.TESTS}/{path.name}"
    try:
        module = pack.load(path)
    except Exception as why:
        yield told, f"{type(why).__name__}: {why}"
        return
    for name, one in _functions(module):
        yield f"{told}:{name}", _failure(path, one)


def _functions(module: ModuleType) -> Iterator[tuple[str, Callable[[], object]]]:
    for name, one in vars(module).items():
        if name.startswith("test_") and inspect.isfunction(one):
            yield name, one


def _failure(path: Path, one: Callable[[], object]) -> str:
    if inspect.signature(one).parameters:
        return "takes arguments, which only pytest gives: run it with pytest"
    try:
        one()
    except Exception as why:  # of a test, whatever it is
        frames = [frame for frame in traceback.extract_tb(why.__traceback__) if frame.filename == str(path.absolute())]
        at = f"line {frames[-1].lineno}: {frames[-1].line}: " if frames else ""
        return f"{at}{type(why).__name__}{f': {why}' if str(why) else ''}"
    return ""


def new(name: str, site: Site) -> int:
    """Write a new rule and its tests, and return the exit code; raises `UserError`."""
    found = _NAME.fullmatch(name)
    if found is None:
        raise UserError(f"{name!r} is not the name of a rule, such as sshd-takes-passwords or security/no-root-login")
    if len(site.rules) > 1:
        raise UserError("several directories of rules are in use: name one with --rules")
    directory = site.rules[0] if site.rules else DIRECTORY
    subject, rule = found["subject"] or SUBJECT, found["rule"]
    if subject == packs.TESTS:
        raise UserError(f"{subject} is the folder of tests and no subject: choose another name")
    own = (directory,) if directory.is_dir() else ()
    if rule in {one.name for one in load(own, site.packs)}:
        raise UserError(f"there is a rule {rule} already: choose another name")
    stem = rule.replace("-", "_")
    files = {
        directory / subject / f"{stem}.py": _RULE.format(title=rule.replace("-", " ").capitalize()),
        directory / packs.TESTS / f"test_{stem}.py": _TESTS.format(rule=rule),
    }
    for path in files:
        if os.path.lexists(path):
            raise UserError(f"{path}: File exists: choose another name, or remove it")
    for path, text in files.items():
        _create(path, text)
    deliver("".join(f"{path}\n" for path in files))
    deliver(f"Test the rule: preflight rules test {directory}\n")
    deliver(f"Use it:        preflight check SOURCE DESTINATION --rules {directory}\n")
    return SOUND


def _create(path: Path, text: str) -> None:
    """Create a file, and the directories above it, so that its rules can be used; raises `UserError`."""
    try:
        missing = [one for one in (path.parent, *path.parent.parents) if not one.is_dir()]
        for directory in reversed(missing):
            directory.mkdir(mode=0o755)
        if doubt := own_file.doubt_of_new(path):
            raise UserError(f"{path}: {doubt}, so that the rule would not be run: choose another directory")
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as why:
        raise UserError(f"{path}: {why.strerror}") from None


_RULE = '''"""{title}.

Why it matters
    Describe what happens if nobody fixes it.

How to fix
    Describe what to change, and in which file.
"""

from preflight.facts import EffectiveSshd
from preflight.rule import Findings, Severity, on_host, rule


@rule(Severity.WARNING)
def check(host: EffectiveSshd) -> Findings:
    # an example: replace the fact and the condition
    setting = host.value("passwordauthentication")
    if setting.value != "no":
        yield on_host(f"sshd's PasswordAuthentication is {{setting}}", at=setting)
'''

_TESTS = '''"""Tests of the rule {rule}: `preflight rules test DIR`, or pytest."""

from pathlib import Path

from preflight.testing import Case, Outcome

PACK = Path(__file__).parents[1]


def case(printed: str) -> Case:
    """Return two hosts, on the first of which `sshd -T` prints this."""
    return Case(rules=PACK).source("sshd.effective", printed)


def test_catches_a_host_that_takes_passwords() -> None:
    result = case("passwordauthentication yes\\n").result("{rule}", "source")
    assert result.outcome is Outcome.FAILED
    assert result.findings[0].message == "sshd's PasswordAuthentication is yes"


def test_passes_a_host_that_takes_none() -> None:
    assert case("passwordauthentication no\\n").result("{rule}", "source").outcome is Outcome.PASSED


def test_is_unknown_when_sshd_does_not_say() -> None:
    result = Case(rules=PACK).source("sshd.effective", None).result("{rule}", "source")
    assert result.outcome is Outcome.UNKNOWN
'''
