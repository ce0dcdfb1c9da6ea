"""Values of secrets that differ between the hosts, as far as digests under a common key show."""

import pytest

from preflight.judge.report import Outcome, Verdict
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case
from tests.rules.storage.test_secret_missing import LUKS, UUID, VALUE, disk, encrypted, secret, secrets

RULE = "secret-value-differs"
KEY = "0123456789abcdef"
OTHER = UUID.replace("1", "2")
ONE, TWO = "1" * 64, "2" * 64
TPM = f"<tpm><backend type='emulator' version='2.0'><encryption secret='{UUID}'/></backend></tpm>"
LOGIN = f"<auth username='a'><secret type='ceph' uuid='{UUID}'/></auth>"


def digests(value: str, uuid: str = UUID, key: str = KEY) -> str:
    return f"key {key}\npath {uuid}\n{value}\n"


def slots(number: str = "1", path: str = "/srv/l.img") -> str:
    return f"path {path}\nslots {number}\n"


def told(case: Case, source: str | None, destination: str | None, opened_by: str | None = slots()) -> Case:
    """Return hosts that both have the secret, with these digests and an image that so many passphrases open."""
    both = case.source("libvirt.secrets", secrets(secret())).destination("libvirt.secrets", secrets(secret()))
    asked = both.source("secret-digests", source).destination("secret-digests", destination)
    return asked.destination("key-slots", opened_by)


def reason(case: Case) -> str:
    result = case.result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    return str(result.reason)


def test_catches_another_passphrase_of_an_image() -> None:
    result = told(encrypted(), digests(ONE), digests(TWO)).result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message == f"the secret {UUID}, required by vdb, has another value on the destination"
    assert finding.predicted_error == "Invalid password, cannot unlock any keyslot"


def test_catches_another_secret_of_a_tpm() -> None:
    case = told(Case().xml("</devices>", f"{TPM}</devices>"), digests(ONE), digests(TWO), None)
    [finding] = case.result(RULE).findings
    assert finding.message == f"the secret {UUID}, required by TPM, has another value on the destination"


def test_catches_a_secret_that_has_another_uuid_on_the_destination() -> None:
    case = told(encrypted("usage='/srv/l.img'"), digests(ONE), digests(TWO, OTHER))
    [finding] = case.destination("libvirt.secrets", secrets(secret(OTHER))).result(RULE).findings
    assert "another value" in finding.message


def test_catches_another_key_of_a_login_as_a_warning() -> None:
    result = told(disk(LOGIN), digests(ONE), digests(TWO), None).result(RULE)
    assert (result.outcome, result.findings[0].severity) == (Outcome.FAILED, Severity.WARNING)


def test_catches_a_second_image_though_the_first_is_unknown() -> None:
    layer = f"<backingStore type='file'><source file='/srv/b'>{LUKS.format(f'uuid={OTHER!r}')}</source></backingStore>"
    both = secrets(secret(), secret(OTHER, usage="/srv/b"))
    case = told(
        encrypted().xml("<target dev='vdb'/>", f"{layer}<target dev='vdb'/>"),
        digests(ONE) + f"path {OTHER}\n{ONE}\n",
        digests("unread") + f"path {OTHER}\n{TWO}\n",
        slots(path="/srv/b"),
    )
    result = case.source("libvirt.secrets", both).destination("libvirt.secrets", both).result(RULE)
    assert [OTHER in finding.message for finding in result.findings] == [True]


def test_passes_the_same_value() -> None:
    assert told(encrypted(), digests(ONE), digests(ONE)).result(RULE).outcome is Outcome.PASSED


def test_passes_a_copied_disk_whose_image_there_has_a_passphrase_of_its_own() -> None:
    case = told(encrypted(), digests(ONE), digests(TWO)).asking(copy_storage="all")
    assert case.result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("value", ["private", "unread"])
def test_passes_a_login_whose_key_is_not_shown_since_it_would_be_a_warning(value: str) -> None:
    assert told(disk(LOGIN), digests(ONE), digests(value), None).result(RULE).outcome is Outcome.PASSED
    assert told(disk(LOGIN), digests(ONE), None, None).result(RULE).outcome is Outcome.PASSED


def test_passes_a_guest_without_secrets_whatever_the_hosts_were_asked() -> None:
    assert told(Case(), None, None, None).result(RULE).outcome is Outcome.PASSED


def test_passes_a_secret_without_a_value_or_that_is_not_there() -> None:
    assert told(encrypted(), digests(ONE), digests("none")).result(RULE).outcome is Outcome.PASSED
    case = told(encrypted(), digests(ONE), None).destination("libvirt.secrets", secrets())
    assert case.result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_the_hosts_were_not_asked() -> None:
    case = told(encrypted(), None, digests(ONE))
    assert UUID in reason(case)
    assert case.destination("paths", f"path {VALUE}\n").report().verdict is not Verdict.READY


def test_is_unknown_when_each_host_has_a_key_of_its_own() -> None:
    case = told(encrypted(), digests(ONE), digests(ONE, key=KEY[::-1]))
    assert reason(case) == "the digests of the hosts' secrets are from different runs"


def test_is_unknown_when_a_value_is_not_shown() -> None:
    assert "is private" in reason(told(encrypted(), digests(ONE), digests("private")))
    assert "could not be read" in reason(told(encrypted(), digests(ONE), digests("unread")))
    assert "could not be read" in reason(told(encrypted(), digests(ONE), digests(ONE[1:])))


def test_is_unknown_when_another_passphrase_may_open_the_image() -> None:
    several = told(encrypted(), digests(ONE), digests(TWO), slots("2"))
    assert reason(several) == "the secrets of vdb differ, and several passphrases open its image"
    assert "header of the encrypted image" in reason(told(encrypted(), digests(ONE), digests(TWO), slots("unread")))
