"""Directories of configuration files for tests, as Ansible renders them: what is written is what a test says."""

from collections.abc import Mapping
from pathlib import Path

from preflight.collect import directory
from preflight.judge.lint import HostReport, Request, lint_directory
from preflight.judge.report import Result

#: The text of a file, or its bytes.
Content = str | bytes
#: All rules, as without an option.
EVERYTHING = Request()


def written(where: Path, files: Mapping[str, Content]) -> Path:
    """Write files below a directory, by their path in it, and return the directory."""
    for name, content in files.items():
        path = where / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return where


def linted(where: Path, files: Mapping[str, Content], request: Request = EVERYTHING) -> HostReport:
    """Return the report on one host, whose files are given by their path on it."""
    (host,) = directory.read(written(where, {name.removeprefix("/"): content for name, content in files.items()}))
    return lint_directory(host, request)


def result(where: Path, rule: str, files: Mapping[str, Content]) -> Result:
    """Return the result of one rule for such a host."""
    (found,) = linted(where, files, Request(select=(rule,))).results
    return found
