"""Connections that are opened ahead: each is handed out once, and none is left open."""

import threading
from collections.abc import Callable

import libvirt
import pytest

from preflight.answers import Record
from preflight.rehearse.ahead import Ahead
from preflight.shell_text import ShellText
from preflight.threads import until


class Connection:
    """A connection that may die."""

    def __init__(self) -> None:
        self.is_alive, self.is_closed = True, False

    def isAlive(self) -> bool:  # noqa: N802 # libvirt calls it so
        return self.is_alive

    def close(self) -> None:
        self.is_closed = True


class Host:
    """A host that lets in whoever `attempt` does not keep out."""

    name = "host1.example.com"

    def __init__(self, attempt: Callable[[], None] = lambda: None) -> None:
        self.attempt = attempt
        self.opened: list[Connection] = []

    def connect(self) -> Connection:
        self.attempt()
        self.opened.append(Connection())
        return self.opened[-1]

    def run(self, command: ShellText) -> Record:
        raise AssertionError(command)


def soon(what: Callable[[], bool]) -> bool:
    """Report whether something becomes true within two seconds."""
    is_time_left = until(2)
    while not (done := what()) and is_time_left():
        threading.Event().wait(0.002)
    return done


def test_each_connection_is_handed_out_once_and_then_others_are_opened() -> None:
    host = Host()
    ahead = Ahead(host, 2)
    assert soon(lambda: len(host.opened) == 2)
    got = [ahead.connect() for _ in range(4)]
    assert got == host.opened
    assert len(set(map(id, got))) == 4
    ahead.close()
    assert not any(one.is_closed for one in host.opened)


def test_a_failure_is_raised_once_and_then_it_is_tried_again() -> None:
    def refuse() -> None:
        raise libvirt.libvirtError("no route to host")

    host = Host(refuse)
    ahead = Ahead(host, 2)
    with pytest.raises(libvirt.libvirtError, match="no route to host"):
        ahead.connect()
    host.attempt = lambda: None
    assert ahead.connect() is host.opened[0]
    ahead.close()


def test_a_connection_that_has_died_is_replaced() -> None:
    host = Host()
    ahead = Ahead(host, 1)
    assert soon(lambda: len(host.opened) == 1)
    host.opened[0].is_alive = False
    assert ahead.connect() is host.opened[1]
    ahead.close()


def test_what_nobody_took_is_closed() -> None:
    host = Host()
    ahead = Ahead(host, 3)
    taken = ahead.connect()
    assert soon(lambda: len(host.opened) == 3)
    ahead.close()
    assert soon(lambda: [one.is_closed for one in host.opened] == [False, True, True])
    assert not taken.is_closed


def test_one_that_is_opened_too_late_is_closed_and_no_other_is_opened() -> None:
    may_go = threading.Event()

    def attempt() -> None:
        may_go.wait()

    host = Host(attempt)
    ahead = Ahead(host, 3)
    ahead.close()
    may_go.set()
    assert soon(lambda: [one.is_closed for one in host.opened] == [True])
