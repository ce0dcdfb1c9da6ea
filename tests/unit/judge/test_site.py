"""Findings that a site accepts until a date, and the severities that it changes; rules that guard data keep theirs."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from preflight.errors import UserError
from preflight.judge.report import Outcome, Report, Result, Use, Verdict
from preflight.judge.ruleset import load
from preflight.judge.site import rules_of
from preflight.request.check_request import Site
from preflight.request.configured import Configured, Waiver
from preflight.rule import Severity
from tests.case import Case
from tests.rule_files import write_rule

#: The only error of the recorded pair whose line in /etc/hosts is gone; its finding is about the source.
RULE = "announced-name-unresolvable"
WAIVER = Waiver(rule=RULE, hosts=("host1.*",), reason="the line comes back", expires="2026-12-31", ticket="INC-42")
GUARDING = sorted(rule.name for rule in load() if rule.body.guards_data)


def site(*waivers: Waiver, today: str = "2026-11-30", **more: object) -> Site:
    return Site(configured=Configured(file="site.toml", waivers=waivers), today=today, **more)  # type: ignore[arg-type]


def gone(given: Site, *rules: str) -> Report:
    return Case("hosts-line-gone/host1", "hosts-line-gone/host2").asking(select=rules or (RULE,), site=given).report()


def only(report: Report) -> Result:
    (result,) = report.results
    return result


def test_a_waived_finding_blocks_nothing_and_says_why() -> None:
    assert gone(site()).verdict is Verdict.NOT_READY
    report = gone(site(WAIVER))
    assert (report.verdict, report.exit_code) == (Verdict.READY, 0)
    assert [guest.verdict for guest in report.guests] == [Verdict.READY]
    result = only(report)
    assert (result.outcome, result.reason) == (
        Outcome.WAIVED,
        "until 2026-12-31: the line comes back (INC-42)",
    )
    assert [finding.predicted_error for finding in result.findings] == [
        finding.predicted_error for finding in only(gone(site())).findings
    ]
    assert [(one.waiver, one.use) for one in report.waivers] == [(WAIVER, Use.WAIVES)]


@pytest.mark.parametrize(
    ("today", "use"), [("2026-12-30", Use.WAIVES), ("2026-12-31", Use.WAIVES), ("2027-01-01", Use.EXPIRED)]
)
def test_a_waiver_applies_through_its_last_day(today: str, use: Use) -> None:
    report = gone(site(WAIVER, today=today))
    assert [one.use for one in report.waivers] == [use]
    assert report.verdict is (Verdict.READY if use is Use.WAIVES else Verdict.NOT_READY)


@pytest.mark.parametrize(
    ("hosts", "pairs", "is_waived"),
    [
        (("host1.example.com",), (), True),
        (("HOST1.example.com",), (), True),
        (("host?.example.com",), (), True),
        (("*",), (), True),
        (("host1",), (), False),
        (("host2.*",), (), False),
        (("host1.example.co",), (), False),
        (("host[12].*",), (), False),
        (("host1xexample.com",), (), False),
        ((), (("host1.*", "host2.*"),), True),
        ((), (("host2.*", "host1.*"),), False),
        ((), (("host1.*", "host1.*"),), False),
        ((), (("a", "b"), ("*", "*")), True),
    ],
)
def test_only_findings_on_the_named_hosts_or_between_the_named_pairs_are_waived(
    hosts: tuple[str, ...], pairs: tuple[tuple[str, str], ...], *, is_waived: bool
) -> None:
    report = gone(site(replace(WAIVER, hosts=hosts, pairs=pairs)))
    assert (report.verdict is Verdict.READY) is is_waived


def test_a_waiver_of_the_other_host_is_unused_and_one_of_neither_is_not_mentioned() -> None:
    report = gone(site(replace(WAIVER, hosts=("host2.*",)), replace(WAIVER, hosts=("kvm9",))))
    assert [(one.waiver.hosts, one.use) for one in report.waivers] == [(("host2.*",), Use.UNUSED)]


@pytest.mark.parametrize(
    ("hosts", "pairs"),
    [
        (("kvm9", "HOST1"), ()),
        (("host2",), ()),
        (("host1.example.com.", "host1.example.com.au"), ()),
        ((), (("host1", "host2"),)),
        ((), (("host1.example.com", "host2"),)),
    ],
)
def test_a_waiver_that_differs_from_the_check_by_a_domain_alone_covers_nothing_and_is_named(
    hosts: tuple[str, ...], pairs: tuple[tuple[str, str], ...]
) -> None:
    report = gone(site(replace(WAIVER, hosts=hosts, pairs=pairs)))
    assert report.verdict is Verdict.NOT_READY
    assert [one.use for one in report.waivers] == [Use.MISNAMED]


@pytest.mark.parametrize(
    ("host", "name", "differs"),
    [
        ("host2", "host2.example.com", True),
        ("host2.example.com", "host2", True),
        ("host2", "host20.example.com", False),
        ("host2", "host2", False),
        ("host*", "host2.example.com", False),
        ("10", "10.0.0.1", False),
        ("host2", "qemu+ssh://host2.example.com/system", False),
        ("fe80", "fe80::1", False),
    ],
)
def test_a_name_with_and_without_its_domain_is_known(host: str, name: str, *, differs: bool) -> None:
    found = replace(WAIVER, hosts=(host,)).misnamed((name,))
    assert found == ((host, name) if differs else None)


def test_a_waiver_of_a_rule_that_was_not_applied_is_not_called_unused() -> None:
    assert gone(site(WAIVER), "ssh-login-refused").waivers == ()


def test_a_waiver_of_one_rule_waives_no_other() -> None:
    report = gone(site(replace(WAIVER, rule="hosts-entry-missing")))
    assert report.verdict is Verdict.NOT_READY


def test_the_second_of_two_waivers_holds_where_the_first_has_expired() -> None:
    first = replace(WAIVER, expires="2026-01-01", reason="first")
    report = gone(site(first, replace(WAIVER, reason="second")))
    assert only(report).reason == "until 2026-12-31: second (INC-42)"
    assert [one.use for one in report.waivers] == [Use.EXPIRED, Use.WAIVES]


TWO = """
from preflight.rule import Finding, Unreadable

@rule(Severity.ERROR)
def check(source: OsRelease, destination: OsRelease) -> Findings:
    yield on_source("one")
    yield on_destination("two")
    {more}
"""


@pytest.mark.parametrize(
    ("hosts", "more", "outcome"),
    [
        (("host1.*",), "", Outcome.FAILED),
        (("host2.*",), "", Outcome.FAILED),
        (("host1.*", "host2.*"), "", Outcome.WAIVED),
        (("host1.*", "host2.*"), 'raise Unreadable("no answer")', Outcome.UNKNOWN),
        (("host1.*",), 'raise Unreadable("no answer")', Outcome.FAILED),
        (("*",), 'yield Finding("neither host\'s")', Outcome.FAILED),
    ],
)
def test_a_result_is_waived_only_as_a_whole(
    tmp_path: Path, hosts: tuple[str, ...], more: str, outcome: Outcome
) -> None:
    write_rule(tmp_path, "of_our_own", TWO.format(more=more))
    waiver = replace(WAIVER, rule="of-our-own", hosts=hosts)
    report = Case().asking(select=("of-our-own",), site=site(waiver, rules=(tmp_path,))).report()
    assert only(report).outcome is outcome
    assert (
        report.verdict
        is {
            Outcome.FAILED: Verdict.NOT_READY,
            Outcome.WAIVED: Verdict.READY,
            Outcome.UNKNOWN: Verdict.UNDETERMINED,
        }[outcome]
    )
    if outcome is Outcome.UNKNOWN:
        assert (only(report).reason, only(report).findings) == ("no answer", ())


def test_what_is_unknown_is_not_waived() -> None:
    case = Case().source("etc.hosts", None).asking(select=(RULE,))
    before = case.report()
    assert before.verdict is Verdict.UNDETERMINED
    after = case.asking(
        site=site(replace(WAIVER, hosts=("*",)), replace(WAIVER, hosts=(), pairs=(("*", "*"),)))
    ).report()
    assert after.results == before.results


# rules that guard data


def test_the_rules_that_guard_data_are_these() -> None:
    assert GUARDING == [
        "block-device-differs",
        "copied-disk-of-another-guest",
        "copied-disk-written-over",
        "disk-not-shared",
        "disk-size-differs",
        "libvirt-cannot-write",
        "lock-manager-mismatch",
        "managed-by-pacemaker",
        "managed-elsewhere",
        "mount-differs",
        "offline-disk-left-behind",
        "offline-guest-running",
        "saved-state-left-behind",
        "saved-state-on-destination",
        "tpm-of-the-host",
    ]


def refusal(given: Site) -> str:
    with pytest.raises(UserError) as refused:
        rules_of(given)
    return str(refused.value)


@pytest.mark.parametrize("rule", GUARDING)
def test_a_rule_that_guards_data_is_neither_waived_nor_ignored_by_a_file_nor_lowered(rule: str) -> None:
    waiver = replace(WAIVER, rule=rule, file="site.toml")
    assert refusal(site(waiver)) == f"site.toml: waiver: {rule}: guards data and cannot be waived"
    topic = next(one.text.topic for one in load() if one.name == rule)
    for ignored in (rule, topic):
        ignoring = Configured(file="site.toml", values={"ignore": [ignored]}, origins={"ignore": "site.toml"})
        said = refusal(Site(configured=ignoring))
        assert said.startswith("site.toml: ignore: ")
        assert rule in said
    assert refusal(Site(severity=((rule, "info"),))).startswith(f"severity: {rule} guards data")
    assert rules_of(Site(severity=((rule, "error"),)))


def test_a_waiver_of_no_rule_is_refused_with_a_suggestion() -> None:
    said = refusal(site(replace(WAIVER, rule="mtu-difers", file="site.toml")))
    assert said == "site.toml: waiver: mtu-difers: there is no such rule; did you mean mtu-differs?"


# severities


@pytest.mark.parametrize(
    ("level", "verdict"), [("error", Verdict.NOT_READY), ("warning", Verdict.READY), ("info", Verdict.READY)]
)
def test_a_severity_is_the_sites(level: str, verdict: Verdict) -> None:
    report = gone(site(severity=((RULE, level),)))
    assert (only(report).severity, report.verdict) == (Severity(level), verdict)
    assert only(report).rule.severity is Severity(level)


def test_a_severity_of_no_rule_is_refused() -> None:
    assert (
        refusal(Site(severity=(("mtu-difers", "info"),))) == "there is no rule 'mtu-difers'; did you mean mtu-differs?"
    )
    assert (
        refusal(Site(severity=(("login", "info"),)))
        == "severity: login is a subject, not a rule: name its rules, which `preflight rules` lists"
    )
