"""Digests of the values of secrets under a key of one run, and the passphrases that an encrypted image has."""

import re
from typing import Annotated, Self

from preflight.facts.fact import OPTIONAL, Record, Unreadable
from preflight.facts.text.by_path import ByPath

_KEY = re.compile(r"key ([0-9a-f]{16})\n", re.ASCII)
_DIGEST = r"[0-9a-f]{64}"


class SecretDigests(ByPath, frozen=True, kw_only=True):
    """Digests of secrets' values, by UUID, from `questions.secret_digests`.

    The key that they were made with was thrown away, so they reveal nothing but which of that run are equal.
    """

    #: The name of that key; empty if nothing was asked.
    key: str = ""

    @classmethod
    def parse(cls, secret_digests: Annotated[Record, OPTIONAL]) -> Self:
        """Parse the answers by UUID."""
        answers = super().parse(secret_digests)
        key = _KEY.match(secret_digests.out)
        return cls(answers=answers.answers, error=answers.error, key=key[1] if key else "")

    def of(self, uuid: str) -> str | None:
        """Return the digest of a secret's value, or None if it has none; raises `Unreadable` if that is unknown."""
        line = self.answer(uuid, "value of the secret")
        if line == "none":
            return None
        if line == "private":
            raise Unreadable(f"the secret {uuid} is private, and its value is in memory only or encrypted")
        if not re.fullmatch(_DIGEST, line):
            raise Unreadable(f"the value of the secret {uuid} could not be read")
        return line

    def must_be_of_the_run_of(self, other: "SecretDigests") -> None:
        """Raise `Unreadable` if the digests of the two hosts were not made with the same key."""
        if self.key != other.key:
            raise Unreadable("the digests of the hosts' secrets are from different runs")


class KeySlots(ByPath, frozen=True, kw_only=True):
    """The number of passphrases that open encrypted images, from `questions.key_slots`."""

    @classmethod
    def parse(cls, key_slots: Annotated[Record, OPTIONAL]) -> Self:
        """Parse the answers by path."""
        return super().parse(key_slots)

    def count(self, path: str) -> int:
        """Return how many passphrases open the image; raises `Unreadable` if that is unknown."""
        found = re.fullmatch(r"slots ([0-8])", self.answer(path, "encrypted image"))
        if found is None:
            raise Unreadable(f"the header of the encrypted image {path} could not be read")
        return int(found[1])
