"""One call per connection at a time: replies to keepalive messages are not read while a guest is migrated."""

import re

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Mode, Role
from preflight.rule import Change, Severity
from tests.case import Case

RULE = "one-request-at-a-time"


def with_settings(text: str, *, end: str = "source") -> Case:
    """Return the sound pair with these lines in one end's libvirtd.conf."""
    case = Case()
    return getattr(case, end)("libvirtd.conf", lambda conf: conf + text)  # type: ignore[no-any-return] # by name


@pytest.mark.parametrize("mode", list(Mode))
def test_catches_one_call_at_the_source_in_every_mode(mode: Mode) -> None:
    result = with_settings("max_client_requests = 1\n").asking(mode=mode).result(RULE)
    assert (result.outcome, result.severity, result.subject) == (Outcome.FAILED, Severity.WARNING, "source")
    [finding] = result.findings
    assert finding.host is Role.SOURCE
    assert finding.message == "max_client_requests is 1: a migration that takes longer than 30 s loses its connection"
    assert finding.location is not None
    assert finding.location.text == "max_client_requests = 1"
    assert finding.change == Change("/etc/libvirt/libvirtd.conf", "max_client_requests", 5)


def test_catches_it_with_the_seconds_that_follow_from_keepalive() -> None:
    text = "max_client_requests = 1\nkeepalive_interval = 10\nkeepalive_count = 2\n"
    [finding] = with_settings(text).result(RULE).findings
    assert "longer than 30 s" in finding.message
    [finding] = with_settings(text.replace("= 2", "= 5")).result(RULE).findings
    assert "longer than 60 s" in finding.message


@pytest.mark.parametrize("setting", ["max_client_requests = 2", "max_client_requests = 5", "max_clients = 5000"])
def test_passes_two_calls_and_more(setting: str) -> None:
    assert with_settings(f"{setting}\n").result(RULE).outcome is Outcome.PASSED


def test_passes_one_call_where_no_keepalive_is_sent() -> None:
    text = "max_client_requests = 1\nkeepalive_interval = -1\n"
    assert with_settings(text).result(RULE).outcome is Outcome.PASSED


def test_passes_one_call_at_the_destination_of_which_none_lasts() -> None:
    assert with_settings("max_client_requests = 1\n", end="destination").result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    result = with_settings("max_client_requests = 1\n").asking(offline=True).result(RULE)
    assert result.outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_the_file_was_changed_after_the_daemon_had_read_it() -> None:
    case = with_settings("max_client_requests = 1\n")
    case.source("daemons", lambda text: re.sub(r"conf (\S*)libvirtd(\S*) \S+", r"conf \1libvirtd\2 9999999999", text))
    result = case.result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert "before a restart" in (result.reason or "")
