"""Lists of names in one word: kvm[01-16].dc1 and kvm[01-04,07], with commas between words."""

import itertools
import re
from collections.abc import Iterator, Sequence

from preflight.errors import UserError
from preflight.grammar import is_address, shown

#: Maximum number of hosts of a fleet, and therefore of names in one word.
MOST = 10_000

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
        raise UserError(f"{shown(text)} has an empty part")
    return word


def expanded(word: str) -> Sequence[str]:
    """Return the names that a word stands for: itself, or each name of its ranges in order; raises `UserError`.

    The address in brackets of a URI, or of a login, is no range.
    """
    parts = _BRACKETS.split(word)  # text and contents of brackets in turn
    if len(parts) == 1 or any(is_address(inside) for inside in parts[1::2]):
        return [word]
    choices = [[part] for part in parts]
    count = 1
    for at in range(1, len(parts), 2):
        count *= _count(word, parts[at])
        if count > MOST:
            raise UserError(f"{shown(word)} stands for more than {MOST} hosts")
        choices[at] = list(_numbers(parts[at]))
    return ["".join(one) for one in itertools.product(*choices)]


def _count(word: str, inside: str) -> int:
    """Return how many numbers the contents of brackets stand for, before any is made."""
    count = 0
    for part in inside.split(","):
        found = _PART.fullmatch(part)
        if found is None:
            raise UserError(f"{shown(word)}: {shown(f'[{inside}]')} is not a range such as [01-16] or [01-04,07]")
        low, high = found[1], found[2] or found[1]
        if int(low) > int(high):
            raise UserError(f"{shown(word)}: {shown(f'[{inside}]')} counts backwards")
        count += int(high) - int(low) + 1
    return count


def _numbers(inside: str) -> Iterator[str]:
    for part in inside.split(","):
        low, _, high = part.partition("-")
        for number in range(int(low), int(high or low) + 1):
            yield f"{number:0{len(low)}}"
