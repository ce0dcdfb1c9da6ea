"""The properties by which block devices are distinguished."""

import contextlib
import hashlib

import pytest

from preflight.facts.fact import Record, Unreadable
from preflight.facts.storage.block_devices import BlockDevice, BlockDevices
from tests.facts.noise import answers

SIZE = 3145728


BLANK = "ad7facb2586fc6e966c004d7d1d16b024f5805ff7cb47c7a85dabd8b48892ca7 -"


def marked(*marks: str) -> str:
    """Return the start of a device with unique content and these marks."""
    return f"{hashlib.sha256(repr(marks).encode()).hexdigest()} {','.join(marks)}"


def ext4(uuid: int) -> str:
    return marked(f"ext4={uuid:032x}")


def device(start: str = "- -", name: str = "", size: int = SIZE) -> BlockDevice:
    found = BlockDevices.parse(Record(f"path /dev/san\ndevice {size} {start} {name}\n")).look("/dev/san")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("mark", "what"),
    [
        ("mbr=01020304", "partition table (MBR) 01020304"),
        (f"gpt={'07' * 16}", f"partition table (GPT) {'07' * 16}"),
        (f"ext4={5:032x}", f"ext4 {5:032x}"),
        (f"xfs={'07' * 16}", f"XFS {'07' * 16}"),
        (f"lvm={b'q'.hex() * 32}", f"LVM {'q' * 32}"),
        (f"luks={'07' * 36}", f"LUKS {'07' * 36}"),
    ],
)
def test_what_is_written_at_the_start_tells_a_device_from_a_blank_one(mark: str, what: str) -> None:
    difference = device(BLANK).difference(device(marked(mark)))
    assert difference == f"begins with {what}, not with nothing recognizable"


def test_two_of_which_nothing_is_known_but_that_they_begin_otherwise() -> None:
    """A guest writes there while it runs, and the other host's cache is old: that says nothing."""
    assert device(f"{'0' * 64} -").difference(device(BLANK)) is None


def test_what_an_older_preflight_kept_is_not_taken_for_another_device() -> None:
    with pytest.raises(Unreadable, match="an older preflight"):
        device("00" * 4096)


def test_the_same_is_the_same() -> None:
    assert device(ext4(5), "naa.600a").difference(device(ext4(5), "naa.600a")) is None
    assert device(BLANK).difference(device(BLANK)) is None


def test_another_size_another_file_system_another_name() -> None:
    assert device(size=1024).difference(device(size=2048)) == "has 2048 bytes, not 1024"
    assert (device(ext4(5)).difference(device(ext4(6))) or "").startswith("begins with ext4")
    assert device(name="naa.600a").difference(device(name="naa.600b")) == "is naa.600b, not naa.600a"
    assert device(name="LVM-abc").difference(device(name="LVM-abd")) == "is LVM-abd, not LVM-abc"


@pytest.mark.parametrize("other", ["", "mpath-3600a", "t10.ATA"])
def test_names_of_different_forms_are_not_compared(other: str) -> None:
    assert device(name="naa.600a").difference(device(name=other)) is None


def test_a_start_that_could_not_be_read_is_not_compared() -> None:
    assert device(ext4(5)).difference(device("- -")) is None


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
