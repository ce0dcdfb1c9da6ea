"""Guests that use the TPM of their host."""

from preflight.judge.report import Outcome
from tests.case import Case

RULE = "tpm-of-the-host"


def with_tpm(backend: str) -> Case:
    return Case().xml("</devices>", f"<tpm model='tpm-tis'>{backend}</tpm></devices>")


def test_catches_a_passed_through_tpm() -> None:
    result = with_tpm("<backend type='passthrough'><device path='/dev/tpm0'/></backend>").result(RULE)
    assert result.outcome is Outcome.FAILED
    [finding] = result.findings
    assert finding.message == "the guest uses the TPM of this host (/dev/tpm0), whose keys cannot be moved"
    assert finding.predicted_error is None


def test_catches_it_for_a_guest_that_is_off() -> None:
    case = with_tpm("<backend type='passthrough'/>").guest(lambda guest: guest.update(id=None, state=5, sent=None))
    assert case.asking(offline=True).result(RULE).outcome is Outcome.FAILED


def test_passes_an_emulated_tpm() -> None:
    assert with_tpm("<backend type='emulator' version='2.0'/>").result(RULE).outcome is Outcome.PASSED


def test_passes_a_guest_without_a_tpm() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_the_guests_are() -> None:
    case = Case().guest(lambda guest: guest.update(xml="<domain"))
    assert case.result(RULE).outcome is Outcome.UNKNOWN
