"""The users and groups on a host that guests are configured to run as."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Self
from xml.etree.ElementTree import Element

from preflight.facts.fact import OPTIONAL, Fact, Record, Unreadable


class Accounts(Fact, frozen=True, kw_only=True):
    """The users and groups that the host was asked about."""

    #: For each database and name, as "passwd:qemu" or "group:qemu", True if it exists on the host.
    answers: Mapping[str, bool]
    #: Reason why the host did not answer, or None.
    error: str | None = None

    def knows(self, account: str) -> bool:
        """Report whether the host has this user or group; raises `Unreadable` if that is unknown."""
        if self.error is not None:
            raise Unreadable(f"it is unknown whether {account} exists: {self.error}")
        if account not in self.answers:
            raise Unreadable(f"the host was not asked about {account}")
        return self.answers[account]

    @classmethod
    def parse(cls, accounts: Annotated[Record, OPTIONAL]) -> Self:
        """Parse the answer to `questions.accounts`; without one, keep the reason."""
        try:
            text = accounts.required()
        except Unreadable as why:
            return cls(answers={}, error=str(why))
        answers = {}
        for line in text.splitlines():
            code, _, account = line.partition(" ")
            # getent exits with 2 if a name is not found; any other code is a failure of getent itself
            if code in ("0", "2"):
                answers[account] = code == "0"
        return cls(answers=answers)


def labelled(root: Element) -> Iterator[str]:
    """Yield the users and groups in the static labels of a `<domain>`, in the form of `Accounts`."""
    for label in root.iterfind("seclabel[@type='static'][@model='dac']/label"):
        user, _, group = (label.text or "").strip().partition(":")
        for database, name in (("passwd", user), ("group", group)):
            # a number, with or without "+", needs no account
            if name and not name.removeprefix("+").isdigit():
                yield f"{database}:{name}"
