"""Secrets of encrypted disks and of servers that want a login."""

import json
from typing import Any

import pytest

from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case
from tests.rules.pools import gone, there

RULE = "secret-missing"
UUID = "6d0ee5a0-0000-4000-8000-000000000001"
VALUE = f"/etc/libvirt/secrets/{UUID}.base64"
LUKS = "<encryption format='luks'><secret type='passphrase' {}/></encryption>"
VERSIONS = {"libvirt": 9000000, "hypervisor": 7002000, "type": "QEMU"}


def disk(inside: str) -> Case:
    """Return the sound pair, whose guest has this second disk; the destination has the value's file."""
    made = f"<disk type='file'><source file='/srv/l.img'>{inside}</source><target dev='vdb'/></disk>"
    return Case().xml("<controller type='usb'", f"{made}<controller type='usb'").destination("paths", there(VALUE))


def encrypted(by: str = f"uuid='{UUID}'") -> Case:
    return disk(LUKS.format(by))


def secrets(*found: dict[str, Any], error: str | None = None) -> str:
    return json.dumps({"secrets": found, "error": error})


def secret(uuid: str = UUID, kind: int = 1, usage: str = "/srv/l.img", *, ephemeral: bool = False) -> dict[str, Any]:
    return {"uuid": uuid, "usage_type": kind, "usage": usage, "ephemeral": ephemeral}


def test_catches_a_secret_that_is_not_there() -> None:
    result = encrypted().destination("libvirt.secrets", secrets(secret(UUID[::-1]))).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert UUID in finding.message
    assert finding.predicted_error == f"Secret not found: no secret with matching uuid '{UUID}'"


def test_catches_the_secret_of_a_tpm() -> None:
    tpm = f"<tpm><backend type='emulator' version='2.0'><encryption secret='{UUID}'/></backend></tpm>"
    case = Case().xml("</devices>", f"{tpm}</devices>")
    [finding] = case.destination("libvirt.secrets", secrets()).result(RULE).findings
    assert finding.message == f"the secret {UUID}, required by TPM, does not exist on the destination"
    assert finding.predicted_error == f"Secret not found: no secret with matching uuid '{UUID}'"


def test_catches_a_secret_that_no_other_serves_the_purpose_of() -> None:
    case = encrypted("usage='/srv/l.img'").destination("libvirt.secrets", secrets(secret(kind=2)))
    [finding] = case.result(RULE).findings
    assert finding.predicted_error == "Secret not found: no secret with matching usage '/srv/l.img'"


def test_catches_the_secret_of_a_login_and_that_of_a_backing_image() -> None:
    other = UUID.replace("1", "2")
    backing = (
        f"<backingStore type='file'><source file='/srv/b'>{LUKS.format(f'uuid={other!r}')}</source></backingStore>"
    )
    case = disk(f"<auth username='a'><secret type='ceph' uuid='{UUID}'/></auth>").xml("</disk>", f"{backing}</disk>")
    messages = [finding.message for finding in case.destination("libvirt.secrets", secrets()).result(RULE).findings]
    assert any(UUID in message for message in messages)
    assert any(other in message for message in messages)


def test_catches_a_secret_without_its_value() -> None:
    case = encrypted().destination("libvirt.secrets", secrets(secret())).destination("paths", gone(VALUE))
    [finding] = case.result(RULE).findings
    assert finding.predicted_error == f"secret '{UUID}' does not have a value"


def test_passes_a_secret_that_is_there_with_its_value() -> None:
    assert encrypted().destination("libvirt.secrets", secrets(secret())).result(RULE).outcome is Outcome.PASSED


def test_passes_another_secret_of_that_usage() -> None:
    other = UUID.replace("1", "2")
    answer = there(VALUE.replace(UUID, other))
    case = encrypted("usage='/srv/l.img'").destination("libvirt.secrets", secrets(secret(other)))
    assert case.destination("paths", answer).result(RULE).outcome is Outcome.PASSED


def test_passes_a_secret_in_memory_whose_value_nobody_can_see() -> None:
    case = encrypted().destination("libvirt.secrets", secrets(secret(ephemeral=True)))
    assert case.destination("paths", gone(VALUE)).result(RULE).outcome is Outcome.PASSED


def test_passes_a_secret_of_a_release_that_may_keep_its_value_in_another_file() -> None:
    case = encrypted().destination("libvirt.secrets", secrets(secret())).destination("paths", gone(VALUE))
    case.destination("libvirt.versions", json.dumps(VERSIONS | {"libvirt": 12000000}))
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_a_guest_without_secrets_even_where_libvirt_lists_none() -> None:
    assert Case().destination("libvirt.secrets", secrets(error="no driver")).result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    case = encrypted().destination("libvirt.secrets", secrets()).asking(offline=True, guests=("web",))
    assert case.result(RULE).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("answer", "reason"), [(secrets(error="no driver"), "no driver"), (Record("", 1, "timed out"), "timed out")]
)
def test_is_unknown_when_libvirt_did_not_tell(answer: str | Record, reason: str) -> None:
    result = encrypted().destination("libvirt.secrets", answer).result(RULE)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, f"libvirt did not list its secrets: {reason}")
