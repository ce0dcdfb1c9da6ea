"""A probe with real hosts, which are this machine: the destination listens, and the source connects."""

import contextlib
import socket
import time
from collections.abc import Iterator

import pytest

from preflight.answers import Answers, Record, SavedHost
from preflight.collect import questions
from preflight.collect.probe import Probe, probe
from preflight.collect.questions import PRELUDE
from preflight.collect.session import LiveVisit, SavedVisit
from preflight.connection.local import LocalChannel
from preflight.connection.target import parse_target
from preflight.facts.network import MemoryWay, Reached
from preflight.shell_text import ShellText


@pytest.fixture
def visits() -> Iterator[tuple[LiveVisit, LiveVisit]]:
    channels = [LocalChannel(PRELUDE, timeout=20) for _ in range(2)]
    made = [LiveVisit(parse_target("localhost"), channel, (), "ssh", timeout=20) for channel in channels]
    for one in made:
        assert one.log_in().code == 0
    yield made[0], made[1]
    for channel in channels:
        channel.close()


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def is_free_in_time(port: int) -> bool:
    """Report whether nothing listens at the port any more, at the latest after the two seconds of a probe."""
    until = time.monotonic() + 3
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return True
        time.sleep(0.02)
    return False


def test_the_source_connects_to_the_listener(visits: tuple[LiveVisit, LiveVisit], port: int) -> None:
    answers = probe(*visits, "kept", Probe(port, questions.reach("127.0.0.1", port)))
    way = MemoryWay.parse(answers.records["kept"])
    assert (way.reached, way.probed, way.port) == (Reached.CONNECTED, True, port)
    assert visits[0].saved().answers.records["kept"] == answers.records["kept"]


def test_a_refusal_while_the_destination_listens_is_a_rejection(visits: tuple[LiveVisit, LiveVisit], port: int) -> None:
    said = ShellText(f"echo port 1 host2 {port} Connection refused")
    way = MemoryWay.parse(probe(*visits, "kept", Probe(port, said)).records["kept"])
    assert way.reached is Reached.REJECTED
    assert is_free_in_time(port), "the listener is still there"


def test_a_port_that_is_taken_is_not_tried(visits: tuple[LiveVisit, LiveVisit]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        answers = probe(*visits, "kept", Probe(port, ShellText("echo never")))
    assert answers.absent["kept"].startswith(f"the destination could not listen at port {port}: ")
    assert answers.absent["kept"].endswith("Address already in use")
    assert visits[0].saved().answers.absent == answers.absent


def test_a_source_that_does_not_answer_is_named(visits: tuple[LiveVisit, LiveVisit], port: int) -> None:
    answers = probe(*visits, "kept", Probe(port, ShellText("echo broken >&2; false")))
    assert answers.absent == {"kept": "localhost did not say how the probe ended: broken"}


def test_a_snapshot_answers_by_what_it_has() -> None:
    saved = SavedVisit(SavedHost("host1", Answers({"kept": Record("listener ended")})), "ssh")
    asked = Probe(49215, ShellText("never"))
    assert probe(saved, saved, "kept", asked).records == {"kept": Record("listener ended")}
    assert probe(saved, saved, "other", asked).absent == {"other": "the snapshots do not record a probe"}
