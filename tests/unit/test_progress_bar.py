"""Bars of threads that share one terminal: one is drawn at a time."""

import io
import sys

import pytest

from preflight.progress_bar import Bar


class Terminal(io.StringIO):
    """A terminal that keeps what was written to it."""

    def isatty(self) -> bool:
        """Say that a person reads this."""
        return True


def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Make standard error a terminal, in the test itself: pytest's own capture replaces it after the fixtures."""
    kept = Terminal()
    monkeypatch.setattr(sys, "stderr", kept)
    monkeypatch.setenv("TERM", "xterm")
    return kept


def test_the_bar_of_another_thread_is_not_drawn_into_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = terminal(monkeypatch)
    first, second = Bar(), Bar()
    first.show("waiting for host1", 0, 4)
    second.show("waiting for host2", 0, 4)
    second.hide()
    first.hide()
    assert "waiting for host1" in shown.getvalue()
    assert "waiting for host2" not in shown.getvalue()


def test_the_next_bar_is_drawn_once_the_first_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = terminal(monkeypatch)
    first, second = Bar(), Bar()
    first.show("waiting for host1", 0, 4)
    second.show("waiting for host2", 0, 4)
    first.hide()
    second.show("waiting for host2", 1, 4)
    second.hide()
    assert "waiting for host2" in shown.getvalue()
