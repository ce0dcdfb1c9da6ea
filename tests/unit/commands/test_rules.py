"""`preflight rules`: a new rule works at once, and the tests of a pack are run and asked for."""

import os
import re
from pathlib import Path

import pytest

from preflight.commands import rules
from preflight.errors import UserError
from preflight.judge.ruleset import load
from preflight.request.check_request import Site
from preflight.testing import Case

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples/pack/preflight_example"
SITE = Site()


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refusal(name: str, site: Site = SITE) -> str:
    with pytest.raises(UserError) as refused:
        rules.new(name, site)
    assert len(str(refused.value).splitlines()) == 1
    return str(refused.value)


@pytest.mark.parametrize("umask", [0o022, 0o002, 0o000])
def test_a_new_rule_can_be_used_and_its_tests_pass(work: Path, capsys: pytest.CaptureFixture[str], umask: int) -> None:
    before = os.umask(umask)
    try:
        assert rules.new("no-passwords", SITE) == 0
        assert rules.new("security/no-root-login", SITE) == 0
    finally:
        os.umask(before)
    said = capsys.readouterr().out
    assert "rules.d/site/no_passwords.py\nrules.d/tests/test_no_passwords.py\n" in said
    assert "preflight check SOURCE DESTINATION --rules rules.d\n" in said
    assert {"no-passwords", "no-root-login"} <= {rule.name for rule in load((Path("rules.d"),))}
    assert rules.test("rules.d") == 0
    assert capsys.readouterr().out == "2 rules, 6 tests: passed\n"


def test_a_new_rule_goes_to_the_directory_that_is_named(work: Path) -> None:
    rules.new("no-passwords", Site(rules=(work / "here/deep",)))
    assert (work / "here/deep/site/no_passwords.py").exists()
    assert "name one with --rules" in refusal("x-y", Site(rules=(work / "a", work / "b")))


@pytest.mark.parametrize(
    "name", ["../x", "/etc/x", "a/b/c", "X", "a_b", "", ".", "a/..", "-x", "x-", "site/", "a b", "x.py", "ü"]
)
def test_what_is_no_name_of_a_rule_writes_nothing(work: Path, name: str) -> None:
    assert "is not the name of a rule" in refusal(name)
    assert list(work.iterdir()) == []


def test_a_rule_that_exists_is_not_written_over(work: Path) -> None:
    rules.new("no-passwords", SITE)
    text = (work / "rules.d/site/no_passwords.py").read_text()
    assert refusal("no-passwords") == "there is a rule no-passwords already: choose another name"
    assert "there is a rule mtu-differs already: choose another name" in refusal("mtu-differs")
    assert refusal("tests/no-passwords") == "tests is the folder of tests and no subject: choose another name"
    (work / "rules.d/tests/test_no_root.py").write_text("")
    assert refusal("no-root") == "rules.d/tests/test_no_root.py: File exists: choose another name, or remove it"
    assert (work / "rules.d/site/no_passwords.py").read_text() == text


def test_a_rule_is_not_written_where_it_would_not_be_run(work: Path) -> None:
    work.chmod(0o777)
    assert "so that the rule would not be run" in refusal("no-passwords")
    assert list(work.rglob("*.py")) == []
    work.chmod(0o700)


def test_the_tests_of_the_example_pass(capsys: pytest.CaptureFixture[str]) -> None:
    assert rules.test(str(EXAMPLE)) == 0
    assert capsys.readouterr().out.startswith("3 rules, 14 tests: passed")


TESTS = """
def test_catches_x():
    assert 1 == 2, "not so"
def test_passes_x():
    raise KeyError("gone")
def test_with_a_fixture(tmp_path):
    pass
"""


def test_what_fails_and_what_lacks_is_named(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules.new("no-passwords", SITE)
    rules.new("no-root", SITE)
    (work / "rules.d/tests/test_no_root.py").unlink()
    file = work / "rules.d/tests/test_no_passwords.py"
    file.write_text(TESTS)
    (work / "rules.d/tests/test_broken.py").write_text("import no_such_module\n")
    capsys.readouterr()
    assert rules.test("rules.d") == 1
    assert capsys.readouterr().out.splitlines() == [
        "no-passwords: tests/test_no_passwords.py: no test begins with test_is_unknown_when_",
        "no-root: there is no tests/test_no_root.py",
        "tests/test_broken.py: ModuleNotFoundError: No module named 'no_such_module'",
        'tests/test_no_passwords.py:test_catches_x: line 3: assert 1 == 2, "not so": AssertionError: not so',
        "tests/test_no_passwords.py:test_passes_x: line 5: raise KeyError(\"gone\"): KeyError: 'gone'",
        "tests/test_no_passwords.py:test_with_a_fixture: takes arguments, which only pytest gives: run it with pytest",
        "2 rules, 4 tests: 6 faults",
    ]


def test_the_code_of_the_page_on_packs_is_a_pack_that_works(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs/packs.md").read_text()
    python = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (rule,) = (block for block in python if block.startswith('"""sshd accepts'))
    (described,) = (block for block in python if "parse_xml" in block)
    (fact,) = (block for block in python if "TUNED_PROFILE = " in block)
    (tests,) = (block for block in python if "def test_catches_" in block)
    (questions,) = re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    rules.new("no-passwords", SITE)
    made = work / "rules.d"
    (made / "site/no_passwords.py").write_text(rule)
    assert rules.test("rules.d") == 0
    head = rule.partition("from ")[0]
    (made / "site/described.py").write_text(head + described)
    (made / "facts.py").write_text(fact)
    (made / "questions.sh").write_text(questions)
    uses = "from preflight.rule import *\nfrom ..facts import TunedProfile\n"
    body = "@rule(Severity.INFO)\ndef check(host: TunedProfile) -> Findings:\n    yield on_host(str(host.name))\n"
    (made / "site/tuned.py").write_text(head + uses + body)
    (made / "tests/test_no_passwords.py").write_text(tests)
    capsys.readouterr()
    assert rules.test("rules.d") == 1
    assert "test_catches_a_password" not in capsys.readouterr().out
    case = Case(rules=made).source("example.tuned-profile", "virtual-host\n")
    assert case.result("tuned", "source").findings[0].message == "virtual-host"
    assert Case(rules=made).result("described").findings[0].message == "the guest has no description"


def test_what_is_no_pack_is_refused(work: Path) -> None:
    for name, why in (("none", "neither a directory nor an installed pack"), (".", "has no rules")):
        with pytest.raises(UserError, match=why):
            rules.test(name)


def test_tests_that_others_can_write_are_not_run(work: Path) -> None:
    rules.new("no-passwords", SITE)
    mark = work / "ran"
    file = work / "rules.d/tests/test_no_passwords.py"
    file.write_text(f"open({str(mark)!r}, 'w')\n")
    file.chmod(0o666)
    with pytest.raises(UserError, match="users other than you and root"):
        rules.test("rules.d")
    assert not mark.exists()


def test_questions_are_listed_and_those_of_ones_own_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    assert rules.show_questions(Site(rules=(EXAMPLE,))) == 0
    out = capsys.readouterr().out
    assert "sshd.effective" in out
    assert "as_root sshd -T" in out
    assert "example.tuned-profile" in out
    assert "      slurp /etc/tuned/active_profile\n" in out
