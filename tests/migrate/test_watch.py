"""What the watch over a migration says while libvirt says nothing."""

import contextlib
from typing import Any

import libvirt

from preflight.method import Method
from preflight.migrate.event import Event
from preflight.migrate.watch import BUSY, Watch


class Source:
    """A source whose libvirt answers no question about the guest."""

    def __init__(self, code: int) -> None:
        self.calling: Any = contextlib.nullcontext()
        self._code = code

    def domain(self, uuid: str) -> Any:
        refusal = libvirt.libvirtError("refused")
        refusal.err = (self._code,)
        raise refusal


def told_of(code: int) -> list[Event]:
    told: list[Event] = []
    watch = Watch(Source(code), "u", "web", Method(), told.append, stall=60, pause=lambda: None)  # type: ignore[arg-type] # a stand-in
    watch.look()
    watch.look()
    return told


def test_a_guest_whose_lock_libvirt_keeps_is_said_to_be_busy_once() -> None:
    assert told_of(libvirt.VIR_ERR_OPERATION_TIMEOUT) == [Event("note", "web", BUSY)]


def test_any_other_refusal_is_seen_again_at_the_next_look() -> None:
    assert told_of(libvirt.VIR_ERR_NO_DOMAIN) == []
