"""A check ends within its --timeout whatever a host does, and within a second of Ctrl-C, and leaves nothing behind."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import pytest

from tests.hostile_host import hostile_host
from tests.interrupting import hears_interrupts
from tests.unit.cli.test_cli import PREFLIGHT, environment, left_over, processes_of

#: What a host does that has read the token, by what it is.
HOSTS = {
    "is silent from the start": "time.sleep(300)",
    "is silent after the login": 'answer(name) if name == b"hello" else time.sleep(300)',
    "answers half": "answer(name) if len(name) % 2 else None",
    "answers ever more slowly": "time.sleep(0.4); answer(name)",
    "stops reading": 'answer(name) if name == b"hello" else (out.write(b"x" * 1000), time.sleep(300))',
    "floods": 'flood(b"x" * 65536)',
    "floods slowly": 'while True: out.write(b"x" * 1000); time.sleep(0.01)',
    "floods standard error": 'while True: sys.stderr.write("x" * 65536)',
    "sends strange records": 'answer(name, code=b"none"); answer(b"\\xff"); answer(name + b" " + name)',
    "sends halves of records": 'out.write(b"\\n" + token + b" " + name + b" 0\\n")',
    "deafens itself": "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(300)",
}

#: Those that differ before they have answered anything.
AT_ONCE = ("is silent from the start", "floods", "deafens itself")


@contextmanager
def started(
    tmp_path: Path, asked: str, *options: str, more: Mapping[str, str] = MappingProxyType({}), **streams: int
) -> Iterator[subprocess.Popen[str]]:
    hostile_host(tmp_path / "ssh", f"open({str(tmp_path / 'began')!r}, 'w').close()\n{asked}")
    process = subprocess.Popen(
        [PREFLIGHT, "check", "host-a", "host-b", *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=streams.get("stderr", subprocess.PIPE),
        text=True,
        env=environment(
            PATH=f"{tmp_path}:{os.environ['PATH']}",
            XDG_RUNTIME_DIR=str(tmp_path),
            PREFLIGHT_TEST=str(tmp_path),
            **more,
        ),
        start_new_session=True,
        preexec_fn=hears_interrupts,  # noqa: PLW1509 - no thread of the tests' own holds a lock
    )
    try:
        with process:
            yield process
            process.kill()
    finally:
        process.kill()


def nothing_is_left(tmp_path: Path) -> None:
    for _ in range(20):
        if not processes_of(tmp_path):
            break
        time.sleep(0.1)
    assert processes_of(tmp_path) == []
    assert left_over(tmp_path) == []


@pytest.mark.parametrize("what", HOSTS)
def test_a_check_ends_within_its_timeout_of_a_host_that(tmp_path: Path, what: str) -> None:
    began = time.monotonic()
    with started(tmp_path, HOSTS[what], "--timeout", "2") as process:
        out, err = process.communicate(timeout=40)
    assert time.monotonic() - began < 2 + 5  # to start, to judge and to leave
    assert process.returncode in {1, 3}
    assert err == ""
    assert "Traceback" not in out
    nothing_is_left(tmp_path)


@pytest.mark.parametrize(("what", "after"), [*((what, 0.0) for what in AT_ONCE), *((what, 0.5) for what in HOSTS)])
def test_ctrl_c_ends_a_check_of_a_host_that(tmp_path: Path, what: str, after: float) -> None:
    with started(tmp_path, HOSTS[what]) as process:
        deadline = time.monotonic() + 20
        while not (tmp_path / "began").exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(after)
        began = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=20)
        took = time.monotonic() - began
    if process.returncode in {1, 3}:
        pytest.skip("it had judged by then")
    assert (process.returncode, out, err) == (130, "", "preflight: interrupted\n")
    assert took < 2.5  # one second, on a machine that has other work
    nothing_is_left(tmp_path)


def said_at_a_terminal(tmp_path: Path, **more: str) -> str:
    """Return what a check writes to a terminal while its hosts are silent after the login."""
    own, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 200, 0, 0))
    silent = HOSTS["is silent after the login"]
    with started(tmp_path, silent, "--timeout", "5", more=more, stderr=its) as process:
        os.close(its)
        said = b""
        while select.select([own], [], [], 20)[0]:
            try:
                said += os.read(own, 4096)
            except OSError:
                break
        out, _ = process.communicate(timeout=20)
    os.close(own)
    assert "\x1b" not in out
    nothing_is_left(tmp_path)
    return said.decode()


def test_at_a_terminal_a_bar_says_what_it_waits_for_and_is_gone_at_the_end(tmp_path: Path) -> None:
    said = said_at_a_terminal(tmp_path, TERM="xterm", CI="", NO_COLOR="1")
    # libvirt of the stand-in is refused at once
    waited = "; ".join(f"{host}: answers about its configuration" for host in ("host-a", "host-b"))
    assert re.search(rf"waiting for {waited} .*0/4", said)
    assert re.search(r"\x1b\[\d*;?3\dm", said) is None, "NO_COLOR"
    assert said.endswith("\x1b[2K"), "its line is erased"
    assert "\x1b[?25h" in said, "and the cursor is there again"


@pytest.mark.parametrize("which", [{"TERM": "dumb", "CI": ""}, {"TERM": "xterm", "CI": "true"}])
def test_at_a_terminal_that_draws_nothing_a_line_says_it_once(tmp_path: Path, which: dict[str, str]) -> None:
    lines = said_at_a_terminal(tmp_path, **which).split("\r\n")
    for host in ("host-a", "host-b"):
        assert lines.count(f"preflight: waiting for {host}: answers about its configuration") == 1
    assert not any("\x1b" in line for line in lines)


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_an_interruption_that_python_drops_in_a_finalizer_ends_the_command(number: str) -> None:
    """KeyboardInterrupt leaves no finalizer and no callback of a weak reference, such as those of import locks."""
    code = f"""
import signal, sys, time
from preflight import __main__

# whoever runs the tests in the background may ignore them
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

class Interrupted:
    def __del__(self):
        signal.raise_signal(signal.{number})

def run(arguments):
    Interrupted()
    time.sleep(20)
    return 0

__main__._run = run
__main__.main()
"""
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "preflight: interrupted\n")
    assert time.monotonic() - began < 10


def test_other_errors_that_python_ignores_are_still_shown() -> None:
    code = """
import sys
from preflight import __main__

class Failing:
    def __del__(self):
        raise ValueError("x")

__main__._run = lambda arguments: Failing() and 0
__main__.main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0
    assert done.stderr.endswith("ValueError: x\n")
