import contextlib

import pytest

from preflight.facts.fact import MISSING, Record, Unreadable
from preflight.facts.storage.qemu_user import Entry, QemuUser, above
from tests.fact_of import fact_of
from tests.facts.noise import answers

CAPABILITIES = (
    "<capabilities><host><secmodel><model>apparmor</model></secmodel><secmodel><model>dac</model>"
    "<baselabel type='kvm'>+64055:+106</baselabel></secmodel></host></capabilities>"
)
ACCESS = """groups 106 64055
drwxr-xr-x 20    0    0 4096  /
-rw-r-----+ 1   0  106 1048576  /a b.img
brw-rw----  1   0    6 253, 16  /dev/vdb
drwxrwxrwt. 2   0    0 40  /tmp
"""
#: libvirtd started 1000 s after the boot, which was at 100; qemu.conf was written at that second.
DAEMONS = "clock 2100 2000 100\nprocess libvirtd 57 100000\nconf qemu {}\nsocket libvirt-sock\n"


def read(
    access: str | Record = ACCESS,
    conf: str | Record = "",
    written: int = 500,
    capabilities: str | Record = CAPABILITIES,
    daemons: str = DAEMONS,
) -> QemuUser:
    answers = {"libvirt.capabilities": capabilities, "qemu.conf": conf, "daemons": daemons.format(written)}
    return fact_of(QemuUser, answers | {"access": access})


def test_the_user_is_that_in_force_as_libvirt_tells() -> None:
    user = read()
    assert (user.uid, user.gid, user.groups) == (64055, 106, frozenset((106, 64055)))


def test_files_devices_and_directories() -> None:
    assert read().entries == {
        "/": Entry("rwxr-xr-x", listed=False, owner=0, group=0),
        "/a b.img": Entry("rw-r-----", listed=True, owner=0, group=106),
        "/dev/vdb": Entry("rw-rw----", listed=False, owner=0, group=6),
        "/tmp": Entry("rwxrwxrwt", listed=False, owner=0, group=0),
    }


def test_without_an_answer_the_user_has_the_group_alone() -> None:
    user = read(Record("", 1, "no"), Record("", MISSING), 1)
    assert user.groups == frozenset((106,))
    assert not user.entries
    assert user.dynamic_ownership is True


@pytest.mark.parametrize(
    ("conf", "written", "expected"),
    [("", 500, True), ("dynamic_ownership = 0\n", 500, False), ("dynamic_ownership = 0\n", 2000, None), ("=", 1, None)],
)
def test_dynamic_ownership_as_it_is_in_force(conf: str, written: int, expected: bool | None) -> None:
    assert read(conf=conf, written=written).dynamic_ownership is expected


def test_a_directory_with_the_sticky_bit_may_be_passed() -> None:
    assert read().barred_from("/tmp/a") is None
    assert read(ACCESS.replace("rwt.", "rwT.")).barred_from("/tmp/a") == "/tmp"


def test_the_directories_above() -> None:
    assert list(above("/srv//vm/a.img")) == ["/", "/srv", "/srv//vm"]


def test_hostile_text_is_refused_or_read() -> None:
    for answer in answers(ACCESS):
        read(answer, daemons="")
    for answer in answers(CAPABILITIES):
        with contextlib.suppress(Unreadable):
            read(capabilities=answer, daemons="")


def test_whether_the_user_is_let_in_at_kvm_is_what_the_kernel_answered() -> None:
    assert read(ACCESS + "kvm 0\n").opens_kvm()
    assert not read(ACCESS + "kvm 1\n").opens_kvm()


@pytest.mark.parametrize(("mode", "group", "expected"), [("rw-rw----", 106, True), ("rw-rw----", 5, False)])
def test_where_nothing_was_tried_the_mode_of_kvm_decides(mode: str, group: int, expected: bool) -> None:
    device = f"c{mode}  1    0  {group} 10, 232  /dev/kvm\n"
    assert read(ACCESS + device + "kvm 127\n").opens_kvm() is expected


def test_kvm_is_unknown_where_nothing_was_told() -> None:
    with pytest.raises(Unreadable):
        read().opens_kvm()
