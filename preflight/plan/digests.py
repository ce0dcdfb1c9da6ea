"""Digests of the facts that a plan depends on, which show a run whether a host has changed since the plan."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from enum import Enum

from msgspec import Struct
from msgspec.structs import replace

from preflight.errors import UserError
from preflight.facts.daemon.daemons import Daemons
from preflight.facts.daemon.limits import DaemonLimits
from preflight.facts.daemon.log_and_lock import LogAndLock
from preflight.facts.daemon.start_obstacles import StartObstacles
from preflight.facts.fact import Fact, Unreadable
from preflight.facts.guest.guests import Guests
from preflight.facts.guest.memory import GuestMemory
from preflight.facts.memory.host import HostMemory
from preflight.facts.network.listening import Listening
from preflight.facts.ssh.sshd import SshdListener
from preflight.facts.storage.paths import Storage
from preflight.facts.system.identity import HostIdentity
from preflight.host import Host
from preflight.judge.check import Checked
from preflight.judge.ruleset import Rule
from preflight.request.migration import Role
from preflight.rule import Severity

#: Facts that change all the time by themselves. The rules are applied to them again before a plan is run, so they need
#: not be the same, only acceptable. A host's identity includes its daemon's process, which systemd starts on demand and
#: which ends when it is idle; the plan itself has the UUID and the machine ID, which are compared. The obstacles
#: include whether virtlogd runs, which the first guest on a host starts, even if it is only rehearsed there.
PASSING: frozenset[type[Fact]] = frozenset(
    (
        DaemonLimits,
        Daemons,
        GuestMemory,
        HostIdentity,
        HostMemory,
        Listening,
        LogAndLock,
        SshdListener,
        StartObstacles,
        Storage,
    )
)


def digests(checked: Checked, rules: Iterable[Rule]) -> dict[str, str]:
    """Return a digest of each fact that a blocking rule uses, for both hosts, and of each guest to be migrated."""
    blocking = [rule for rule in rules if rule.body.severity is Severity.ERROR]
    found: dict[str, str] = {}
    for role, host in ((Role.SOURCE, checked.source), (Role.DESTINATION, checked.destination)):
        kinds = {kind for rule in blocking for kind in rule.facts(role)} - PASSING
        for kind in sorted(kinds, key=lambda one: one.__name__):
            if kind is not Guests:
                found[f"{role.value} {kind.__name__}"] = _digest(host, kind)
    for guest in checked.guests:
        found[f"guest {guest.uuid}"] = digest(replace(guest, job=0, operation=None))
    return found


def _digest(host: Host, kind: type[Fact]) -> str:
    try:
        return digest(_value(host, kind))
    except TypeError as why:  # of a site's own fact
        raise UserError(f"the fact {kind.__name__} cannot be part of a plan: {why}; correct its class") from None


def _value(host: Host, kind: type[Fact]) -> object:
    try:
        return host.fact(kind)
    except Unreadable as why:
        return str(why)


def digest(value: object) -> str:
    """Return 64 bits of the SHA-256 of a value's JSON, equal for equal values in every process."""
    return hashlib.sha256(json.dumps(plain(value), separators=(",", ":")).encode()).hexdigest()[:16]


def plain(value: object) -> object:
    """Return a value in JSON's types, in an order that depends only on the value; raises `TypeError` for other types.

    A struct becomes its name and its fields; values that it caches beside them are not included.
    """
    if isinstance(value, Enum):
        return value.name
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Struct):
        return [type(value).__name__, {name: plain(getattr(value, name)) for name in value.__struct_fields__}]
    if is_dataclass(value):
        return [type(value).__name__, {field.name: plain(getattr(value, field.name)) for field in fields(value)}]
    if isinstance(value, Mapping):
        return sorted(([plain(key), plain(each)] for key, each in value.items()), key=json.dumps)
    if isinstance(value, AbstractSet):
        return sorted(map(plain, value), key=json.dumps)
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    raise TypeError(f"{type(value).__name__} cannot be part of a digest")
