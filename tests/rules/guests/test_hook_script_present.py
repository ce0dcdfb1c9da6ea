"""Scripts that libvirt runs on the destination when a guest arrives, and on the source when it has left."""

import pytest

from preflight.judge.report import Outcome, Result
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "hook-script-present"
SCRIPT, DIRECTORY = "/etc/libvirt/hooks/qemu", "/etc/libvirt/hooks/qemu.d"
ARRIVES = "when a guest arrives, and a failure ends the migration"
LEFT = "when a guest has left, and ignores the result"


def hooked(*paths: str, source: bool = False) -> Case:
    case = Case()
    end = case.source if source else case.destination
    lines = "".join(f"conf {path} 1790000000.5\n" for path in paths)
    return end("daemons", lambda text: text.partition("\x1f")[0] + lines)


def said(result: Result) -> list[tuple[Role | None, str, Severity | None]]:
    return [(finding.host, finding.message, finding.severity) for finding in result.findings]


def test_catches_every_script_of_the_destinations() -> None:
    result = hooked(SCRIPT, DIRECTORY).result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.WARNING)
    assert said(result) == [
        (Role.DESTINATION, f"libvirt runs {SCRIPT}, if it is executable, {ARRIVES}", None),
        (Role.DESTINATION, f"libvirt runs every executable file in {DIRECTORY} {ARRIVES}", None),
    ]


def test_catches_a_script_of_the_sources_whose_result_is_ignored() -> None:
    result = hooked(SCRIPT, source=True).result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.INFO)
    assert said(result) == [(Role.SOURCE, f"libvirt runs {SCRIPT}, if it is executable, {LEFT}", Severity.INFO)]


@pytest.mark.parametrize("asked", [{"offline": True}, {"as_they_are": True, "dumpxml": True}])
def test_catches_a_script_that_is_run_for_a_definition_too(asked: dict[str, bool]) -> None:
    """The destination calls it before it looks at VIR_MIGRATE_OFFLINE (qemuMigrationDstPrepareAny)."""
    assert hooked(SCRIPT).asking(**asked).result(RULE).severity is Severity.WARNING


def test_passes_the_sound_pair() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


def test_passes_a_script_of_the_sources_that_a_definition_does_not_run() -> None:
    assert hooked(SCRIPT, source=True).asking(offline=True).result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_a_definition_that_libvirt_does_not_migrate() -> None:
    assert hooked(SCRIPT).asking(offline=True, dumpxml=True).result(RULE).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize("end", ["source", "destination"])
def test_is_unknown_when_a_host_did_not_report_its_daemons(end: str) -> None:
    case = Case()
    getattr(case, end)("daemons", None)
    assert case.result(RULE).outcome is Outcome.UNKNOWN
