"""A source that answers whatever it likes when a guest's state files are copied: nothing of it runs or lands elsewhere.

The destination is a real shell, under dash and bash; all that a source can choose is its listing and each content.
"""

import base64
import gzip
import hashlib
import os
import subprocess
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from preflight.facts.fact import Record
from preflight.migrate.root_shell import FilesError
from preflight.migrate.state_copy import copy
from preflight.migrate.state_files import NVRAM, TPM, State, states
from preflight.shell_text import ShellText

from .shells import Host

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the scripts run as root's: as_root would ask sudo")

UUID = "0d3b6a5e-6f07-4b56-9c0a-5f2f3b1f9a11"
VARS = State(f"{NVRAM}/web_VARS.fd", is_directory=False, what="NVRAM", home=NVRAM)
STATE = State(f"{TPM}/{UUID}", is_directory=True, what="TPM state", home=TPM)
FILE, DIRECTORY = "81a4", "41ed"
SUM = hashlib.sha256(b"x").hexdigest()


@pytest.fixture(params=["dash", "bash"])
def destination(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Host]:
    for home in ("qemu/nvram", "swtpm"):
        (tmp_path / "two" / home).mkdir(parents=True)
    host = Host(tmp_path / "two", request.param)
    yield host
    host.channel.close()


class Source:
    """Says what a test has it say."""

    def __init__(self, listing: str, content: str = "", whose: str = "own") -> None:
        self.listing, self.content, self.whose = listing, content, whose

    def __call__(self, command: ShellText) -> Record:
        if "sha256sum" in command:
            return Record(self.listing)
        return Record(self.whose if "echo both" in command else self.content)


def packed(content: bytes) -> str:
    return base64.b64encode(gzip.compress(content)).decode()


def file(name: str, content: bytes = b"x", mode: str = FILE) -> str:
    return f"{mode} {len(content)} ./{name}\n{hashlib.sha256(content).hexdigest()}  ./{name}\n"


def everything(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir())


ROOT = f"{DIRECTORY} 4096 ./{UUID}\n"
LISTINGS = {
    "nothing": "",
    "no lines": "\n\n",
    "an escape": f"{FILE} 1 ./\x1b]0;x\x07\n",
    "the parent": ROOT + file(f"{UUID}/../../evil"),
    "the parent as a directory": ROOT + f"{DIRECTORY} 0 ./{UUID}/..\n" + file(f"{UUID}/../evil"),
    "a dot": ROOT + f"{DIRECTORY} 0 ./{UUID}/.\n" + file(f"{UUID}/./x"),
    "two slashes": ROOT + file(f"{UUID}//etc/cron.d/x"),
    "an absolute path": ROOT + f"{FILE} 1 /etc/cron.d/x\n{SUM}  /etc/cron.d/x\n",
    "another name": file("another"),
    "another guest's": ROOT + f"{DIRECTORY} 0 ./19522740-9b9c-476e-bb6d-379ee4f7650c\n",
    "below no directory": ROOT + file(f"{UUID}/tpm2/x"),
    "below a file": ROOT + file(f"{UUID}/a") + file(f"{UUID}/a/b"),
    "a link": ROOT + f"a1ff 11 ./{UUID}/x\n" + file(f"{UUID}/y"),
    "a block device": ROOT + f"61b6 0 ./{UUID}/x\n" + file(f"{UUID}/y"),
    "a character device": ROOT + f"21b6 0 ./{UUID}/x\n" + file(f"{UUID}/y"),
    "a pipe": ROOT + f"11b6 0 ./{UUID}/x\n" + file(f"{UUID}/y"),
    "a socket": ROOT + f"c1ff 0 ./{UUID}/x\n" + file(f"{UUID}/y"),
    "a type that is none": ROOT + f"f1ff 0 ./{UUID}/x\n" + file(f"{UUID}/y"),
    "no digest": ROOT + f"{FILE} 1 ./{UUID}/x\n",
    "a digest of what is not there": ROOT + file(f"{UUID}/x") + f"{SUM}  ./{UUID}/y\n",
    "a digest that is none": ROOT + f"{FILE} 1 ./{UUID}/x\n{'g' * 64}  ./{UUID}/x\n",
    "a digest of what is empty": ROOT + f"{FILE} 0 ./{UUID}/x\n{SUM}  ./{UUID}/x\n",
    "one name twice": ROOT + file(f"{UUID}/x") + file(f"{UUID}/x"),
    "a file where a directory is to be": file(UUID),
    "an empty directory": ROOT,
    "terabytes": ROOT + f"{FILE} 999999999999 ./{UUID}/x\n{SUM}  ./{UUID}/x\n",
    "many of just the largest": ROOT + "".join(f"{FILE} 134217728 ./{UUID}/{n}\n{SUM}  ./{UUID}/{n}\n" for n in "ab"),
    "more files than there can be": ROOT + "".join(file(f"{UUID}/{n}") for n in range(500)),
    "a depth without end": ROOT + "".join(f"{DIRECTORY} 0 ./{UUID}{'/a' * n}\n" for n in range(1, 40)),
    "a name of 300 characters": ROOT + file(f"{UUID}/{'a' * 300}"),
    "numbers that are none": f"-1 ² ./{UUID}\n",
    "what a shell would run": "$(touch /pwned) `touch /pwned` ; touch /pwned\n' ; touch /pwned ; '\n",
}


@pytest.mark.parametrize("listing", LISTINGS.values(), ids=LISTINGS)
def test_a_listing_that_no_state_has_is_refused_before_anything_is_written(destination: Host, listing: str) -> None:
    with pytest.raises(FilesError):
        copy(STATE, Source(listing, packed(b"x")), destination)
    assert everything(destination.root) == []
    assert not any("mkdir" in command for command in destination.asked)


NAMES = ["$(touch @here@/pwned)", "`touch @here@/pwned`", "'; touch @here@/pwned; '", "-rf", "--help", "*", "a b", "{}"]


@pytest.mark.parametrize("name", NAMES)
def test_names_are_names_and_never_run(destination: Host, tmp_path: Path, name: str) -> None:
    name = name.replace("@here@", str(tmp_path)).replace("/", "_")
    copy(STATE, Source(ROOT + file(f"{UUID}/{name}"), packed(b"x")), destination)
    assert everything(destination.root) == [f"swtpm/{UUID}/{name}"]
    assert not list(tmp_path.glob("pwned*"))


CONTENTS = {
    "a quote": "QUJD'; touch @here@/pwned; '",
    "a substitution": "$(touch @here@/pwned)",
    "backticks": "`touch @here@/pwned`",
    "a second line": packed(b"x") + "\ntouch @here@/pwned",
    "nothing": "",
    "no gzip": base64.b64encode(b"x").decode(),
    "half of a gzip": packed(os.urandom(4096))[:2000],
    "another content": packed(b"y"),
    "more than was said": packed(b"x" * 100),
    "a quarter of a gigabyte in a megabyte": base64.b64encode(zlib.compress(bytes(1 << 28), 1, 31)).decode(),
    "a second member": base64.b64encode(gzip.compress(b"x") + gzip.compress(b"y" * 100)).decode(),
}


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_a_content_that_is_not_what_was_listed_leaves_nothing(destination: Host, tmp_path: Path, content: str) -> None:
    source = Source(file("web_VARS.fd"), content.replace("@here@", str(tmp_path)))
    with pytest.raises(FilesError):
        copy(VARS, source, destination)
    assert everything(destination.root) == []
    assert not list(tmp_path.glob("pwned*"))


def test_no_more_is_written_than_was_listed(destination: Host) -> None:
    """A file that unpacks to a gigabyte is cut off one byte after the size in the listing."""
    written: list[int] = []

    def seen(command: ShellText) -> Record:
        answer = destination(command)
        written.extend(path.stat().st_size for path in destination.root.rglob("web_VARS.fd"))
        return answer

    with pytest.raises(FilesError):
        copy(VARS, Source(file("web_VARS.fd"), CONTENTS["a quarter of a gigabyte in a megabyte"]), seen)
    assert max(written) == 2


@pytest.mark.parametrize("mode", ["8fff", "89ed", "85a4", "83a4"])
def test_set_uid_set_gid_and_sticky_do_not_arrive(destination: Host, mode: str) -> None:
    copy(VARS, Source(file("web_VARS.fd", mode=mode), packed(b"x")), destination)
    found = destination.file("qemu/nvram/web_VARS.fd").stat()
    assert found.st_mode & 0o7002 == 0


@pytest.mark.parametrize(
    "path",
    [
        "/etc/cron.d/x",
        "/root/.ssh/authorized_keys",
        "/var/lib/libvirt/qemu/nvram/../../../../../etc/cron.d/x",
        "/var/lib/libvirt/qemu/nvram//x",
        "/var/lib/libvirt/qemu/nvram/./x",
        "/var/lib/libvirt/qemu/nvram/a/b",
        "/var/lib/libvirt/qemu/nvram/",
        "/var/lib/libvirt/qemu/nvram",
        "/var/lib/libvirt/qemu/nvram/.preflight-0000000000000000",
        "/var/lib/libvirt/qemu/nvramx/y",
        "/var/lib/libvirt/swtpm/19522740-9b9c-476e-bb6d-379ee4f7650c",
        "/var/lib/libvirt/qemu/nvram/a\nb",
        "relative",
        "../../etc/passwd",
        "/" + "a" * 5000,
    ],
)
@pytest.mark.parametrize(
    "element", ["<nvram>{}</nvram>", "<varstore path='{}'/>", "<nvram type='file'><source file='{}'/></nvram>"]
)
def test_a_definition_names_no_path_that_is_written_to(destination: Host, element: str, path: str) -> None:
    xml = f"<domain><os>{element.format(path.replace(chr(10), '&#10;'))}</os></domain>"
    try:
        (state,) = states(xml, UUID)
    except FilesError:
        return
    with pytest.raises(FilesError):
        copy(state, Source(file(state.name), packed(b"x")), destination)
    assert everything(destination.root) == []
    assert not any("mkdir" in command for command in destination.asked)


@pytest.mark.parametrize("path", ["/proc/kmsg", "/proc/self/mem", "/proc/kcore"])
def test_a_file_of_the_kernels_is_not_read_to_its_end_which_never_comes(destination: Host, path: str) -> None:
    (state,) = states(f"<domain><os><nvram>{path}</nvram></os></domain>", UUID)
    began = time.monotonic()
    with pytest.raises(FilesError):
        copy(state, Source(file(state.name), packed(b"x")), destination)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("uuid", ["", "..", "../../etc", UUID.upper(), f"{UUID}/..", f"{UUID}\n"])
def test_a_uuid_that_is_none_names_no_directory(uuid: str) -> None:
    xml = "<domain><devices><tpm><backend type='emulator'/></tpm></devices></domain>"
    with pytest.raises(Exception, match="is not a UUID"):
        list(states(xml, uuid))


def test_what_is_sent_to_the_destination_is_one_command_that_both_shells_parse(tmp_path: Path) -> None:
    sent: list[str] = []

    def destination(command: ShellText) -> Record:
        sent.append(command)
        return Record("", 44) if "sha256sum" in command else Record("")

    with pytest.raises(FilesError):
        copy(STATE, Source(ROOT + file(f"{UUID}/'; x"), packed(b"x")), destination)
    for command in sent:
        for sh in ("dash", "bash"):
            assert subprocess.run([sh, "-n"], input=command, text=True, check=False).returncode == 0
