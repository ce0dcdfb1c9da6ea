"""Problems that would keep a libvirt daemon from starting with its configuration file, in the daemon's own words.

The daemon stops at the first setting that it rejects; this module reports all of them, not in the daemon's order.
"""

import re
from collections.abc import Callable, Iterator

from preflight.facts.defaults import AUTH, LEAST_SSF, Kind, default, known_settings, side_settings
from preflight.facts.text.libvirt_conf import Conf, ConfProblem, Value
from preflight.facts.text.located import Located
from preflight.facts.version import Version

#: From this release on virNetServerNew rejects max_clients below max_anonymous_clients (seen with 9.0.0 and 11.3.0).
REFUSES_FEW_CLIENTS = Version(9, 0, 0)


def problems(daemon: str, conf: Conf, version: Version | None) -> Iterator[ConfProblem]:
    """Yield the problems that would keep the daemon from starting with this file."""
    if conf.problem is not None:
        yield conf.problem
        return
    for key, kind in known_settings(daemon, version).items():
        found = conf.settings.get(key)
        if found is not None:
            why = wrong_type(conf.path, key, kind, found) or CHECKS.get(key, _fine)(conf.path, found.value)
            if why is not None:
                yield ConfProblem(f"{daemon} will not start with this {key}: {why}", found.at, why)
    if version is None or version >= REFUSES_FEW_CLIENTS:
        yield from _few_clients(conf)


def side_problems(daemon: str, conf: Conf, version: Version | None) -> Iterator[ConfProblem]:
    """Yield the problems that would keep virtlogd or virtlockd from starting with this file."""
    if conf.problem is not None:
        yield ConfProblem(f"{daemon} will not start: {conf.problem.message}", conf.problem.location, conf.problem.error)
        return
    for key, kind in side_settings(daemon, version).items():
        found = conf.settings.get(key)
        if found is not None and (why := wrong_type(conf.path, key, kind, found)):
            yield ConfProblem(f"{daemon} will not start with this {key}: {why}", found.at, why)


def wrong_type(path: str, key: str, kind: Kind, found: Located[Value]) -> str | None:
    """Return libvirt's error if a setting has the wrong type, or None."""
    value = found.value
    # libvirt reads a number as unsigned unless it has a minus sign, even -0
    signed = found.at is not None and found.at.text.startswith("-", found.at.column - 1)
    expected = Kind.UINT if kind is Kind.SIZE else kind
    wrong = f"{path}: expected {expected.value} for '{key}' parameter"
    match kind:
        case Kind.BOOL | Kind.UINT | Kind.SIZE if not isinstance(value, int) or signed:
            return wrong
        case Kind.BOOL if value not in {0, 1}:
            return f"{path}: value for '{key}' parameter must be 0 or 1"
        case Kind.UINT if isinstance(value, int) and not 0 <= value < 2**32:
            return f"{path}: value for '{key}' parameter must be in range 0:{2**32 - 1}"
        case Kind.INT if not isinstance(value, int):
            return wrong
        case Kind.INT if isinstance(value, int) and not -(2**31) <= value < 2**31:
            return f"{path}: value for '{key}' parameter must be in range {-(2**31)}:{2**31 - 1}"
        case Kind.STRING | Kind.AUTH if not isinstance(value, str):
            return f"{path}: expected a string for '{key}' parameter"
        case Kind.AUTH if value not in AUTH:
            return f"{path}: {key}: unsupported auth {value}"
        case Kind.STRINGS | Kind.STRING_OR_STRINGS if isinstance(value, tuple):
            strings = all(isinstance(item, str) for item in value)
            return None if strings else f"{path}: expected a string list for '{key}' parameter"
        case Kind.STRINGS:
            return wrong
        case Kind.STRING_OR_STRINGS if not isinstance(value, str):
            return wrong
    return None


def _few_clients(conf: Conf) -> Iterator[ConfProblem]:
    clients = conf.settings.get("max_clients", Located(default("libvirtd", "max_clients", REFUSES_FEW_CLIENTS)))
    key = "max_anonymous_clients"
    waiting = conf.settings.get(key, Located(default("libvirtd", key, REFUSES_FEW_CLIENTS)))
    if isinstance(clients.value, int) and isinstance(waiting.value, int) and 0 <= clients.value < waiting.value:
        yield ConfProblem(
            f"max_clients ({clients}) is less than {key} ({waiting}):"
            f" libvirt {REFUSES_FEW_CLIENTS} and later will not start",
            clients.at or waiting.at,
            "The overall maximum number of clients must not be less than"
            " the number of clients waiting for authentication",
        )


def _fine(_path: str, _value: Value) -> None:
    return None


def _workers(_path: str, value: Value) -> str | None:
    return "'max_workers' must be greater than 0" if value == 0 else None


def _ssf(_path: str, value: Value) -> str | None:
    few = isinstance(value, int) and value < LEAST_SSF
    return f"minimum SSF levels lower than {LEAST_SSF} are not supported" if few else None


def _uuid(_path: str, value: Value) -> str | None:
    """Check as `virUUIDParse` (16 octets in hex, with hyphens) and `virUUIDIsValid` (not all octets equal) do."""
    text = str(value).strip(" \t\n\r\f\v")
    valid = re.fullmatch(r"(?:[- ]*[0-9a-f]{2}){16}", text, re.ASCII | re.IGNORECASE)
    octets = set(re.findall("[0-9a-f]{2}", str(value).lower()))
    return None if valid and len(octets) > 1 else f"invalid host UUID: {value}"


def _uuid_source(_path: str, value: Value) -> str | None:
    return None if value in {"smbios", "machine-id"} else f"invalid UUID source: {value}"


def _mode(_path: str, value: Value) -> str | None:
    octal = re.fullmatch(r"\s*[+-]?[0-7]+", str(value))
    return None if octal else f"Failed to parse mode '{value}'"


#: Further checks of a setting that has the right type.
CHECKS: dict[str, Callable[[str, Value], str | None]] = {
    "max_workers": _workers,
    "tcp_min_ssf": _ssf,
    "host_uuid": _uuid,
    "host_uuid_source": _uuid_source,
    "unix_sock_ro_perms": _mode,
    "unix_sock_rw_perms": _mode,
    "unix_sock_admin_perms": _mode,
}
