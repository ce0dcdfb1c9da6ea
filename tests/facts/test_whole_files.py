"""The whole of sshd's settings and of libvirt's files, for rules of a site's own."""

import pytest

from preflight.facts import EffectiveSshd, LibvirtFiles
from preflight.facts.fact import Record, Unreadable
from tests.case import Case
from tests.fact_of import fact_of

PRINTED = "port 22\nhostkey /a\nhostkey /b\npasswordauthentication no\nsubsystem sftp /usr/lib/sftp-server\nusedns\n"
WRITTEN = "Port 2222\nPasswordAuthentication No\nMatch User x\n  PasswordAuthentication yes\nMatch all\n"
MAIN = "\x1f/etc/ssh/sshd_config\n"


def sshd(written: str | Record = MAIN + WRITTEN, printed: str | Record = PRINTED) -> EffectiveSshd:
    return fact_of(EffectiveSshd, {"sshd.effective": printed, "sshd_config": written})


def test_every_setting_that_sshd_prints_is_there_with_its_place() -> None:
    found = sshd()
    assert [str(one) for one in found.values("HostKey")] == ["/a", "/b"]
    assert found.value("subsystem").value == "sftp /usr/lib/sftp-server"
    assert found.value("usedns").value == ""
    place = found.value("passwordauthentication").at
    assert place is not None
    assert (place.path, place.line, place.text) == ("/etc/ssh/sshd_config", 2, "PasswordAuthentication No")
    assert found.value("port").at is None, "the file says something else"


def test_match_blocks_are_told_apart() -> None:
    found = sshd()
    assert [str(one) for one in found.anywhere("passwordauthentication")] == ["no", "yes"]
    assert [one.at.line for one in found.conditional["passwordauthentication"] if one.at] == [4]


def test_what_sshd_does_not_print_is_unknown() -> None:
    with pytest.raises(Unreadable, match="sshd -T does not print KerberosAuthentication"):
        sshd().value("KerberosAuthentication")


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("", "/etc/ssh/sshd_config does not exist"),
        (MAIN + "Include /srv/x.conf\n", "/etc/ssh/sshd_config includes /srv/x.conf, which was not read"),
        (Record("", 1, "no right"), "no right"),
    ],
)
def test_files_that_were_not_read_leave_match_blocks_unknown_and_nothing_else(written: str | Record, why: str) -> None:
    found = sshd(written)
    assert found.value("port").value == "22"
    with pytest.raises(Unreadable, match=why):
        found.anywhere("port")


@pytest.mark.parametrize("printed", ["", "\n\n", Record("", 1, "sudo: a password is required")])
def test_an_sshd_that_says_nothing_is_unknown(printed: str | Record) -> None:
    with pytest.raises(Unreadable):
        sshd(printed=printed)


def test_recorded_hosts_have_all_of_it() -> None:
    (host, _) = Case().hosts
    found = fact_of(EffectiveSshd, {name: host.answers.records[name] for name in ("sshd.effective", "sshd_config")})
    assert len(found.settings) > 80


ANSWER = (
    '\x1f/etc/libvirt/virtlogd.conf\nmax_clients = 7\nlog_filters = "x"\n\x1e0\n'
    "\x1f/etc/libvirt/virtnetworkd.conf\n\x1e44\n"
    "\x1f/etc/libvirt/virtstoraged.conf\n\x1e1\n"
    "\x1f/etc/libvirt/network.conf\nmax_clients = \n\x1e0\n"
    "\x1f/etc/libvirt/libvirt.conf\nuri_default = "
)


def libvirt(**answers: str | Record) -> LibvirtFiles:
    given: dict[str, Record | str] = {"libvirt-files": ANSWER, "qemu.conf": 'vnc_listen = "0.0.0.0"\n'}
    return fact_of(LibvirtFiles, given | {name.replace("_", "."): text for name, text in answers.items()})


def test_every_file_that_was_read_is_there() -> None:
    found = libvirt()
    setting = found.get("qemu.conf", "vnc_listen")
    assert setting is not None
    assert (setting.value, setting.at and setting.at.path) == ("0.0.0.0", "/etc/libvirt/qemu.conf")
    setting = found.get("virtlogd.conf", "max_clients")
    assert setting is not None
    assert (setting.value, setting.at and setting.at.line) == (7, 1)
    assert found.get("virtlogd.conf", "none") is None
    assert not found.conf("virtnetworkd.conf").present


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("virtstoraged.conf", "/etc/libvirt/virtstoraged.conf could not be read"),
        ("libvirt.conf", "the answer about libvirt's files is incomplete"),
        ("virtsecretd.conf", "the answer about libvirt's files is incomplete"),
        ("network.conf", "/etc/libvirt/network.conf cannot be parsed: expecting a value"),
        ("libvirtd.conf", "libvirtd.conf was not collected"),
        ("auth.conf", "/etc/libvirt/auth.conf is not asked for"),
    ],
)
def test_a_file_that_was_not_read_is_unknown_alone(name: str, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        libvirt().get(name, "max_clients")


def test_old_snapshots_lack_the_others() -> None:
    found = fact_of(LibvirtFiles, {"qemu.conf": Record("", 44)})
    assert not found.conf("qemu.conf").present
    with pytest.raises(Unreadable, match="libvirt-files was not collected"):
        found.conf("virtlogd.conf")
