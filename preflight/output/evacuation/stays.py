"""The guests that stay, by what keeps them: a cause that keeps many is said once, with their names."""

from collections.abc import Hashable, Iterable, Iterator, Sequence

from preflight.output.terminal import listed
from preflight.placement.amounts import amount, left_of
from preflight.placement.answer import Obstacle, Stay
from preflight.visible import named, one_line

#: Causes and remedies that are shown of each group of guests.
_SHOWN = 6


def stays(found: Iterable[Stay]) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield the names of guests that the same keeps, with a line for each cause and for what would let them go."""
    groups: dict[Hashable, list[Stay]] = {}
    for one in found:
        groups.setdefault(tuple(map(_cause, one.obstacles)), []).append(one)
    for group in groups.values():
        yield listed([one.guest for one in group]), [*_causes(group), *_reliefs(group)]


def _cause(obstacle: Obstacle) -> Hashable:
    """Return what two guests have in common that the same obstacle keeps, however much each needs."""
    if obstacle.needs is None or obstacle.left is None:
        return obstacle.destination, obstacle.text
    return obstacle.destination, obstacle.constraint, obstacle.left, obstacle.page_kib


def _causes(group: Sequence[Stay]) -> Iterator[str]:
    """Yield the causes, those with the same text on several destinations once."""
    where: dict[str, list[str]] = {}
    for same in zip(*(one.obstacles for one in group), strict=True):
        at = "the source" if same[0].destination is None else one_line(same[0].destination)
        where.setdefault(_text(group, same), []).append(at)
    yield from (f"{listed(hosts)}: {text}" for text, hosts in list(where.items())[:_SHOWN])
    if len(where) > _SHOWN:
        yield f"and {len(where) - _SHOWN} more"


def _text(group: Sequence[Stay], same: Sequence[Obstacle]) -> str:
    """Return a cause in words; if guests need different amounts, with what each needs."""
    first = same[0]
    if first.needs is None or first.left is None or len({one.text for one in same}) == 1:
        return one_line(first.text)
    needs = [
        f"{named(one.guest)} needs {amount(first.constraint, obstacle.needs or 0, first.page_kib)}"
        for one, obstacle in zip(group, same, strict=True)
    ]
    more = f" and {len(needs) - _SHOWN} more" if len(needs) > _SHOWN else ""
    return one_line(f"{', '.join(needs[:_SHOWN])}{more}, only {left_of(first.constraint, first.left)} left")


def _reliefs(group: Sequence[Stay]) -> Iterator[str]:
    """Yield what would let guests go, the smallest change of each first."""
    guests: dict[str, list[str]] = {}
    for place in range(max(len(one.reliefs) for one in group)):
        for one in group:
            if place < len(one.reliefs):
                guests.setdefault(one.reliefs[place].text, []).append(one.guest)
    for text, names in list(guests.items())[:_SHOWN]:
        who = ("it" if len(group) == 1 else "each") if len(names) == len(group) else listed(names)
        yield f"would let {who} go: {one_line(text)}"
    if len(guests) > _SHOWN:
        yield f"and {len(guests) - _SHOWN} more"
