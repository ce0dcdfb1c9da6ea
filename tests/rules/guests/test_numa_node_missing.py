"""NUMA nodes that the guest's memory is bound to."""

import pytest

from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "numa-node-missing"
FILES = "/proc/meminfo:MemTotal: 8000000 kB\n/proc/meminfo:MemAvailable: 7000000 kB\n"


def bound(nodes: str, online: str | None = "0", mode: str = "strict") -> Case:
    """Return the sound pair with a guest bound to these nodes; the destination has the nodes `online`."""
    tuning = f"<numatune><memory mode='{mode}' nodeset='{nodes}'/></numatune>"
    told = "" if online is None else f"/sys/devices/system/node/online:{online}\n"
    return Case().xml("<os>", f"{tuning}<os>").destination("memory", FILES + told)


@pytest.mark.parametrize("mode", ["strict", "preferred", "interleave", "restrictive"])
def test_catches_a_node_that_is_not_there(mode: str) -> None:
    result = bound("0-2", "0,3", mode).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert (finding.host, finding.predicted_error) == (Role.DESTINATION, "NUMA node 1 is unavailable")
    assert finding.message == "the guest's memory is bound to NUMA nodeset 0-2; this host has the nodes 0, 3"


def test_passes_nodes_that_are_there() -> None:
    assert bound("0-1", "0-1").result(RULE).outcome is Outcome.PASSED


def test_passes_a_guest_that_is_bound_to_none() -> None:
    assert Case().destination("memory", Record("", 1, "timed out")).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Record("", 1, "timed out"), "the host did not report its memory: timed out"),
        (FILES, "the destination's kernel does not report its NUMA nodes"),
    ],
)
def test_is_unknown_when_the_nodes_were_not_told(answer: Record | str, reason: str) -> None:
    result = bound("0").destination("memory", answer).result(RULE)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, reason)
    assert result.obscures


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    assert bound("1").asking(offline=True, guests=("web",)).result(RULE).outcome is Outcome.NOT_APPLICABLE
