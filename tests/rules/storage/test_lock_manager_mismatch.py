"""Lock managers of both ends."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "lock-manager-mismatch"


def case(source: str = "", destination: str = "") -> Case:
    """Return the sound pair with these lines in the hosts' qemu.conf."""
    return Case().source("qemu.conf", source).destination("qemu.conf", destination)


@pytest.mark.parametrize(
    ("source", "destination", "message"),
    [
        ('lock_manager = "lockd"\n', "", "the lock manager is none on the destination and lockd on the source"),
        ("", 'lock_manager = "lockd"\n', "the lock manager is lockd on the destination and none on the source"),
        (
            'lock_manager = "lockd"\n',
            'lock_manager = "sanlock"\n',
            "the lock manager is sanlock on the destination and lockd on the source",
        ),
    ],
)
def test_catches_managers_that_differ(source: str, destination: str, message: str) -> None:
    result = case(source, destination).result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.WARNING)
    [finding] = result.findings
    assert (finding.host, finding.message) == (Role.DESTINATION, message)


@pytest.mark.parametrize("text", ["", 'lock_manager = "lockd"\n', '#lock_manager = "lockd"\n'])
def test_passes_the_same_on_both(text: str) -> None:
    assert case(text, text).result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_qemu_conf_was_not_read() -> None:
    result = case().source("qemu.conf", None).result(RULE)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, "qemu.conf was not answered")
    assert not result.obscures
