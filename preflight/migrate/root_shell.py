"""A host's shell as root, for the few files that are copied from host to host."""

from pathlib import Path
from typing import Protocol

from preflight.answers import Record
from preflight.shell_text import ShellText, joined, of_file, shell


class Shell(Protocol):
    """A host's shell, as root."""

    def __call__(self, command: ShellText) -> Record:
        """Return the answer to a POSIX sh command; code 255 if there was none."""


class FilesError(Exception):
    """A file could not be copied completely. The text is the reason."""


def script(name: str) -> ShellText:
    """Read the script of that name."""
    return of_file(Path(__file__).parent / "scripts" / f"{name}.sh")


def joined_scripts(*names: str) -> ShellText:
    """Read several scripts as one: the first ones define functions that the last one calls."""
    return joined(map(script, names))


def as_root(script: str, *arguments: str) -> ShellText:
    """Build the command that runs one of this package's scripts as root, with the arguments as $1, $2 and so on."""
    return shell("as_root sh -c @script@ sh @arguments@", script=str(script), arguments=arguments)


def require(answer: Record, path: str, done: str) -> str:
    """Return what a command printed; raise `FilesError` with the last line of its standard error if it failed."""
    if answer.code != 0:
        raise FilesError(f"{path} could not be {done}: {complaint(answer)}")
    return answer.out


def complaint(answer: Record) -> str:
    """Return the last line of a failed command's standard error, or its exit code if there is none."""
    return (answer.err.strip().splitlines() or [f"exit code {answer.code}"])[-1]
