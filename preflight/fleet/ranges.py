"""Lists of names in one word: kvm[01-16].dc1 and kvm[01-04,07], with commas between words."""

import itertools
import re
from collections.abc import Iterator, Sequence

from preflight.errors import UserError
from preflight.grammar import is_address, shown

#: Maximum number of hosts of a fleet, and therefore of names in one word.
MOST = 10_000
#: Maximum number of names, each as often as it is given: lists may overlap.
MOST_NAMED = 20 * MOST
#: Maximum number of characters of a word besides its ranges; no name and no login is longer.
_LONGEST = 1024

_BRACKETS = re.compile(r"\[([^][]*)\]")
#: A number, or a range of numbers, of no more digits than Python converts at once.
_PART = re.compile(r"(\d{1,18})(?:-(\d{1,18}))?", re.ASCII)


def words(text: str) -> Iterator[str]:
    """Yield the words between commas; a comma in brackets separates no words. Raises `UserError` for an empty one."""
    depth, begin = 0, 0
    for at, sign in enumerate(text):
        depth += (sign == "[") - (sign == "]")
        if sign == "," and depth <= 0:
            yield _word(text, text[begin:at])
            begin = at + 1
    yield _word(text, text[begin:])


def _word(text: str, word: str) -> str:
    if not (word := word.strip()):
        raise UserError(f"{shown(text)} has an empty part: remove a comma")
    return word


def expanded(word: str) -> Sequence[str]:
    """Return the names that a word stands for: itself, or each name of its ranges in order; raises `UserError`.

    The address in brackets of a URI, or of a login, is no range.
    """
    parts = _BRACKETS.split(word)  # text and contents of brackets in turn
    if len(parts) == 1 or any(is_address(inside) for inside in parts[1::2]):
        return [word]
    if sum(map(len, parts[::2])) + len(parts) > _LONGEST:
        raise UserError(f"{shown(word)} is longer than the name of any host: name it by an alias of ssh")
    choices = [[part] for part in parts]
    count = 1
    for at in range(1, len(parts), 2):
        count *= _count(word, parts[at])
        if count > MOST:
            raise UserError(f"{shown(word)} stands for more than {MOST} hosts: ask for some at a time")
        choices[at] = list(_numbers(parts[at]))
    return ["".join(one) for one in itertools.product(*choices)]


class Names:
    """Expands words, and counts all names that they stand for."""

    def __init__(self) -> None:
        """Begin without a name."""
        self._number = 0

    def of(self, word: str) -> Sequence[str]:
        """Return the names that a word stands for, as `expanded` does; raises `UserError` if there are too many."""
        names = expanded(word)
        self.count(len(names))
        return names

    def count(self, number: int) -> None:
        """Count names that another list has given; raises `UserError` if there are too many."""
        self._number += number
        if self._number > MOST_NAMED:
            raise UserError(
                f"names more than {MOST_NAMED} hosts, each counted as often as it is named: ask for some at a time"
            )


def _count(word: str, inside: str) -> int:
    """Return how many numbers the contents of brackets stand for, before any is made."""
    count = 0
    for part in inside.split(","):
        found = _PART.fullmatch(part)
        if found is None:
            raise UserError(f"{shown(word)}: {shown(f'[{inside}]')} is not a range such as [01-16] or [01-04,07]")
        low, high = found[1], found[2] or found[1]
        if int(low) > int(high):
            raise UserError(f"{shown(word)}: {shown(f'[{inside}]')} counts backwards: give the lower number first")
        count += int(high) - int(low) + 1
    return count


def _numbers(inside: str) -> Iterator[str]:
    for part in inside.split(","):
        low, _, high = part.partition("-")
        for number in range(int(low), int(high or low) + 1):
            yield f"{number:0{len(low)}}"
