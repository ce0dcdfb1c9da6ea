"""Single hosts: the rules that judge one, by what they declare, and the same results as in a check of two."""

from collections.abc import Callable
from pathlib import Path

import pytest

from preflight.answers import Answers, SavedHost
from preflight.judge.lint import Request, lint_host, of_files, of_one_host
from preflight.judge.report import Outcome, Verdict
from preflight.judge.ruleset import load
from preflight.output.report.problems import unknowns
from preflight.request.check_request import Gate, Site
from preflight.request.configured import Configured, Waiver
from preflight.request.migration import FailOn
from tests.case import Case
from tests.files import linted

RULES = {rule.name: rule for rule in load()}


@pytest.mark.parametrize(
    ("name", "alone"),
    [
        ("tls-forced", True),  # `host`
        ("managed-by-pacemaker", True),  # `source`, and a guest of it
        ("migration-ports-exhausted", True),  # `destination` alone
        ("transient-disk", True),  # a guest alone
        ("byte-order-mark", True),  # `files`, of which any host has some
        ("conf-file-invalid", False),  # the list of files that are no host yet
        ("os-release-differs", False),  # both hosts
        ("disk-missing-on-destination", False),  # a guest of the source, and the destination
        ("hosts-entry-missing", False),  # the source's answer about the destination
        ("peer-connection-refused", False),  # likewise
        ("options-contradict", False),  # the request alone
    ],
)
def test_a_rule_judges_one_host_by_what_it_declares(name: str, alone: bool) -> None:
    assert of_one_host(RULES[name]) is alone


def test_files_are_judged_by_the_rules_that_they_can_answer() -> None:
    given = frozenset(("files", "etc.hosts", "os-release"))
    assert {name for name, rule in RULES.items() if of_files(rule, given)} == {
        name for name, rule in RULES.items() if rule.of_files
    }


def test_a_check_applies_no_rule_about_files() -> None:
    applied = {rule.name for rule in Case().report().rules}
    assert applied == {name for name, rule in RULES.items() if not rule.of_files}


def lint_source(case: Case) -> dict[str, tuple[Outcome, tuple[str, ...]]]:
    report = lint_host(case.hosts[0], Request(), is_saved=True)
    return {
        f"{one.rule.name} {one.subject}": (one.outcome, tuple(finding.message for finding in one.findings))
        for one in report.results
    }


def change_nothing(case: Case) -> Case:
    return case


CASES: list[Callable[[Case], Case]] = [
    change_nothing,
    lambda case: case.source("libvirtd.conf", lambda text: f"{text}max_requests = 5\nmax_workers = 0\n"),
    lambda case: case.xml("<features>", "<features><hyperv/>"),
    lambda case: case.source("qemu.conf", "migrate_tls_force = 1\n"),
    lambda case: case.source("daemons", None),
    lambda case: case.source("libvirt.domains", None),
]


@pytest.mark.parametrize("change", CASES)
def test_a_host_has_the_results_that_a_check_has_for_it(change: Callable[[Case], Case]) -> None:
    case = change(Case())
    alone = lint_source(case)
    report = case.asking(as_they_are=True).report()
    judged = {name for name, rule in RULES.items() if of_one_host(rule) and not rule.of_files}
    of_source = {
        f"{one.rule.name} {one.subject}": (one.outcome, tuple(finding.message for finding in one.findings))
        for one in report.results
        if one.rule.name in judged and one.subject != "destination"
    }
    assert of_source
    assert {name: alone[name] for name in of_source} == of_source


def test_a_login_that_fails_makes_the_verdict_undetermined() -> None:
    (saved,) = (SavedHost("host1", Answers({}, {"": "login to host1 failed: Connection refused"})),)
    report = lint_host(saved, Request(), is_saved=True)
    assert report.verdict is Verdict.UNDETERMINED
    assert report.exit_code == 3
    assert len(unknowns(report)) == 1


def test_the_gate_and_the_selection_are_those_of_a_check(tmp_path: Path) -> None:
    files = {"etc/hosts": "{{ a }} host1\n"}
    assert linted(tmp_path, files).exit_code == 0
    assert linted(tmp_path, files, Request(gate=Gate(FailOn.WARNING))).exit_code == 1
    narrowed = linted(tmp_path, files, Request(ignore=("template-not-rendered",), gate=Gate(FailOn.WARNING)))
    assert (narrowed.exit_code, narrowed.narrowed) == (0, True)


def test_a_waiver_covers_a_finding_of_a_host(tmp_path: Path) -> None:
    waiver = Waiver(
        rule="template-not-rendered", hosts=("kvm*",), pairs=(), reason="r", expires="2026-12-31", ticket="", file="f"
    )
    site = Site(configured=Configured(waivers=(waiver,)), today="2026-11-30")
    report = linted(tmp_path / "kvm1", {"etc/ssh/sshd_config": "{{ a }}\n"}, Request(site=site))
    (found,) = [one for one in report.results if one.findings]
    assert found.outcome is Outcome.WAIVED
    assert report.verdict is Verdict.READY


SITES_RULE = '''"""libvirt logs too much.

Why it matters
    The disk of a host fills up with messages, as "No space left on device" says then.

How to fix
    Remove log_level from the file.
"""

from preflight.facts import LibvirtFiles
from preflight.rule import Findings, Severity, on_host, rule


@rule(Severity.ERROR)
def check({}: LibvirtFiles) -> Findings:
    if found := {}.get("libvirtd.conf", "log_level"):
        yield on_host("log_level is set", at=found)
'''


@pytest.mark.parametrize("owner", ["host", "files"])
def test_a_sites_own_rule_judges_files(owner: str, tmp_path: Path) -> None:
    rule = tmp_path / "rules" / "site" / "log_level_set.py"
    rule.parent.mkdir(parents=True, mode=0o700)
    rule.parent.parent.chmod(0o700)
    rule.write_text(SITES_RULE.format(owner, owner))
    rule.chmod(0o600)
    request = Request(select=("log-level-set",), site=Site(rules=(tmp_path / "rules",)))
    (found,) = linted(tmp_path / "1", {"etc/libvirt/libvirtd.conf": "log_level = 1\n"}, request).results
    assert [finding.message for finding in found.findings] == ["log_level is set"]


def test_every_rule_is_applied_or_left_out_with_a_reason(tmp_path: Path) -> None:
    report = linted(tmp_path, {"etc/hosts": "127.0.0.1 localhost\n"})
    left = [rule.name for one in report.unjudged for rule in one.rules]
    assert sorted([*left, *(rule.name for rule in report.rules)]) == sorted(RULES)
    assert [one.why for one in report.unjudged] == [
        "compare two hosts, or need an answer about another one",
        "need answers that only a host gives",
    ]
