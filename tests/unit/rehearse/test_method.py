"""The method of a rehearsal: what the migration would do, without what lets it come to its end."""

import libvirt

from preflight.migrate import call
from preflight.rehearse.method import rehearsed
from preflight.request.method import Method
from preflight.request.migration import CopyStorage, Mode, OnTimeout

FULL = Method(
    auto_converge=True,
    auto_converge_initial=20,
    bandwidth=500,
    max_downtime=100,
    timeout=60,
    on_timeout=OnTimeout.SUSPEND,
    live=False,
    suspend=True,
    tls=True,
    parallel=True,
    parallel_connections=3,
)


def flags(method: Method) -> int:
    return call.flags(rehearsed(method), persist=True, undefine=False)


def test_what_would_let_it_end_is_left_out_and_all_else_stays() -> None:
    made = rehearsed(FULL)
    assert made == Method(
        live=True, hand_over=made.hand_over, undefinesource=False, bandwidth=1, tls=True, parallel=True,
        parallel_connections=3,
    )  # fmt: skip
    assert made.is_safe


def test_flags_of_each_mode() -> None:
    assert flags(Method()) & libvirt.VIR_MIGRATE_PAUSED
    assert flags(Method(suspend=True)) & libvirt.VIR_MIGRATE_PAUSED
    for mode in (Mode.PEER_TO_PEER, Mode.TUNNELLED):
        assert not flags(Method(mode=mode, suspend=True)) & libvirt.VIR_MIGRATE_PAUSED, mode
    postcopy = flags(Method(postcopy=True, postcopy_after_precopy=True))
    assert postcopy & libvirt.VIR_MIGRATE_POSTCOPY
    assert not postcopy & libvirt.VIR_MIGRATE_PAUSED, "libvirt refuses the pair"
    for method in (Method(), Method(live=False), Method(postcopy=True), Method(copy_storage=CopyStorage.ALL)):
        assert flags(method) & libvirt.VIR_MIGRATE_LIVE
        assert not flags(method) & (libvirt.VIR_MIGRATE_UNDEFINE_SOURCE | libvirt.VIR_MIGRATE_AUTO_CONVERGE)
    assert flags(Method(copy_storage=CopyStorage.ALL)) & libvirt.VIR_MIGRATE_NON_SHARED_DISK


def test_the_bandwidth_is_the_least_that_libvirt_takes() -> None:
    assert call.parameters(rehearsed(FULL))["bandwidth"] == 1
