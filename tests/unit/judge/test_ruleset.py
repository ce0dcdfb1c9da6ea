"""Rule files are found, loaded and chosen; what cannot be a rule is refused in one line."""

import os
from pathlib import Path

import pytest

from preflight import facts
from preflight.collect.sources import FACTS
from preflight.facts.fact import Fact
from preflight.host import Guest
from preflight.judge import ruleset
from preflight.judge.builtin import builtin_directory
from preflight.judge.packs import RuleError
from preflight.judge.ruleset import find, load
from preflight.judge.ruleset import select as select_rules
from preflight.request.check_request import Migration
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.rule_files import load_rule, write_rule

SOUND = """
@rule(Severity.WARNING)
def check(source: Versions, destination: Versions) -> Findings:
    yield from ()
"""


def refusal(directory: Path) -> str:
    with pytest.raises(RuleError) as refused:
        load((directory,))
    text = str(refused.value)
    assert len(text.splitlines()) == 1
    return text


def test_rules_are_sorted_by_name_and_know_where_they_lie() -> None:
    rules = load()
    assert [rule.name for rule in rules] == sorted(rule.name for rule in rules)
    assert len(rules) > 20
    for rule in rules:
        assert rule.path.parent.name == rule.text.topic
        assert rule.path.stem.replace("_", "-") == rule.name


def test_a_sites_own_rule_is_loaded_with_its_text(tmp_path: Path) -> None:
    rule = load_rule(tmp_path, SOUND)
    assert (rule.text.topic, rule.text.title) == ("site", "A rule of the site's own.")
    assert (rule.text.why, rule.text.fix) == ("It does.", "By hand.")
    assert rule.body.severity is Severity.WARNING
    assert {rule.name for rule in load((tmp_path,))} == {rule.name for rule in load()} | {"of-our-own"}


def test_what_a_rule_needs_is_known_before_it_runs(tmp_path: Path) -> None:
    rule = load_rule(
        tmp_path,
        """
        @rule(Severity.ERROR)
        def check(source: Versions, source_login: Login, destination_os: OsRelease, migration: Migration) -> Findings:
            yield from ()
        """,
    )
    login: set[type[Fact]] = {facts.Versions, facts.Login}
    assert rule.facts(Role.SOURCE) == login
    assert rule.facts(Role.DESTINATION) == {facts.OsRelease}
    assert [(one.name, one.role, one.kind) for one in rule.parameters][2:] == [
        ("destination_os", Role.DESTINATION, facts.OsRelease),
        ("migration", None, Migration),
    ]
    assert not rule.per_host
    assert not rule.per_guest


def test_a_rule_about_one_host_needs_its_facts_of_both(tmp_path: Path) -> None:
    rule = load_rule(
        tmp_path,
        """
        @rule(Severity.ERROR)
        def check(host: Versions, host_login: Login, migration: Migration) -> Findings:
            yield from ()
        """,
    )
    assert rule.per_host
    both: set[type[Fact]] = {facts.Versions, facts.Login}
    assert rule.facts(Role.SOURCE) == rule.facts(Role.DESTINATION) == both


def test_a_rule_about_guests_needs_only_what_it_says_of_hosts(tmp_path: Path) -> None:
    rule = load_rule(
        tmp_path,
        """
        @rule(Severity.ERROR)
        def check(guest: Guest, destination: Guests) -> Findings:
            yield from ()
        """,
    )
    assert rule.per_guest
    assert rule.facts(Role.SOURCE) == set()
    assert rule.parameters[0].kind is Guest


def test_a_rule_about_all_guests_is_asked_once(tmp_path: Path) -> None:
    rule = load_rule(
        tmp_path,
        """
        @rule(Severity.ERROR)
        def check(guests: Judged, destination: Versions) -> Findings:
            yield from ()
        """,
    )
    assert rule.of_all_guests
    assert not rule.per_guest
    assert rule.facts(Role.DESTINATION) == {facts.Versions}


def test_every_fact_has_one_name_that_rules_import_it_by() -> None:
    assert len(facts.__all__) == len(set(facts.__all__))
    assert all(getattr(facts, kind.__name__) is kind for kind in FACTS)


TITLE = '"""A title.\n\n'
DOCUMENTED_BADLY = {
    "none at all": "",
    "an empty one": '"""   """',
    "a title alone": '"""A title."""',
    "no reason": f'{TITLE}How to fix\n    By hand.\n"""',
    "no fix": f'{TITLE}Why it matters\n    It does.\n"""',
    "a title of two lines": '"""A title\nof two.\n\nWhy it matters\n    It does.\n\nHow to fix\n    By hand.\n"""',
    "no title": '"""Why it matters\n    It does.\n\nHow to fix\n    By hand.\n"""',
    "another heading": f'{TITLE}Why it is so\n    It is.\n\nHow to fix\n    By hand.\n"""',
    "a heading further in": f'{TITLE}    Why it matters\n    It does.\n\nHow to fix\n    By hand.\n"""',
}


@pytest.mark.parametrize("documentation", DOCUMENTED_BADLY.values(), ids=DOCUMENTED_BADLY.keys())
def test_a_rule_without_its_documentation_is_refused(tmp_path: Path, documentation: str) -> None:
    path = write_rule(tmp_path, "bad", SOUND, documentation=documentation + "\n")
    assert refusal(tmp_path) == (
        f"{path}: the docstring must have a title in one line, then `Why it matters`, then `How to fix`"
    )


SIGNATURES = {
    "source: int": "no fact matches `source: int`",
    "source": "no fact matches `source: None`",
    "sourse: Versions": "no fact matches `sourse: Versions`",
    "versions: Versions": "no fact matches `versions: Versions`",
    "source: Guest": "no fact matches `source: Guest`",
    "guest: Guests": "no fact matches `guest: Guests`",
    "migration: Versions": "no fact matches `migration: Versions`",
    "host: Migration": "no fact matches `host: Migration`",
    "source: Severity": "no fact matches `source: Severity`",
    "source: 'Nothing'": "name 'Nothing' is not defined",
    "*source: int": "no fact matches `source: int`",
    "host: Versions, destination: Versions": "a `host` rule takes neither another host's facts nor a guest",
    "host: Versions, guest: Guest": "a `host` rule takes neither another host's facts nor a guest",
    "host: Versions, guests: Judged": "a `host` rule takes neither another host's facts nor a guest",
    "guests: Guests": "no fact matches `guests: Guests`",
    "guest: Guest, guests: Judged": "a rule takes either `guest` or `guests`, not both",
}


@pytest.mark.parametrize(("signature", "why"), SIGNATURES.items())
def test_a_rule_that_asks_for_what_there_is_not_is_refused(tmp_path: Path, signature: str, why: str) -> None:
    path = write_rule(
        tmp_path, "bad", f"@rule(Severity.ERROR)\ndef check({signature}) -> Findings:\n    yield from ()\n"
    )
    assert refusal(tmp_path) == f"{path}: {why}"


@pytest.mark.parametrize("kind", ["Fact", "Own", "ControlConnection"])
def test_a_fact_that_nobody_collects_is_refused(tmp_path: Path, kind: str) -> None:
    path = write_rule(
        tmp_path,
        "bad",
        f"""
        from preflight.facts.control import ControlConnection
        from preflight.facts.fact import Fact
        class Own(Fact):
            x: int
        @rule(Severity.ERROR)
        def check(source: {kind}) -> Findings:
            yield from ()
        """,
    )
    assert refusal(tmp_path) == f"{path}: no fact matches `source: {kind}`"


BODIES = {
    "def check(source: Versions) -> Findings:\n    yield from ()\n": "no function `check` decorated with @rule",
    "check = 1\n": "no function `check` decorated with @rule",
    "": "no function `check` decorated with @rule",
    "import no_such_module\n": "ModuleNotFoundError: No module named 'no_such_module'",
    "raise ValueError('a\\nb')\n": "ValueError: a b",
    "def (\n": "SyntaxError: ",
}


@pytest.mark.parametrize(("body", "why"), BODIES.items())
def test_a_file_that_is_no_rule_is_refused(tmp_path: Path, body: str, why: str) -> None:
    path = write_rule(tmp_path, "bad", body)
    assert refusal(tmp_path).startswith(f"{path}: {why}")


def test_two_rules_of_one_name_are_refused(tmp_path: Path) -> None:
    path = write_rule(tmp_path, "clients_limit", SOUND, topic="other")
    builtin = builtin_directory() / "limits" / "clients_limit.py"
    assert refusal(tmp_path) == f"{path}: the name clients-limit is already used by {builtin}: choose another name"


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777])
@pytest.mark.parametrize("part", ["site/of_our_own.py", "site", ""])
def test_a_rule_that_others_can_write_is_not_run(tmp_path: Path, part: str, mode: int) -> None:
    mark = tmp_path / "ran"
    write_rule(tmp_path / "rules.d", "of_our_own", f"open({str(mark)!r}, 'w')\n" + SOUND)
    path = tmp_path / "rules.d" / part
    path.chmod(mode)
    assert refusal(tmp_path / "rules.d") == (
        f"{path}: users other than you and root can write to it, so its rules are not run: keep them where only you"
        " and root can write"
    )
    assert not mark.exists()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_a_rule_of_another_users_is_not_run(tmp_path: Path) -> None:
    path = write_rule(tmp_path, "of_our_own", SOUND)
    os.chown(path, 65534, 65534)
    assert refusal(tmp_path).startswith(f"{path}: users other than you")


def test_rules_that_come_with_preflight_are_as_safe_as_preflight(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A checkout under umask 002 is writable by its owner's group."""
    write_rule(tmp_path, "of_our_own", SOUND).chmod(0o664)
    (tmp_path / "site").chmod(0o775)
    monkeypatch.setattr(ruleset, "builtin_directory", lambda: Path(tmp_path))
    assert [rule.name for rule in load()] == ["of-our-own"]


def test_rules_that_come_with_preflight_are_loaded_once_a_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = load()
    assert all(mine is theirs for mine, theirs in zip(load(), once, strict=True))
    planted = tmp_path / "rules"
    monkeypatch.setattr(ruleset, "builtin_directory", lambda: planted)
    for name in ("of_our_own", "of_another"):
        write_rule(tmp_path / name, name, SOUND)
        (tmp_path / name).rename(planted)
        assert [rule.path.stem for rule in load()] == [name]
        planted.rename(tmp_path / f"{name} as it was")
    monkeypatch.undo()
    assert [rule.name for rule in load()] == [rule.name for rule in once]


def test_a_sites_rules_are_read_at_every_load(tmp_path: Path) -> None:
    before = load_rule(tmp_path, SOUND)
    assert before.body.severity is Severity.WARNING
    assert load_rule(tmp_path, SOUND.replace("WARNING", "ERROR")).body.severity is Severity.ERROR


def test_a_directory_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none") == f"{tmp_path}/none: no such rule directory: correct --rules or the key `rules`"


def test_files_beside_the_subjects_are_no_rules(tmp_path: Path) -> None:
    write_rule(tmp_path, "of_our_own", SOUND)
    (tmp_path / "conftest.py").write_text("raise SystemExit\n")
    (tmp_path / "conftest.py").chmod(0o600)
    (tmp_path / "site" / "README.md").write_text("text\n")
    assert "of-our-own" in {rule.name for rule in load((tmp_path,))}


def test_a_rule_file_is_not_importable_by_name(tmp_path: Path) -> None:
    load_rule(tmp_path, SOUND)
    with pytest.raises(ModuleNotFoundError):
        __import__("site.of_our_own")


def names(*, select: tuple[str, ...] = (), ignore: tuple[str, ...] = ()) -> set[str]:
    return {rule.name for rule in select_rules(load(), select=select, ignore=ignore)}


def test_all_rules_are_selected_unless_some_are() -> None:
    assert names() == {rule.name for rule in load() if not rule.of_files}
    assert names(select=("clients-limit", "same-host")) == {"clients-limit", "same-host"}


def test_a_subject_selects_its_rules() -> None:
    assert names(select=("limits",)) == {rule.name for rule in load() if rule.text.topic == "limits"}
    assert "clients-limit" not in names(ignore=("limits",))
    assert "same-host" in names(ignore=("limits",))


def test_what_is_ignored_is_left_out_of_what_is_selected() -> None:
    assert "workers-limit" not in names(select=("limits",), ignore=("workers-limit",))
    assert "clients-limit" in names(select=("limits",), ignore=("workers-limit",))


def test_a_selection_that_leaves_none_is_refused() -> None:
    with pytest.raises(RuleError, match="--select and --ignore leave no rule to apply: `preflight rules` lists them"):
        names(select=("clients-limit",), ignore=("limits",))


@pytest.mark.parametrize("how", ["select", "ignore"])
@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("client-limit", "; did you mean clients-limit?"),
        ("limit", "; did you mean limits?"),
        ("clients_limit", "; did you mean clients-limit?"),
        ("xyzzy", "; see `preflight rules`"),
        ("", "; see `preflight rules`"),
    ],
)
def test_a_name_of_no_rule_is_refused_with_what_may_be_meant(how: str, typed: str, hint: str) -> None:
    with pytest.raises(RuleError) as refused:
        names(**{how: (typed,)})
    assert str(refused.value) == f"there is no rule {typed!r}{hint}"


def test_one_rule_is_found_by_its_name_alone() -> None:
    assert find(load(), "clients-limit").name == "clients-limit"
    with pytest.raises(RuleError, match=r"there is no rule 'limits'"):
        find(load(), "limits")
