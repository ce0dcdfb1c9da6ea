"""Files of QEMU's own that a guest needs, compared with those of either host."""

import pytest

from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "qemu-file-missing"
FILES = {
    "/usr/share/qemu/keymaps/de": 4096,
    "/usr/share/qemu/keymaps/en-us": 4096,
    "/usr/share/seabios/bios-256k.bin": 262144,
    "/usr/share/seabios/vgabios-stdvga.bin": 39936,
    "/usr/share/seabios/vgabios-virtio.bin": 39936,
    "/usr/lib/ipxe/qemu/efi-e1000.rom": 240128,
    "/usr/lib/ipxe/qemu/efi-virtio.rom": 241152,
}
CARD = "<interface type='user'><model type='virtio'/>{}</interface>"
DISPLAY = "<graphics type='vnc' autoport='yes' keymap='de'/><video><model type='vga'/></video>"


def listed(files: dict[str, int]) -> str:
    return "".join(f"{size} {path}\n" for path, size in files.items())


def case(devices: str, *without: str, **sizes: int) -> Case:
    """Have a guest with these devices, and a destination without some files or with others of another size."""
    there = {path: size for path, size in FILES.items() if not path.endswith(without)}
    for name, size in sizes.items():
        there[next(path for path in FILES if name in path)] = size
    made = Case().xml("</devices>", f"{devices}</devices>") if devices else Case()
    return made.source("qemu-files", listed(FILES)).destination("qemu-files", listed(there))


@pytest.mark.parametrize(
    ("devices", "name", "message", "error"),
    [
        (
            CARD.format(""),
            "efi-virtio.rom",
            "QEMU has no efi-virtio.rom here, which the network card virtio of the guest needs",
            'failed to find romfile "efi-virtio.rom"',
        ),
        (
            DISPLAY,
            "vgabios-stdvga.bin",
            "QEMU has no vgabios-stdvga.bin here, which the display adapter vga of the guest needs",
            'failed to find romfile "vgabios-stdvga.bin"',
        ),
        (
            DISPLAY,
            "keymaps/de",
            "QEMU has no keymaps/de here, which the keyboard layout de of the guest needs",
            "could not read keymap file: 'de'",
        ),
        (
            "",
            "bios-256k.bin",
            "QEMU has no bios-256k.bin here, which the BIOS of the guest needs",
            "could not load PC BIOS 'bios-256k.bin'",
        ),
    ],
)
def test_catches_a_file_that_the_destination_lacks(devices: str, name: str, message: str, error: str) -> None:
    result = case(devices, name).result(RULE)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message == message
    assert finding.predicted_error == error


def test_says_once_what_several_devices_need() -> None:
    assert len(case(CARD.format("") * 3, "efi-virtio.rom").result(RULE).findings) == 1


@pytest.mark.parametrize(
    ("devices", "without"),
    [
        (CARD.format("") + DISPLAY, ()),
        (CARD.format(""), ("efi-e1000.rom", "vgabios-stdvga.bin", "keymaps/de")),
        (CARD.format("<rom enabled='no'/>"), ("efi-virtio.rom",)),
        (CARD.format("<address type='virtio-mmio'/>"), ("efi-virtio.rom",)),
        ("<interface type='user'><model type='of-another-kind'/></interface>", ("efi-virtio.rom",)),
        ("<interface type='hostdev'/>", ("efi-virtio.rom",)),
        (DISPLAY, ("keymaps/en-us", "vgabios-virtio.bin")),
        (DISPLAY + "<video><model type='virtio'/></video>", ("vgabios-virtio.bin",)),
    ],
)
def test_passes_what_the_guest_does_not_need(devices: str, without: tuple[str, ...]) -> None:
    assert case(devices, *without).result(RULE).outcome is Outcome.PASSED


def test_passes_the_rom_of_an_adapter_that_the_bios_does_not_use() -> None:
    devices = "<video><model type='vga'/></video><video><model type='virtio' primary='yes'/></video>"
    assert case(devices, "vgabios-stdvga.bin").result(RULE).outcome is Outcome.PASSED
    assert case(devices, "vgabios-virtio.bin").result(RULE).outcome is Outcome.FAILED


def test_passes_a_card_whose_rom_is_named() -> None:
    made = case(CARD.format("<rom file='/srv/card.rom'/>"), "efi-virtio.rom")
    assert made.result(RULE).outcome is Outcome.PASSED


def test_passes_a_guest_whose_firmware_is_named() -> None:
    loader = "hvm</type><loader type='rom'>/srv/bios.bin</loader>"
    assert case("", "bios-256k.bin").xml("hvm</type>", loader).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("machine", ["pc-q35-2.5", "pc-i440fx-2.1", "microvm", "isapc"])
def test_passes_a_machine_whose_roms_are_not_known(machine: str) -> None:
    made = case(CARD.format(""), "efi-virtio.rom").xml("machine='pc-i440fx-7.2'", f"machine='{machine}'")
    assert made.result(RULE).outcome is Outcome.PASSED


def test_passes_a_qemu_in_another_place() -> None:
    made = case(CARD.format(""), "efi-virtio.rom").xml("/usr/bin/qemu-system-x86_64", "/opt/qemu/bin/qemu")
    assert made.result(RULE).outcome is Outcome.PASSED


def test_passes_where_the_destination_has_none_of_the_directories() -> None:
    made = case(CARD.format(""), "efi-virtio.rom").destination("qemu-files", "")
    assert made.result(RULE).outcome is Outcome.PASSED


def test_passes_what_the_source_does_not_have_either() -> None:
    made = case(CARD.format(""), "efi-virtio.rom").source("qemu-files", "262144 /usr/share/seabios/bios-256k.bin\n")
    assert made.result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_the_files_are() -> None:
    made = case(CARD.format("")).destination("qemu-files", Record("", 1, "stat: not found"))
    assert made.result(RULE).outcome is Outcome.UNKNOWN
