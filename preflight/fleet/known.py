"""The hosts and groups of an inventory, whichever program reads it."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from preflight.errors import UserError
from preflight.fleet.host import Known
from preflight.grammar import shown

#: The group that every host of an inventory is in, as Ansible names it.
EVERY = "all"
#: Maximum number of groups.
_MOST = 1000
#: Number of groups that an error names.
_NAMED = 10


class Inventory(Struct, frozen=True):
    """The hosts of a site by name, and its groups: the hosts and the groups that each contains directly."""

    #: The file, for messages.
    path: str = "the inventory"
    hosts: Mapping[str, Known] = {}
    members: Mapping[str, tuple[str, ...]] = {}
    children: Mapping[str, tuple[str, ...]] = {}

    def in_group(self, group: str) -> tuple[str, ...]:
        """Return the names of the hosts in a group, directly or through other groups, each once; raises `UserError`."""
        if group == EVERY and EVERY not in self.members:
            return tuple(self.hosts)
        if group not in self.members:
            some = ", ".join(list(self.members)[:_NAMED])
            said = f"; the groups are {some}{', ...' if len(self.members) > _NAMED else ''}" if some else ": add it"
            raise UserError(f"@{group}: {self.path} has no such group{said}")
        found: dict[str, None] = {}
        seen, left = {group}, [group]
        while left:
            one = left.pop()
            found.update(dict.fromkeys(self.members[one]))
            below = [child for child in self.children.get(one, ()) if child not in seen]
            seen.update(below)
            left += reversed(below)
        return tuple(found)


def refuse_cycles(path: str, children: Mapping[str, Iterable[str]]) -> None:
    """Raise `UserError` for a group that contains itself, or one that does not exist; groups may nest to any depth."""
    if len(children) > _MOST:
        raise UserError(f"{path}: has more than {_MOST} groups: split it")
    done: set[str] = set()
    for first in children:
        way: dict[str, list[str]] = {}
        below = [first]
        while True:
            if below:
                group = below.pop()
                if group not in children:
                    raise UserError(
                        f"{path}: groups.{list(way)[-1]}: there is no group {shown(group)}: add it, or correct its name"
                    )
                if group in way:
                    circle = list(way)[list(way).index(group) :]
                    raise UserError(
                        f"{path}: groups.{group} contains itself: {' > '.join((*circle[:_NAMED], group))}; take it"
                        " out of one"
                    )
                if group not in done:
                    way[group] = below = list(children[group])
                continue
            if not way:
                break
            done.add(list(way)[-1])
            way.popitem()
            below = list(way.values())[-1] if way else []


def groups_of(
    members: Mapping[str, Iterable[str]], children: Mapping[str, Iterable[str]]
) -> Mapping[str, tuple[str, ...]]:
    """Return the groups of each host: those that have it as a member, and those that contain these."""
    above: dict[str, list[str]] = {}
    for group, inside in children.items():
        for one in inside:
            above.setdefault(one, []).append(group)
    direct: dict[str, list[str]] = {}
    for group, names in members.items():
        for name in names:
            direct.setdefault(name, []).append(group)
    # hosts of the same groups share one tuple: a group may have 10,000 hosts, and be in 1,000 others
    outer: dict[tuple[str, ...], tuple[str, ...]] = {}
    for own in map(tuple, direct.values()):
        if own not in outer:
            outer[own] = _with_outer(own, above)
    return {name: outer[tuple(own)] for name, own in direct.items()}


def _with_outer(own: tuple[str, ...], above: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    found = dict.fromkeys(own)
    left = list(own)
    while left:
        new = [one for one in above.get(left.pop(0), ()) if one not in found]
        found.update(dict.fromkeys(new))
        left += new
    return tuple(found)
