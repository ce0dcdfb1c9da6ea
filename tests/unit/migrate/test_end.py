"""A host that falls silent is tried once for all guests, not once for each."""

import time
from typing import Any

import libvirt

from preflight.migrate.end import End
from preflight.migrate.observation import Place

NOBODY = "00000000-0000-0000-0000-000000000000"
#: Seconds until a host that does not answer is given up.
SLOW = 0.4


class Host:
    """A host whose libvirt can be reached, or not; counts how often that was tried."""

    def __init__(self) -> None:
        self.answers, self.tried = False, 0

    def connect(self) -> Any:
        self.tried += 1
        if self.answers:
            return libvirt.open("test:///default")
        time.sleep(SLOW)
        raise libvirt.libvirtError("no route to host")


def is_heard(end: End) -> bool:
    """Report whether the host, polled repeatedly, soon answers."""
    deadline = time.monotonic() + 30
    while end.look(NOBODY).place is not Place.ABSENT and time.monotonic() < deadline:
        time.sleep(SLOW / 10)
    return end.look(NOBODY).place is Place.ABSENT


def test_guests_that_are_looked_at_in_turn_wait_for_a_silent_host_once() -> None:
    host = Host()
    end = End("host2", host.connect)
    seen = [end.look(NOBODY) for _ in range(5)]
    assert [one.place for one in seen] == [Place.UNKNOWN] * 5
    assert {one.why for one in seen} == {"no route to host"}
    assert host.tried == 1


def test_it_is_tried_again_once_that_took_as_long_as_the_failure() -> None:
    host = Host()
    end = End("host2", host.connect)
    end.look(NOBODY)
    host.answers = True
    assert is_heard(end)
    assert host.tried == 2
    end.close()


def test_it_is_known_how_long_a_host_has_been_silent() -> None:
    host = Host()
    end = End("host2", host.connect)
    assert end.silent_for == 0
    end.look(NOBODY)
    first = end.silent_for
    assert first >= SLOW
    time.sleep(SLOW * 1.5)
    end.look(NOBODY)
    assert end.silent_for >= first + SLOW, "from the first failure on"
    host.answers = True
    assert is_heard(end)
    assert end.silent_for == 0
    end.close()
