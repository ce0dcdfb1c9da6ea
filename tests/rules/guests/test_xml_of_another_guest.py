"""The XML given for the destination, compared with the guest that is moved."""

import json
from collections.abc import Callable

import pytest

from preflight.judge.report import Outcome
from preflight.rule import Severity
from tests.case import Case

RULE = "xml-of-another-guest"


def given(change: Callable[[str], str]) -> Case:
    """Return the sound pair, with the guest's own XML changed for the destination."""
    case = Case()
    xml = json.loads(case.hosts[0].answers.records["libvirt.domains"].out)["domains"][0]["xml"]
    changed = change(xml)
    assert changed != xml
    return case.asking(xml=changed)


def between(tag: str, text: str) -> Callable[[str], str]:
    def change(xml: str) -> str:
        before, _, rest = xml.partition(f"<{tag}")
        opening, _, rest = rest.partition(">")
        return f"{before}<{tag}{opening}>{text}</{tag}>{rest.partition(f'</{tag}>')[2]}"

    return change


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (between("uuid", "938af0c4-9f8b-41fb-b91c-42019cf3f323"), "Target domain uuid "),
        (between("name", "db"), "Target domain name 'db' does not match source 'web'"),
        (between("memory", "131072"), "Target domain max memory 131072 does not match source 65536"),
        (between("vcpu", "2"), "Target domain vCPU max 2 does not match source 1"),
        (
            lambda xml: xml.replace("machine='pc-i440fx-7.2'", "machine='pc-i440fx-5.2'"),
            "Target domain machine type pc-i440fx-5.2 does not match source pc-i440fx-7.2",
        ),
    ],
)
def test_catches_what_libvirt_compares(change: Callable[[str], str], error: str) -> None:
    result = given(change).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    assert [finding.predicted_error for finding in result.findings] == [error]


@pytest.mark.parametrize(
    "change",
    [
        lambda xml: xml.replace("192.0.2.254", "192.0.2.253"),
        lambda xml: xml.replace("machine='pc-i440fx-7.2'", "machine='pc'"),
    ],
    ids=["belongs to the host", "an alias of the machine"],
)
def test_passes_what_may_differ(change: Callable[[str], str]) -> None:
    assert given(change).result(RULE).outcome is Outcome.PASSED


def test_passes_another_name_that_is_given_as_such() -> None:
    case = given(lambda xml: xml.replace("192.0.2.254", "192.0.2.253"))
    assert case.asking(dname="web-moved").result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_without_xml() -> None:
    assert Case().result(RULE).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize("text", ["<domain", "<network><name>web</name></network>", ""])
def test_is_unknown_when_it_is_no_guests_xml(text: str) -> None:
    assert Case().asking(xml=text).result(RULE).outcome is Outcome.UNKNOWN
