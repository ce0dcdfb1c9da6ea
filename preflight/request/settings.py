"""Every value that a configuration file may set, declared once: the option, the environment variable and the key.

The parameters of the command line, the model of the file (`preflight.schema.config`), `preflight config show` and
docs/configuration.md follow from it; the options of a migration follow from `preflight.request.options`. `--help` reads
this module, so it imports little.
"""

import enum
from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, dataclass
from functools import cache
from typing import Any

from preflight.request.migration import FailOn, HandOver, OnGiveUp, OnUnknown, Transport
from preflight.request.options import Option, declared, type_of, virsh_name
from preflight.request.severity import Severity

#: The greatest number of concurrent migrations: a host has no more ports.
MOST_AT_ONCE = 65535
#: Ways that an audit tries from each host, and to each, unless others are asked for: 32 s if nothing answers.
PROBED_WAYS = 8
#: The beginning of each environment variable.
_PREFIX = "PREFLIGHT_"


class Kind(enum.Enum):
    """The type of a setting's value."""

    TEXT = enum.auto()
    #: A list of texts; the option may be repeated.
    TEXTS = enum.auto()
    #: A list of directories, which a file names relative to its own directory.
    DIRECTORIES = enum.auto()
    #: A file or directory, which a file names relative to its own directory.
    PATH = enum.auto()
    #: SOURCE and DESTINATION: two hosts, or two snapshots, which a file names relative to its own directory.
    HOSTS = enum.auto()
    #: A list of texts that are one text with commas on the command line.
    WORDS = enum.auto()
    #: True or false.
    FLAG = enum.auto()
    #: A table of texts by the names of rules; on the command line, RULE=TEXT, which may be repeated.
    BY_RULE = enum.auto()
    #: A table of numbers by the names of rules; on the command line, RULE=NUMBER, which may be repeated.
    NUMBER_BY_RULE = enum.auto()
    WHOLE = enum.auto()
    NUMBER = enum.auto()


@dataclass(eq=False, repr=False)  # `--help` would pay for more
class Setting:
    """One value, as a file, the environment and the command line may set it."""

    kind: Kind
    help: str
    _: KW_ONLY
    #: The only texts that are allowed; if empty, any text is.
    words: type[enum.StrEnum] | None = None
    #: The bounds of a number, both inclusive.
    least: float | None = None
    most: float | None = None
    #: True if the value names code: a file that was found in the working directory or above it must not set it.
    loads_code: bool = False


SETTINGS: Mapping[str, Setting] = {
    "select": Setting(Kind.TEXTS, "Apply only this rule, or the rules of this subject; may be repeated."),
    "ignore": Setting(Kind.TEXTS, "Ignore this rule, or the rules of this subject; may be repeated."),
    "severity": Setting(
        Kind.BY_RULE,
        "RULE=error, RULE=warning or RULE=info: change the severity of a rule; may be repeated.",
        words=Severity,
    ),
    "rules": Setting(
        Kind.DIRECTORIES,
        "Also apply the rules in this directory (DIR/SUBJECT/RULE.py); may be repeated.",
        loads_code=True,
    ),
    "packs": Setting(Kind.TEXTS, "Also apply the rules of this installed pack; may be repeated.", loads_code=True),
    "threshold": Setting(
        Kind.NUMBER_BY_RULE,
        "RULE=NUMBER: change the threshold from which a rule reports; may be repeated.",
        least=0,
        most=1_000_000,
    ),
    "hosts": Setting(Kind.HOSTS, "SOURCE and DESTINATION of check, nagios and capacity, if none is given."),
    "inventory": Setting(
        Kind.PATH,
        "Inventory of hosts and groups: a .toml file, or one that Ansible reads.",
        loads_code=True,  # one of Ansible's may be a script
    ),
    "format": Setting(Kind.TEXT, "Output format of a report."),
    "fail-on": Setting(Kind.TEXT, "Least severe finding that gives exit code 1.", words=FailOn),
    "unknown": Setting(
        Kind.TEXT, "Exit with code 3 (fail) or 0 (warn) if the verdict is UNDETERMINED.", words=OnUnknown
    ),
    "concurrency": Setting(Kind.WHOLE, "Number of migrations started at the same time.", least=1, most=MOST_AT_ONCE),
    "transport": Setting(
        Kind.TEXT,
        "Transport of the control connection (default: that of DESTINATION's URI, otherwise ssh).",
        words=Transport,
    ),
    "answer-timeout": Setting(
        Kind.NUMBER,
        "Maximum time, in seconds, to log in to a host and read all its answers.",
        least=1,
        most=1_000_000,
    ),
    "window": Setting(Kind.TEXT, "Check whether all guests can be migrated within this time, such as 90s, 30m or 2h."),
    "stall-timeout": Setting(
        Kind.NUMBER, "Abort a migration that has sent nothing for this many seconds.", least=1, most=1_000_000
    ),
    "settle-timeout": Setting(
        Kind.NUMBER,
        "Seconds to wait, after a migration or a rehearsal, for a host that does not answer.",
        least=1,
        most=1_000_000,
    ),
}

#: The table of a file that has the options of a migration, and the beginning of their keys: `migration.p2p`.
MIGRATION = "migration"
#: Options that a file cannot set: those about one guest and its disks, and the one that accepts harm to disks.
_NEVER = frozenset(
    (
        "dname",
        "xml",
        "persistent_xml",
        "migrate_disks",
        "migrate_disks_detect_zeroes",
        "migrate_disks_target_zero",
        "unsafe",
    )
)


@cache
def every() -> Mapping[str, Setting]:
    """Return all settings by key: those above, and the options of a migration."""
    found = dict(SETTINGS)
    for name, option in declared().items():
        if name not in _NEVER:
            found |= {f"{MIGRATION}.{key}": setting for key, setting in _of_option(name, option)}
    return found


def _of_option(name: str, option: Option) -> Iterator[tuple[str, Setting]]:
    """Yield the names and settings of an option, or of the switches that determine its field."""
    for switch in option.switches:
        if not switch.refused:
            yield switch.name, Setting(Kind.FLAG, switch.help)
    if not option.switches:
        kind, words = _kind(type_of(name))
        yield virsh_name(name), Setting(kind, option.help, words=words, least=option.least, most=option.most)


def _kind(held: Any) -> tuple[Kind, type[enum.StrEnum] | None]:
    if held in (HandOver | None, OnGiveUp | None):
        return Kind.TEXT, HandOver if held == HandOver | None else OnGiveUp
    if held in (bool, bool | None):
        return Kind.FLAG, None
    if held == int | None:
        return Kind.WHOLE, None
    if held == float | None:
        return Kind.NUMBER, None
    return (Kind.WORDS if held == tuple[str, ...] else Kind.TEXT), None


@cache
def rivals(key: str) -> frozenset[str]:
    """Return the keys of which at most one is used with this one: switches that determine the same field."""
    for option in declared().values():
        keys = {f"{MIGRATION}.{switch.name}" for switch in option.switches if not switch.refused}
        if key in keys:
            return frozenset(keys - {key})
    return frozenset()


def variable(key: str) -> str:
    """Return the environment variable of a key: PREFLIGHT_FAIL_ON, PREFLIGHT_MIGRATION_P2P."""
    return _PREFIX + key.replace("-", "_").replace(".", "_").upper()


def key_of(variable: object) -> str | None:
    """Return the key of an environment variable; None if it belongs to no setting."""
    return _by_variable().get(str(variable))


@cache
def _by_variable() -> Mapping[str, str]:
    return {variable(key): key for key in every()}
