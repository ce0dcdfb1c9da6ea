"""The secret that decrypts the key for migrations over TLS."""

import json

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from tests.case import Case

RULE = "tls-key-secret-missing"
UUID = "6b1c5a0e-3f5e-4f8e-9d0c-000000000001"
NONE = json.dumps({"secrets": [], "error": None})
ONE = json.dumps({"secrets": [{"uuid": UUID, "usage_type": 4, "usage": "tls", "ephemeral": False}], "error": None})


def case(conf: str, secrets: str = NONE) -> Case:
    made = Case().asking(tls=True).destination("qemu.conf", lambda text: f"{text}\n{conf}\n")
    return made.destination("libvirt.secrets", secrets).source("libvirt.secrets", NONE)


@pytest.mark.parametrize("key", ["migrate_tls_x509_secret_uuid", "default_tls_x509_secret_uuid"])
def test_catches_a_secret_that_does_not_exist(key: str) -> None:
    [finding] = case(f'{key} = "{UUID}"').result(RULE, "destination").findings
    assert finding.host is Role.DESTINATION
    assert finding.message == f"the secret {UUID}, which decrypts the key for migrations, does not exist"
    assert finding.predicted_error == f"no secret with matching uuid '{UUID}'"


def test_passes_a_secret_that_exists() -> None:
    made = case(f'migrate_tls_x509_secret_uuid = "{UUID}"', ONE)
    assert made.result(RULE, "destination").outcome is Outcome.PASSED


def test_passes_the_default_where_migrations_have_their_own_directory() -> None:
    made = case(f'default_tls_x509_secret_uuid = "{UUID}"\nmigrate_tls_x509_cert_dir = "/srv/tls"')
    assert made.result(RULE, "destination").outcome is Outcome.PASSED


def test_passes_keys_that_are_not_encrypted() -> None:
    assert case("").result(RULE, "source").outcome is Outcome.PASSED


def test_is_unknown_when_the_secrets_are() -> None:
    made = case(f'migrate_tls_x509_secret_uuid = "{UUID}"').destination("libvirt.secrets", None)
    assert made.result(RULE, "destination").outcome is Outcome.UNKNOWN
