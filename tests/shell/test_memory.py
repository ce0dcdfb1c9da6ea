"""The memory of a guest, as the source's /proc has it."""

import subprocess
import sys
from collections.abc import Iterator
from uuid import uuid4

import pytest

from preflight.shell_text import ShellText, of_file
from tests.shell.host import Host
from tests.shell.test_switch import SCRIPTS

SCRIPT = of_file(SCRIPTS / "memory.sh")
#: The script up to the line that calls its functions.
FUNCTIONS = ShellText(SCRIPT.partition("\np=$(process")[0])
MIB = 1024 * 1024
#: A process with 160 MiB of memory: the first 40 MiB hold ones, the next 40 MiB were written with zeros. Any
#: process may look at it, as root may at all.
GUEST = f"""import ctypes, mmap, sys
ctypes.CDLL(None).prctl(0x59616d61, ctypes.c_ulong(-1), 0, 0, 0)
memory = mmap.mmap(-1, 160 * {MIB}, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
memory[:40 * {MIB}] = b"\\1" * (40 * {MIB})
memory[40 * {MIB} : 80 * {MIB}] = bytes(40 * {MIB})
print("ready", flush=True)
sys.stdin.read()
"""


class Guest:
    """A process that is called as a guest's QEMU is."""

    def __init__(self) -> None:
        self.uuid = str(uuid4())
        words = [sys.executable, "-c", GUEST, "-name", "web", "-uuid", self.uuid, "-S"]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"


@pytest.fixture(scope="module")
def guest() -> Iterator[Guest]:
    made = Guest()
    yield made
    made.process.communicate("")


def call(host: Host, what: str, given: str = "", uuid: str = "") -> str:
    done = host.run(what, functions=FUNCTIONS, given=given, uuid=uuid)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def test_the_memory_of_a_guest_is_found_and_sampled(host: Host, guest: Guest) -> None:
    done = host.run("sh -c @script@ sh @uuid@ 128", functions="", script=str(SCRIPT), uuid=guest.uuid)
    touched, sampled = done.stdout.splitlines()
    assert touched.split()[0] == "touched"
    assert 80 * 1024 <= int(touched.split()[1]) <= 84 * 1024
    word, pages, filled = sampled.split()
    # a quarter is not zero, one sample comes from each 128th part
    assert (word, int(pages)) == ("sampled", 128)
    assert 31 <= int(filled) <= 33


def test_process_is_the_one_with_the_uuid_as_its_argument_and_no_other(host: Host, guest: Guest) -> None:
    assert call(host, "process @uuid@", uuid=guest.uuid) == f"/proc/{guest.process.pid}\n"
    done = host.run("sh -c @script@ sh @uuid@ 128", functions="", script=str(SCRIPT), uuid=str(uuid4()))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "the guest has no QEMU process\n"


def test_mappings_that_are_large_and_written_are_the_guests(host: Host) -> None:
    def mapping(head: str, size: int) -> str:
        return f"{head}\nSize: {size} kB\nKernelPageSize: 4 kB\nRss: {size // 2} kB\nVmFlags: rd wr\n"

    smaps = "".join(
        (
            mapping("55d0a000-55d0b000 r-xp 00000000 08:01 12      /usr/bin/qemu-system-x86_64", 262144),
            mapping("7f0000000000-7f0018000000 rw-p 00000000 00:00 0", 393216),
            mapping("7f1000000000-7f1008000000 rw-s 00000000 00:01 9  /memfd:ram (deleted)", 131072),
            mapping("7f2000000000-7f2010000000 rw-s 00000000 00:01 9  /dev/vfio/3", 262144),
            mapping("7f3000000000-7f3004000000 rw-p 00000000 00:00 0  [heap]", 131068),
        )
    )
    assert call(host, "mappings", smaps).splitlines() == [
        "7f0000000000 7f0018000000 196608",
        "7f1000000000 7f1008000000 65536",
    ]


def test_draw_takes_a_page_of_each_part_of_all_mappings(host: Host) -> None:
    pages = [int(line) for line in call(host, "draw 8", "34089205760 60\n100 20\n").splitlines()]
    assert [page - 34089205760 for page in pages[:6]] == sorted(page - 34089205760 for page in pages[:6])
    assert all(10 * part <= page - 34089205760 < 10 * part + 10 for part, page in enumerate(pages[:6]))
    assert 100 <= pages[6] < 110 <= pages[7] < 120
    assert call(host, "draw 8", "") == ""


@pytest.mark.parametrize("without", ["", "command() { return 1; }; "], ids=["perl", "dd"])
def test_pages_are_read_where_they_can_be(host: Host, without: str) -> None:
    file = host.root / "memory"
    file.write_bytes(b"".join(bytes([digit]) * 4096 for digit in b"012") + b"rest")
    assert call(host, without + f"printf '%s\\n' 2 0 7 2 | pages '{file}' | tr -s 0-9") == "202"


def test_filled_counts_pages_and_those_that_are_not_zero(host: Host) -> None:
    assert call(host, "{ head -c 8192 /dev/zero; echo x; head -c 4094 /dev/zero; } | filled") == "3 1\n"
    assert call(host, "true | filled") == "0 0\n"
