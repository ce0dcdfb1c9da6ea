"""The odd one out: what is different on one host and alike on all others."""

from collections.abc import Iterator

from preflight.fleet.audited import Odd
from preflight.fleet.hosts import changes_of
from preflight.fleet.ways import Ways
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


def odd(ways: Ways) -> tuple[Odd, ...]:
    """Return what differs on one of the hosts alone; of those that are down nothing is known."""
    hosts = {number: ways.host(number) for number in range(len(ways.hosts)) if not ways.is_down(number)}
    if len(hosts) < _FEWEST:
        return ()
    first, *others = hosts
    changed = {number: _texts(hosts[first], hosts[number]) for number in others}
    holders: dict[str, list[int]] = {}
    for number, texts in changed.items():
        for key in texts:
            holders.setdefault(key, []).append(number)
    found = [Odd(number, changed[number][key]) for key, (number, *more) in holders.items() if not more]
    # what all others have in common, the first lacks
    if any(len(numbers) == len(others) for numbers in holders.values()):
        common, *rest = (_texts(hosts[number], hosts[first]) for number in others)
        found += [Odd(first, text) for key, text in common.items() if all(key in texts for texts in rest)]
    return tuple(sorted(found, key=lambda one: one.host))


def _texts(before: Host, after: Host) -> dict[str, str]:
    """Return what differs, by the text without its line: hosts have the same setting in different lines."""
    return dict(_said(before, after))


def _said(before: Host, after: Host) -> Iterator[tuple[str, str]]:
    for change in changes_of(before, after):
        if change.guest is None and change.path not in _OWN_FILES and _OWN.isdisjoint(change.records):
            place = change.path or ""
            yield change.text.replace(f"{place}:{change.line}", place), change.text
