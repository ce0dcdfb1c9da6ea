"""The lines of guests' logs about their starts."""

import pytest

from preflight.answers import Record
from preflight.facts.fact import Unreadable
from preflight.facts.guest.started_with import Start, StartedWith
from preflight.facts.version import Version

LOG = "/var/log/libvirt/qemu"
#: As libvirt 7.0, 9.0, 11.3 and 12.9 of Debian write it.
SAID = (
    ("7.0.0, package: 3+deb11u3 (Debian), qemu version: 5.2.0", Version(5, 2, 0)),
    ("9.0.0, package: 9.0.0-4+deb12u2 (Debian), qemu version: 7.2.22", Version(7, 2, 22)),
    ("11.3.0, package: 3+deb13u3 (Debian), qemu version: 10.0.13", Version(10, 0, 13)),
    ("12.9.0, package: 1~bpo13+1 (Debian), qemu version: 11.1", Version(11, 1, 0)),
)


def parsed(*lines: str) -> StartedWith:
    return StartedWith.parse(Record("".join(f"{line}\n" for line in lines)))


@pytest.mark.parametrize(("said", "version"), SAID)
def test_the_release_of_the_start(said: str, version: Version) -> None:
    assert parsed(f"{LOG}/web.log:starting up libvirt version: {said}").of("web") == Start(qemu=version)


def test_the_last_start_counts() -> None:
    first, last = (f"{LOG}/web.log:starting up libvirt version: {said}" for said, _ in SAID[:2])
    incoming = f"{LOG}/web.log:-incoming"
    assert parsed(first, incoming, last).of("web") == Start(qemu=Version(7, 2, 22))
    assert parsed(first, last, incoming).of("web") == Start(qemu=Version(7, 2, 22), incoming=True)


def test_guests_are_kept_apart() -> None:
    both = parsed(
        f"{LOG}/a.log:starting up libvirt version: {SAID[0][0]}",
        f"{LOG}/b: c.log:starting up libvirt version: {SAID[1][0]}",
        f"{LOG}/a.log:-incoming",
    )
    assert both.of("a").incoming
    assert both.of("b: c") == Start(qemu=Version(7, 2, 22))


@pytest.mark.parametrize(
    "line",
    [
        "",
        f"{LOG}/web.log:-incoming",
        f"{LOG}/web.log:starting up libvirt version: 9.0.0, qemu version: ",
        f"{LOG}/web.log:starting up libvirt version: 9.0.0, qemu version: 99999.0.0",
        f"{LOG}/web.log:starting up libvirt version: 9.0.0, qemu version: \u0661.0.0",
        "starting up libvirt version: 9.0.0, qemu version: 7.2.0",
    ],
)
def test_is_unknown_without_a_line_that_has_a_release(line: str) -> None:
    with pytest.raises(Unreadable, match="it is unknown which QEMU web was started with: its log has no start"):
        parsed(line).of("web")


def test_is_unknown_with_the_reason_if_the_host_did_not_answer() -> None:
    with pytest.raises(Unreadable, match="sudo"):
        StartedWith.parse(Record("", 1, "sudo: a password is required")).of("web")
