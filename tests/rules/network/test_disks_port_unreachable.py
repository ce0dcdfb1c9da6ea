"""disks-port-unreachable: the source's own attempt to reach the host in --disks-uri."""

import pytest

from preflight.facts.fact import Record
from preflight.judge.report import Outcome, Result
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case
from tests.rules.network.test_migration_port_unreachable import ports, rules

RULE = "disks-port-unreachable"
NAME = "host2.example.com"
ROUTED = "route 192.0.2.12 192.0.2.12 dev eth0 src 192.0.2.11 uid 0 \\    cache \n"
SILENT = f"port 124 {NAME} 49215 \nport 124 192.0.2.12 49215 \n{ROUTED}"
GONE = f"{SILENT}neighbour 192.0.2.12 192.0.2.12 dev eth0  FAILED\n"
REFUSED = f"port 1 {NAME} 49215 Connection refused\n"


def copying(case: Case | None = None, uri: str = f"tcp://{NAME}", **options: object) -> Case:
    made = (case or Case()).source("generation", "2").destination("generation", "2")
    if f"resolve:{NAME}" not in made.hosts[0].answers.records:
        made = made.source(f"resolve:{NAME}", Record(f"192.0.2.12      STREAM {NAME}\n"))
    return made.asking(copy_storage="all", disks_uri=uri, **options)


def tried(said: str, case: Case | None = None) -> Result:
    return copying(case).source(f"way.disks:{NAME}:49215", said).result(RULE)


def test_catches_an_address_that_nobody_has() -> None:
    result = tried(GONE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    (finding,) = result.findings
    assert (finding.host, finding.predicted_error) == (Role.SOURCE, f"Failed to connect to '{NAME}:")
    assert finding.message == (
        f"the source cannot reach {NAME}: 192.0.2.12 is on the network of eth0, but no machine there answers for it"
    )


def test_catches_the_sources_rules_for_what_leaves() -> None:
    (finding,) = tried(REFUSED, Case().source("nft", rules("output", ports("dport")))).findings
    assert finding.message.startswith("the firewall blocks outgoing connections to ports 49152 to 49153: drop by ")


def test_catches_a_rejection_of_the_given_port_while_the_destination_listens() -> None:
    case = copying(uri=f"tcp://{NAME}:49500", probe=True)
    said = f"listener open\nport 1 {NAME} 49500 Connection refused\n"
    (finding,) = case.source(f"probe:{NAME}:49500", said).result(RULE).findings
    assert finding.message.startswith("a firewall on the way rejects the source's connection")


def test_catches_a_rejection_of_the_port_alone_that_is_given_for_the_disks() -> None:
    case = copying(uri="", probe=True).asking(disks_uri=None, disks_port=49500)
    said = f"listener open\nport 1 {NAME} 49500 Connection refused\n"
    assert case.source(f"probe:{NAME}:49500", said).result(RULE).outcome is Outcome.FAILED


@pytest.mark.parametrize("said", [REFUSED, f"port 0 {NAME} 49215 \n"])
def test_passes_an_answer(said: str) -> None:
    assert tried(said).outcome is Outcome.PASSED


def test_passes_an_address_of_another_machine_which_disks_address_mismatch_reports() -> None:
    other = Record("192.0.2.77      STREAM host2.example.com\n")
    assert tried(GONE, Case().source(f"resolve:{NAME}", other)).outcome is Outcome.PASSED


def test_passes_another_port_than_the_given_one() -> None:
    case = copying(uri=f"tcp://{NAME}:49500").source(f"way.disks:{NAME}:49215", SILENT)
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_disks_that_go_where_the_memory_goes() -> None:
    result = Case().asking(copy_storage="all").result(RULE)
    assert (result.outcome, result.reason) == (
        Outcome.NOT_APPLICABLE,
        "the disks are sent to the same host as the memory",
    )


def test_is_unknown_when_another_port_may_answer() -> None:
    result = tried(SILENT)
    assert result.outcome is Outcome.UNKNOWN
    assert "may block the port for the disks" in str(result.reason)


def test_is_unknown_when_the_source_did_not_answer() -> None:
    assert tried("").outcome is Outcome.UNKNOWN
