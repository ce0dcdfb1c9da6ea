"""`preflight explain`: by name, by message and from a pipe, with exit codes; the input is bounded and hostile."""

import io
import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from preflight.cli.app import with_commands
from preflight.commands.explain import LONGEST, read
from preflight.judge.explain import explain
from preflight.output.formats import render
from preflight.visible import CONTROL
from tests.contracts.test_gate import HOSTILE

RESOLVE = "Unable to resolve address 'host2' service '49152': Name or service not known"
REFUSED = "unable to connect to server at 'host2:50000': Connection refused"


@pytest.fixture(autouse=True)
def _no_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)


def run(what: str, output: str | bytes = "") -> tuple[int, str, str]:
    done = CliRunner().invoke(with_commands("explain"), ["explain", what], input=output)
    return done.exit_code, done.stdout, done.stderr


def test_a_message_is_explained_with_its_rules_documentation() -> None:
    code, shown, _ = run(f"error: {RESOLVE}")
    by_name = run("announced-name-unresolvable")[1]
    assert (code, shown) == (0, f"message: {RESOLVE}\n\n{by_name}")
    assert "\n\nWhy it matters\n  " in by_name
    assert "\n\nHow to fix\n  " in by_name


def test_other_causes_are_named_in_a_line() -> None:
    code, shown, _ = run(REFUSED)
    (line,) = (one for one in shown.splitlines() if one.startswith("Other causes of the same message: "))
    assert code == 0
    assert "migration-ports-filtered" in line
    assert "`preflight check SOURCE DESTINATION` tells them apart." in shown


def test_rules_that_fit_less_are_named_apart() -> None:
    shown = run("'migrate-incoming': Failed to bind socket: Cannot assign requested address")[1]
    assert "\nmigration-address-mismatch  (network, error)\n" in shown
    assert "\nLess likely: host-specific-address, disks-address-mismatch.\n" in shown
    assert "Other causes" not in shown


def test_an_unknown_message_is_code_3() -> None:
    code, shown, _ = run("error: Domain not found: no domain with matching name 'web'")
    assert code == 3
    assert shown.splitlines()[0] == "unknown: Domain not found: no domain with matching name 'web'"
    assert "No rule predicts this message." in shown


def test_of_a_pipe_each_error_is_explained_and_unknown_lines_are_named() -> None:
    output = f"\rMigration: [ 64 %]error: {RESOLVE}\n\nweb2: giving up\nerror: {REFUSED}\n"
    code, shown, _ = run("-", output)
    assert code == 3
    assert shown.startswith("unknown: web2: giving up\n\nmessage: Unable to resolve")
    assert f"\nmessage: {REFUSED}\n" in shown
    assert shown.endswith(
        "\n1 of 3 messages are unknown. `preflight check SOURCE DESTINATION` looks for causes on the hosts.\n"
    )
    assert run("-", f"error: {RESOLVE}\n")[0] == 0


def test_messages_of_one_cause_are_explained_once() -> None:
    output = "".join(f"error: {RESOLVE.replace('host2', f'host{number}')}\n" for number in range(2, 22))
    shown = run("-", output)[1]
    assert shown.count("How to fix") == 1
    assert shown.count("message: ") == 3
    assert "\nand 17 more messages with this cause\n" in shown


@pytest.mark.parametrize("output", ["", "\n", "\rMigration: [100 %]\n"])
def test_where_virsh_succeeded_there_is_nothing_to_explain(output: str) -> None:
    assert run("-", output) == (0, "nothing to explain: the input contains no message\n", "")


@pytest.mark.parametrize("what", ["", " ", "\n"])
def test_an_empty_message_is_refused(what: str) -> None:
    done = CliRunner().invoke(with_commands("explain"), ["explain", what])
    assert str(done.exception) == "there is no message to explain; see `preflight explain --help`"


def test_a_word_is_the_name_of_a_rule() -> None:
    done = CliRunner().invoke(with_commands("explain"), ["explain", "shared-host-uid"])
    assert str(done.exception) == "there is no rule 'shared-host-uid'; did you mean shared-host-uuid?"


@pytest.mark.parametrize("columns", [60, 80])
def test_lines_fit_a_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    shown = run("-", f"error: {RESOLVE}\nerror: {REFUSED}\nsomething else that no rule knows of, {'and on ' * 30}\n")[1]
    assert max(map(len, shown.splitlines())) <= columns
    assert max(map(len, run("migration-address-mismatch")[1].splitlines())) <= columns


# hostile input


def test_of_a_long_input_the_end_is_explained_and_all_is_read() -> None:
    stream = io.BytesIO(b"\rMigration: [ 10 %]" * LONGEST + f"\nerror: {RESOLVE}\n".encode())
    kept = read(stream)
    assert len(kept) == LONGEST
    assert kept.endswith(f"{RESOLVE}\n")
    assert stream.read() == b""


def test_what_is_left_out_is_said() -> None:
    code, shown, said = run("-", "x\n" * LONGEST + f"error: {RESOLVE}\n")
    assert said == "preflight: only the last 64 KiB of the input are explained\n"
    assert (code, shown.count("How to fix")) == (3, 1)
    assert run("-", f"error: {RESOLVE}\n")[2] == ""


@pytest.mark.parametrize("what", [f"{HOSTILE} {RESOLVE}", HOSTILE, f"error: {RESOLVE} {HOSTILE}"])
def test_no_message_steers_the_terminal_or_forges_a_line(what: str) -> None:
    said = what.encode("utf-8", "replace")
    for shown in (run("-", said)[1], run(said.decode())[1]):
        assert not CONTROL.search(shown)
        assert not [line for line in shown.splitlines() if line.startswith("ARRIVED")]


@pytest.mark.parametrize("said", [b"\xff\xfe\x00", b"error: \xc3", bytes(range(256))])
def test_bytes_that_are_no_text_are_unknown_messages(said: bytes) -> None:
    code, shown, _ = run("-", said)
    assert code == 3
    assert not CONTROL.search(shown)


def test_of_thousands_of_messages_a_bounded_number_is_shown() -> None:
    code, shown, _ = run("-", "".join(f"line {number}\n" for number in range(3000)))
    assert code == 3
    assert len(shown.splitlines()) < 40
    assert "\nand 2980 more unknown messages\n" in shown


def test_a_long_message_is_cut_around_the_error() -> None:
    shown = render("explanation", "text", [explain(f"{'x ' * 2000}{RESOLVE}{' y' * 2000}")])
    first = shown.splitlines()[0]
    assert RESOLVE in first
    assert (first[9], first[-1]) == ("…", "…")
    assert len(first) < 420


def test_a_writer_is_not_stopped_before_its_end() -> None:
    """A virsh that is killed by a closed pipe would leave its migration behind."""
    code = "import sys; sys.stdout.write('Migration: [ 10 %]\\r' * 20000); sys.stdout.flush(); print('error: x')"
    script = f'{sys.executable} -c "$CODE"; echo $? >&2'
    command = f"({script}) | {sys.executable} -m preflight explain -"
    done = subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, env=os.environ | {"CODE": code}, check=False, timeout=60
    )
    assert done.returncode == 3
    assert "0" in done.stderr.splitlines()
    assert "unknown: x" in done.stdout
