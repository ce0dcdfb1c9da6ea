"""docs/tutorial.md, run: each command of the page, and its output, on two hosts of the lab.

`make tutorial` compares them. `python -m tests.lab.tutorial` writes what the commands print to the page, where that
differs in more than what varies from run to run.
"""

import os
import re
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from . import Client, Lab, LabHost
from .conftest import boot
from .recipes import ImageName

PAGE = Path(__file__).parents[2] / "docs" / "tutorial.md"
SOURCE, DESTINATION = "host1.example.com", "host2.example.com"
IMAGES: Sequence[ImageName] = ("bookworm", "bookworm")

#: Columns of the terminal that the page shows.
WIDTH = "100"
#: Where the page says that journals are; they must not lie in the home of whoever runs this.
_STATE = "/root/.local/state"

_BLOCK = re.compile(r"^```\n(?P<text>\$ .*?)^```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^\$ (?P<line>.*)\n(?P<output>(?:(?!\$ ).*\n)*)", re.MULTILINE)
_MARK = "\x1e"

#: What differs from run to run, by name. The first group of a pattern stays; spaces of columns are part of the value.
VARYING: Mapping[str, str] = {
    "release": r"(OpenSSH_)[\w.]+ Debian-[\w+.~]+|(QEMU )[\d.]+|(preflight )\d[\w.]*",
    "user": r"( by )\S+ on \S+(?=, )",
    "date": r"\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?|\d{8}T\d{6}",
    "pid": r"(?<=host2\.example\.com-)\d+(?=\.journal)",
    "guest": r"(web) +\d+ +not measured.*",
    "progress": r"(?<=web: starts\n)(?:web: .*\n)*(?=web: arrived)",
    "duration": r" *\b\d+(?:\.\d+)? (?:ms|s|min)\b(?: or more)?",
    "size": r" *\b\d+(?:\.\d+)? (?:MiB/s|GiB|KiB)",
    "count": r"\b\d+(?= passed| records)|(open files) .*|(?<=memory of the destination, )\d+",
    "ruler": r"-{3,}|(?<=\S) {2,}(?=\S)",
}


@dataclass(frozen=True)
class Shown:
    """A command of the page, and its output there."""

    line: str
    output: str


def shown(page: str) -> list[Shown]:
    """Return the commands of a page, in order."""
    return [
        Shown(found["line"], found["output"])
        for block in _BLOCK.finditer(page)
        for found in _COMMAND.finditer(block["text"])
    ]


def plain(output: str) -> str:
    """Return an output with a placeholder in place of each value that varies."""
    for name, pattern in VARYING.items():
        output = re.sub(pattern, partial(_masked, name), output)
    return output


def _masked(name: str, match: re.Match[str]) -> str:
    return f"{next((group for group in match.groups() if group is not None), '')}<{name}>"


def prepare(lab: Lab) -> None:
    """Start the guest of the tutorial, and take away the line that its finding is about."""
    source: LabHost = lab.hosts["host1"]
    source.guest("web", memory_mib=256, dirty_mib_per_s=4)
    whole = source.read("/etc/hosts")
    source.write("/etc/hosts", "".join(line for line in whole.splitlines(keepends=True) if DESTINATION not in line))


def printed(client: Client, lines: Sequence[str], directory: Path) -> Iterator[str]:
    """Yield what each command prints, on both streams, if one shell runs them one after the other."""
    script = "".join(f"(exit ${{code:-0}})\n{line}\ncode=$?\nprintf '\\036'\n" for line in lines)
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "XDG_STATE_HOME": str(directory / "state"),
        "COLUMNS": WIDTH,
        "LC_ALL": "C.UTF-8",
    }
    done = client.run(["sh", "-c", f"exec 2>&1\n{script}"], env=environment, cwd=directory, timeout=300)
    output = done.stdout.replace(str(directory / "state"), _STATE).replace(f" on {socket.gethostname()}", " on admin")
    *outputs, rest = output.split(_MARK)
    assert not rest, rest
    assert len(outputs) == len(lines), done
    yield from outputs


def rewritten(page: str, outputs: Sequence[str]) -> str:
    """Return the page with these outputs; one that differs only in what varies stays as it is."""
    left = iter(outputs)

    def output(found: re.Match[str]) -> str:
        new = next(left)
        kept = plain(new) == plain(found["output"])
        return f"$ {found['line']}\n{found['output'] if kept else new}"

    return _BLOCK.sub(lambda block: f"```\n{_COMMAND.sub(output, block['text'])}```", page)


def test_the_tutorial_shows_what_its_commands_print(tmp_path: Path) -> None:
    steps = shown(PAGE.read_text(encoding="utf-8"))
    assert len(steps) > 10
    with boot(IMAGES, "tutorial") as lab:
        prepare(lab)
        outputs = list(printed(lab.client, [step.line for step in steps], tmp_path))
    for step, output in zip(steps, outputs, strict=True):
        assert plain(step.output) == plain(output), step.line


def main(directory: Path) -> None:
    """Write what the commands print to the page."""
    page = PAGE.read_text(encoding="utf-8")
    with boot(IMAGES, "tutorial") as lab:
        prepare(lab)
        outputs = list(printed(lab.client, [step.line for step in shown(page)], directory))
    PAGE.write_text(rewritten(page, outputs), encoding="utf-8")


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as made:
        main(Path(made))
