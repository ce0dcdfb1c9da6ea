import pytest

from preflight.facts.fact import Record
from preflight.facts.ssh.login import Login, LoginOutcome

CHANGED_KEY = """@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!
Host key for host2 has changed and you have requested strict checking.
Host key verification failed.
"""


def test_logged_in() -> None:
    assert Login.parse(Record("", 0, "Warning: Permanently added 'host2'\n")) == Login(error=None, kind=LoginOutcome.OK)


@pytest.mark.parametrize(
    ("complaint", "kind"),
    [
        ("ssh: connect to host host2 port 22: Connection refused", "refused"),
        ("ssh: Could not resolve hostname host2: Name or service not known", "name"),
        ("ssh: Could not resolve hostname host2: Temporary failure in name resolution", "name"),
        ("ssh: connect to host host2 port 22: Connection timed out", "timeout"),
        ("Connection timed out during banner exchange", "timeout"),
        ("ssh: connect to host host2 port 22: No route to host", "unreachable"),
        ("ssh: connect to host host2 port 22: Network is unreachable", "unreachable"),
        ("ssh: connect to host host2 port 22: Permission denied", "unreachable"),
        ("ssh: connect to host host2 port 22: Invalid argument", "unreachable"),
        ("Host key verification failed.", "host-key"),
        ("No ED25519 host key is known for host2 and you have requested strict checking.", "host-key"),
        ("root@host2: Permission denied (publickey).", "auth"),
        ("Received disconnect from 192.0.2.12 port 22:2: Too many authentication failures", "auth"),
        ("kex_exchange_identification: Connection closed by remote host", "limits"),
        ("kex_exchange_identification: read: Connection reset by peer", "limits"),
        ("ssh_exchange_identification: read: Connection reset by peer", "limits"),
        ("kex_exchange_identification: banner line 0: Not allowed at this time", "limits"),
        ("Connection reset by 192.0.2.12 port 22", "limits"),
        ("Bad owner or permissions on /root/.ssh/config", "other"),
    ],
)
def test_kinds(complaint: str, kind: str) -> None:
    assert Login.parse(Record("", 255, complaint + "\r\n")) == Login(error=complaint, kind=LoginOutcome(kind))


def test_the_telling_line_is_kept_and_not_the_last() -> None:
    said = "kex_exchange_identification: read: Connection reset by peer\r\nConnection reset by 192.0.2.12 port 22\r\n"
    known = Login.parse(Record("", 255, said))
    assert known.error == "kex_exchange_identification: read: Connection reset by peer"


def test_a_box_around_a_changed_key_is_not_the_reason() -> None:
    known = Login.parse(Record("", 255, CHANGED_KEY))
    assert (known.kind, known.error) == (LoginOutcome.HOST_KEY, "Host key verification failed.")


@pytest.mark.parametrize(
    ("telling", "last", "kind"),
    [
        (
            "No ED25519 host key is known for old and you have requested strict checking.",
            "Host key verification failed.",
            "host-key",
        ),
        ("Certificate invalid: expired", "Host key verification failed.", "host-key"),
        (
            "ED25519 host key for host2 was revoked and you have requested strict checking.",
            "Host key verification failed.",
            "host-key",
        ),
        (
            "Your account has expired; please contact your system administrator.",
            "Connection closed by 192.0.2.12 port 22",
            "auth",
        ),
    ],
)
def test_the_reason_is_kept_and_not_the_refusal_that_follows_it(telling: str, last: str, kind: str) -> None:
    assert Login.parse(Record("", 255, f"{telling}\r\n{last}\r\n")) == Login(error=telling, kind=LoginOutcome(kind))


def test_banners_and_debug_lines_do_not_count() -> None:
    said = "debug1: Connection refused\nWarning: x\nssh: connect to host host2 port 22: No route to host\n"
    assert Login.parse(Record("", 255, said)).kind is LoginOutcome.UNREACHABLE


def test_silence() -> None:
    assert Login.parse(Record("", 255)) == Login(error="exit code 255", kind=LoginOutcome.OTHER)
