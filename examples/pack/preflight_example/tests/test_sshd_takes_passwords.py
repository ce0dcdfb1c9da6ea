"""Tests of the rule sshd-takes-passwords."""

from pathlib import Path

from preflight.testing import Case, Outcome

RULE = "sshd-takes-passwords"
FILES = "\x1f/etc/ssh/sshd_config\n"


def case(printed: str | None, written: str = "") -> Case:
    """Return two hosts, on the first of which `sshd -T` prints this, and whose file has these lines."""
    made = Case(rules=Path(__file__).parents[1])
    return made.source("sshd.effective", printed).source("sshd_config", FILES + written)


def test_catches_a_password() -> None:
    result = case("passwordauthentication yes\n").result(RULE, "source")
    assert result.outcome is Outcome.FAILED
    assert result.findings[0].message == "sshd accepts passwords: passwordauthentication is yes"


def test_catches_a_password_for_some_connections() -> None:
    match = "PasswordAuthentication no\nMatch User backup\n  PasswordAuthentication yes\n"
    result = case("passwordauthentication no\n", match).result(RULE, "source")
    assert result.outcome is Outcome.FAILED
    place = result.findings[0].location
    assert place is not None
    assert (place.path, place.line) == ("/etc/ssh/sshd_config", 3)


def test_passes_keys_alone() -> None:
    printed = "passwordauthentication no\nkbdinteractiveauthentication no\n"
    assert case(printed).result(RULE, "source").outcome is Outcome.PASSED


def test_is_unknown_when_sshd_was_not_asked() -> None:
    assert case(None).result(RULE, "source").outcome is Outcome.UNKNOWN


def test_is_unknown_when_a_file_was_not_read() -> None:
    result = case("passwordauthentication no\n", "Include /srv/sshd/*.conf\n").result(RULE, "source")
    assert result.outcome is Outcome.UNKNOWN
