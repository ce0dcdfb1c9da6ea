"""obsolete-setting: settings that this release of libvirt ignores."""

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "obsolete-setting"


def with_line(line: str) -> Case:
    return Case().destination("libvirtd.conf", lambda text: f"{text}{line}\n")


def test_catches_max_requests() -> None:
    result = with_line("max_requests = 200").result(RULE, "destination")
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.INFO)
    [finding] = result.findings
    assert (finding.host, finding.message) == (Role.DESTINATION, "max_requests has been ignored since libvirt 3.7.0")
    assert finding.location is not None
    assert finding.location.text == "max_requests = 200"


def test_passes_a_release_that_read_it() -> None:
    case = with_line("mdns_adv = 1")
    case.destination("libvirt.versions", '{"libvirt": 5004000, "hypervisor": 3001000, "type": "QEMU"}')
    assert case.result(RULE, "destination").outcome is Outcome.PASSED


def test_passes_settings_that_are_read_and_remarks() -> None:
    assert with_line("max_client_requests = 20\n#max_requests = 20").result(RULE, "destination").outcome is (
        Outcome.PASSED
    )


def test_is_unknown_when_the_release_is_not_known() -> None:
    case = with_line("max_requests = 200").destination("libvirt.versions", None)
    result = case.result(RULE, "destination")
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, "libvirt's version is unknown")
    assert not result.obscures
