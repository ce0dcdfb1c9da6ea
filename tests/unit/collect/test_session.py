"""A visit to a real host, which is this machine: each question gets its own answer, however late another's comes."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from preflight.answers import Record
from preflight.collect import questions
from preflight.collect.questions import PRELUDE
from preflight.collect.session import LiveVisit
from preflight.connection.local import LocalChannel
from preflight.connection.target import parse_target
from preflight.shell_text import ShellText, shell


@pytest.fixture
def channel() -> Iterator[LocalChannel]:
    opened = LocalChannel(PRELUDE, timeout=20)
    yield opened
    opened.close()


@pytest.fixture
def visit(channel: LocalChannel) -> LiveVisit:
    made = LiveVisit(parse_target("localhost"), channel, (), "ssh", timeout=20)
    assert made.log_in().code == 0
    return made


def test_an_answer_that_comes_too_late_is_not_taken_for_the_next_ones(
    channel: LocalChannel, visit: LiveVisit, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("what is in it\n")
    channel.timeout = 0.2
    late = visit.run(ShellText(f"until [ -e {tmp_path}/go ]; do sleep 0.05; done; echo late"))
    assert (late.code, late.err) == (255, "no answer within 0.2 s")
    (tmp_path / "go").touch()
    channel.timeout = 20
    assert visit.read(str(tmp_path / "file")) == Record("what is in it\n")
    assert visit.run(ShellText("echo now")) == Record("now\n")


def test_the_last_that_a_shell_was_told_is_done_before_it_is_left(
    channel: LocalChannel, visit: LiveVisit, tmp_path: Path
) -> None:
    visit.tell(ShellText(f"sleep 0.1; touch {tmp_path}/done\n"))
    visit.end()
    assert (tmp_path / "done").exists()
    began = time.monotonic()
    channel.close()
    assert time.monotonic() - began < 0.3


def test_a_shell_that_does_not_come_to_its_end_is_not_waited_for_long(channel: LocalChannel, visit: LiveVisit) -> None:
    visit.tell(ShellText("sleep 30\n"))
    began = time.monotonic()
    visit.end()
    channel.close()
    assert time.monotonic() - began < 2


def test_no_question_ends_the_process_that_answers_the_others_too(channel: LocalChannel) -> None:
    fixed = {**questions.STANDING, **questions.AFTER_LIBVIRT, **questions.WHEN_CLOSED, **questions.LAST}
    about = {
        "access": questions.access(65534, 65534, ["/", "/none", "/dev/kvm"]),
        "accounts": questions.accounts(["passwd:root", "group:none-of-that-name"]),
        "block-devices": questions.block_devices(["/dev/null", "/none"]),
        "block-drivers": questions.block_drivers([("/usr/bin/none", "rbd", "librbd")]),
        "certificates": questions.certificates(("/none/ca.pem", "/none/cert.pem", "/none/key.pem")),
        "disk-ports": questions.connect_all([("127.0.0.1", 1)]),
        "disk-servers": questions.resolve_all(["localhost"]),
        "images": questions.image_heads(["/dev/null", "/etc/passwd", "/none"]),
        "paths": questions.stat_paths(["/", "/none/of/it"]),
        "peer.resolve": questions.resolve("localhost"),
        "rdma": questions.rdma(["/none"]),
        "resident": questions.resident(["none"]),
        "usb-devices": questions.USB_DEVICES,
        "way.memory": questions.way("127.0.0.1", 1),
    }
    asked = fixed | about | {"end": ShellText("echo end")}
    channel.send(asked, questions.LOOK, together=True)
    answers = channel.receive(asked)
    assert answers.absent == {}
    assert answers.records["end"] == Record("end\n")


def test_a_sites_question_that_exits_costs_only_its_own_answer(channel: LocalChannel) -> None:
    own = {"site.exits": ShellText("echo half; exit 3"), "site.answers": ShellText("echo here")}
    asked = ("kernel", "machine-id", *own)
    visit = LiveVisit(parse_target("localhost"), channel, asked, "unix", uri="test:///default", own=own, timeout=20)
    answers = visit.first()
    visit.leave()
    assert answers.absent == {}
    assert answers.records["site.exits"] == Record("half\n", 3)
    assert answers.records["site.answers"] == Record("here\n")
    assert answers.records["kernel"].code == 0


def test_a_libvirt_that_never_answers_leaves_time_to_say_why(channel: LocalChannel, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "s"))
        silent.listen()
        uri = f"qemu+unix:///system?socket={tmp_path}/s"
        asked = ("libvirt.connect", "daemons", "limits")
        visit = LiveVisit(parse_target("localhost"), channel, asked, "unix", uri=uri, timeout=8)
        answers = visit.first()
        answers.update(visit.ask({}))
        visit.leave()
    assert json.loads(answers.records["libvirt.connect"].out)["hung"]
    assert {"daemons", "limits"} <= answers.records.keys()


def test_what_was_answered_is_not_kept(channel: LocalChannel, visit: LiveVisit) -> None:
    for number in range(3):
        visit.run(ShellText(f"echo {number}"))
    assert set(channel._out.records) <= {"hello"}


def test_answers_are_kept_up_to_a_total(visit: LiveVisit) -> None:
    """T7: each batch may be as large as one answer may be long, times the questions in it."""
    for batch in ("a", "b"):
        asked = {f"{batch}{number}": shell("head -c 8388600 /dev/zero") for number in range(5)}
        answers = visit.ask(asked)
        assert answers.records.keys() | answers.absent.keys() == asked.keys()
    assert answers.absent == dict.fromkeys(("b2", "b3", "b4"), "the answers of localhost exceed 64 MiB in total")
    assert sum(len(record.out) for record in visit.saved().answers.records.values()) <= 64 << 20


def test_a_daemon_without_room_for_another_client_is_not_waited_for(channel: LocalChannel, tmp_path: Path) -> None:
    said = "nclients_max: 1\nnclients: 1\nnWorkers: 5\nfreeWorkers: 5\njobQueueDepth: 0"
    channel.send({}, shell('limits() { printf "daemon libvirtd\\n%s\\n" @said@; }', said=said))
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "s"))
        silent.listen()
        uri = f"qemu+unix:///system?socket={tmp_path}/s"
        visit = LiveVisit(parse_target("localhost"), channel, ("libvirt.connect",), "unix", uri=uri, timeout=600)
        began = time.monotonic()
        connected = json.loads(visit.first().records["libvirt.connect"].out)
        visit.leave()
    assert (connected["hung"], connected["error"]) == (
        True,
        "libvirtd accepts no more clients: all of its max_clients = 1 are connected",
    )
    assert time.monotonic() - began < 60
