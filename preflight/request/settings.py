"""Every value that a configuration file may set, declared once: the option, the environment variable and the key.

The parameters of the command line, the model of the file (`preflight.schema.config`), `preflight config show` and
docs/configuration.md follow from it. `--help` reads this module, so it imports little.
"""

import enum
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass

from preflight.request.migration import FailOn, OnUnknown, Transport
from preflight.request.severity import Severity

#: The greatest number of concurrent migrations: a host has no more ports.
MOST_AT_ONCE = 65535
#: The beginning of each environment variable.
_PREFIX = "PREFLIGHT_"


class Kind(enum.Enum):
    """The type of a setting's value."""

    TEXT = enum.auto()
    #: A list of texts; the option may be repeated.
    TEXTS = enum.auto()
    #: A list of directories, which a file names relative to its own directory.
    DIRECTORIES = enum.auto()
    #: A table of texts by the names of rules; on the command line, RULE=TEXT, which may be repeated.
    BY_RULE = enum.auto()
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
}


def variable(key: str) -> str:
    """Return the environment variable of a key: PREFLIGHT_FAIL_ON."""
    return _PREFIX + key.replace("-", "_").upper()


def key_of(variable: object) -> str | None:
    """Return the key of an environment variable; None if it belongs to no setting."""
    key = str(variable).removeprefix(_PREFIX).replace("_", "-").lower()
    return key if key in SETTINGS else None
