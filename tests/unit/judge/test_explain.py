"""An error of libvirt's is explained by the rule that quotes it, and by none where none does."""

import pytest

from preflight.judge.explain import explaining


@pytest.mark.parametrize(
    ("error", "rule"),
    [
        ("Unsafe migration: Migration without shared storage is unsafe", "disk-not-shared"),
        ("Unable to resolve address 'host2' service '49152': Name or service not known", "announced-name-unresolvable"),
        ("internal error: Attempt to migrate guest to the same host 4c4c4544", "shared-host-uuid"),
        ("Unable to find an unused port in range 'migration' (49152-49215)", "migration-ports-exhausted"),
    ],
)
def test_a_quoted_error_names_its_rule(error: str, rule: str) -> None:
    assert explaining(error) == rule


@pytest.mark.parametrize(
    "error", ["", "End of file while reading data: Input/output error", "operation failed: job canceled", "x" * 500]
)
def test_what_may_be_anything_is_not_explained(error: str) -> None:
    assert explaining(error) is None
