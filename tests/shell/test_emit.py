"""The frame around a host's answer to a question."""

import pytest

from preflight.connection.shell import _EMIT as EMIT
from preflight.connection.shell import _TOGETHER
from preflight.shell_text import shell
from tests.shell.host import Host


@pytest.mark.parametrize(
    ("question", "out", "code", "err"),
    [
        ("echo out; echo err >&2; (exit 3)", "out\n", 3, "err"),
        ("printf %s no end", "noend", 0, ""),
        ("cat", "", 0, ""),
        ("exit 7", "", 7, ""),
        ("printf 'a\\n\\n'; printf 'b\\n\\n' >&2", "a\n\n", 0, "b"),
        ("name=changed", "", 0, ""),
    ],
)
def test_emit_frames_an_answer_with_the_token(host: Host, question: str, out: str, code: int, err: str) -> None:
    done = host.run("emit name @question@; echo $name", functions=EMIT, token="c0ffee", question=question, given="x")
    assert done.stdout == f"{out}\nc0ffee name {code}\n{err}\nc0ffee\n\n"
    assert done.stderr == ""


def test_told_prints_what_questions_asked_together_complained_of(host: Host) -> None:
    asked = shell("emit a 'echo out; echo err >&2'\nemit b 'exit 4'\nemit c 'echo never'")
    done = host.run("@asked@\necho $together", functions=EMIT, token="c0ffee", asked=shell(_TOGETHER, asked=asked))
    assert done.stdout == "out\n\nc0ffee a 0\n\nc0ffee -\nerr\n\nc0ffee\nc0ffee .\n\n"
    assert done.stderr == ""
