"""Guests that take longer to move than a connection lasts on which only one call is handled at a time."""

import pytest

from preflight.facts.memory.resident import OWN_KIB
from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "migration-outlasts-keepalive"
ONE = "max_client_requests = 1\n"


def touched(mib: int, conf: str = ONE, *, speeds: str = "") -> Case:
    """Return the sound pair, whose guest of up to 64 GiB touched this much; `conf` is added to the source's file."""
    case = Case().source("libvirtd.conf", lambda text: text + conf)
    case.xml("<memory unit='KiB'>65536<", "<memory unit='GiB'>64<")
    return case.source("resident", f"resident {mib * 1024 + OWN_KIB} web\n").source("speeds", speeds)


def test_catches_a_bandwidth_at_which_it_takes_four_times_as_long() -> None:
    result = touched(240).asking(bandwidth=2).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert finding.host is Role.SOURCE
    assert finding.message == (
        "the guest has touched 240 MiB, which takes 120 s to send; with max_client_requests = 1 the"
        " connection is closed after 30 s"
    )
    assert finding.predicted_error == "End of file while reading data"
    assert finding.location is not None
    assert finding.location.text == "max_client_requests = 1"


def test_catches_what_the_fastest_of_the_links_cannot_carry_in_time() -> None:
    speeds = "/sys/class/net/eth0/speed:100\n/sys/class/net/eth1/speed:1000\n"
    assert touched(15000, speeds=speeds).result(RULE).blocks
    assert touched(10000, speeds=speeds).result(RULE).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(("mib", "bandwidth"), [(100, None), (100, 10), (3000, None)])
def test_passes_a_guest_that_is_moved_in_time(mib: int, bandwidth: float | None) -> None:
    assert touched(mib).asking(bandwidth=bandwidth).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("conf", ["max_client_requests = 2\n", "", ONE + "keepalive_interval = -1\n"])
def test_passes_a_daemon_that_reads_on_or_sends_no_keepalive(conf: str) -> None:
    case = touched(60000, conf or "# nothing\n").asking(bandwidth=1)
    assert case.result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    case = touched(60000).asking(offline=True, guests=("web",), bandwidth=1)
    assert case.result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_it_may_take_longer_and_need_not() -> None:
    result = touched(100).asking(bandwidth=2).result(RULE)
    assert (result.outcome, result.severity) == (Outcome.UNKNOWN, Severity.ERROR)
    assert "may take 50 s to send" in (result.reason or "")


def test_is_unknown_when_nothing_tells_the_speed_of_the_link_and_the_guest_is_large() -> None:
    assert touched(60000).result(RULE).outcome is Outcome.UNKNOWN


def test_is_unknown_when_it_was_not_told_what_the_guest_has_touched() -> None:
    assert touched(1).source("resident", None).result(RULE).outcome is Outcome.UNKNOWN
