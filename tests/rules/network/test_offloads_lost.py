"""Offloads of tap devices that only a newer kernel has."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "offloads-lost"
OLD, NEW = "6.1.0-28-amd64", "6.12.9+bpo-amd64"
CARD = "<interface type='bridge'><source bridge='br0'/><model type='virtio'/></interface>"


def case(here: str = NEW, there: str = OLD, *, machine: str = "pc-q35-10.0", card: str = CARD) -> Case:
    made = Case().xml("</devices>", f"{card}</devices>").xml("pc-i440fx-7.2", machine)
    made.source("kernel", f"Linux {here} x86_64\n")
    return made.destination("kernel", f"Linux {there} x86_64\n")


def test_catches_an_older_kernel() -> None:
    result = case().result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.WARNING, "web")
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message == f"Linux {OLD} cannot segment UDP packets for the guest, which Linux {NEW} can"


@pytest.mark.parametrize(
    "changes",
    [
        {"there": NEW},
        {"here": OLD},
        {"machine": "pc-q35-8.1"},
        {"machine": "pc-q35-rhel"},
        {"card": "<interface type='user'><model type='virtio'/></interface>"},
        {"card": CARD.replace("virtio", "e1000")},
    ],
)
def test_passes_where_the_offload_is_not_lost(changes: dict[str, str]) -> None:
    assert case(**changes).result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_a_host_did_not_answer() -> None:
    assert case().destination("kernel", None).result(RULE).outcome is Outcome.UNKNOWN
