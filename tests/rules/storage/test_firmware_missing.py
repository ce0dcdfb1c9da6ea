"""Files that the guest is started with."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "firmware-missing"
NVRAM = "/var/lib/libvirt/qemu/nvram/web_VARS.fd"
THERE = {"/srv/bios.bin", "/srv/vars.bin", NVRAM, "/srv/vmlinuz"}


def started_with(xml: str, *missing: str) -> Case:
    """Return the sound pair, whose guest's `<os>` has these elements too, and the destination lacks these files."""

    def answers(text: str) -> str:
        for path in THERE:
            told = f"stat: cannot statx '{path}': No such file or directory"
            text += f"path {path}\n{told if path in missing else 'stat 81a4 262144 45 12 0:0'}\nfs ef53 4096 1\n"
        return text

    return Case().xml("</os>", f"{xml}</os>").destination("paths", answers)


ROM = "<loader type='rom'>/srv/bios.bin</loader>"
FLASH = f"<loader readonly='yes' type='pflash'>/srv/bios.bin</loader><nvram template='/srv/vars.bin'>{NVRAM}</nvram>"


def test_catches_a_rom_that_is_not_there() -> None:
    result = started_with(ROM, "/srv/bios.bin").result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert (finding.host, finding.message) == (
        Role.DESTINATION,
        "/srv/bios.bin, the guest's firmware, does not exist on the destination",
    )
    assert finding.predicted_error == "could not load PC BIOS '/srv/bios.bin'"


def test_catches_flash_that_is_not_there() -> None:
    [finding] = started_with(FLASH, "/srv/bios.bin").result(RULE).findings
    assert finding.predicted_error == "Could not open '/srv/bios.bin'"


def test_catches_variables_that_could_not_be_made() -> None:
    [finding] = started_with(FLASH, NVRAM, "/srv/vars.bin").result(RULE).findings
    assert finding.message == f"neither {NVRAM} nor its template /srv/vars.bin exists on the destination"
    assert finding.predicted_error == "Failed to open file '/srv/vars.bin': No such file or directory"


def test_catches_a_kernel_that_is_not_there() -> None:
    [finding] = started_with("<kernel>/srv/vmlinuz</kernel>", "/srv/vmlinuz").result(RULE).findings
    assert finding.predicted_error == "unable to stat: /srv/vmlinuz: No such file or directory"


TABLE = "<acpi><table type='slic'>/srv/vmlinuz</table></acpi>"
HANDED = "</os><sysinfo type='fwcfg'><entry name='opt/a' file='/srv/vmlinuz'/></sysinfo><os>"


@pytest.mark.parametrize("xml", [TABLE, HANDED], ids=["table", "handed"])
def test_catches_a_table_of_acpi_or_a_file_for_the_firmware_that_is_not_there(xml: str) -> None:
    [finding] = started_with(xml, "/srv/vmlinuz").result(RULE).findings
    assert finding.message == "/srv/vmlinuz, which the guest boots with, does not exist on the destination"
    assert finding.predicted_error == "unable to stat: /srv/vmlinuz: No such file or directory"


def test_passes_tables_and_files_for_the_firmware_that_are_there() -> None:
    assert started_with(TABLE + HANDED).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("missing", [(), (NVRAM,), ("/srv/vars.bin",)])
def test_passes_when_the_variables_or_their_template_are_there(missing: tuple[str, ...]) -> None:
    assert started_with(FLASH, *missing).result(RULE).outcome is Outcome.PASSED


def test_passes_a_guest_with_qemus_own_firmware() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    case = started_with(ROM, "/srv/bios.bin").asking(offline=True, guests=("web",))
    assert case.result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_a_snapshot_was_not_asked_about_the_path() -> None:
    result = Case().xml("</os>", f"{ROM}</os>").result(RULE)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, "the host was not asked about /srv/bios.bin")
    assert result.obscures


def test_catches_a_device_with_variables_that_is_not_there() -> None:
    flash = "<loader type='pflash'>/srv/bios.bin</loader><nvram type='block'><source dev='/srv/vars.bin'/></nvram>"
    [finding] = started_with(flash, "/srv/vars.bin").result(RULE).findings
    assert finding.predicted_error == "'block' nvram backing device '/srv/vars.bin' doesn't exist"
