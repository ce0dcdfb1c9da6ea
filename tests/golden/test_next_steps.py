"""Every refusal says what to do next, in one line; refusals.txt keeps all of them, so that a change is seen."""

from collections.abc import Mapping

import pytest

from tests.golden.refusals import KEPT, kind, refusals, written

#: Texts that are a part of another refusal, which has the step, or the cause of one that is not of this program's.
PARTS: Mapping[str, str] = {
    "...: ansible-inventory ...": "the operating system's reason for which a program cannot be started",
    "...: hosts....: ...": "what is wrong with a name",
    "...: waiver: ...: ...": "what is wrong with a waiver",
    "pack ...: ...: ...": "the exception of the pack's own code",
    "the name of a host in it is a file name: ...": "what is wrong with a snapshot",
    "the name of a host in it is invalid: ...": "what is wrong with a snapshot",
    "standard output: ...": "the operating system's reason, such as a full disk",
    "...: users other than you and root can write to it": "packs say where to keep their files",
    "the check says ...: ...": "an evacuation names it as what keeps a guest",
    "the check says ...: ..., and ... more": "an evacuation names it as what keeps a guest",
    "... is not a time": "`show` says to save the report again",
    "the rule ... of a cause is not among its rules": "`show` says to save the report again",
    "the rule ... of a result is not among its rules": "`show` says to save the report again",
    "the severity of a result of ... is not that of its worst finding": "`show` says to save the report again",
    "the verdict ... is not that of its ways, ...": "`show` says to save the report again",
    "there is no host ...": "`show` says to save the report again",
    "there is no way from host ... to host ...": "`show` says to save the report again",
    "there is no way from host ..., which has guests": "`show` says to save the report again",
}


def without() -> list[tuple[str, str]]:
    """Return the refusals that say nothing, each with its package."""
    return [(package, text) for found, package, text in refusals() if found == "none"]


def test_every_refusal_says_what_to_do() -> None:
    assert [(package, text) for package, text in without() if text not in PARTS] == []


def test_no_exception_is_left_over() -> None:
    assert {*PARTS} - {text for _, text in without()} == set()


def test_refusals_are_as_they_were_kept() -> None:
    assert KEPT.read_text(encoding="utf-8") == written()


def test_every_refusal_is_one_line() -> None:
    assert [text for _, _, text in refusals() if "\n" in text] == []


def test_refusals_are_found() -> None:
    texts = [text for _, _, text in refusals()]
    assert len(texts) > 250
    assert "an audit needs at least two hosts: name more, or give --inventory" in texts


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a.json: is too old", "none"),
        ("a.json: is too old: take it again", "orders"),
        ("a.json: is too old; `preflight snapshot` takes one", "command"),
        ("--mode: 'x' is not one of a, b", "choices"),
        ("'x' is not a time such as 90s", "form"),
        ("--a and --b are mutually exclusive", "needs"),
        ("there is no plan to make", "none"),
    ],
)
def test_a_next_step_is_known_by_its_words(text: str, found: str) -> None:
    assert kind(text) == found
