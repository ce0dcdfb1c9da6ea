"""What the real kernel did with real connections is what `Firewall` says it does. See cases/firewall/record.py."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from preflight.facts.addresses import OwnAddresses
from preflight.facts.firewall import Firewall
from preflight.facts.record import Record, Unreadable

CASES = Path(__file__).parent / "cases" / "firewall"


def read(path: Path) -> dict[str, Any]:
    known: dict[str, Any] = json.loads(path.read_text())
    return known


def firewall(case: dict[str, Any]) -> Firewall:
    return Firewall.parse(Record(case["nft"]), Record(case["iptables"]))


@pytest.mark.parametrize("path", sorted(CASES.glob("*.json")), ids=lambda path: path.stem)
def test_judges_as_the_kernel_did(path: Path) -> None:
    case = read(path)
    own = OwnAddresses.parse(Record(case["addresses"]))
    judged = {
        source: {port: judge(firewall(case), int(port), source, own) for port in ports}
        for source, ports in case["observed"].items()
    }
    assert judged == case["observed"]


def judge(host: Firewall, port: int, source: str, own: OwnAddresses | None) -> str:
    try:
        return str(host.judge(port, [source], own).action)
    except Unreadable as why:
        return str(why)
