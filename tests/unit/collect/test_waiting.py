"""At a terminal: lines while hosts are logged in to, then a bar, and nothing that could erase a question of ssh."""

from typing import Any, cast

import pytest

from preflight.collect import waiting
from preflight.collect.session import Visit


class Asked:
    """A host of which only what it waits for is looked at."""

    def __init__(self, name: str, *, logging_in: bool = False) -> None:
        self.name, self.logging_in = name, logging_in
        self.waits_for: str | None = "the login" if logging_in else "libvirt"


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return what is drawn or printed."""
    found: list[Any] = []

    class Bar:
        def show(self, *what: Any) -> None:
            found.append(what)

        def hide(self) -> None:
            found.append(None)

    monkeypatch.setattr(waiting, "Bar", Bar)
    monkeypatch.setattr(waiting, "draws", lambda: True)
    monkeypatch.setattr(waiting, "say_waiting", found.append)
    return found


def test_no_bar_is_drawn_before_the_last_login_is_over(drawn: list[Any]) -> None:
    hosts = Asked("a", logging_in=True), Asked("b")
    with waiting.Waiting([cast("Visit", host) for host in hosts], steps=4) as shown:
        shown()
        shown()
        assert drawn == [None, "a: the login", "b: libvirt", None]
        hosts[0].waits_for = None  # a person is being asked
        shown()
        assert drawn[4:] == [None]
        hosts[0].waits_for, hosts[0].logging_in = "libvirt", False
        assert shown.step(lambda: 7)() == 7
        shown()
        assert drawn[5:] == [("waiting for a: libvirt; b: libvirt", 1, 4)]
    assert drawn[-1] is None


def test_checks_side_by_side_share_one_bar(drawn: list[Any]) -> None:
    hosts = [Asked("a"), Asked("a"), Asked("b")]
    first, second, third = (cast("Visit", host) for host in hosts)
    with waiting.Waiting([first], steps=2) as one:
        one()
        with waiting.Waiting([second, third], steps=4) as other:
            assert other.step(lambda: 7)() == 7
            other()
            one()
            assert drawn == [
                ("waiting for a: libvirt", 0, 2),
                ("waiting for a: libvirt; b: libvirt", 1, 6),
                ("waiting for a: libvirt; b: libvirt", 1, 6),
            ]
            hosts[2].logging_in, hosts[2].waits_for = True, None  # a person is being asked
            one()
            other()
            assert drawn[3:] == [None, "a: libvirt", None], "no bar erases the question, and a line is printed once"
            drawn.clear()
        assert drawn == [], "the first is still waited for"
    assert drawn == [None]


def test_the_bar_is_taken_away_if_the_run_is_interrupted(drawn: list[Any]) -> None:
    def interrupted() -> None:
        with waiting.Waiting([cast("Visit", Asked("a"))], steps=2) as shown:
            shown()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert drawn[-1] is None
