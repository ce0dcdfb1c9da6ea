"""The odd one out: what is different on one host and alike on all others."""

from collections.abc import Iterator, Sequence

from preflight.fleet.audited import Odd
from preflight.fleet.hosts import changes_of
from preflight.host import Host

#: Records in which every host differs from the others anyway.
_OWN_NAMES = frozenset(
    ("etc.hosts", "host-keys", "kernel.hostname", "libvirt.hostname", "machine-id", "peer.resolve", "addresses")
)
_OF_THE_MOMENT = frozenset(("clients", "libvirt.domains", "limits", "mounts", "paths", "sockets"))
_OWN = _OWN_NAMES | _OF_THE_MOMENT
#: Files of which every host has its own.
_OWN_FILES = frozenset(("/etc/hosts", "/etc/hostname", "/etc/machine-id"))
#: Hosts below which none can be said to be the odd one.
_FEWEST = 3


def odd(hosts: Sequence[Host | None]) -> tuple[Odd, ...]:
    """Return what differs on one of these hosts alone; None stands for a host that is not compared."""
    numbers = [number for number, host in enumerate(hosts) if host is not None]
    if len(numbers) < _FEWEST:
        return ()
    first = numbers[0]
    changed = {number: _texts(hosts, first, number) for number in numbers[1:]}
    holders: dict[str, list[int]] = {}
    for number, texts in changed.items():
        for text in texts:
            holders.setdefault(text, []).append(number)
    found = [Odd(only, text) for text, (only, *others) in holders.items() if not others]
    # what all others have in common, the first lacks
    if any(len(others) == len(changed) for others in holders.values()):
        common = [_texts(hosts, number, first) for number in numbers[1:]]
        found += [Odd(first, text) for text in common[0] if all(text in texts for texts in common[1:])]
    # a host that differs from the first alone may differ from it in what the first alone has
    alone = {one.text for one in found if one.host == first}
    return tuple(sorted((one for one in found if one.host != first or one.text in alone), key=lambda one: one.host))


def _texts(hosts: Sequence[Host | None], old: int, new: int) -> dict[str, None]:
    before, after = hosts[old], hosts[new]
    assert before is not None
    assert after is not None
    return dict.fromkeys(_said(before, after))


def _said(before: Host, after: Host) -> Iterator[str]:
    for change in changes_of(before, after):
        if change.guest is None and change.path not in _OWN_FILES and _OWN.isdisjoint(change.records):
            yield change.text
