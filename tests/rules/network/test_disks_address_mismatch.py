"""The address to which copied disks are sent with --disks-uri, and whether the destination accepts them there."""

import pytest

from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "disks-address-mismatch"
NAME = "storage2.example.com"
OWN, THEIRS, OTHERS = "192.0.2.12", "192.0.2.11", "192.0.2.99"
RIGHT = f"--disks-uri tcp://{OWN}"


def answer(*addresses: str) -> Record:
    """Return the output of getent."""
    return Record("".join(f"{one}    STREAM {NAME}\n" for one in addresses), 0 if addresses else 2)


def named(source: Record | None, destination: Record | None, *, name: str = NAME) -> Case:
    """Return the sound pair, with its disks copied to a host of this name and each end's answer about the name."""
    case = Case().asking(copy_storage="all", disks_uri=f"tcp://{name}")
    return case.source(f"resolve:{name}", source).destination(f"resolve:{name}", destination)


@pytest.mark.parametrize(
    ("there", "message"),
    [
        (
            [OTHERS],
            f"the destination resolves {NAME} in --disks-uri to {OTHERS}, not to its own address",
        ),
        (
            [THEIRS, OTHERS],
            f"the destination resolves {NAME} in --disks-uri to {THEIRS}, {OTHERS}, not to its own address",
        ),
    ],
)
def test_catches_what_is_not_the_destinations_own(there: list[str], message: str) -> None:
    result = named(answer(OWN), answer(*there)).result(RULE)
    assert (result.outcome, result.severity, result.subject) == (Outcome.FAILED, Severity.ERROR, "pair")
    [finding] = result.findings
    assert (finding.host, finding.message) == (Role.DESTINATION, message)
    assert finding.predicted_error == "Failed to bind socket: Cannot assign requested address"
    assert finding.fix == RIGHT


def test_catches_a_name_that_the_destination_does_not_know() -> None:
    [finding] = named(answer(OWN), answer()).result(RULE).findings
    assert (finding.host, finding.fix) == (Role.DESTINATION, RIGHT)
    assert finding.message == f"the destination cannot resolve {NAME} in --disks-uri"
    assert finding.predicted_error == f"address resolution failed for {NAME}:"


def test_catches_a_name_that_the_source_does_not_know() -> None:
    [finding] = named(answer(), answer(OWN)).result(RULE).findings
    assert (finding.host, finding.fix) == (Role.SOURCE, RIGHT)
    assert finding.message == f"the source cannot resolve {NAME} in --disks-uri"
    assert finding.predicted_error == f"address resolution failed for {NAME}:"


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("127.0.0.1", "127.0.0.1"),  # localhost
        ("0.0.0.0", "0.0.0.0"),
        ("::", "::"),
        (OWN, "127.0.1.1"),  # Debian's line for a host's own name
        (THEIRS, OWN),
    ],
)
def test_catches_a_source_that_is_led_elsewhere(here: str, there: str) -> None:
    [finding] = named(answer(here), answer(there)).result(RULE).findings
    assert finding.host is Role.SOURCE
    assert (
        finding.message == f"the source resolves {NAME} in --disks-uri to {here}, where the destination does not listen"
    )
    assert finding.predicted_error == f"Failed to connect to '{NAME}:"
    assert finding.fix == RIGHT


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ([OWN], [OWN]),
        ([THEIRS, OWN], ["127.0.1.1", OWN]),
        ([OWN], ["0.0.0.0"]),
    ],
)
def test_passes_what_the_source_is_led_to_and_the_destination_listens_at(here: list[str], there: list[str]) -> None:
    assert named(answer(*here), answer(*there)).result(RULE).outcome is Outcome.PASSED


def test_passes_an_address_that_was_not_asked_about() -> None:
    assert named(None, None, name=OWN).result(RULE).outcome is Outcome.PASSED


def test_passes_a_name_that_is_the_one_for_the_memory_too() -> None:
    case = named(answer(OWN), answer(OWN)).asking(migrateuri=f"tcp://{NAME}")
    assert case.result(RULE).outcome is Outcome.PASSED
    assert case.result("announced-name-unresolvable").outcome is Outcome.PASSED


@pytest.mark.parametrize(
    "options",
    [
        {"copy_storage": "all"},
        {"copy_storage": "all", "disks_uri": "unix:///run/disks"},
    ],
)
def test_does_not_apply_without_disks_that_are_sent_to_a_host(options: dict[str, object]) -> None:
    assert Case().asking(**options).result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_for_an_address_of_neither_host() -> None:
    result = named(answer("203.0.113.7"), answer(OWN)).result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert result.reason == f"the source resolves {NAME} to 203.0.113.7, which is not an address of either host"


@pytest.mark.parametrize(("here", "there"), [(None, answer(OWN)), (answer(OWN), None)])
def test_is_unknown_when_an_end_was_not_asked(here: Record | None, there: Record | None) -> None:
    assert named(here, there).result(RULE).outcome is Outcome.UNKNOWN
