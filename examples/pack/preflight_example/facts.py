"""Facts that preflight does not have."""

from pathlib import Path
from typing import Annotated, Self

from preflight.rule import Fact, Question, Record, Unreadable

TUNED_PROFILE = Question("example.tuned-profile", Path(__file__).with_name("questions.sh"))


class TunedProfile(Fact, frozen=True, kw_only=True):
    """The profile that tuned has applied."""

    #: None if tuned is not installed.
    name: str | None

    @classmethod
    def parse(cls, profile: Annotated[Record, TUNED_PROFILE]) -> Self:
        """Parse /etc/tuned/active_profile."""
        if profile.missing:
            return cls(name=None)
        name = profile.required().strip()
        if not name or len(name) > 100 or not name.isprintable():
            raise Unreadable("tuned's active profile is not a name")
        return cls(name=name)
