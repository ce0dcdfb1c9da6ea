import pytest

from preflight.facts.fact import Record, Unreadable
from preflight.facts.system.release import Kernel, OpenSsh, OsRelease

DEBIAN = """PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION_CODENAME=bookworm
ID=debian
# ID=other
"""


def test_values_are_quoted_as_in_shell() -> None:
    known = OsRelease.parse(Record(DEBIAN))
    assert (known.id, known.version_id, known.codename) == ("debian", "12", "bookworm")
    assert known.label == "Debian GNU/Linux 12 (bookworm)"


def test_escapes_and_single_quotes() -> None:
    known = OsRelease.parse(Record('PRETTY_NAME="a \\"b\\" \\$c"\nID=\'x y\'\n'))
    assert (known.pretty_name, known.id) == ('a "b" $c', "x y")


def test_the_last_assignment_holds() -> None:
    assert OsRelease.parse(Record("ID=first\nID=last\n")).id == "last"


def test_what_is_not_given() -> None:
    known = OsRelease.parse(Record('NAME=x\nVERSION_ID=""\n'))
    assert (known.id, known.version_id, known.codename, known.label) == ("linux", None, None, "linux")


def test_a_line_that_is_no_assignment_is_passed_over() -> None:
    assert OsRelease.parse(Record("ID='open\nID=x\nfoo bar\n=y\n")).id == "x"


def test_kernel() -> None:
    known = Kernel.parse(Record("Linux 6.1.0-28-amd64 x86_64\n"))
    assert (known.system, known.release, known.machine) == ("Linux", "6.1.0-28-amd64", "x86_64")
    with pytest.raises(Unreadable):
        Kernel.parse(Record("Linux\n"))


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("OpenSSH_9.2p1 Debian-2+deb12u7, OpenSSL 3.0.17 1 Jul 2025\n", (9, 2)),
        ("OpenSSH_8.7p1, OpenSSL 3.2.2 4 Jun 2024\n", (8, 7)),
        ("OpenSSH_10.0p2 Debian-7, OpenSSL 3.5.1 1 Jul 2025\n", (10, 0)),
        ("OpenSSH_for_Windows_9.5p1, LibreSSL 3.8.2\n", (9, 5)),
        ("bash: warning: setlocale: LC_ALL\nOpenSSH_9.2p1, x\n", (9, 2)),
    ],
)
def test_openssh(text: str, version: tuple[int, int]) -> None:
    known = OpenSsh.parse(Record(text))
    assert known.version == version
    assert known.text.startswith("OpenSSH_")


def test_another_ssh_is_unknown() -> None:
    with pytest.raises(Unreadable, match="did not report an OpenSSH release"):
        OpenSsh.parse(Record("Dropbear v2022.83\n"))
