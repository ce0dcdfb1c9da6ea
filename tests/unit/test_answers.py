"""What a host's answer says if its command failed, above all if the login may not run it as root."""

import pytest

from preflight.answers import Record, Unreadable, without_root
from preflight.facts.control import PeerConnection
from preflight.facts.storage import Storage

#: How shells and sudo say it: dash, bash, busybox, mksh, zsh; sudo 1.8 and 1.9, and sudo-rs.
REFUSALS = {
    "sh: 9: sudo: not found": "sudo is not installed",
    "bash: line 9: sudo: command not found": "sudo is not installed",
    "-bash: sudo: command not found": "sudo is not installed",
    "sh: sudo: not found": "sudo is not installed",
    "/bin/sh: 1: sudo: not found": "sudo is not installed",
    "zsh: command not found: sudo": "sudo is not installed",
    "sudo: a password is required": "a password is required",
    "sudo: no tty present and no askpass program specified": "no tty present and no askpass program specified",
    "sudo: interactive authentication is required": "interactive authentication is required",
    "Sorry, user ops is not allowed to execute '/usr/sbin/sshd -T' as root on host1.": (
        "Sorry, user ops is not allowed to execute '/usr/sbin/sshd -T' as root on host1."
    ),
    "Sorry, user ops may not run sudo on host1.": "Sorry, user ops may not run sudo on host1.",
    "ops is not in the sudoers file.  This incident will be reported.": (
        "ops is not in the sudoers file.  This incident will be reported."
    ),
}
#: Lines of a command that did run, or of one that is missing itself.
OTHERS = (
    "sudo: nft: command not found",
    "sudo: unable to resolve host host1: Name or service not known",
    "sh: 9: nft: not found",
    "head: cannot open '/etc/sudoers' for reading: Permission denied",
    "cat: sudo: No such file or directory",
    "",
)


def advice(why: str) -> str:
    return f"root's rights are missing ({why}): log in as root, or allow the user `sudo -n` (NOPASSWD)"


@pytest.mark.parametrize(("line", "why"), REFUSALS.items())
def test_a_login_without_root_gets_the_advice(line: str, why: str) -> None:
    assert without_root(line) == advice(why)
    with pytest.raises(Unreadable) as raised:
        Record("", 127, f"{line}\n").required()
    assert str(raised.value) == advice(why)


@pytest.mark.parametrize("line", OTHERS)
def test_another_failure_is_reported_in_its_own_words(line: str) -> None:
    assert without_root(line) is None
    assert Record("", 1, f"warning\n{line}" if line else "").complaint == line


def test_the_advice_outranks_what_follows_from_the_refusal() -> None:
    said = "sh: 9: sudo: not found\ncat: write error"
    assert Record("", 1, said).complaint == advice("sudo is not installed")


def test_a_failure_without_a_word_names_the_exit_code() -> None:
    with pytest.raises(Unreadable, match="exit code 3"):
        Record("", 3).required()


def test_a_path_that_only_root_may_look_at_is_unknown_with_the_advice() -> None:
    """dash numbers the lines of its complaints, so that the two about one path differ."""
    paths = "path /srv/a.raw\nsh: 105: sudo: not found\nsh: 108: sudo: not found\n"
    storage = Storage.parse(Record(paths), Record("24 1 8:1 / / rw - ext4 /dev/sda1 rw\n"))
    with pytest.raises(Unreadable) as raised:
        storage.look("/srv/a.raw")
    assert str(raised.value) == f"/srv/a.raw: {advice('sudo is not installed')}"


def test_a_connection_that_the_source_may_not_try_is_unknown_with_the_advice() -> None:
    with pytest.raises(Unreadable) as raised:
        PeerConnection.parse(Record("", 127, "sh: 1: sudo: not found\n"))
    assert str(raised.value) == f"the source did not try to connect: {advice('sudo is not installed')}"
