"""The commands that go on with a run, as one types them into a shell."""

from collections.abc import Sequence
from pathlib import Path

from preflight.shell_text import shell


def to_resume(command: str, journal: Path, confirmed: Sequence[str] = ()) -> str:
    """Return a line that announces the command that resumes a run, and the command; `confirmed` are its URIs."""
    return f"To resume this run:\n{_line(command, '--resume', journal, confirmed)}"


def to_come_home(record: Path, confirmed: Sequence[str] = ()) -> str:
    """Return the same for the command that brings the guests of an evacuation home."""
    return f"To bring the guests home:\n{_line('evacuate', '--back', record, confirmed)}"


def _line(command: str, option: str, file: Path, confirmed: Sequence[str]) -> str:
    words = [command, option, str(file.absolute())]
    for uri in confirmed:
        words += ["--confirm-uri", uri]
    return shell("preflight @words@", words=words)
