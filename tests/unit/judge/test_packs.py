"""Packs: directories of rules and installed packages, with facts and questions of their own."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from preflight.collect.questions import PRELUDE
from preflight.errors import UserError
from preflight.judge import packs
from preflight.judge.report import Outcome
from preflight.judge.ruleset import load
from preflight.testing import Case
from tests.shell.host import SHELLS

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples/pack/preflight_example"

RULE = '''"""A rule of the site's own.

Why it matters
    It does.

How to fix
    By hand.
"""

from preflight.rule import Findings, Severity, on_host, rule

from ..facts import Pressure


@rule(Severity.WARNING)
def check(host: Pressure) -> Findings:
    if host.text != "low":
        yield on_host(f"the pressure is {host.text}")
'''
FACTS = """
from pathlib import Path
from typing import Annotated, Self

from preflight.rule import Fact, Question, Record

FILE = Path(__file__).with_name("questions.sh")


class Pressure(Fact, frozen=True, kw_only=True):
    text: str

    @classmethod
    def parse(cls, answer: Annotated[Record, Question("site.memory-pressure", FILE)]) -> Self:
        return cls(text=answer.required().strip())
"""
QUESTIONS = """# shellcheck shell=sh
# Questions of a site.
# preflight: read-only

memory_pressure() { echo low; }
"""


def pack(directory: Path, **changed: str) -> Path:
    """Write a pack of one rule, one fact and one question, with other text in some of its files."""
    texts = {"site/under_pressure.py": RULE, "facts.py": FACTS, "questions.sh": QUESTIONS}
    texts |= {name.replace("__", "/").replace("_sh", ".sh"): text for name, text in changed.items()}
    made = directory / "rules.d"
    for name, text in texts.items():
        path = made / (name if "." in name else f"{name}.py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for path in (made, *made.rglob("*")):
        path.chmod(0o700)
    return made


def refusal(made: Path) -> str:
    with pytest.raises(UserError) as refused:
        load((made,))
    text = str(refused.value)
    assert len(text.splitlines()) == 1
    return text


def own(made: Path) -> Any:
    return next(rule for rule in load((made,)) if rule.name == "under-pressure")


def test_a_fact_of_ones_own_is_made_of_the_answer_to_a_question_of_ones_own(tmp_path: Path) -> None:
    made = pack(tmp_path)
    rule = own(made)
    assert rule.questions.keys() == {"site.memory-pressure"}
    assert rule.questions["site.memory-pressure"].endswith("\nmemory_pressure")
    case = Case(rules=made).source("site.memory-pressure", "high\n").destination("site.memory-pressure", "low\n")
    results = case.asking(select=("under-pressure",)).report().results
    assert {result.subject: result.outcome for result in results} == {
        "source": Outcome.FAILED,
        "destination": Outcome.PASSED,
    }


def test_a_snapshot_without_the_answer_is_unknown_and_says_what_to_do(tmp_path: Path) -> None:
    result = Case(rules=pack(tmp_path)).result("under-pressure", "source")
    assert (result.outcome, result.reason) == (
        Outcome.UNKNOWN,
        "site.memory-pressure is not in the snapshot: take it with the same --rules and --pack",
    )


@pytest.mark.parametrize("sh", SHELLS)
def test_a_question_is_asked_in_a_shell_of_its_own(tmp_path: Path, sh: str) -> None:
    """A function of the pack's own that is called as one of preflight's replaces it nowhere else."""
    hostile = QUESTIONS.replace(
        "memory_pressure() { echo low; }", "slurp() { echo replaced; }\nmemory_pressure() { exit 3; }"
    )
    command = own(pack(tmp_path, questions_sh=hostile)).questions["site.memory-pressure"]
    (tmp_path / "file").write_text("the file\n")
    # as emit.sh runs it
    text = f"{PRELUDE}\ne=$( eval '{command}' ); echo $?\nslurp {tmp_path}/file\n"
    done = subprocess.run([*sh.split(), "-s"], input=text, capture_output=True, text=True, check=False)
    assert done.stdout == "3\nthe file\n"


FAULTS = {
    "is not declared to read only": (
        {"questions_sh": QUESTIONS.replace("# preflight: read-only\n", "")},
        "its head does not declare `# preflight: read-only`",
    ),
    "declares it too late": (
        {"questions_sh": QUESTIONS.replace("# preflight: read-only\n", "") + "# preflight: read-only\n"},
        "its head does not declare",
    ),
    "has no such function": (
        {"questions_sh": QUESTIONS.replace("memory_pressure", "other")},
        "has no function memory_pressure() for the question site.memory-pressure",
    ),
    "has a head alone": ({"questions_sh": QUESTIONS.replace("\n\n", "\n")}, "has no function memory_pressure()"),
    "is one of preflight's": ({"facts": FACTS.replace("site.memory-pressure", "etc.hosts")}, "preflight itself asks"),
    "has no name": ({"facts": FACTS.replace("site.memory-pressure", "x; rm -rf /")}, "is not the name of a question"),
    "is not there": ({"facts": FACTS.replace("questions.sh", "none.sh")}, "No such file or directory"),
    "is elsewhere": (
        {"facts": FACTS.replace('Path(__file__).with_name("questions.sh")', 'Path("/etc/hosts")')},
        "/etc/hosts: is not among the rules in",
    ),
    "leads elsewhere": (
        {"facts": FACTS.replace('.with_name("questions.sh")', '.parent / "../questions.sh"')},
        "is not among the rules in",
    ),
    "is for a fact of preflight's name": (
        {"facts": FACTS.replace("Pressure", "Storage"), "site__under_pressure": RULE.replace("Pressure", "Storage")},
        "Storage is the name of a fact of preflight's",
    ),
    "asks for what nobody asks": (
        {"facts": FACTS.replace('Annotated[Record, Question("site.memory-pressure", FILE)]', "Record")},
        "Pressure: no question asks for the record answer",
    ),
    "is made of no fact": (
        {"facts": FACTS.replace('Annotated[Record, Question("site.memory-pressure", FILE)]', "int")},
        "Pressure.parse: answer is neither a record nor a fact",
    ),
}


@pytest.mark.parametrize("why", FAULTS)
def test_a_question_that_must_not_be_asked_is_refused(tmp_path: Path, why: str) -> None:
    changed, said = FAULTS[why]
    assert said in refusal(pack(tmp_path, **changed))


@pytest.mark.parametrize("renamed", [True, False])
def test_two_questions_or_facts_of_one_name_are_refused(tmp_path: Path, *, renamed: bool) -> None:
    first = pack(tmp_path / "a")
    other = {"facts": FACTS.replace("Pressure", "Other"), "site__under_pressure": RULE.replace("Pressure", "Other")}
    second = pack(tmp_path / "b", questions_sh=QUESTIONS.replace("low", "high"), **(other if renamed else {}))
    (second / "site/under_pressure.py").rename(second / "site/another.py")
    if not renamed:
        with pytest.raises(UserError, match="another rule's fact is called Pressure too"):
            load((first, second))
        return
    with pytest.raises(UserError, match=r"another rule asks another question that is called site\.memory-pressure"):
        load((first, second))


def test_the_tests_of_a_pack_and_its_hidden_files_are_no_rules(tmp_path: Path) -> None:
    made = pack(tmp_path, tests__test_x="raise SystemExit", _private__x="raise SystemExit", site___x="raise SystemExit")
    assert own(made).path == made / "site/under_pressure.py"


@pytest.mark.parametrize("part", ["facts.py", "questions.sh", "site/__pycache__", "site/data", "tests"])
def test_a_pack_of_which_others_can_write_any_part_is_not_run(tmp_path: Path, part: str) -> None:
    mark = tmp_path / "ran"
    made = pack(tmp_path, facts=f"open({str(mark)!r}, 'w')\n{FACTS}")
    if not (made / part).exists():
        (made / part).mkdir()
    (made / part).chmod(0o777)
    assert (
        refusal(made)
        == f"{made / part}: users other than you and root can write to it, so its rules are not run: keep them where"
        " only you and root can write"
    )
    assert not mark.exists()


@pytest.mark.parametrize("above", ["open/rules.d", "open/link"])
def test_a_pack_that_others_can_replace_is_not_run(tmp_path: Path, above: str) -> None:
    (tmp_path / "open").mkdir()
    pack(tmp_path / "open")
    (tmp_path / "open/link").symlink_to(pack(tmp_path))
    load((tmp_path / above,))
    (tmp_path / "open").chmod(0o777)
    assert f"other users can write to the directory {tmp_path}/open" in refusal(tmp_path / above)


def test_a_link_out_of_the_pack_counts_as_what_it_leads_to(tmp_path: Path) -> None:
    made = pack(tmp_path)
    (tmp_path / "open").mkdir()
    (tmp_path / "open/other.py").write_text(RULE)
    (made / "site/other.py").symlink_to(tmp_path / "open/other.py")
    load((made,))
    (tmp_path / "open").chmod(0o777)
    assert "other users can write to the directory" in refusal(made)


def test_a_directory_with_everything_in_it_is_refused_and_not_searched_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("preflight.own_file._MOST_ENTRIES", 3)
    assert "contains more than 3 files" in refusal(pack(tmp_path))


# installed packs


@pytest.fixture
def site_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a directory from which Python imports, with the example pack as pip would install it."""
    made = tmp_path / "site-packages"
    (made / "preflight_example_pack-1.0.0.dist-info").mkdir(parents=True)
    (made / "preflight_example_pack-1.0.0.dist-info/entry_points.txt").write_text(
        "[preflight.rules]\nexample = preflight_example\nnone = preflight_none\n"
    )
    (made / "preflight_example_pack-1.0.0.dist-info/METADATA").write_text(
        "Metadata-Version: 2.1\nName: preflight-example-pack\nVersion: 1.0.0\n"
    )
    subprocess.run(["cp", "-r", str(EXAMPLE), str(made)], check=True)
    for path in (made, *made.rglob("*")):
        path.chmod(0o700)
    monkeypatch.syspath_prepend(str(made))
    for name in [name for name in sys.modules if name.partition(".")[0] == "preflight_example"]:
        monkeypatch.delitem(sys.modules, name)
    return made


def test_an_installed_pack_is_used_if_it_is_named(site_packages: Path) -> None:
    assert "tuned-profile-differs" not in {rule.name for rule in load()}
    found = {rule.name: rule for rule in load((), ("example",))}
    assert found["tuned-profile-differs"].path.is_relative_to(site_packages)
    case = Case(pack="example").source("example.tuned-profile", "a\n").destination("example.tuned-profile", "b\n")
    assert case.result("tuned-profile-differs").outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("exampel", "there is no installed pack 'exampel'; installed are example, none"),
        ("none", "pack none: preflight_none is not a package in one directory: see docs/packs.md"),
    ],
)
def test_a_pack_that_is_not_installed_is_refused(site_packages: Path, name: str, why: str) -> None:
    with pytest.raises(UserError) as refused:
        load((), (name,))
    assert str(refused.value) == why


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("part", ["", "facts.py"])
def test_an_installed_pack_of_another_user_is_not_imported(site_packages: Path, part: str) -> None:
    mark = site_packages.parent / "ran"
    (site_packages / "preflight_example/__init__.py").write_text(f"open({str(mark)!r}, 'w')\n")
    os.chown(site_packages / "preflight_example" / part, 1234, -1)
    with pytest.raises(UserError, match="users other than you and root"):
        load((), ("example",))
    assert not mark.exists()


def test_a_check_without_packs_does_not_look_for_them() -> None:
    code = "import sys\nfrom preflight.judge.ruleset import load\nload()\nsys.exit('importlib.metadata' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_example_declares_the_group_that_packs_are_found_by() -> None:
    assert f'[project.entry-points."{packs.GROUP}"]' in (EXAMPLE.parent / "pyproject.toml").read_text()


@pytest.mark.parametrize("own", [True, False])
def test_compiled_files_are_kept_of_preflights_own_rules_alone(tmp_path: Path, *, own: bool) -> None:
    made = pack(tmp_path)
    code = (
        "import sys\nfrom pathlib import Path\nfrom preflight.judge.packs import Pack\n"
        "made = Pack(Path(sys.argv[1]), is_compiled=sys.argv[2] == 'True')\n"
        "made.load(made.directory / 'site/under_pressure.py')\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([sys.executable, "-c", code, str(made), str(own)], env=environment, check=True)
    assert bool(list(made.rglob("*.pyc"))) is own
