import contextlib

import pytest

from preflight.facts.fact import Record, Unreadable
from preflight.facts.guest.qemu_files import QemuFiles
from tests.facts.noise import answers

LISTED = (
    "4369 /usr/share/qemu/keymaps/de\n262144 /usr/share/seabios/bios-256k.bin\n"
    "241152 /usr/share/qemu/efi-virtio.rom\n524288 /usr/lib/ipxe/qemu/efi-virtio.rom\n"
)


def test_files_have_sizes_by_name() -> None:
    assert QemuFiles.parse(Record(LISTED)).sizes == {
        "keymaps/de": (4369,),
        "bios-256k.bin": (262144,),
        "efi-virtio.rom": (241152, 524288),
    }


@pytest.mark.parametrize("text", ["", "x\n4 keymaps/de\n-1 /a/b\n4 /\n"])
def test_nothing_is_known_of_other_lines(text: str) -> None:
    assert QemuFiles.parse(Record(text)).sizes == {}


def test_nothing_is_known_without_an_answer() -> None:
    with pytest.raises(Unreadable):
        QemuFiles.parse(Record(LISTED, 1))


def test_hostile_text_is_read() -> None:
    for answer in answers(LISTED):
        with contextlib.suppress(Unreadable):
            QemuFiles.parse(answer)
