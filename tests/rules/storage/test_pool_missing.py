"""Storage pools that the guest has volumes of."""

import pytest

from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case
from tests.rules.pools import VOLUME, on_volume, pools, vms

RULE = "pool-missing"
DRIVE = VOLUME.replace("device='disk'", "device='cdrom'").replace(" volume=", " startupPolicy='optional' volume=")


def test_catches_a_pool_that_is_not_there() -> None:
    result = on_volume().destination("libvirt.pools", pools()).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert (finding.host, finding.message) == (Role.DESTINATION, "the storage pool vms does not exist")
    assert finding.predicted_error == "Storage pool not found: no storage pool with matching name 'vms'"


def test_catches_a_pool_that_is_off() -> None:
    [finding] = on_volume().destination("libvirt.pools", pools(vms(active=False))).result(RULE).findings
    assert finding.predicted_error == "storage pool 'vms' containing volume 'web.img' is not active"
    assert finding.fix == "on the destination: virsh pool-start vms"


def test_passes_a_pool_that_is_active_whatever_is_in_it() -> None:
    assert on_volume().destination("libvirt.pools", pools(vms())).result(RULE).outcome is Outcome.PASSED


def test_passes_a_medium_that_is_left_out() -> None:
    assert on_volume(DRIVE).destination("libvirt.pools", pools()).result(RULE).outcome is Outcome.PASSED


def test_passes_a_guest_without_volumes_even_where_libvirt_does_not_list_pools() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED
    assert Case().destination("libvirt.pools", pools(error="no driver")).result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    case = on_volume().destination("libvirt.pools", pools()).asking(offline=True, guests=("web",))
    assert case.result(RULE).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (pools(error="no driver"), "libvirt did not list its storage pools: no driver"),
        (pools(vms(error="denied")), "storage pool vms: denied"),
        (Record("", 1, "timed out"), "libvirt did not list its storage pools: timed out"),
    ],
)
def test_is_unknown_when_libvirt_did_not_tell(answer: str | Record, reason: str) -> None:
    result = on_volume().destination("libvirt.pools", answer).result(RULE)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, reason)
    assert result.obscures
