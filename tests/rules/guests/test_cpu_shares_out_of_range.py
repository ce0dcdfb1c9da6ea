"""CPU shares and the destination's control groups."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "cpu-shares-out-of-range"
UNIFIED = "value /sys/fs/cgroup/cgroup.controllers cpu memory\n"


def case(shares: str, resources: str = UNIFIED) -> Case:
    made = Case().xml("<os>", f"<cputune><shares>{shares}</shares></cputune><os>")
    return made.destination("resources", resources)


@pytest.mark.parametrize("shares", ["20480", "10001", "0"])
def test_catches_shares_out_of_range(shares: str) -> None:
    result = case(shares).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert (finding.host, finding.predicted_error) == (Role.DESTINATION, None)


def test_catches_it_in_the_words_of_a_later_release() -> None:
    asked = case("20480").destination("libvirt.versions", lambda text: text.replace("9000000", "11003000"))
    [finding] = asked.result(RULE).findings
    assert finding.predicted_error == "shares '20480' must be in range [1, 10000]"


@pytest.mark.parametrize(("shares", "resources"), [("10000", UNIFIED), ("1", UNIFIED), ("20480", "")])
def test_passes_shares_that_the_host_accepts(shares: str, resources: str) -> None:
    assert case(shares, resources).result(RULE).outcome is Outcome.PASSED


def test_passes_a_guest_without_shares() -> None:
    assert Case().destination("resources", UNIFIED).result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_the_destination_did_not_answer() -> None:
    assert case("1").destination("resources", None).result(RULE).outcome is Outcome.UNKNOWN
