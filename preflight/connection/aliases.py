"""The names in the user's configuration of ssh, for a shell to complete; ssh alone decides what they mean."""

import shlex
from collections.abc import Iterator
from pathlib import Path

#: The configuration of the user; relative names in its Include are in the same directory.
OF_USER = Path(".ssh", "config")
#: Signs of a pattern, or of the exclusion of one.
_PATTERN = frozenset("*?!")
#: Maximum size of a file in bytes, and maximum number of files: nobody waits for more.
_MOST, _MOST_FILES = 1024 * 1024, 200


def aliases(home: Path) -> Iterator[str]:
    """Yield each name that a Host line of the user's configuration gives, in order; patterns are no names."""
    seen: set[Path] = set()
    yield from _of(home / OF_USER, home, seen)


def _of(path: Path, home: Path, seen: set[Path]) -> Iterator[str]:
    if path in seen or len(seen) >= _MOST_FILES:
        return
    seen.add(path)
    for key, *values in map(_words, _lines(path)):
        match key.lower():
            case "host":
                yield from (one for one in values if _PATTERN.isdisjoint(one))
            case "include":
                for pattern in values:
                    path = _absolute(pattern, home)
                    for included in sorted(Path(path.anchor).glob(str(path.relative_to(path.anchor)))):
                        yield from _of(included, home, seen)


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            yield from file.read(_MOST).splitlines()
    except OSError:
        return


def _words(line: str) -> list[str]:
    """Return the keyword of a line and its arguments; the keyword may be followed by an equals sign."""
    try:
        words = shlex.split(line.replace("=", " ", 1), comments=True)
    except ValueError:  # a quotation mark without its partner
        words = []
    return words or [""]


def _absolute(pattern: str, home: Path) -> Path:
    if pattern.startswith("~/"):
        return home / pattern[2:]
    return home / OF_USER.parent / pattern  # one that is absolute stays so
