"""Pages of rules: the error as people search for it, and text that Markdown shows as it is."""

import pytest

from preflight.judge.ruleset import find, load
from tools.rule_pages import message, messages, page, pages

ADDED = (
    "error: internal error: process exited while connecting to monitor: 2026-11-26T00:36:03.680677Z "
    'qemu-system-x86_64: -blockdev {"driver":"file","filename":"/srv/a.img"}: '
    "'file' driver requires '/srv/a.img' to be a regular file"
)
SPICE = (
    "error: internal error: process exited while connecting to monitor: 2026-11-26T00:24:56.392083Z "
    "qemu-system-x86_64: warning: Spice: binding socket to 192.0.2.11:5900 failed 2026-11-26T00:24:56.392156Z "
    "qemu-system-x86_64: failed to initialize spice server"
)
LOGGED = (
    "2026-11-26 00:43:23.732+0000: 3452: info : hostname: vm 2026-11-26 00:43:23.732+0000: 3452: warning : Certificate "
    "check failed error: Unable to read TLS confirmation: Input/output error"
)
CHILD = (
    "error: internal error: Child process (LC_ALL=C PATH=/bin /usr/bin/qemu -name guest=web) unexpected exit status 1"
)


@pytest.mark.parametrize(
    ("said", "predicted", "left"),
    [
        (ADDED, "to be a regular file", "'file' driver requires '/srv/a.img' to be a regular file"),
        (SPICE, "failed to initialize spice server", "failed to initialize spice server"),
        (LOGGED, "Unable to read TLS", "Unable to read TLS confirmation: Input/output error"),
        (CHILD, "exit status 1", "internal error: Child process (...) unexpected exit status 1"),
        (
            "error: operation failed: domain 'db' is already defined with uuid 8d49d42a-4026-4377-8fb5-0a4adfcd8702",
            "already defined",
            "operation failed: domain 'db' is already defined with uuid UUID",
        ),
        ("error: cannot set CPU affinity on process 230: x", "affinity", "cannot set CPU affinity on process PID: x"),
        ("error: @@@@@@ @ WARNING: CHANGED! @ @@@@@@ See.", "CHANGED", "WARNING: CHANGED! See."),
    ],
)
def test_a_message_is_left_with_what_every_run_has(said: str, predicted: str, left: str) -> None:
    assert message(said, predicted) == left


def test_no_message_holds_what_differs_with_each_run_or_is_longer_than_a_line_of_a_page() -> None:
    said = [text for texts in messages().values() for text in texts]
    assert len(said) > 150
    assert not [text for text in said if "2026-" in text or "qemu-system-x86_64: " in text or "\n" in text]
    assert max(map(len, said)) <= 244


def test_messages_that_differ_in_names_and_numbers_alone_are_one() -> None:
    assert len(messages()["announced-name-unresolvable"]) == 1


def test_the_page_of_a_rule_has_all_that_explain_says_and_the_error() -> None:
    rule = find(load(), "announced-name-unresolvable")
    text = page(rule, ("Unable to resolve address 'x' service '49152'",))
    for part in (rule.text.title, rule.text.why, rule.text.fix, "--select names", "`preflight fix`: can repair"):
        assert part in text
    assert "## The error\n\n    Unable to resolve address 'x' service '49152'\n" in text


def test_errors_that_a_rule_declares_and_the_lab_did_not_record_stand_behind_those_that_it_did() -> None:
    rule = find(load(), "announced-name-unresolvable")
    assert "## The error\n\n    Unable to resolve address '...' service '\n\n## Why" in page(rule, ())
    other = page(find(load(), "transport-port-filtered"), ("unable to connect to server at 'x:1': No route to host",))
    assert other.count("No route to host\n") == 1
    assert "\n    unable to connect to server at '...': Connection timed out\n" in other


def test_markup_of_a_docstring_is_shown_and_not_taken_for_html() -> None:
    text = pages(load())["device-server-missing.md"]
    assert "\\<reconnect enabled" in text
    assert "(`<listen type='network'>`)" in pages(load())["host-specific-address.md"]


def test_there_is_a_page_a_rule_and_the_index_names_each() -> None:
    written = pages(load())
    assert written.keys() == {"README.md", *(f"{rule.name}.md" for rule in load())}
    assert all(f"[{rule.name}]({rule.name}.md)" in written["README.md"] for rule in load())
