"""Texts of hosts and files never control a terminal: each way to it is tried with hostile text, at a real terminal."""

import ast
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from preflight.output.run.progress import shown
from preflight.stdio import Gated
from preflight.visible import CONTROL
from tests.unit.migrate.plans import PLAN

#: A title, the clipboard, a cleared screen, a cursor that goes up, C1's forms of it, a bell, a line taken back, text
#: that runs the other way, another end of a line, half a character, a reset; and behind a newline a forged line.
HOSTILE = (
    "a\x1b]0;owned\x07b\x1b]52;c;cm0gLXJmIC8=\x07c\x1b[2Jd\x1b[1Ae\x9b2Jf\x90q\x9cg\rARRIVED\x08\x08h\u202egnp.\u2066i"
    "\u2028j\ud800k\x7fl\x1bc\nARRIVED  forged"
)
#: How rich draws bars.
RICH = re.compile(r"\x1b\[(?:\?25[lh]|1A|2K|[0-9;]*m)|\r")

BEGIN = """
import sys, threading, time
from preflight.stdio import outlast
outlast()
from tests.contracts.test_gate import HOSTILE
"""

BARS = f"""{BEGIN}
from preflight.migrate.events import Event
from preflight.output.run import progress as shown
from preflight.migrate.progress import Sample
from tests.unit.migrate.plans import PLAN, altered

guests = tuple(altered(guest, name=HOSTILE) for guest in PLAN.guests)
with shown.shown(guests, None) as tell:
    tell(Event("started", HOSTILE))
    for left in (1 << 20, 1 << 29):
        tell(Event("progress", HOSTILE, sample=Sample(1.0, 1 << 30, left, 1, 1, 1)))
    tell(Event("note", HOSTILE, HOSTILE))
    tell(Event("note", None, HOSTILE))
    time.sleep(0.3)
    print(HOSTILE, file=sys.stderr)
    tell(Event("ended", HOSTILE, HOSTILE, told={{"result": HOSTILE}}))
    time.sleep(0.3)
"""

BROKEN_BARS = f"""{BEGIN}
from preflight.migrate.events import Event
from preflight.output.run import progress as shown

def fail(*_):
    raise RuntimeError(HOSTILE)

shown.in_words = fail
with shown.shown((), None) as tell:
    tell(Event("note", "web", "x"))
"""

COMMAND = """
import sys
from preflight.commands import migrate
from preflight.errors import UserError
from preflight.__main__ import main
from preflight.plan.make import Refused
from tests.contracts.test_gate import HOSTILE

def fail(*_, **__):
    raise KIND(HOSTILE)

migrate.FUNCTION = fail
sys.argv = ["preflight", "migrate", "localhost", "localhost", "web", "--yes"]
main()
"""

SSH = f"""{BEGIN}
import tempfile
from preflight.connection.shell import ShellChannel
from preflight.shell_text import shell

with tempfile.NamedTemporaryFile() as said:
    said.write(HOSTILE.encode("utf-8", "surrogatepass"))
    said.flush()
    speak = shell("cat @file@ >&2", file=said.name)
    channel = ShellChannel(["sh", "-c", speak + "; exec sh -s"], "", shown_as="root@host1")
    assert channel.login().code == 0
    channel.send({{"a": ":"}}, first=speak)
    assert channel.receive({{"a": ""}}).records["a"].code == 0
    channel.close()
"""

TRACE = f"""{BEGIN}
def fail():
    raise RuntimeError(HOSTILE)

threading.Thread(target=fail).start()
"""


def at_a_terminal(program: str, **environment: str) -> str:
    """Return the output of the program at a terminal, as the terminal receives it."""
    own, its = pty.openpty()
    kept = {name: value for name, value in os.environ.items() if name not in ("CI", "COLUMNS", "NO_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdin=its, stdout=its, stderr=its, env=kept | {"TERM": "xterm"} | environment
    )
    os.close(its)
    got = b""
    while True:
        try:
            piece = os.read(own, 65536)
        except OSError:  # the program has ended
            break
        if not piece:
            break
        got += piece
    os.close(own)
    process.wait(20)
    return got.decode("utf-8", "surrogateescape")


def lines(screen: str) -> list[str]:
    """Return the visible text, without rich's own control codes; it must contain no others."""
    text = RICH.sub("", screen)
    assert not CONTROL.findall(text), sorted(set(CONTROL.findall(text)))
    return text.splitlines()


def test_e1_neither_a_guests_name_nor_libvirts_error_steers_the_terminal_through_a_bar() -> None:
    screen = at_a_terminal(BARS)
    said = lines(screen)
    assert any("a\\x1b]0;owned\\x07b" in line for line in said)
    assert "fell behind" in " ".join(" ".join(said).split())


def test_e1_nor_where_bars_are_lines() -> None:
    said = lines(at_a_terminal(BARS, TERM="dumb"))
    assert sum("\\x1b[2Jd" in line for line in said) >= 4


@pytest.mark.parametrize("program", [BROKEN_BARS, TRACE], ids=["bars", "thread"])
def test_no_exception_steers_the_terminal(program: str) -> None:
    said = lines(at_a_terminal(program))
    assert any("\\x1b]0;owned" in line for line in said)


@pytest.mark.parametrize("kind", ["RuntimeError", "UserError", "Refused", "KeyError"])
@pytest.mark.parametrize("function", ["move", "open_hosts"])
def test_no_exception_that_ends_a_command_steers_the_terminal(kind: str, function: str) -> None:
    program = COMMAND.replace("KIND", kind).replace("FUNCTION", function)
    said = lines(at_a_terminal(program, PREFLIGHT_TRACEBACK="1"))
    assert any("\\x1b]0;owned" in line or "x1b]0;owned" in line for line in said)


@pytest.mark.parametrize("kind", ["RuntimeError", "UserError"])
def test_no_exception_looks_like_a_line_of_the_report(kind: str) -> None:
    said = lines(at_a_terminal(COMMAND.replace("KIND", kind).replace("FUNCTION", "move")))
    assert not [line for line in said if line.startswith("ARRIVED")]


def test_e3_what_the_remote_shell_says_after_a_question_is_shown_and_does_not_steer() -> None:
    said = lines(at_a_terminal(SSH))
    assert sum("root@host1: a\\x1b]0;owned" in line for line in said) >= 1
    # a separate line would look like preflight's
    assert not [line for line in said if line.startswith("ARRIVED")]


def test_e3_a_line_that_does_not_end_is_shown_at_once(tmp_path: Path) -> None:
    program = BEGIN + (
        "from preflight.connection.shell import ShellChannel\n"
        f"wait = 'until [ -e {tmp_path}/seen ]; do sleep 0.05; done'\n"
        "command = f\"printf 'Token: ' >&2; {wait}; printf 'ok\\\\r\\\\n' >&2\"\n"
        "channel = ShellChannel(['sh', '-c', command], '', shown_as='root@host1', timeout=10)\n"
        "channel.login()\n"
        "channel.close()\n"
    )
    own, its = pty.openpty()
    process = subprocess.Popen([sys.executable, "-c", program], stdin=its, stdout=its, stderr=its)
    os.close(its)
    got = b""
    while not got.endswith(b"Token: "):
        got += os.read(own, 1024)
    (tmp_path / "seen").touch()
    while b"\n" not in got:
        got += os.read(own, 1024)
    assert process.wait(20) == 0
    os.close(own)
    assert got == b"root@host1: Token: ok\r\n"


def test_the_colours_of_reports_pass(capfd: pytest.CaptureFixture[str]) -> None:
    out = os.fdopen(os.dup(1), "wb")
    stream = Gated(out, "utf-8", errors="backslashreplace")
    stream.write("\x1b[31;1mred\x1b[0m \x1b[2Jno \x1b[38;5;1mno\x1b[0;1mno\n")
    stream.close()
    assert capfd.readouterr().out == "\x1b[31;1mred\x1b[0m \\x1b[2Jno \\x1b[38;5;1mno\\x1b[0;1mno\n"


def test_events_hold_what_a_host_said_and_no_control_character(tmp_path: Path) -> None:
    from preflight.migrate.events import Event

    path = tmp_path / "events"
    with shown(PLAN.guests, path) as tell:
        ended = {"result": "stayed", "source": "running", "destination": "absent"}
        tell(Event("ended", HOSTILE, f"{HOSTILE} Zürich", told=ended))
        tell(Event("note", "web", "after it"))
    text = path.read_text(encoding="utf-8")
    assert not CONTROL.search(text)
    first, second = map(json.loads, text.splitlines())
    assert (first["guest"], first["text"], first["told"]) == (HOSTILE, f"{HOSTILE} Zürich", ended)
    assert second["text"] == "after it"
    assert "Zürich" in text


HERE = Path(__file__).parents[2] / "preflight"
#: Where a descriptor or a terminal is written without the gate, and why that is no way past it.
WITHOUT_GATE = {
    ("migrate/journal.py", "os.write"): "to a file of its own",
    ("migrate/orders.py", "os.write"): "to a file of its own",
    ("connection/shell.py", "os.write"): "to the shell at the other end of a pipe",
    ("console.py", "Console"): "gates each text by itself",
}


def past_the_gate(tree: ast.AST) -> list[str]:
    """Return the statements of a module by which a text could reach a terminal ungated."""
    found = []
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="sys"), attr="__stdout__" | "__stderr__"):
                found.append(f"sys.{node.attr}")
            case ast.Attribute(value=ast.Attribute(value=ast.Name(id="sys"), attr="stdout" | "stderr"), attr="buffer"):
                found.append("buffer")
            case ast.Call(func=ast.Attribute(value=ast.Name(id="os"), attr="write" | "writev" | "dup2")):
                found.append("os.write")
            case ast.Call(func=ast.Name(id="Console") | ast.Name(id="Ungated")):
                found.append("Console")
            case ast.Call(func=ast.Attribute(value=ast.Name(id="subprocess"), attr=name)):
                given = {keyword.arg for keyword in node.keywords}
                if name != "TimeoutExpired" and not ({"stdout", "stderr"} <= given or "capture_output" in given):
                    found.append(f"subprocess.{name}, which inherits what it writes to")
                if any(
                    isinstance(word.value, ast.Constant) and word.value.value is None
                    for word in node.keywords
                    if word.arg in ("stdout", "stderr")
                ) or any(
                    isinstance(word.value, ast.IfExp) for word in node.keywords if word.arg in ("stdout", "stderr")
                ):
                    found.append(f"subprocess.{name}, which may inherit what it writes to")
            case _:
                pass
    return found


def test_nothing_in_the_package_writes_past_the_gate() -> None:
    found = {
        (str(path.relative_to(HERE)), way)
        for path in sorted(HERE.rglob("*.py"))
        for way in past_the_gate(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert found <= WITHOUT_GATE.keys()


@pytest.mark.parametrize(
    "line",
    [
        "sys.__stderr__.write(x)",
        "sys.stderr.buffer.write(x)",
        "os.write(2, x)",
        "Console(stderr=True).print(x)",
        "subprocess.Popen(x, stdin=subprocess.PIPE)",
        "subprocess.run(x, stdout=subprocess.PIPE, stderr=None if seen else subprocess.PIPE)",
    ],
)
def test_a_way_past_the_gate_is_found(line: str) -> None:
    assert past_the_gate(ast.parse(line))
