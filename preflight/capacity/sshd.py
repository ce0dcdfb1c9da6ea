"""Limits of the sshd that the control connection logs in to."""

from preflight.capacity.limit import Limit, Setting
from preflight.capacity.reader import Asked
from preflight.facts.fact import Unreadable
from preflight.facts.ssh.sshd import SshdListener, SshdSettings
from preflight.facts.text.located import Located
from preflight.host import Host


def startups(asked: Asked) -> Limit:
    """Read MaxStartups: logins in progress."""
    sshd = asked.host.fact(SshdSettings)
    configured = sshd.max_startups
    try:
        pending: int | None = asked.host.fact(SshdListener).current
    except Unreadable:
        pending = None  # a login takes well under a second: usually there is none
    start, rate = Located(configured.value.start, configured.at), configured.value.rate
    left = start.value - (pending or 0)
    beyond = "is refused" if rate == 100 else f"is refused: {rate} %"
    setting = Setting(sshd.path_of(configured), "MaxStartups", configured.value, "reload sshd")
    return asked.limit(start, pending, left, written=str(configured.value), beyond=beyond, setting=setting)


def has_a_limit_a_source(host: Host) -> bool:
    """Report whether PerSourceMaxStartups is set."""
    try:
        return host.fact(SshdSettings).per_source_max_startups.value is not None
    except Unreadable:
        return False  # MaxStartups is unread too, and its limit gives the reason


def startups_of_one(asked: Asked) -> Limit:
    """Read PerSourceMaxStartups: logins in progress from one address."""
    sshd = asked.host.fact(SshdSettings)
    configured = sshd.per_source_max_startups
    most = configured.value or 0
    setting = Setting(sshd.path_of(configured), "PerSourceMaxStartups", most, "reload sshd")
    return asked.limit(Located(most, configured.at), None, most, beyond="is refused", setting=setting)


def sessions(asked: Asked) -> Limit:
    """Read MaxSessions: over one shared login (ControlMaster), each libvirt connection is a session."""
    most = asked.host.fact(SshdSettings).max_sessions
    return asked.limit(most, None, most.value, beyond="logs in again")


def has_penalties(host: Host) -> bool:
    """Report whether PerSourcePenalties shut out an address whose logins fail."""
    try:
        return host.fact(SshdSettings).penalties.value is not None
    except Unreadable:
        return False


def penalties(asked: Asked) -> Limit:
    """Read PerSourcePenalties: not a number of migrations, since a login that succeeds has no penalty."""
    found = asked.host.fact(SshdSettings).penalties
    name, role = asked.name, asked.host.role
    return Limit(name, role, None, None, None, asked.scope, written="on", at=found.at, beyond="penalty on failure")
