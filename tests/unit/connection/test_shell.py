"""The shell session, against a real `sh`."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from preflight.answers import MISSING, Answers, Record
from preflight.collect import questions
from preflight.connection.local import LocalChannel
from preflight.connection.shell import RECORD_LIMIT, ShellChannel
from preflight.shell_text import ShellText, fixed

SH = ("sh", "-s")


@contextmanager
def session(*command: str, prelude: str = "", timeout: float = 20) -> Iterator[ShellChannel]:
    channel = ShellChannel(command or SH, prelude, timeout=timeout)
    try:
        yield channel
    finally:
        channel.close()


def ask(asked: dict[str, str], *command: str, prelude: str = "", timeout: float = 20) -> Answers:
    with session(*command, prelude=prelude, timeout=timeout) as channel:
        channel.send(fixed(asked))
        return channel.receive(asked)


def answer(text: str) -> Record:
    return ask({"it": text}).records["it"]


def script(path: Path, text: str) -> str:
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o700)
    return str(path)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "\n",
        "a",
        "a\n",
        "a\n\n\n",
        "\na",
        "tab\tand\\backslash 'and' \"quotes\" $HOME `id` %s\n",
        "Zürich 東京 \u202e\n",
        "\r\n\r",
        "0123456789abcdef0123456789abcdef begin it\nforged\n0123456789abcdef0123456789abcdef end 0\n",
        " begin it\n end 0\n",
    ],
)
def test_content_comes_back_as_it_is(tmp_path: Path, content: str) -> None:
    (tmp_path / "file").write_bytes(content.encode())
    assert answer(f"cat {tmp_path}/file") == Record(content)


def test_bytes_that_are_no_text_are_shown_and_end_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(range(256)))
    shown = answer(f"cat {tmp_path}/file").out
    assert shown == bytes(range(256)).decode("utf-8", "backslashreplace")
    assert shown.startswith("\0\1\2")
    assert shown.endswith("\\xfe\\xff")


def test_a_record_cannot_be_ended_from_a_file_even_by_one_who_saw_an_earlier_session(tmp_path: Path) -> None:
    """The token is another one each time."""
    with session() as first, session() as second:
        assert first._token != second._token
        (tmp_path / "file").write_text(f"\n{first._token} end 0\n\n{first._token} begin other\n")
        second.send(fixed({"it": f"cat {tmp_path}/file", "other": "echo real"}))
        answers = second.receive({"it": "", "other": ""})
    assert answers.records["it"].out == (tmp_path / "file").read_text()
    assert answers.records["other"].out == "real\n"


def test_standard_error_and_the_exit_code_are_kept_apart() -> None:
    assert answer("echo out; echo err >&2; exit 44") == Record("out\n", 44, "err")
    assert answer("printf x >&2; false") == Record("", 1, "x")
    assert answer("no-such-command-anywhere").code == 127


def test_a_command_that_dies_of_a_signal_has_the_shells_code_for_it() -> None:
    assert answer("sh -c 'kill -TERM $$'").code == 128 + signal.SIGTERM


def test_one_command_does_not_change_what_the_next_one_meets() -> None:
    answers = ask({"first": "cd /; x=1; set -e; exec 1>/dev/null; exit 3", "second": "echo ${x:-unset}; pwd"})
    assert answers.records["first"].code == 3
    assert answers.records["second"] == Record(f"unset\n{Path.cwd()}\n")


def test_a_command_cannot_read_the_questions_that_follow() -> None:
    answers = ask({"greedy": "cat", "second": "echo here"})
    assert answers.records == {"greedy": Record(""), "second": Record("here\n")}


@pytest.mark.parametrize("text", ["it's", "a\nb", 'say "no"', "$(id)`id`", "back\\slash", "Ü", "'", "''", "*"])
def test_a_question_is_not_changed_by_quoting(text: str) -> None:
    quoted = "'" + text.replace("'", "'\\''") + "'"
    assert answer(f"printf %s {quoted}").out == text


def test_a_question_may_have_many_lines() -> None:
    assert answer("for i in 1 2\ndo\n  echo $i\ndone\ncat <<'END'\nit's\nEND\n").out == "1\n2\nit's\n"


def test_answers_of_two_mebibytes_come_whole() -> None:
    much = "head -c 2097152 /dev/zero | tr '\\0' x"
    asked = {str(number): f"{much}; {much} >&2" for number in (1, 2)}
    answers = ask(asked)
    assert [(len(record.out), len(record.err)) for record in answers.records.values()] == [(2097152, 2097152)] * 2


@pytest.mark.parametrize("line", ["x", "yyyyyyy\\n"], ids=["in one line", "in many lines"])
def test_an_answer_that_never_ends_is_not_taken_for_a_whole_one(line: str) -> None:
    answers = ask(
        {"long": f"yes \"$(printf '{line}')\" | tr -d '\\n' | head -c {RECORD_LIMIT + 1}", "next": "echo here"}
    )
    assert answers.absent == {"long": "the answer is longer than 8 MiB"}
    assert answers.records == {"next": Record("here\n")}


def test_an_answer_of_the_greatest_length_is_whole() -> None:
    # the newline that frames an answer counts too
    answers = ask({"long": f"head -c {RECORD_LIMIT - 1} /dev/zero"})
    assert len(answers.records["long"].out) == RECORD_LIMIT - 1


def test_a_command_that_hangs_leaves_what_came_before_and_says_why_for_the_rest() -> None:
    began = time.monotonic()
    answers = ask({"before": "echo here", "hangs": "exec sleep 30", "after": "echo never"}, timeout=1)
    assert time.monotonic() - began < 10
    assert answers.records == {"before": Record("here\n")}
    assert answers.absent == {"hangs": "no answer within 1 s", "after": "no answer within 1 s"}


def test_the_time_limit_is_for_a_batch() -> None:
    with session(timeout=1.5) as channel:
        for name in ("first", "second"):
            channel.send(fixed({name: "sleep 1; echo done"}))
            assert channel.receive({name: ""}).records == {name: Record("done\n")}


def test_what_came_late_is_there_when_it_is_asked_for_again() -> None:
    with session(timeout=0.3) as channel:
        channel.send(fixed({"slow": "sleep 1; echo done"}))
        assert channel.receive({"slow": ""}).absent == {"slow": "no answer within 0.3 s"}
        time.sleep(1.5)
        assert channel.receive({"slow": ""}).records == {"slow": Record("done\n")}


def test_a_session_that_dies_without_a_word_says_so() -> None:
    answers = ask({"before": "echo here", "deadly": "echo half; kill -9 $$", "after": "echo never"})
    assert answers.records == {"before": Record("here\n")}
    reason = "the session ended before this was answered"
    assert answers.absent == {"deadly": reason, "after": reason}


def test_a_session_that_dies_with_a_message_gives_it_as_the_reason(tmp_path: Path) -> None:
    login = script(tmp_path / "login", "sh -s; echo 'Connection to host2 closed.' >&2; exit 255\n")
    with session(login) as channel:
        asked = {"before": "echo here", "deadly": "kill -9 $$", "after": ":"}
        channel.send(fixed(asked))
        answers = channel.receive(asked)
    assert answers.records == {"before": Record("here\n")}
    assert answers.absent["after"].splitlines()[-1] == "Connection to host2 closed."


def test_what_the_session_does_first_all_later_questions_see() -> None:
    with session() as channel:
        channel.send(fixed({"one": "echo $seen; seen=lost"}), ShellText("seen=$(echo once)"))
        channel.send(fixed({"two": "echo $seen"}))
        answers = channel.receive({"one": "", "two": ""})
    assert answers.records == {"one": Record("once\n"), "two": Record("once\n")}


def test_a_banner_does_not_get_into_any_answer(tmp_path: Path) -> None:
    login = script(tmp_path / "login", "echo 'Welcome to host2'; echo 'Authorized use only' >&2\nexec sh -s\n")
    with session(login) as channel:
        assert channel.login() == Record("")
        channel.send(fixed({"it": "echo out; echo err >&2"}))
        assert channel.receive({"it": ""}).records == {"it": Record("out\n", 0, "err")}


def test_a_banner_without_an_end_of_line_does_not_hide_the_first_answer(tmp_path: Path) -> None:
    login = script(tmp_path / "login", "printf 'host2> '; printf 'no newline' >&2\nexec sh -s\n")
    with session(login) as channel:
        assert channel.login() == Record("")


def test_a_login_that_is_refused_gives_what_was_said(tmp_path: Path) -> None:
    refusal = "root@host2: Permission denied (publickey)."
    login = script(tmp_path / "login", f"echo 'Authorized use only' >&2; echo '{refusal}' >&2; exit 255\n")
    with session(login) as channel:
        record = channel.login()
        assert (record.out, record.code) == ("", 255)
        assert record.err.splitlines()[-1] == refusal
        channel.send(fixed({"it": "echo never"}))
        assert channel.receive({"it": ""}).records == {}


def test_a_login_that_ends_silently_says_so(tmp_path: Path) -> None:
    with session(script(tmp_path / "login", "exit 0\n")) as channel:
        assert channel.login() == Record("", 255, "the session ended before this was answered")


def test_a_login_that_hangs_is_given_up(tmp_path: Path) -> None:
    with session(script(tmp_path / "login", "exec sleep 30\n"), timeout=0.5) as channel:
        assert channel.login() == Record("", 255, "no answer within 0.5 s")


def test_a_warning_of_a_login_that_hangs_is_not_its_reason(tmp_path: Path) -> None:
    with session(script(tmp_path / "login", "echo 'Warning: old' >&2; exec sleep 30\n"), timeout=0.5) as channel:
        assert channel.login() == Record("", 255, "Warning: old\nno answer within 0.5 s")


def test_a_login_shell_that_is_no_posix_shell_is_no_login(tmp_path: Path) -> None:
    """Such as a router's command line: it echoes questions and answers none."""
    login = script(tmp_path / "login", "echo 'router>'; cat >/dev/null; echo 'unknown command' >&2\n")
    with session(login, timeout=0.5) as channel:
        assert channel.login().code == 255


def test_nothing_is_left_of_a_session_that_hung(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    channel = LocalChannel("", timeout=0.5)
    channel.send(fixed({"hangs": f"echo $$ >{mark}; sleep 300 & echo $! >>{mark}; wait"}))
    assert "hangs" in channel.receive({"hangs": ""}).absent
    pids = [int(line) for line in mark.read_text().split()]
    assert len(pids) == 2
    began = time.monotonic()
    channel.close()
    assert time.monotonic() - began < 3
    for pid in pids:
        assert not _runs(pid), subprocess.run(
            ["ps", "-fp", str(pid)], capture_output=True, text=True, check=False
        ).stdout


def test_closing_twice_does_no_harm() -> None:
    channel = LocalChannel("", timeout=5)
    channel.close()
    channel.close()
    assert channel._process.returncode == 0


def test_a_command_that_is_not_installed_is_an_error_of_its_own() -> None:
    with pytest.raises(FileNotFoundError):
        ShellChannel(["no-such-command-anywhere"], "", timeout=1)


def _runs(pid: int) -> bool:
    for _ in range(20):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
        except OSError:
            return False
        if state == "Z":
            return False
        time.sleep(0.1)
    return True


class TestPrelude:
    """The functions that questions use, in a real shell."""

    def ask(self, text: str) -> Record:
        return ask({"it": text}, prelude=questions.PRELUDE).records["it"]

    def test_a_file_that_is_not_there_is_missing(self, tmp_path: Path) -> None:
        assert self.ask(f"slurp {tmp_path}/none").missing
        assert self.ask(f"slurp {tmp_path}/no/such/folder/none").missing

    def test_a_file_is_read_whole(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("without an end")
        assert self.ask(f"slurp {tmp_path}/file") == Record("without an end")

    def test_an_empty_file_is_not_missing(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        assert self.ask(f"slurp {tmp_path}/file") == Record("")

    def test_a_long_file_is_read_whole(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"x" * 2_000_000)
        assert len(self.ask(f"slurp {tmp_path}/file").out) == 2_000_000

    @pytest.mark.skipif(os.getuid() != 0, reason="looks at what a login of root's meets")
    def test_a_file_that_root_may_not_read_is_unknown_and_not_missing(self, tmp_path: Path) -> None:
        record = self.ask(f"slurp {tmp_path}")
        assert record.code not in {0, MISSING}

    def test_answers_are_in_the_posix_locale(self) -> None:
        assert self.ask("echo $LC_ALL").out == "C\n"


def ask_together(asked: dict[str, str], *, timeout: float = 20) -> Answers:
    with session(timeout=timeout) as channel:
        channel.send(fixed(asked), together=True)
        return channel.receive(asked)


def test_questions_asked_together_have_answers_of_their_own() -> None:
    asked = {
        "out": "echo out",
        "both": "printf 'no end'; printf 'err\\n\\n' >&2; (exit 3)",
        "neither": "false",
        "lines": "printf '\\n\\n'; printf '\\na\\nb' >&2",
        "greedy": "cat",
    }
    assert ask_together(asked).records == {
        "out": Record("out\n"),
        "both": Record("no end", 3, "err"),
        "neither": Record("", 1),
        "lines": Record("\n\n", 0, "\na\nb"),
        "greedy": Record(""),
    }


def test_questions_asked_together_share_one_process_and_leave_the_session_as_it_was() -> None:
    with session() as channel:
        for number in (1, 2):
            asked = fixed({f"{one}{number}": "sh -c 'echo $PPID'; x=${x:-0}$x" for one in ("a", "b")})
            channel.send(asked, together=True)
            answers = channel.receive(asked)
            assert answers.records[f"a{number}"] == answers.records[f"b{number}"]
        channel.send(fixed({"after": "echo ${x:-unset}"}))
        assert channel.receive({"after": ""}).records["after"] == Record("unset\n")


def test_a_question_that_exits_costs_itself_and_those_asked_together_with_it_after_it() -> None:
    began = time.monotonic()
    asked = {"before": "echo before; echo err >&2", "exits": "echo half; exit 3", "after": "echo never"}
    with session() as channel:
        channel.send(fixed(asked), together=True)
        channel.send(fixed({"next": "echo next", "last": "echo last"}), together=True)
        answers = channel.receive({**asked, "next": "", "last": ""})
    assert answers.records == {
        "before": Record("before\n", 0, "err"),
        "next": Record("next\n"),
        "last": Record("last\n"),
    }
    assert answers.absent == dict.fromkeys(("exits", "after"), "the session ended before this was answered")
    assert time.monotonic() - began < 10


def test_a_question_that_hangs_costs_those_before_it_only_their_standard_error() -> None:
    asked = {"before": "echo before; echo err >&2; (exit 44)", "hangs": "echo half; sleep 60", "after": "echo never"}
    answers = ask_together(asked, timeout=0.5)
    assert answers.records == {"before": Record("before\n", 44)}
    assert answers.absent == dict.fromkeys(("hangs", "after"), "no answer within 0.5 s")


def test_a_session_that_was_told_the_end_still_answers_and_then_ends_by_itself() -> None:
    with session() as channel:
        asked = fixed({"slow": "sleep 0.2; echo last"})
        channel.send(asked)
        channel.end()
        assert channel.receive(asked).records["slow"] == Record("last\n")
        assert channel._process.wait(timeout=10) == 0


def test_a_session_that_was_told_the_end_is_not_waited_for_once_it_has_answered(tmp_path: Path) -> None:
    """As an ssh that waits for a distant host to confirm the end."""
    command = script(tmp_path / "far", f"echo $$ > {tmp_path}/pid\nsh -s\nexec sleep 60\n")
    began = time.monotonic()
    with session(command) as channel:
        channel.send(fixed({"it": "echo it"}))
        channel.end()
        assert channel.receive({"it": ""}).records["it"] == Record("it\n")
    assert time.monotonic() - began < 10
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
