"""What tells block devices apart, from the first 4 KiB of real ones."""

import contextlib

import pytest

from preflight.facts.block_devices import BlockDevice, BlockDevices
from preflight.facts.record import Record, Unreadable
from tests.facts.noise import answers

SIZE = 3145728


def head(*parts: tuple[int, bytes]) -> str:
    """4 KiB in hex, of zeros but for these bytes."""
    found = bytearray(4096)
    for at, what in parts:
        found[at : at + len(what)] = what
    return found.hex()


def ext4(uuid: int) -> str:
    return head((0x438, b"\x53\xef"), (0x468, uuid.to_bytes(16)))


def device(head: str = "-", name: str = "", size: int = SIZE) -> BlockDevice:
    found = BlockDevices.parse(Record(f"path /dev/san\ndevice {size} {head} {name}\n")).look("/dev/san")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (head((510, b"\x55\xaa"), (440, b"\1\2\3\4")), "partition table (MBR) 01020304"),
        (head((512, b"EFI PART"), (568, b"\7" * 16)), f"partition table (GPT) {'07' * 16}"),
        (ext4(5), f"ext4 {5:032x}"),
        (head((0, b"XFSB"), (32, b"\7" * 16)), f"XFS {'07' * 16}"),
        (head((512, b"LABELONE"), (544, b"q" * 32)), f"LVM {'q' * 32}"),
        (head((0, b"LUKS\xba\xbe"), (168, b"\7" * 36)), f"LUKS {'07' * 36}"),
    ],
)
def test_what_is_written_at_the_start_tells_a_device_from_a_blank_one(head: str, what: str) -> None:
    difference = device("00" * 4096).difference(device(head))
    assert difference == f"begins with {what}, not with nothing that is known"


def test_the_same_is_the_same() -> None:
    assert device(ext4(5), "naa.600a").difference(device(ext4(5), "naa.600a")) is None
    assert device("00" * 4096).difference(device("00" * 4096)) is None


def test_another_size_another_file_system_another_name() -> None:
    assert device(size=1024).difference(device(size=2048)) == "has 2048 bytes, not 1024"
    assert (device(ext4(5)).difference(device(ext4(6))) or "").startswith("begins with ext4")
    assert device(name="naa.600a").difference(device(name="naa.600b")) == "is naa.600b, not naa.600a"
    assert device(name="LVM-abc").difference(device(name="LVM-abd")) == "is LVM-abd, not LVM-abc"


@pytest.mark.parametrize("other", ["", "mpath-3600a", "t10.ATA"])
def test_names_of_different_forms_are_not_compared(other: str) -> None:
    assert device(name="naa.600a").difference(device(name=other)) is None


def test_a_start_that_could_not_be_read_is_not_compared() -> None:
    assert device(ext4(5)).difference(device("-")) is None


def test_no_device_and_no_answer() -> None:
    known = BlockDevices.parse(Record("path /srv/file\npath /dev/a\ndevice  - \n"))
    assert known.look("/srv/file") is None
    for path, why in (("/dev/a", "could not be read"), ("/dev/b", "was not asked")):
        with pytest.raises(Unreadable, match=why):
            known.look(path)
    with pytest.raises(Unreadable, match="broken"):
        BlockDevices.parse(Record("", 1, "broken")).look("/dev/a")


def test_hostile_text_is_refused_or_read() -> None:
    for answer in answers(f"path /dev/san\ndevice {SIZE} {ext4(5)} naa.1\n"):
        with contextlib.suppress(Unreadable):
            BlockDevices.parse(answer).look("/dev/san")
