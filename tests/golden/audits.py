"""The audits whose output is kept in cases/: of a few hosts, of hosts of which one is down, and with hostile text."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import fields, replace

from preflight.answers import Answers, Record, SavedHost
from preflight.facts.text.located import Location
from preflight.fleet.audited import Audited, Odd
from preflight.fleet.freed import common_cpus
from preflight.fleet.matrix import Cause, Cell, matrix
from preflight.fleet.odd import odd
from preflight.fleet.ways import Ways
from preflight.judge.report import HostSummary
from preflight.request.check_request import Asked
from tests.fleet import fleet
from tests.golden.reports import HOSTILE, MADE

S = TypeVar("S", bound=Struct)

#: Named one by one, so that a new rule changes no file in cases/.
RULES = (
    "announced-name-unresolvable",
    "disk-missing-on-destination",
    "hosts-entry-missing",
    "libvirt-unreachable",
    "machine-type-missing",
    "migration-ports-filtered",
    "os-release-differs",
    "ssh-login-refused",
    "workers-limit",
)
#: The fields of causes that are texts of the program.
_OWN = frozenset(("outcome", "severity"))
#: When, where and by whom the audits were made: a day after their hosts were asked.
AUDITED = replace(MADE, at=MADE.at + 2 * 86_400)
#: The audit whose page is kept; the others would repeat the style sheet.
NAME = "audit"


def few() -> Audited:
    """Five hosts, of which two can take nobody, and one has guests that can go nowhere."""
    return audited(tuple(fleet(5, seed=3)))


def down() -> Audited:
    """Three hosts, of which one is down and one has lost an answer; every way must be READY."""
    first, second, third = fleet(3, seed=2)
    records = {name: record for name, record in first.answers.records.items() if name != "etc.hosts"}
    lost = first._replace(answers=Answers(records, first.answers.absent))
    why = f"login to {third.name} failed: ssh: connect to host {third.name} port 22: No route to host"
    gone = SavedHost(third.name, Answers({"login": Record("", 255, why)}, {"": why}))
    return audited((lost, second, gone), every=True)


def hostile() -> Audited:
    """The five hosts, with text that means harm behind every text of theirs."""
    return with_text(few(), f"{HOSTILE}<b>|`*_[x](y)@all::error::")


def audited(hosts: tuple[SavedHost, ...], *, every: bool = False) -> Audited:
    """Return the audit of these hosts, made where and when the kept reports were."""
    ways = Ways(hosts, Asked(source="", select=RULES))
    found = matrix(ways)
    return Audited(found, every, odd(ways), common_cpus(ways, found), AUDITED)


def with_text(found: Audited, text: str) -> Audited:
    """Return the audit with the text behind every text that comes from a host."""
    names = {host.name: host.name.replace(".", f"{text}.", 1) for host in found.matrix.hosts}

    def said(value: S) -> S:
        return replace(
            value,
            **{
                field.name: f"{one}{text}"
                for field in fields(value)
                if isinstance(one := getattr(value, field.name), str) and field.name not in _OWN
            },
        )

    def cause(one: Cause) -> Cause:
        location = one.location and said(one.location)
        assert location is None or isinstance(location, Location)
        return replace(said(one), location=location, host=one.host and names[one.host])

    def cell(one: Cell) -> Cell:
        return replace(one, limited_by=one.limited_by and (one.limited_by[0], names[one.limited_by[1]]))

    whole = found.matrix
    return Audited(
        replace(
            whole,
            hosts=tuple(replace(said(_complete(host)), name=names[host.name]) for host in whole.hosts),
            guests=tuple(tuple(f"{name}{text}" for name in guests) for guests in whole.guests),
            cells=tuple({number: cell(one) for number, one in row.items()} for row in whole.cells),
            causes=tuple(map(cause, whole.causes)),
        ),
        found.every,
        tuple(Odd(one.host, f"{one.text}{text}") for one in found.odd),
        found.baselines,
        found.made,
    )


def _complete(host: HostSummary) -> HostSummary:
    """Return a host without the releases, which are numbers, and with a login that failed."""
    return replace(host, libvirt=None, qemu=None, no_login="login failed")


AUDITS: Mapping[str, Callable[[], Audited]] = {NAME: few, "audit-down": down, "audit-hostile": hostile}


@cache
def audit(name: str = NAME) -> Audited:
    """Return an audit by its name."""
    return AUDITS[name]()


def kept(form: str) -> tuple[str, ...]:
    """Return the names of the audits that are kept in a format."""
    return (NAME,) if form == "html" else tuple(AUDITS)
