"""What the filters of an HTML page go by: the host and the guests that a result is about."""

from collections.abc import Iterable, Mapping

from preflight.judge.report import Result
from preflight.request.migration import Role

#: All guests, where their numbers are listed.
_ALL = "*"


def one_host(results: Iterable[Result]) -> Role | None:
    """Return the host that all these results are about; None if they are about several things, or about a guest."""
    subjects = {result.subject for result in results}
    return next((role for role in Role if subjects == {role.value}), None)


def numbered(guests: Iterable[str], numbers: Mapping[str, str]) -> str:
    """Return the numbers of the guests for the filters; empty for the hosts."""
    own = [numbers[guest] for guest in guests if guest in numbers]
    return _ALL if own and len(own) == len(numbers) > 1 else " ".join(own)
