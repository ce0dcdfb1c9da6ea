"""A host that has read the token and sends answers that were not requested, or in another form than requested."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from preflight.answers import Answers, Record
from preflight.connection import shell
from preflight.connection.shell import ShellChannel
from preflight.shell_text import shell as shell_text
from tests.hostile_host import hostile_host

NOTHING = shell_text(":")
STRANGE = "the answer is not in the format of preflight's own shell text"
FLOODED = "the host sent more than 64 MiB and was cut off"


@contextmanager
def channel(tmp_path: Path, asked: str, *, timeout: float = 20) -> Iterator[ShellChannel]:
    opened = ShellChannel([hostile_host(tmp_path / "host", asked), "--of-a-test"], "", timeout=timeout)
    try:
        yield opened
    finally:
        opened.close()


def ask(tmp_path: Path, asked: str, *names: str, timeout: float = 20) -> Answers:
    with channel(tmp_path, asked, timeout=timeout) as host:
        questions = dict.fromkeys(names, NOTHING)
        host.send(questions)
        return host.receive(questions)


@pytest.mark.parametrize(
    "strange",
    [
        'answer(name, b"x", code=b"none")',
        'answer(name, b"x", code=b"-1")',
        'answer(name, b"x", code=b"9" * 5000)',
        'answer(name, b"x", code="٣".encode())',
        'answer(name + b" " + name)',
        'answer(b"")',
        'out.write(token + b" " + name + b" 0\\n" + token + b" x\\n")',
        'out.write(b"\\n" + token + b" " + name + b" 0\\n" + token * 900 + b"\\n")',
    ],
)
def test_a_strange_record_costs_that_record_alone(
    tmp_path: Path, strange: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """T6: a code that is no number ended the reader in a traceback, and each batch then took its whole time."""
    began = time.monotonic()
    asked = f'if name == b"bad":\n    {strange}\n    out.flush()\nelse:\n    answer(name, b"here")'
    answers = ask(tmp_path, asked, "bad", "next", timeout=2)
    assert answers.records == {"next": Record("here")}
    assert answers.absent["bad"] in {STRANGE, "no answer within 2 s"}
    assert time.monotonic() - began < 6
    assert capfd.readouterr().err == ""


def test_a_strange_record_is_not_waited_for(tmp_path: Path) -> None:
    began = time.monotonic()
    answers = ask(tmp_path, 'answer(name, code=b"none" if name == b"bad" else b"0")', "bad", "next")
    assert answers.absent == {"bad": STRANGE}
    assert time.monotonic() - began < 5


def test_a_name_that_is_no_text_ends_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    answers = ask(tmp_path, 'answer(b"\\xff\\xfe"); answer(name, b"here")', "it", timeout=5)
    assert answers.records == {"it": Record("here")}
    assert capfd.readouterr().err == ""


def test_of_two_answers_the_first_counts(tmp_path: Path) -> None:
    answers = ask(tmp_path, 'answer(name, b"first"); answer(name, b"second")', "it", "other")
    assert answers.records == {"it": Record("first"), "other": Record("first")}


def test_what_was_not_asked_for_is_not_kept(tmp_path: Path) -> None:
    """T5: the token is known to the host, and each further record was kept: 1.6 GB after 12 s."""
    asked = 'for number in range(1000):\n    answer(b"own%d" % number, b"x" * 1000)\nanswer(name)'
    with channel(tmp_path, asked) as host:
        host.send({"it": NOTHING})
        assert host.receive({"it": NOTHING}).records == {"it": Record("")}
        assert host._out.records.keys() <= {"hello"}


def test_what_will_be_asked_for_cannot_be_answered_before(tmp_path: Path) -> None:
    asked = 'answer(name, b"asked"); answer(b"later", b"not asked")'
    with channel(tmp_path, asked) as host:
        host.send({"it": NOTHING})
        host.receive({"it": NOTHING})
        time.sleep(0.3)
        host.send({"later": NOTHING})
        assert host.receive({"later": NOTHING}).records == {"later": Record("asked")}


@pytest.mark.parametrize(
    "flood",
    [
        'flood(b"x" * 65536)',
        'flood(b"\\n" * 65536)',
        'flood((b"\\n" + token + b" own 0\\n\\n" + token + b"\\n") * 500)',
        'flood(b"\\n" + token + b" own 0\\n" + b"y" * 65536)',
        "flood(token * 1000)",
        'while True: sys.stderr.write("no end" * 10000)',
    ],
    ids=["one line", "many lines", "records", "halves of records", "tokens", "standard error"],
)
def test_a_host_that_floods_is_cut_off(tmp_path: Path, flood: str) -> None:
    began, before = time.monotonic(), time.process_time()
    with channel(tmp_path, f'answer(name, b"here")\nif name == b"it":\n    {flood}', timeout=60) as host:
        host.send({"it": NOTHING, "next": NOTHING})
        answers = host.receive({"it": NOTHING, "next": NOTHING})
        assert answers.records == {"it": Record("here")}
        assert answers.absent == {"next": FLOODED}
        host._process.wait(5)
    assert time.monotonic() - began < 30
    assert time.process_time() - before < 10


def test_answers_of_more_than_the_total_are_not_all_kept(tmp_path: Path) -> None:
    """T7: each of 33 answers may have 8 MiB; all of them together may not have 264."""
    names = [f"n{number}" for number in range(33)]
    answers = ask(tmp_path, 'answer(name, b"x" * ((1 << 23) - 1) if name != b"hello" else b"")', *names, timeout=60)
    kept = sum(len(record.out) for record in answers.records.values())
    assert kept <= shell.TOTAL_LIMIT
    assert set(answers.absent.values()) == {FLOODED}


def test_bytes_that_are_no_text_count_as_what_they_take(tmp_path: Path) -> None:
    """Each is shown by four characters."""
    names = [f"n{number}" for number in range(6)]
    answers = ask(tmp_path, 'answer(name, b"\\xff" * ((1 << 23) - 1) if name != b"hello" else b"")', *names, timeout=60)
    assert sum(sys.getsizeof(record.out) for record in answers.records.values()) <= shell.TOTAL_LIMIT + 4096
    assert answers.absent


def test_a_host_that_floods_before_it_answers_is_no_login(tmp_path: Path) -> None:
    with channel(tmp_path, 'sys.stderr.write("Welcome"); flood(b"x" * 65536)') as host:
        assert host.login() == Record("", 255, FLOODED)
