"""Limits of the sshd that the control connection logs in to, or of the socket that starts one for each connection."""

from collections.abc import Iterator
from functools import partial

from msgspec.structs import replace

from preflight.capacity.limit import Limit, Scope, Setting
from preflight.capacity.reader import Asked, Read
from preflight.facts.fact import Unreadable
from preflight.facts.ssh.sockets import SshdSocket
from preflight.facts.ssh.sshd import SshdListener, SshdSettings
from preflight.facts.text.located import Located
from preflight.host import Host
from preflight.request.check_request import OWN

#: Limits on open connections to sshd's port, of which a managed run of preflight has one for all guests.
OPEN = frozenset(("MaxConnections", "MaxConnectionsPerSource"))


def of_logins(host: Host) -> Iterator[tuple[Read, str, Scope]]:
    """Yield the limits on logins to this host, each with its name and scope."""
    socket = _socket(host)
    if socket is None:
        yield startups, "MaxStartups", Scope.BURST
        if has_a_limit_a_source(host):
            yield startups_of_one, "PerSourceMaxStartups", Scope.BURST
        return
    if socket.most is not None:
        yield partial(connections, socket), "MaxConnections", Scope.IN_FLIGHT
    if socket.most_per_source is not None:
        yield partial(connections_of_one, socket), "MaxConnectionsPerSource", Scope.IN_FLIGHT
    if socket.trigger_burst is not None:
        yield partial(triggers, socket), "TriggerLimitBurst", Scope.BURST


def _socket(host: Host) -> SshdSocket | None:
    """Return the socket that starts an sshd for each connection; none of these counts MaxStartups."""
    try:
        return host.fact(SshdSettings).socket
    except Unreadable:
        return None  # MaxStartups is unread too, and its limit gives the reason


def connections(socket: SshdSocket, asked: Asked) -> Limit:
    """Read MaxConnections: open connections, of all clients, for as long as each migration lasts."""
    return _of_socket(asked, socket, socket.most or 0, socket.others)


def connections_of_one(socket: SshdSocket, asked: Asked) -> Limit:
    """Read MaxConnectionsPerSource: the same, of one address. systemd does not report how many each has."""
    return _of_socket(asked, socket, socket.most_per_source or 0, None)


def triggers(socket: SshdSocket, asked: Asked) -> Limit:
    """Read TriggerLimitBurst: connections that begin within an interval. One more makes the socket fail for good."""
    most = socket.trigger_burst or 0
    limit = _of_socket(
        asked, socket, most, None, beyond="ends the socket", written=f"{most}/{socket.trigger_seconds:g}s"
    )
    return replace(limit, interval=socket.trigger_seconds / most * limit.takes)


def _of_socket(
    asked: Asked,
    socket: SshdSocket,
    most: int,
    in_use: int | None,
    *,
    beyond: str = "is refused",
    written: str | None = None,
) -> Limit:
    setting = Setting(socket.drop_in, asked.name, most, f"restart {socket.unit} after systemctl daemon-reload")
    # preflight's own login counts too, from its own address
    left = most - OWN - (in_use or 0)
    return asked.limit(Located(most), in_use, left, beyond=beyond, written=written, setting=setting)


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
