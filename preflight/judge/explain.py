"""Finds the rules that explain an error message of libvirt, QEMU or ssh: those that declare it.

A message is text that somebody pasted or piped: bounded, never run, and searched in time in proportion to its length.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache

from msgspec import Struct

from preflight.judge.forms import Form, forms, is_reason_alone
from preflight.judge.ruleset import Rule, load
from preflight.request.check_request import Migration

#: How virsh begins an error, in English and in each language of libvirt 9.0 ("error: " in po/*.po).
ERRORS = (
    "error|chyba|erreur|erro|errore|fejl|feil|fel|Fehler|fout|greška|hiba|kesalahan|lỗi|pogreška|ralat|virhe|błąd"
    "|грешка|ошибка|помилка|შეცდომა|エラー|오류|错误|錯誤|चूक|त्रुटि|ত্রুটি|ভুল|ਗਲਤੀ|ભૂલ|ତୃଟି|பிழை|దోషం|ದೋಷ|പിശക്"
)
#: What virsh and libvirt write before an error; some languages have a wide colon, or a space before it.
_PREFIX = re.compile(rf"(?:(?:{ERRORS})[ \xa0]?[:\uff1a]|libvirt: [\w ]{{0,40}}error ?:|internal error:) ?")
#: What virsh writes on a line of its own before the reason why it could not connect.
_PREFACE = "failed to connect to the hypervisor"
_WITH_REASON = re.compile(rf"{_PREFACE}(?= .)")
#: The progress that virsh writes over itself, on the line that an error then ends.
_PROGRESS = re.compile(r"[\w ]{1,40}: \[ {0,2}[\d.,]{1,8} ?%\]")
#: Quotation marks of web pages and word processors, in place of libvirt's.
_PLAIN = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\xa0": " "})


class Declared(Struct, frozen=True):
    """A rule, and all errors that it declares."""

    rule: Rule
    forms: tuple[Form, ...]


class Candidate(Struct, frozen=True):
    """A rule that declares a message, and where in the message the declared text begins."""

    rule: Rule
    begin: int
    #: Characters of fixed text that the message shares with the declared error.
    weight: int
    #: How many errors the rule declares before this one: the first ones are the most typical.
    place: int

    @property
    def order(self) -> tuple[int, bool, bool, int, int, str]:
        """The likeliest first: the longest text; of the same text, the cause that needs least to come together.

        A rule that applies without any option comes before one that an option brings, one about a guest or a host
        before one about all guests together.
        """
        body = self.rule.body
        needs_option = body.skip is not None and body.skip(Migration()) is not None
        together = self.rule.of_all_guests
        return -self.weight, needs_option, together, -body.severity.rank, self.place, self.rule.name


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
    """Return the built-in rules that declare errors."""
    return tuple(Declared(rule, errors) for rule in load() if (errors := forms(rule)))


def explain(message: str) -> Explained:
    """Find the rules that explain one message."""
    text = plain(message)
    found = _found(_whole, text)
    if not found and not is_reason_alone(text):
        found = _found(_piece, text)
    return Explained(text, found)


def explaining(error: str) -> str | None:
    """Return the name of the rule that explains an error; None if there is none, or several declare that text."""
    text = plain(error)
    first = Explained(text, _found(_whole, text)).first
    return first[0].rule.name if len(first) == 1 else None


def plain(message: str) -> str:
    """Return a message on one line, without what virsh and libvirt write before every error."""
    text = " ".join(message.translate(_PLAIN).split())
    begin = 0
    while match := next(filter(None, (one.match(text, begin) for one in (_PREFIX, _PROGRESS, _WITH_REASON))), None):
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
        if message and begins and plain(message[-1]) == _PREFACE:
            message = message[:-1]  # the reason follows
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


def _found(look: Callable[[Declared, str], Candidate | None], text: str) -> tuple[Candidate, ...]:
    found = [one for each in declared() if (one := look(each, text))]
    return tuple(sorted(found, key=lambda one: one.order))


def _whole(each: Declared, text: str) -> Candidate | None:
    """Return the rule with the longest of its errors that the message contains."""
    found = [
        Candidate(each.rule, span[0], form.weight, place)
        for place, form in enumerate(each.forms)
        if (span := form.find(text))
    ]
    return max(found, key=lambda one: one.weight, default=None)


def _piece(each: Declared, text: str) -> Candidate | None:
    """Return the rule with the error that the message, which was not copied whole, is the longest piece of."""
    found = [
        Candidate(each.rule, 0, weight, place)
        for place, form in enumerate(each.forms)
        if (weight := form.overlap(text))
    ]
    return max(found, key=lambda one: one.weight, default=None)
