"""Every rule is tested and documented, and reads nothing but facts."""

import ast
import operator
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from preflight.judge.ruleset import Rule, load
from preflight.rule import Severity

TESTS = Path(__file__).parent
RULES = load()
PATHS = {rule.name: rule for rule in RULES}

#: Rules that no missing fact can make unknown, and why. A rule that needs the guest alone is none of them: it is
#: unknown when libvirt did not tell of the guest.
NEVER_UNKNOWN: Mapping[str, str] = {
    "options-contradict": "it looks at what is asked for, and at no host",
}
#: Error rules whose documentation quotes no message, and why there is none.
NO_MESSAGE: Mapping[str, str] = {
    "block-device-differs": "virsh reports success: it is the guest that comes to harm",
    "copied-disk-of-another-guest": "libvirt copies, and reports success: it is the other guest that comes to harm",
    "daemon-conf-invalid": "while the daemon runs nothing is said; after that libvirt is not there",
    "hypervisor-differs": "the message depends on which emulators the destination has",
    "managed-by-pacemaker": "libvirt moves the guest; it comes to harm when pacemaker starts it a second time",
    "saved-state-on-destination": "libvirt moves the guest; it comes to harm at its next start",
    "rdma-unavailable": "the message is that of the end which lacks RDMA; no host of the lab has any, so none was seen",
    "libvirt-unreachable": "the message is the one that libvirt gave when preflight tried",
}
#: What a rule may import: no room of preflight's but facts, and nothing that reads a host.
ALLOWED = re.compile(r"preflight\.(rule|host|facts(\.[a-z]+)?)$")
FORBIDDEN = frozenset(("os", "subprocess", "socket", "libvirt", "augeas", "pathlib", "shutil", "requests", "urllib"))
LONGEST_TITLE = 110
#: A message between quotes, of two words at least.
QUOTED = re.compile(r'"[^"]+ [^"]+"')

NAME = operator.attrgetter("name")
every_rule = pytest.mark.parametrize("rule", RULES, ids=NAME)


def test_there_are_rules() -> None:
    assert len(RULES) >= 25


@every_rule
def test_has_a_test_that_it_catches_one_that_it_passes_and_one_that_it_is_unknown(rule: Rule) -> None:
    path = file_for(rule)
    tree = ast.parse(path.read_text())
    names = [node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    wanted = ["test_catches_", "test_passes_", "test_is_unknown_when_"]
    if rule.name in NEVER_UNKNOWN:
        wanted.pop()
    missing = [start for start in wanted if not any(name.startswith(start) for name in names)]
    assert not missing, f"{path.name} has no {', '.join(missing)}"


def test_every_test_of_a_rule_has_its_rule() -> None:
    assert set(TESTS.glob("*/test_*.py")) == {file_for(rule) for rule in RULES}


def file_for(rule: Rule) -> Path:
    """Return the file of the rule's tests: its own, or one of its subject that lists the rule in RULES."""
    own = TESTS / rule.text.topic / f"test_{rule.path.stem}.py"
    if own.is_file():
        return own
    shared = [path for path in own.parent.glob("test_*.py") if rule.name in shared_by(path)]
    assert len(shared) == 1, f"{rule.name} has no {own.relative_to(TESTS)}, nor is it named by one file's RULES"
    return shared[0]


def shared_by(path: Path) -> set[str]:
    """Return the names that are the keys of a file's RULES."""
    for node in ast.parse(path.read_text()).body:
        if (
            isinstance(node, ast.Assign)
            and ast.unparse(node.targets[0]) == "RULES"
            and isinstance(node.value, ast.Dict)
        ):
            return {ast.literal_eval(key) for key in node.value.keys if key is not None}
    return set()


@every_rule
def test_has_a_title_that_is_one_short_sentence(rule: Rule) -> None:
    title = rule.text.title
    assert title.endswith(".")
    assert not title.endswith("..")
    assert title[0].isupper() or title.startswith(("libvirt", "ssh"))
    assert len(title) <= LONGEST_TITLE


@every_rule
def test_says_why_it_matters_and_how_to_fix_it(rule: Rule) -> None:
    for part in (rule.text.why, rule.text.fix):
        assert len(part.split()) >= 4
        assert part.endswith((".", '."', ":"))


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.body.severity is Severity.ERROR], ids=NAME)
def test_an_error_quotes_the_message_that_the_user_will_meet(rule: Rule) -> None:
    quotes = QUOTED.search(" ".join(rule.text.why.split())) is not None
    assert quotes is not (rule.name in NO_MESSAGE), f"{rule.name}: quote the message, or say in NO_MESSAGE why not"


def test_the_exceptions_are_rules_that_exist_and_have_a_reason() -> None:
    exceptions = {**NEVER_UNKNOWN, **NO_MESSAGE}
    assert exceptions.keys() <= PATHS.keys()
    assert all(exceptions.values())


@every_rule
def test_imports_facts_and_nothing_that_reads_a_host(rule: Rule) -> None:
    for module in imported(rule.path):
        top = module.partition(".")[0]
        assert top not in FORBIDDEN, f"{rule.path.name} imports {module}"
        assert top != "rules", f"{rule.path.name} imports another rule"
        assert top != "preflight" or ALLOWED.match(module), f"{rule.path.name} imports {module}"


@every_rule
def test_opens_runs_and_imports_nothing_by_a_back_door(rule: Rule) -> None:
    names = {node.id for node in ast.walk(ast.parse(rule.path.read_text())) if isinstance(node, ast.Name)}
    assert not names & {"open", "exec", "eval", "__import__", "compile", "print"}


def test_no_rule_is_named_like_a_subject() -> None:
    # --select takes either
    subjects = {rule.text.topic for rule in RULES}
    assert not subjects & PATHS.keys()


@every_rule
def test_has_a_name_that_says_a_problem_in_words(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", rule.name)


@every_rule
def test_is_found_under_the_name_of_its_file(rule: Rule) -> None:
    assert rule.path.stem == rule.name.replace("-", "_")
    assert rule.path.parent.name == rule.text.topic


def imported(path: Path) -> list[str]:
    """Return every module that a file imports, whole names; a relative import as "rules"."""
    modules = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules.append("rules" if node.level else node.module or "")
    return modules
