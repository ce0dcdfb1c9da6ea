"""The files of a guest that is off, copied by two real shells: whole, in place by one rename, or not at all."""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from preflight.connection.local import LocalChannel
from preflight.facts.record import Record, Unreadable
from preflight.migrate.files import FilesError, State, copy, is_same, states
from preflight.questions import PRELUDE
from preflight.shell_text import ShellText

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the scripts run as root's: as_root would ask sudo")


class Host:
    """A shell that sees its own directory where the scripts name /guests."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.channel = LocalChannel(PRELUDE, timeout=20)
        self.asked: list[str] = []

    def __call__(self, command: ShellText) -> Record:
        self.asked.append(command)
        moved = ShellText(command.replace("/guests", shlex.quote(str(self.root))))
        self.channel.send({"run": moved})
        return self.channel.receive({"run": moved}).records["run"]

    def file(self, name: str) -> Path:
        return self.root / name


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[tuple[Host, Host]]:
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        made.append(Host(tmp_path / name))
    yield made[0], made[1]
    for host in made:
        host.channel.close()


NVRAM = State("/guests/nvram/web's VARS.fd", is_directory=False)
TPM = State("/guests/swtpm/uuid", is_directory=True)


def make_nvram(host: Host, content: bytes = bytes(range(256)) * 2048) -> Path:
    host.file("nvram").mkdir(exist_ok=True)
    path = host.file("nvram/web's VARS.fd")
    path.write_bytes(content)
    path.chmod(0o600)
    return path


def test_a_file_is_copied_with_its_mode(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    content = make_nvram(one).read_bytes()
    assert copy(NVRAM, one, two)
    there = two.file("nvram/web's VARS.fd")
    assert there.read_bytes() == content
    assert there.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in there.parent.iterdir()] == ["web's VARS.fd"], "nothing is left beside it"


def test_a_directory_is_copied_with_all_in_it(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    below = one.file("swtpm/uuid/tpm2")
    below.mkdir(parents=True)
    (below / "tpm2-00.permall").write_bytes(b"secret")
    assert copy(TPM, one, two)
    assert two.file("swtpm/uuid/tpm2/tpm2-00.permall").read_bytes() == b"secret"
    assert is_same(TPM, one, two)


def test_what_was_there_is_kept_under_a_dated_name(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    make_nvram(one, b"new")
    make_nvram(two, b"old")
    assert copy(NVRAM, one, two)
    there = {path.name: path.read_bytes() for path in two.file("nvram").iterdir()}
    assert there.pop("web's VARS.fd") == b"new"
    ((name, content),) = there.items()
    assert re.fullmatch(r"web's VARS\.fd\.preflight-\d{8}T\d{6}", name)
    assert content == b"old"


def test_copying_again_changes_nothing(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    make_nvram(one)
    assert copy(NVRAM, one, two)
    assert copy(NVRAM, one, two)
    assert len(list(two.file("nvram").iterdir())) == 1


@pytest.mark.parametrize("sh", ["dash", "bash"])
@pytest.mark.parametrize(
    "said",
    [
        "root:root\nQUJD'; touch @here@/pwned; '",
        "root:root\n$(touch @here@/pwned)",
        "root:root\n`touch @here@/pwned`",
        "'; touch @here@/pwned; '\nQUJD",
        "$(touch @here@/pwned)\nQUJD",
        "--reference=/etc/shadow\nQUJD",
        "",
    ],
)
def test_what_the_source_says_of_a_file_is_never_run_on_the_destination(
    hosts: tuple[Host, Host], tmp_path: Path, said: str, sh: str
) -> None:
    one, two = hosts
    make_nvram(one)
    hostile = said.replace("@here@", str(tmp_path))

    def source(command: ShellText) -> Record:
        return Record(hostile) if "base64 -w 0" in command else one(command)

    def destination(command: ShellText) -> Record:
        subprocess.run([sh], input=PRELUDE + command, capture_output=True, text=True, check=False)
        return two(command)

    with pytest.raises(FilesError, match="the source's answer cannot be used"):
        copy(NVRAM, source, destination)
    assert not (tmp_path / "pwned").exists()
    assert not two.file("nvram/web's VARS.fd").exists()


@pytest.mark.parametrize(
    "digest", ["", "0" * 63, "0" * 64 + "; touch /pwned", "$(touch /pwned)", "0" * 64 + "\n" + "1" * 64]
)
def test_a_digest_that_is_none_is_refused(hosts: tuple[Host, Host], digest: str) -> None:
    one, two = hosts
    make_nvram(one)

    def source(command: ShellText) -> Record:
        return Record(digest) if "exit 44" in command and "tar" not in command else one(command)

    with pytest.raises(FilesError):
        copy(NVRAM, source, two)


def test_what_was_never_made_is_not_copied(hosts: tuple[Host, Host]) -> None:
    assert not copy(NVRAM, *hosts)
    assert is_same(NVRAM, *hosts)


def test_what_both_hosts_see_is_left_alone(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    path = make_nvram(one)
    two.root = one.root
    before = path.stat()
    assert not copy(NVRAM, one, two)
    assert path.stat() == before
    assert len(list(path.parent.iterdir())) == 1


@pytest.mark.parametrize("answer", [Record("", 255, "lost"), Record("", 1, "sudo: no"), Record("", 0), Record("hm", 0)])
def test_what_both_hosts_see_is_left_alone_where_only_that_cannot_be_told(
    hosts: tuple[Host, Host], answer: Record
) -> None:
    one, two = hosts
    path = make_nvram(one)
    two.root = one.root
    before = path.stat()

    def silent(command: ShellText) -> Record:
        return answer if "preflight-new" in command else one(command)

    with pytest.raises(FilesError, match=r"web's VARS\.fd"):
        copy(NVRAM, silent, two)
    assert path.stat() == before
    assert len(list(path.parent.iterdir())) == 1


def test_a_directory_that_cannot_be_listed_is_not_taken_for_one_that_lacks_the_file(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    make_nvram(one)

    def stale(command: ShellText) -> Record:
        """The directory is there for the digest, and gone when it is looked into."""
        is_asked = "preflight-new" in command
        if is_asked:
            one.file("nvram").rename(one.file("away"))
        try:
            return one(command)
        finally:
            if is_asked:
                one.file("away").rename(one.file("nvram"))

    with pytest.raises(FilesError, match=r"could not be looked for on both hosts: ls: .*No such file"):
        copy(NVRAM, stale, two)


def test_a_destination_that_takes_nothing_is_named_and_left_as_it_was(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    make_nvram(one)
    two.file("nvram").write_text("a file where a directory is to be")
    with pytest.raises(FilesError, match="could not be written on the destination"):
        copy(NVRAM, one, two)
    assert two.file("nvram").read_text() == "a file where a directory is to be"


def test_what_arrives_otherwise_than_it_was_read_is_refused(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    path = make_nvram(one, b"first")

    def meanwhile(command: ShellText) -> Record:
        answer = Host.__call__(one, command)
        if "sha256sum" in command:
            path.write_bytes(b"second, since the digest was taken")
        return answer

    with pytest.raises(FilesError, match="what was written is not what was read"):
        copy(NVRAM, meanwhile, two)
    assert not two.file("nvram/web's VARS.fd").exists()
    assert list(two.file("nvram").iterdir()) == []


def test_what_a_guest_keeps_beside_its_definition() -> None:
    xml = (
        "<domain><os><nvram>/var/lib/libvirt/qemu/nvram/web_VARS.fd</nvram></os><devices>"
        "<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm></devices></domain>"
    )
    assert list(states(xml, "u-u")) == [
        State("/var/lib/libvirt/qemu/nvram/web_VARS.fd", is_directory=False),
        State("/var/lib/libvirt/swtpm/u-u", is_directory=True),
    ]
    nothing = "<domain><os/><devices><tpm><backend type='passthrough'/></tpm></devices></domain>"
    assert list(states(nothing, "u")) == []
    kept = nothing.replace("'passthrough'", "'emulator' persistent_state='no'")
    assert [state.path for state in states(kept, "u-u")] == ["/var/lib/libvirt/swtpm/u-u"]
    network = "<domain><os><nvram type='file'><source file='/n'/></nvram></os></domain>"
    assert [state.path for state in states(network, "u")] == ["/n"]
    with pytest.raises(Unreadable):
        list(states("<domain", "u"))
    varstore = "<domain><os><varstore path='/v.json'/></os></domain>"
    assert [state.path for state in states(varstore, "u")] == ["/v.json"]
    elsewhere = "<domain><os><nvram type='network'><source protocol='iscsi' name='n'/></nvram></os></domain>"
    assert list(states(elsewhere, "u")) == []


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        (
            "<devices><tpm><backend type='emulator'><source type='file' path='/srv/tpm'/></backend></tpm></devices>",
            "its TPM's state in /srv/tpm .* would not move with it",
        ),
        ("<os><nvram type='block'><source dev='/dev/vg/vars'/></nvram></os>", "its NVRAM on /dev/vg/vars would not"),
    ],
)
def test_what_lies_where_it_is_not_copied_from_keeps_the_guest_here(inside: str, said: str) -> None:
    with pytest.raises(FilesError, match=said):
        list(states(f"<domain>{inside}</domain>", "u"))
