"""What the real kernel did with real connections is what `Firewall` says it does. See cases/firewall/record.py."""

import json
from pathlib import Path
from typing import Any

import pytest

from preflight.facts.addresses import OwnAddresses
from preflight.facts.firewall import Firewall
from preflight.facts.record import Record, Unreadable

CASES = Path(__file__).parent / "cases" / "firewall"
RECORDED: dict[str, dict[str, Any]] = {path.stem: json.loads(path.read_text()) for path in sorted(CASES.glob("*.json"))}
#: nft up to 1.0.6 does not tell an ingress chain's devices in JSON.
UNTOLD = {("ingress", "0.9.8"), ("ingress", "1.0.6")}


@pytest.mark.parametrize(("name", "nft"), [(name, nft) for name, case in RECORDED.items() for nft in case["shown"]])
def test_judges_as_the_kernel_did(name: str, nft: str) -> None:
    case = RECORDED[name]
    own = OwnAddresses.parse(Record(case["addresses"]))
    host = firewall(case["shown"][nft])
    judged = {
        source: {port: action_of(host, int(port), source, own) for port in ports}
        for source, ports in case["observed"].items()
    }
    if (name, nft) in UNTOLD:
        judged = {
            source: {port: seen[port] if "cannot be told" in action else action for port, action in ports.items()}
            for (source, ports), seen in zip(judged.items(), case["observed"].values(), strict=True)
        }
    assert judged == case["observed"]


def firewall(shown: dict[str, str]) -> Firewall:
    return Firewall.parse(Record(shown["nft"]), Record(shown["iptables"]))


def action_of(host: Firewall, port: int, source: str, own: OwnAddresses | None) -> str:
    try:
        return str(host.judge(port, [source], own).action)
    except Unreadable as why:
        return str(why)
