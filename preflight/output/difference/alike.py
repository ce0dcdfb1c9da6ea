"""Results that changed alike, as one: what is unknown about each guest of a host that is down is said once."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from preflight.fleet.difference import ChangedResult, ChangedVerdict, Effect
from preflight.judge.report import Outcome
from preflight.output.report.problems import about, by_rule
from preflight.visible import named

_GUEST = "guest "


class Alike(NamedTuple):
    """Results with the same effect, text and explanation: of one rule if it found something, of any if unknown."""

    #: "unknown", or the severity of the finding.
    kind: str
    effect: Effect
    text: str
    because: tuple[str, ...]
    #: The rules, each with the guests that its results are about.
    rules: dict[str, list[str]]

    @property
    def said(self) -> str:
        """The kind, with "resolved" before it if nothing of it is left."""
        return f"resolved {self.kind}" if self.effect is Effect.BETTER else self.kind

    @property
    def rule(self) -> str | None:
        """The only rule; None if there are several."""
        return next(iter(self.rules)) if len(self.rules) == 1 else None

    @property
    def guests(self) -> str:
        """The guests of the only rule, or their number, in brackets; else nothing."""
        return "" if self.rule is None else about(self.rules[self.rule])

    @property
    def left_open(self) -> str | None:
        """The rules, each with its guest or the number of its guests; None if there is only one."""
        if self.rule is not None:
            return None
        label = "no longer open" if self.effect is Effect.BETTER else "left open"
        return f"{label}: {by_rule(self.rules)}"


def alike(results: Iterable[ChangedResult]) -> list[Alike]:
    """Return the results together with those that are like them, in the order of the first of each."""
    found: dict[tuple[object, ...], Alike] = {}
    for one in results:
        kind = _kind(one)
        key = (kind, one.effect, one.text, one.because, None if kind == Outcome.UNKNOWN.value else one.rule)
        of_rules = found.setdefault(key, Alike(kind, one.effect, one.text, one.because, {})).rules
        guests = of_rules.setdefault(one.rule, [])
        if one.subject.startswith(_GUEST):
            guests.append(one.subject.removeprefix(_GUEST))
    return list(found.values())


def _kind(result: ChangedResult) -> str:
    outcome = result.before if result.effect is Effect.BETTER else result.after
    is_unknown = Outcome.UNKNOWN.value in (result.before, result.after) and outcome != Outcome.FAILED.value
    return Outcome.UNKNOWN.value if is_unknown else result.severity


def guests_alike(verdicts: Iterable[ChangedVerdict]) -> Iterator[tuple[str, ChangedVerdict]]:
    """Yield the guests whose verdict changed in the same way, as "Guest a" or "Guests a, b", with that change."""
    found: dict[tuple[object, object], list[ChangedVerdict]] = {}
    for one in verdicts:
        found.setdefault((one.before, one.after), []).append(one)
    for some in found.values():
        names = ", ".join(named(one.guest or "") for one in some)
        yield f"Guest{'s' if len(some) > 1 else ''} {names}", some[0]
