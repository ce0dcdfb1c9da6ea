"""Finds the rules that explain an error message of libvirt, QEMU or ssh: those that declare it.

A message is text that somebody pasted or piped: bounded, never run, and searched in time in proportion to its length.
"""

import re
from collections.abc import Iterator
from functools import cache

from msgspec import Struct

from preflight.judge.forms import Form, forms, is_reason_alone
from preflight.judge.ruleset import Rule, load
from preflight.request.migration import Migration

#: virsh's and libvirt's words before an error, in English and as libvirt's translations have them (po/*.po, "error: ").
_PREFIX = re.compile(
    r"(?:(?:error|fehler|erreur ?|erro|errore|fout|fel|chyba|błąd|ошибка|помилка|エラー|오류|错误|錯誤)[:\uff1a] ?"
    r"|libvirt: [\w ]{0,40}error ?: ?|internal error: )",
    re.IGNORECASE,
)
#: The progress that virsh writes over itself, on the line that an error then ends.
_PROGRESS = re.compile(r"[\w ]{1,40}: \[ ?[\d.,]{1,8} ?%\]")
#: Quotation marks of web pages and word processors, in place of libvirt's.
_PLAIN = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\xa0": " "})


class Declared(Struct, frozen=True):
    """A rule, and all errors that it declares."""

    rule: Rule
    forms: tuple[Form, ...]

    @property
    def rank(self) -> tuple[bool, bool, int, int, str]:
        """The order of rules that declare the same text: causes that need less to come together stand first.

        A rule that applies without an option comes before one that an option brings; one of a guest or a host before
        one of all guests together. A rule that declares few errors is a likelier reason of this one than a rule that
        declares many.
        """
        body = self.rule.body
        needs_option = body.skip is not None and body.skip(Migration()) is not None
        return needs_option, self.rule.of_all_guests, -body.severity.rank, len(self.forms), self.rule.name


class Candidate(Struct, frozen=True):
    """A rule that declares a message, and the place in the message of the text that it declares."""

    rule: Rule
    begin: int
    end: int
    #: Characters of fixed text that the message shares with the declared error.
    weight: int


class Explained(Struct, frozen=True):
    """A message on one line, and the rules that may explain it, the likeliest first."""

    message: str
    candidates: tuple[Candidate, ...]

    @property
    def first(self) -> tuple[Candidate, ...]:
        """The candidates that fit equally well, since all of them declare that text."""
        return tuple(one for one in self.candidates if one.weight == self.candidates[0].weight)


@cache
def declared() -> tuple[Declared, ...]:
    """Return the built-in rules that declare errors, in the order in which they are named for the same text."""
    found = [Declared(rule, errors) for rule in load() if (errors := forms(rule))]
    return tuple(sorted(found, key=lambda one: one.rank))


def explain(message: str) -> Explained:
    """Find the rules that explain one message."""
    text = plain(message)
    found = [one for each in declared() if (one := _whole(each, text))]
    if not found and not is_reason_alone(text):
        found = [one for each in declared() if (one := _piece(each, text))]
    return Explained(text, tuple(sorted(found, key=lambda one: -one.weight)))


def explaining(error: str) -> str | None:
    """Return the name of the rule that explains an error; None if there is none, or several declare that text."""
    first = explain(error).first
    return first[0].rule.name if len(first) == 1 else None


def plain(message: str) -> str:
    """Return a message on one line, without what virsh and libvirt write before every error."""
    text = " ".join(message.translate(_PLAIN).split())
    begin = 0
    while match := _PREFIX.match(text, begin) or _PROGRESS.match(text, begin):
        begin = match.end() + (text[match.end() : match.end() + 1] == " ")
    return text[begin:]


def messages(text: str) -> Iterator[str]:
    """Split the output of a command into messages; progress and empty lines are none.

    A line that begins as errors of virsh do takes the lines behind it along, up to the next such line or an empty one:
    QEMU's and ssh's own words have several lines. Any other line is a message of its own.
    """
    message: list[str] = []
    goes_on = False
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        rest = _without_progress(line)
        begins = _PREFIX.match(rest) is not None
        if message and (begins or not goes_on or not rest):
            yield "\n".join(message)
            message = []
        goes_on = bool(rest) and (begins or (goes_on and bool(message)))
        if rest:
            message.append(rest)
    if message:
        yield "\n".join(message)


def _without_progress(line: str) -> str:
    rest = line.strip()
    match = _PROGRESS.match(rest)
    return rest[match.end() :].strip() if match else rest


def _whole(each: Declared, text: str) -> Candidate | None:
    """Return the rule with the longest of its errors that stands in the message."""
    found = [Candidate(each.rule, *place, form.weight) for form in each.forms if (place := form.find(text))]
    return max(found, key=lambda one: one.weight, default=None)


def _piece(each: Declared, text: str) -> Candidate | None:
    """Return the rule with the error that the message, which was not copied whole, is the longest piece of."""
    weight = max(form.overlap(text) for form in each.forms)
    return Candidate(each.rule, 0, len(text), weight) if weight else None
