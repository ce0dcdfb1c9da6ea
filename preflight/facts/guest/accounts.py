"""Whether a host knows the users and groups that guests are to run as."""

from collections.abc import Iterator, Mapping
from typing import Self
from xml.etree.ElementTree import Element

from preflight.facts.fact import Fact, Record, Unreadable


class Accounts(Fact, frozen=True, kw_only=True):
    """The users and groups that were asked for."""

    #: By database and name, as "passwd:qemu" or "group:qemu", whether the host knows it.
    answers: Mapping[str, bool]
    #: Why the host did not answer; None when it did.
    error: str | None = None

    def knows(self, account: str) -> bool:
        """Whether the host knows this user or group; raises `Unreadable` when that was not told."""
        if self.error is not None:
            raise Unreadable(f"it is unknown whether {account} exists: {self.error}")
        if account not in self.answers:
            raise Unreadable(f"the host was not asked about {account}")
        return self.answers[account]

    @classmethod
    def parse(cls, accounts: Record) -> Self:
        """Read the answer to `questions.accounts`; without one the reason is kept."""
        try:
            text = accounts.required()
        except Unreadable as why:
            return cls(answers={}, error=str(why))
        answers = {}
        for line in text.splitlines():
            code, _, account = line.partition(" ")
            # getent says 2 for a name that is not found; anything else is getent's own failure
            if code in ("0", "2"):
                answers[account] = code == "0"
        return cls(answers=answers)


def labelled(root: Element) -> Iterator[str]:
    """The users and groups that the static labels of a `<domain>` name, as `Accounts` has them."""
    for label in root.iterfind("seclabel[@type='static'][@model='dac']/label"):
        user, _, group = (label.text or "").strip().partition(":")
        for database, name in (("passwd", user), ("group", group)):
            # a number, with "+" before it or without, needs no account
            if name and not name.removeprefix("+").isdigit():
                yield f"{database}:{name}"
