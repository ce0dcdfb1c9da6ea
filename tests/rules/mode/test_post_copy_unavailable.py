"""Post-copy with a QEMU that does not run as root."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "post-copy-unavailable"
FORBIDDEN = "value /proc/sys/vm/unprivileged_userfaultfd 0\n"


def case(resources: str = FORBIDDEN, *, user: str = "+64055:+108", qemu: int = 7002022) -> Case:
    made = Case().asking(postcopy=True).destination("resources", resources)
    made.destination("libvirt.versions", lambda text: text.replace("7002022", f" {qemu}"))
    return made.destination("libvirt.capabilities", lambda xml: xml.replace("+0:+0", user))


def test_catches_a_user_that_may_not_handle_page_faults() -> None:
    result = case().result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.predicted_error is not None
    assert finding.predicted_error.endswith("Postcopy is not supported")


def test_catches_it_where_an_older_qemu_does_not_know_the_device() -> None:
    assert case(f"has /dev/userfaultfd\n{FORBIDDEN}").result(RULE).outcome is Outcome.FAILED


def test_passes_where_the_kernel_allows_it() -> None:
    assert case(FORBIDDEN.replace(" 0", " 1")).result(RULE).outcome is Outcome.PASSED


def test_passes_for_root() -> None:
    assert Case().asking(postcopy=True).destination("resources", FORBIDDEN).result(RULE).outcome is Outcome.PASSED


def test_passes_over_migrations_without_it() -> None:
    assert Case().result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_the_device_may_allow_it() -> None:
    assert case(f"has /dev/userfaultfd\n{FORBIDDEN}", qemu=8002000).result(RULE).outcome is Outcome.UNKNOWN


def test_is_unknown_when_a_label_of_the_guest_decides() -> None:
    label = "<seclabel type='static' model='dac' relabel='yes'>"
    labelled = case().xml("<seclabel type='dynamic' model='dac' relabel='yes'>", label)
    assert labelled.result(RULE).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("record", ["resources", "libvirt.capabilities"])
def test_is_unknown_when_the_destination_did_not_answer(record: str) -> None:
    assert case().destination(record, None).result(RULE).outcome is Outcome.UNKNOWN
