"""The shell functions that look into images and devices, run as a host runs them, on real ones and on hostile files."""

import hashlib
import os
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from preflight.collect.questions import PRELUDE, block_devices, image_heads
from preflight.facts.fact import Record, Unreadable
from preflight.facts.storage.block_devices import BlockDevices
from preflight.facts.storage.images import Image, Images
from tests.shell.host import SHELLS

MIB = 1 << 20
SECRET = "root:$6$s3cret"


@pytest.fixture(params=SHELLS)
def sh(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def run(sh: str, command: str, given: bytes = b"") -> str:
    done = subprocess.run(
        [*sh.split(), "-c", PRELUDE + command], input=given, capture_output=True, check=False, timeout=20
    )
    assert done.stderr == b""
    return done.stdout.decode("utf-8", "backslashreplace")


def look(sh: str, path: Path) -> Image:
    return told(sh, path).look(str(path))


def told(sh: str, path: Path) -> Images:
    return Images.parse(Record(run(sh, image_heads([str(path)]))))


def create(path: Path, fmt: str, *options: str, size: str = "1M", at: Path | None = None) -> Path:
    subprocess.run(["qemu-img", "create", "-q", "-f", fmt, *options, str(path), size], check=True, cwd=at)
    return path


def with_extensions(path: Path, *extensions: tuple[int, bytes]) -> Path:
    """Write the header of a qcow2 image of version 3 whose data are in a file of their own."""
    header = struct.pack(">4sIQIIQ", b"QFI\xfb", 3, 0, 0, 16, MIB).ljust(72, b"\0")
    header += struct.pack(">QQQII", 4, 0, 0, 4, 104)
    for kind, content in extensions:
        header += struct.pack(">II", kind, len(content)) + content.ljust(-(-len(content) // 8) * 8, b"\0")
    path.write_bytes(header.ljust(8192, b"\0"))
    return path


def qcow2(path: Path, *, at: int = 0, length: int = 0, name: bytes = b"", size: int = MIB) -> Path:
    header = struct.pack(">4sIQIIQ", b"QFI\xfb", 3, at, length, 16, size)
    path.write_bytes(header.ljust(at, b"\0") + name)
    return path


@pytest.mark.parametrize("size", ["0", "512", "1M", "3G", "5T"])
def test_image_head_says_the_virtual_size_of_qcow2(sh: str, tmp_path: Path, size: str) -> None:
    bytes_ = int(size.rstrip("MGT")) * {"M": MIB, "G": 1 << 30, "T": 1 << 40}.get(size[-1], 1)
    assert look(sh, create(tmp_path / "a", "qcow2", size=size)) == Image(format="qcow2", size=bytes_)


@pytest.mark.parametrize(
    "name", ["base.img", "base with a space.img", "ba\nse\t'\"$(id)`.img", "Zürich.img", "x" * 255]
)
def test_image_head_says_the_name_of_a_backing_image(sh: str, tmp_path: Path, name: str) -> None:
    create(tmp_path / name, "raw")
    made = create(tmp_path / "top", "qcow2", "-F", "raw", "-b", name)
    assert look(sh, made) == Image(format="qcow2", size=MIB, backing=name)


@pytest.mark.parametrize(
    "name", ["data.raw", "data with a space.raw", "da\nta\t'\"$(id)`.raw", "Zürich.raw", "x" * 250]
)
@pytest.mark.parametrize("relative", [True, False])
@pytest.mark.parametrize("upon", [(), ("-F", "raw", "-b", "base")])
def test_image_head_says_which_data_file_does_not_exist(
    sh: str, tmp_path: Path, name: str, upon: tuple[str, ...], *, relative: bool
) -> None:
    create(tmp_path / "base", "raw")
    data = tmp_path / name
    named = data.name if relative else str(data)
    made = create(tmp_path / "top", "qcow2", *upon, "-o", f"data_file={named}", at=tmp_path)
    assert told(sh, made).missing_data(str(made)) is None
    data.unlink()
    assert told(sh, made).missing_data(str(made)) == str(data)
    assert look(sh, made) == Image(format="qcow2", size=MIB, backing="base" if upon else None)


@pytest.mark.parametrize("name", [b'json:{"file":"a"}', b"nbd://host/a", b""])
def test_a_data_file_that_is_not_named_by_a_path_is_not_looked_for(sh: str, tmp_path: Path, name: bytes) -> None:
    made = with_extensions(tmp_path / "a", (0x44415441, name))
    assert told(sh, made).answers[str(made)].endswith("- data elsewhere")
    assert look(sh, made) == Image(format="qcow2", size=MIB)


@pytest.mark.parametrize(
    "extensions",
    [
        (),
        ((0x6803F857, b"x" * 48),),
        ((0x6803F857, b"x" * 5000),),
        ((0x44415441, b"x" * 1024),),
        ((0, b""), (0x44415441, b"/none")),
    ],
)
def test_a_data_file_that_no_extension_names_is_not_looked_for(
    sh: str, tmp_path: Path, extensions: tuple[tuple[int, bytes], ...]
) -> None:
    made = with_extensions(tmp_path / "a", *extensions)
    assert told(sh, made).missing_data(str(made)) is None


def test_a_data_file_is_named_behind_other_extensions(sh: str, tmp_path: Path) -> None:
    made = with_extensions(tmp_path / "a", (0xE2792ACA, b"raw"), (0x6803F857, b"x" * 144), (0x44415441, b"/none/a"))
    assert told(sh, made).missing_data(str(made)) == "/none/a"


def test_image_head_says_the_name_of_a_backing_image_behind_the_extensions_of_a_header(sh: str, tmp_path: Path) -> None:
    made = qcow2(tmp_path / "a", at=2 * MIB - 1024, length=4, name=b"base")
    assert look(sh, made) == Image(format="qcow2", size=MIB, backing="base")


@pytest.mark.parametrize("fmt", ["raw", "qed", "vmdk", "vdi", "vpc", "vhdx"])
def test_image_heads_of_another_format_of_which_nothing_is_told_but_the_size(sh: str, tmp_path: Path, fmt: str) -> None:
    made = create(tmp_path / "a", fmt)
    size = made.stat().st_size
    assert run(sh, image_heads([str(made)])) == f"path {made}\nimage {size} raw\n"


@pytest.mark.parametrize("text", [f"{SECRET}:20000:0:99999:7:::\n", "QFI", "", "\0", "QFI\n514649fb", "5146 49fb"])
def test_image_heads_of_a_file_that_is_no_image_of_which_nothing_is_told_but_the_size(
    sh: str, tmp_path: Path, text: str
) -> None:
    shadow = tmp_path / "shadow"
    shadow.write_text(text)
    said = run(sh, image_heads([str(shadow)]))
    assert said == f"path {shadow}\nimage {len(text)} raw\n"


@pytest.mark.parametrize(
    ("at", "length", "name", "why"),
    [
        (2 * MIB, 4, b"base", "too far"),
        (1 << 63, 4, b"", "too far"),
        ((1 << 64) - 1, 4, b"", "too far"),
        (104, 1024, b"x" * 1024, "too far"),
        (104, (1 << 32) - 1, b"x", "too far"),
        (104, 40, b'json:{"file":"https://me:s3cret@a/b"}', "not named by a path"),
        (104, 24, b"https://me:s3cret@a/base", "not named by a path"),
    ],
)
def test_image_head_that_is_hostile_is_not_followed(
    sh: str, tmp_path: Path, at: int, length: int, name: bytes, why: str
) -> None:
    made = tmp_path / "a"
    made.write_bytes(struct.pack(">4sIQIIQ", b"QFI\xfb", 3, at, length, 16, MIB).ljust(104, b"\0") + name)
    assert b"s3cret".hex() not in run(sh, image_heads([str(made)]))
    with pytest.raises(Unreadable, match=why):
        look(sh, made)


def test_image_head_that_is_cut_off(sh: str, tmp_path: Path) -> None:
    made = tmp_path / "a"
    made.write_bytes(b"QFI\xfb\0\0\0\3")
    with pytest.raises(Unreadable, match="truncated"):
        look(sh, made)


def test_image_heads_are_of_files_and_devices_and_nothing_else_is_opened(sh: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    paths = [str(tmp_path), str(tmp_path / "fifo"), "/dev/zero", str(tmp_path / "none")]
    assert run(sh, image_heads(paths)) == "".join(f"path {path}\n" for path in paths)
    with pytest.raises(Unreadable):
        look(sh, tmp_path / "fifo")


def head(*parts: tuple[int, bytes]) -> bytes:
    """4 KiB of zeros but for these bytes."""
    found = bytearray(4096)
    for at, what in parts:
        found[at : at + len(what)] = what
    return bytes(found)


MARKS = {
    "mbr=01020304": head((510, b"\x55\xaa"), (440, b"\1\2\3\4")),
    f"gpt={'07' * 16}": head((512, b"EFI PART"), (568, b"\7" * 16)),
    f"ext4={'05' * 16}": head((0x438, b"\x53\xef"), (0x468, b"\5" * 16)),
    f"xfs={'07' * 16}": head((0, b"XFSB"), (32, b"\7" * 16)),
    f"lvm={'71' * 32}": head((512, b"LABELONE"), (544, b"q" * 32)),
    f"luks={'07' * 36}": head((0, b"LUKS\xba\xbe"), (168, b"\7" * 36)),
    f"mbr=01020304,gpt={'07' * 16}": head(
        (510, b"\x55\xaa"), (440, b"\1\2\3\4"), (512, b"EFI PART"), (568, b"\7" * 16)
    ),
    "-": head((440, b"\1\2\3\4"), (0, SECRET.encode())),
}


@pytest.mark.parametrize(("marks", "start"), MARKS.items(), ids=MARKS)
def test_device_marks_at_the_start_of_a_device(sh: str, marks: str, start: bytes) -> None:
    assert run(sh, "device_marks", start) == marks + "\n"


def test_device_marks_without_an_identifier_are_none(sh: str) -> None:
    assert run(sh, "device_marks", head((510, b"\x55\xaa"))) == "-\n"
    assert run(sh, "device_marks", b"\0" * 512) == "-\n"
    assert run(sh, "device_marks", b"") == ""


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[Path]:
    """Provide a block device of 3 MiB."""
    if os.geteuid() != 0:
        pytest.skip("a loop device takes root")
    image = tmp_path / "loop.img"
    image.write_bytes(b"\0" * 3 * MIB)
    made = subprocess.run(["losetup", "-f", "--show", str(image)], capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"no loop device can be made here: {made.stderr.strip()}")
    device = Path(made.stdout.strip())
    yield device
    subprocess.run(["losetup", "-d", str(device)], check=True)


def test_block_devices_of_which_nothing_is_told_but_its_size_marks_and_digest(sh: str, loop: Path) -> None:
    start = head((0, SECRET.encode()), (0x438, b"\x53\xef"), (0x468, b"\5" * 16))
    loop.write_bytes(start)
    said = run(sh, block_devices([str(loop)]))
    assert SECRET.encode().hex() not in said
    assert said.startswith(f"path {loop}\ndevice {3 * MIB} {hashlib.sha256(start).hexdigest()} ext4={'05' * 16} ")
    device = BlockDevices.parse(Record(said)).look(str(loop))
    assert device is not None
    assert (device.size, device.marks) == (3 * MIB, {"ext4": "05" * 16})
    assert run(sh, image_heads([str(loop)])) == f"path {loop}\nimage {3 * MIB} raw\n"


def test_block_devices_that_are_none_are_no_devices(sh: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_text(SECRET)
    assert run(sh, block_devices([str(tmp_path / "a"), "/dev/null"])) == f"path {tmp_path}/a\npath /dev/null\n"


def test_qemu_files_are_named_with_their_sizes(sh: str) -> None:
    told = run(sh, "qemu_files")
    for size, path in (line.split(" ", 1) for line in told.splitlines()):
        assert Path(path).stat().st_size == int(size)
        assert Path(path).suffix in (".rom", ".bin") or Path(path).parent.name == "keymaps"
    roms = {str(path) for where in ("qemu", "seabios") for path in Path("/usr/share", where).glob("vgabios*.bin")}
    assert roms <= {line.split(" ", 1)[1] for line in told.splitlines()}


def test_data_file_of_an_image_without_one(sh: str, tmp_path: Path) -> None:
    made = create(tmp_path / "a", "qcow2")
    assert run(sh, f"data_file {made} 104") == "data elsewhere"
