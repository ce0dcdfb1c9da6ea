"""A host accepts only migrations over TLS, and TLS was not requested."""

from preflight.facts.fact import Record
from preflight.judge.report import Outcome, Result
from preflight.request.migration import Mode
from preflight.rule import Severity
from tests.case import Case

RULE = "tls-forced"


def forced(end: str, value: int = 1) -> Case:
    """Return the sound pair with migrate_tls_force set at one end."""
    case = Case()
    return getattr(case, end)("qemu.conf", lambda text: f"{text}\nmigrate_tls_force = {value}\n")  # type: ignore[no-any-return] # by name


def of(case: Case, end: str) -> Result:
    return case.result(RULE, end)


def test_catches_it_at_the_destination_and_points_at_the_line() -> None:
    result = of(forced("destination"), "destination")
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    [finding] = result.findings
    assert finding.predicted_error == "this libvirtd instance allows migration only with VIR_MIGRATE_TLS flag"
    assert finding.location is not None
    assert (finding.location.path, finding.location.text) == ("/etc/libvirt/qemu.conf", "migrate_tls_force = 1")


def test_catches_it_at_the_source_alone() -> None:
    assert of(forced("source"), "source").blocks
    assert of(forced("source"), "destination").outcome is Outcome.PASSED


def test_catches_it_for_a_guest_that_is_moved_offline_too() -> None:
    assert of(forced("destination").asking(offline=True), "destination").blocks


def test_passes_the_sound_pair_and_a_setting_of_0() -> None:
    assert of(Case(), "destination").outcome is Outcome.PASSED
    assert of(forced("destination", 0), "destination").outcome is Outcome.PASSED


def test_does_not_apply_to_a_tunnelled_migration_which_libvirt_lets_through() -> None:
    result = of(forced("destination").asking(mode=Mode.TUNNELLED), "destination")
    assert result.outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_the_file_may_not_be_read() -> None:
    result = of(Case().destination("qemu.conf", Record("", 1, "Permission denied")), "destination")
    assert result.outcome is Outcome.UNKNOWN
    assert result.obscures


def test_does_not_apply_to_a_migration_over_tls() -> None:
    result = of(forced("destination").asking(tls=True), "destination")
    assert (result.outcome, result.reason) == (Outcome.NOT_APPLICABLE, "the memory is sent over TLS")


def test_catches_it_peer_to_peer_with_the_same_words_although_virsh_may_lose_them() -> None:
    [finding] = of(forced("destination").asking(mode=Mode.PEER_TO_PEER), "destination").findings
    assert finding.predicted_error == "this libvirtd instance allows migration only with VIR_MIGRATE_TLS flag"
