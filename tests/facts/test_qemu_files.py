import pytest

from preflight.facts.fact import Record
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


@pytest.mark.parametrize("record", [Record(""), Record(LISTED, 1), Record("x\n4 keymaps/de\n -1 /a/b\n4 /\n")])
def test_nothing_is_known_without_an_answer(record: Record) -> None:
    assert QemuFiles.parse(record).sizes == {}


def test_hostile_text_is_read() -> None:
    for answer in answers(LISTED):
        QemuFiles.parse(answer)
