"""rdma-unavailable: --migrateuri rdma:// between hosts that have no RDMA."""

import pytest

from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "rdma-unavailable"
QEMU = "/usr/bin/qemu-system-x86_64"
PORT = "port /sys/class/infiniband/mlx5_0/ports/1/state 4: ACTIVE\n"
HAS = f"{PORT}qemu 0 {QEMU}\n"


def between(source: str | Record, destination: str | Record) -> Case:
    return Case().source("rdma", source).destination("rdma", destination).asking(migrateuri="rdma://192.0.2.12")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (f"qemu 0 {QEMU}\n", "the host has no RDMA device"),
        (
            f"{PORT.replace('4: ACTIVE', '1: DOWN')}qemu 0 {QEMU}\n",
            "no port of the host's RDMA devices is active: mlx5_0/1 is DOWN",
        ),
        (f"{PORT}qemu 1 {QEMU}\n", f"{QEMU} was built without RDMA"),
    ],
)
def test_catches_what_one_host_lacks(answer: str, said: str) -> None:
    for hosts, role in (((answer, HAS), Role.SOURCE), ((HAS, answer), Role.DESTINATION)):
        result = between(*hosts).result(RULE)
        assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
        [finding] = result.findings
        assert (finding.host, finding.message) == (role, said)


def test_passes_hosts_that_have_it() -> None:
    assert between(HAS, HAS).result(RULE).outcome is Outcome.PASSED
    down = PORT.replace("mlx5_0", "mlx5_1").replace("4: ACTIVE", "1: DOWN")
    assert between(down + HAS, HAS).result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_memory_that_goes_over_tcp() -> None:
    assert Case().result(RULE).outcome is Outcome.NOT_APPLICABLE
    assert Case().asking(migrateuri="tcp://192.0.2.12").result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_a_host_did_not_say() -> None:
    assert between(HAS, Record("", 1, "timed out")).result(RULE).outcome is Outcome.UNKNOWN


def test_rules_about_tcp_do_not_apply_then() -> None:
    result = between(HAS, HAS).result("migration-ports-filtered")
    assert (result.outcome, result.reason) == (Outcome.NOT_APPLICABLE, "the memory goes over RDMA")
