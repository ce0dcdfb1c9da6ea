"""The guests that can go: those that are READY, judged anew without the others until nothing is against any of them.

What is found about a host stands against all guests, so none goes then. What is found about all guests together, such
as too few huge pages for all, stands against some of them only: the guests are taken in the order of their memory,
those that are off and the smallest first, so that the most guests go, and each that does not fit beside those before it
stays.
"""

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from preflight.collect.endpoints import Opened
from preflight.host import Guest
from preflight.judge.check import Checked, check, judge_again, judge_together
from preflight.judge.report import ALL_GUESTS, Outcome, Result, Verdict
from preflight.judge.ruleset import Rule


class Stays(Struct, frozen=True):
    """A guest that stays, the rule that is against it, and what that rule found, or why it could not be applied."""

    name: str
    #: None if not even that could be read.
    uuid: str | None
    rule: str
    why: str


class Chosen(Struct, frozen=True):
    """The request for the guests that go, its check, and the guests that stay.

    If none can go, the request and the check are those of all guests.
    """

    opened: Opened
    checked: Checked
    stays: tuple[Stays, ...] = ()


def ready_only(opened: Opened, rules: tuple[Rule, ...]) -> Chosen:
    """Check all selected guests, and those that are READY once more by themselves; raises `UserError`.

    The last check asks the hosts again, about these guests alone: what it finds is what a request for them would find.
    """
    first = checked = check(opened, rules)
    chosen, stays = opened, []
    while checked.report.verdict is not Verdict.READY:
        found = _without(checked, chosen, rules)
        going = [guest for guest in checked.guests if guest.name not in {one.name for one in found}]
        if not found or not going:
            return Chosen(opened, first)
        stays += found
        chosen = _only(opened, going)
        checked = judge_again(checked, chosen, rules)
        if checked.report.verdict is Verdict.READY:
            checked = check(chosen, rules)
    report = replace(checked.report, skipped=first.report.skipped)
    return Chosen(chosen, replace(checked, report=report), tuple(stays))


def _only(opened: Opened, guests: Iterable[Guest]) -> Opened:
    asked = replace(opened.asked, guests=tuple(guest.uuid for guest in guests), left_out=())
    return replace(opened, asked=asked)


def _without(checked: Checked, opened: Opened, rules: tuple[Rule, ...]) -> list[Stays]:
    """Return guests that cannot go, at least one; none if what was found is against all of them."""
    against = [result for result in checked.report.results if result.blocks or result.obscures]
    if any(result.guest is None and result.subject != ALL_GUESTS for result in against):
        return []
    against.sort(key=lambda result: result.obscures)
    uuids = {guest.name: guest.uuid for guest in checked.guests}
    own: dict[str, Result] = {}
    for result in against:
        if result.guest is not None:
            own.setdefault(result.guest, result)
    if own:
        return [_stays(name, uuids.get(name), checked, result) for name, result in own.items()]
    return _that_do_not_fit(checked, opened, rules)


def _that_do_not_fit(checked: Checked, opened: Opened, rules: tuple[Rule, ...]) -> list[Stays]:
    """Return the guests that do not fit beside smaller ones, by the rules about all guests together."""
    of_all = tuple(rule for rule in rules if rule.of_all_guests)

    def against(guests: Sequence[Guest]) -> Result | None:
        results = judge_together(checked, opened, of_all, guests)
        return next((result for result in results if result.blocks or result.obscures), None)

    ordered = sorted(checked.guests, key=lambda guest: (guest.running, guest.memory_kib, guest.name))
    return [_stays(guest.name, guest.uuid, checked, result) for guest, result in _left_over(ordered, against)]


def _left_over(
    ordered: Sequence[Guest], against: Callable[[Sequence[Guest]], Result | None]
) -> list[tuple[Guest, Result]]:
    """Take the guests in order; return each that cannot be taken beside those taken before it, with the reason.

    Guests are tried in blocks that are halved, so that many guests of which few are left over need few tries.
    """
    taken: list[Guest] = []
    left: list[tuple[Guest, Result]] = []
    blocks = [list(ordered)]
    while blocks:
        block = blocks.pop()
        found = against([*taken, *block])
        if found is None:
            taken += block
        elif len(block) == 1:
            left.append((block[0], found))
        else:
            half = len(block) // 2
            blocks += [block[half:], block[:half]]
    return left


def _stays(name: str, uuid: str | None, checked: Checked, result: Result) -> Stays:
    if result.outcome is Outcome.UNKNOWN:
        return Stays(name, uuid, result.rule.name, result.reason or "unknown")
    worst = next(one for one in result.findings if one.severity in (None, result.severity))
    where = "" if worst.host is None else f" ({checked.report.host(worst.host).name})"
    return Stays(name, uuid, result.rule.name, f"{worst.message}{where}")
