"""One host of a fleet, before anything is asked of it."""

from pathlib import Path
from urllib.parse import quote

from msgspec import Struct

from preflight.connection.target import Kind, TargetError, parse_target
from preflight.grammar import HOST_NAME, is_address, shown
from preflight.request.migration import Transport

#: Name of the machine that preflight runs on, as `parse_target` knows it.
THIS_MACHINE = "localhost"


class Known(Struct, frozen=True, kw_only=True):
    """Facts about a host from an inventory; None where the inventory leaves them open."""

    #: The name or address that ssh connects to, if the host's name is not that.
    address: str | None = None
    #: The user who logs in.
    login: str | None = None
    #: The port of sshd.
    port: int | None = None
    #: The transport of the control connection.
    transport: Transport | None = None
    #: The host or address that guests' memory is sent to.
    migration_address: str | None = None
    #: A number by which an evacuation prefers the host where several would do equally well.
    weight: float | None = None
    #: The groups that the host is in, directly or through another group.
    groups: tuple[str, ...] = ()
    #: True for the machine that preflight runs on.
    is_here: bool = False
    #: Why preflight cannot reach the host; None if nothing speaks against it.
    fault: str | None = None


class FleetHost(Struct, frozen=True, kw_only=True):
    """One host of a fleet."""

    #: The name by which reports mean the host.
    name: str
    #: The text for `connection.target.parse_target`: of a login, or the path of a snapshot.
    text: str
    #: The first place that names the host, in words.
    origin: str
    login: str | None = None
    transport: Transport | None = None
    migration_address: str | None = None
    weight: float = 1.0
    groups: tuple[str, ...] = ()
    #: The file that has the host's answers; None if the host is to be asked.
    snapshot: Path | None = None
    #: The host's place among those in that file.
    place: int = 0
    #: Time of the snapshot, in seconds since the epoch; None if it is not known.
    taken: float | None = None


class Fleet(Struct, frozen=True):
    """The hosts that a command is about, each once, and what the user should know about the list."""

    hosts: tuple[FleetHost, ...]
    #: One line for each host that was named more than once.
    notes: tuple[str, ...] = ()


def live(text: str, origin: str, known: Known | None = None, name: str | None = None) -> FleetHost:
    """Return a host that is to be asked, from how it is typed and what an inventory knows of it.

    The text outranks the inventory. Raises `TargetError`.
    """
    target = parse_target(text)
    known = known or Known()
    if known.fault is not None:
        raise TargetError(known.fault)
    user, at, typed = (target.ssh or "").rpartition("@")
    login = user if at else known.login
    name = name or typed or THIS_MACHINE
    transport = Transport(target.transport) if target.transport else known.transport
    if target.kind is Kind.SSH and "://" not in text:
        text = THIS_MACHINE if known.is_here else _text(known.address or typed, login, known.port, transport)
        here = parse_target(text).kind is Kind.LOCAL
        login, transport = (None, None) if here else (login, transport)
    return FleetHost(
        name=name,
        text=text,
        origin=origin,
        login=login,
        transport=transport,
        migration_address=checked_address(known.migration_address),
        weight=1.0 if known.weight is None else known.weight,
        groups=known.groups,
    )


def checked_address(address: str | None) -> str | None:
    """Return a migration address, which is a host name or an address; raises `TargetError`."""
    if address is not None and not (is_address(address) or HOST_NAME.takes(address)):
        raise TargetError(f"the migration address {shown(address)} is neither a host name nor an address")
    return address


def _text(address: str, login: str | None, port: int | None, transport: Transport | None) -> str:
    """Return a host as it is typed: as short as its login and its transport allow."""
    user = "" if login is None else f"{login}@"
    if transport in (None, Transport.SSH) and port is None:
        return f"{user}{address}"
    if port is not None and transport not in (None, Transport.SSH):
        raise TargetError(
            f"{address}: a port of sshd and the transport {transport} exclude each other: omit one of them"
        )
    if transport is Transport.UNIX:
        raise TargetError(f"{address}: the transport unix reaches no other machine: omit it, or name ssh, tls or tcp")
    where = f"[{address}]" if ":" in address else address
    user = "" if login is None else f"{quote(login, safe='')}@"
    if transport in (None, Transport.SSH):
        return f"ssh://{user}{where}:{port}"
    return f"qemu+{transport}://{user}{where}/system"
