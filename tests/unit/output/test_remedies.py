"""An unknown is followed by what would make it known, by the reason that is its cause."""

import html
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from preflight.output.formats import FORMATS, render
from preflight.output.remedies import Row, remedy
from tests.golden import audits, linting
from tests.golden.rehearsals import rehearsal
from tests.golden.reports import report

FIX = "add to /etc/hosts on the source: 192.0.2.12"
LOGIN = "Run ssh HOST true by hand"
OLD = "The snapshot was taken by an older preflight"
LEADS_OUT = "Put the file itself into the directory"
#: Subjects with a finding and its fix, and with an unknown and what resolves it.
SUBJECTS: Mapping[str, tuple[Callable[[], Any], str, Callable[[], Any], str]] = {
    "report": (lambda: report("hosts-line-gone"), FIX, lambda: report("no-login"), LOGIN),
    "rehearsal": (rehearsal, FIX, rehearsal, OLD),
    "lint": (linting.linted, "byte order mark: ", linting.linted, LEADS_OUT),
    "audit": (audits.few, "Upgrade QEMU on the destination", audits.down, LOGIN),
}


@pytest.mark.parametrize(("subject", "form"), [(one, form) for one in SUBJECTS for form in FORMATS[one]])
def test_what_shows_the_fix_of_a_finding_shows_what_resolves_an_unknown(subject: str, form: str) -> None:
    failed, fix, unclear, resolve = SUBJECTS[subject]
    shows = [text in html.unescape(render(subject, form, of())) for of, text in ((failed, fix), (unclear, resolve))]
    assert shows[0] <= shows[1]


def test_most_formats_show_a_fix() -> None:
    shown = [form for form in FORMATS["report"] if FIX in render("report", form, report("hosts-line-gone"))]
    assert {"text", "json", "jsonl", "junit", "sarif", "github", "markdown", "html"} <= set(shown)


@pytest.mark.parametrize(
    ("reason", "resolved"),
    [
        ("no answer within 60 s", "--timeout"),
        ("the host did not report its memory: memory was not collected", "Take it again"),
        ("the number of clients of libvirtd is unknown: virt-admin could not be queried: x", "virt-admin"),
        ("firewall: sudo: nft: command not found", "install it"),
    ],
)
def test_the_innermost_cause_counts(reason: str, resolved: str) -> None:
    assert resolved in str(remedy(reason))


@pytest.mark.parametrize("reason", ["", "no such reason", "no answer within", "...", ": : "])
def test_a_reason_without_a_row_has_no_remedy(reason: str) -> None:
    assert remedy(reason) is None


def test_parts_are_found_in_order_and_do_not_overlap() -> None:
    assert Row(("a ", " b ", " c"), "").fits("a 1 b 2 c")
    assert not Row(("a ", " b ", " c"), "").fits("a 1 c")
    assert not Row(("ab", "ba"), "").fits("aba")


def test_a_hostile_reason_takes_no_longer_than_its_length() -> None:
    began = time.process_time()
    remedy("the " * 20_000 + ": " * 200)
    assert time.process_time() - began < 2
