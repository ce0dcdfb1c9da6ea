"""The way from the source to the destination, as the source has tried it: one connection to one port.

Where the source's kernel has no route, or nobody has the address, a migration's connection fails as well, whatever its
port. A port that does not answer proves nothing about another one, since a firewall between the hosts may distinguish
them. Nor does a refusal: a closed port says the same as a firewall that rejects. With `--probe` the destination listens
at the port: then a refusal is a firewall's, and a connection shows that nothing on the way blocks the port.
"""

import contextlib
import enum
import re
from collections.abc import Iterable, Iterator
from ipaddress import ip_address, ip_network
from typing import Annotated, Self

from msgspec import Struct

from preflight.facts.fact import Fact, NotAsked, Record, Unreadable

_TRIED = r"port (\d{1,3}) (\S{1,255}) (\d{1,5}) ?(.{0,200})"
_ROUTE = r"route (\S{1,64}) (.{0,400})"
_LISTENER = r"listener (open|ended)"
_NEIGHBOUR = r"neighbour (\S{1,64}) (.{0,400})"
#: A rule of policy routing for all that this host sends to a port, and a policy of IPsec, as `ip` prints them.
_RULE = (
    r"rule \d{1,10}:\s{1,9}(from all(?: to (?P<to>\S{1,49}))?(?: ipproto tcp)? dport (?P<first>\d{1,5})"
    r"(?:-(?P<last>\d{1,5}))? (?:prohibit|unreachable|blackhole))\s{0,9}"
)
_POLICY = (
    r"policy (src (?:0\.0\.0\.0/0|::/0) dst (?P<to>\S{1,49})(?: proto tcp)?(?: dport (?P<first>\d{1,5}))?)"
    r"\s{0,9}"
)
_DEVICE = r"\bdev (\S{1,15})"
#: The errors of a route that does not exist, or of a route or rule of the type "unreachable", "prohibit" (EACCES) or
#: "blackhole" (EINVAL; `fib_props`, net/ipv4/fib_semantics.c), in the words of `ip route get`.
_NO_ROUTE = (
    r"RTNETLINK answers: (Network is unreachable|No route to host|Network is down|Permission denied|Invalid argument)"
)
#: Exit code of timeout(1) if the time is up; the greater ones say that nothing could be run.
_TIMED_OUT = 124


class Reached(enum.Enum):
    """Outcome of an attempt to connect, the best one first."""

    CONNECTED = enum.auto()
    #: A host answered that nothing listens there, or a firewall rejected the connection.
    REFUSED = enum.auto()
    #: A firewall rejected the connection: the destination listened.
    REJECTED = enum.auto()
    #: The kernel knows that no packet gets there.
    UNREACHABLE = enum.auto()
    #: There was no answer in time.
    SILENT = enum.auto()


_ANSWERS = frozenset((Reached.CONNECTED, Reached.REFUSED))
#: What bash says of a name that does not resolve, and connect(2) of a way that leads into a blackhole.
_OR_UNRESOLVED = "Invalid argument"
#: The errors of connect(2) that libvirt and QEMU would report too.
_ERRORS = {
    "Connection refused": Reached.REFUSED,
    "No route to host": Reached.UNREACHABLE,
    "Network is unreachable": Reached.UNREACHABLE,
    "Network is down": Reached.UNREACHABLE,
    "Permission denied": Reached.UNREACHABLE,
    "Invalid argument": Reached.UNREACHABLE,
    "Operation not permitted": Reached.UNREACHABLE,
    "Connection timed out": Reached.SILENT,
}


class Route(Struct, frozen=True):
    """The way to one address."""

    address: str
    #: The interface; None if it is unknown, or if there is no route.
    device: str | None
    #: The kernel's words if it has no route to the address; None if it has one.
    error: str | None
    #: True if the address should be on a network of the host, but nobody there answers for it.
    deserted: bool

    @property
    def leads_nowhere(self) -> bool:
        """True if the source's kernel knows that no packet to the address arrives, to whatever port."""
        return self.error is not None or self.deserted


class Forbidden(Struct, frozen=True):
    """Ports that the source's kernel lets nothing be sent to, whatever answers there."""

    #: The rule or policy, as "a rule of policy routing (from all dport 49152 prohibit)".
    text: str
    #: The network whose ports these are; None for all of IPv4.
    to: str | None
    first: int
    last: int

    def forbids(self, address: str, port: int) -> bool:
        """Report whether nothing can be sent to this port of the address."""
        known = ip_address(address)
        network = ip_network(self.to or "0.0.0.0/0")
        return known.version == network.version and known in network and self.first <= port <= self.last


class Way(Fact, frozen=True, kw_only=True):
    """The attempt to connect to a name and a port of the destination."""

    name: str = ""
    port: int = 0
    #: The best outcome of all addresses of the name: libvirt tries one after another. None if nothing was tried.
    reached: Reached | None = None
    #: Reason why nothing was tried.
    untried: str = ""
    #: True if the destination listened at the port, or if it was asked to.
    probed: bool = False
    #: True if the listener of the destination ended with this connection, or with another one at that time.
    met: bool = False
    #: The kernel's words if the attempt failed; "Connection timed out" if there was no answer.
    error: str = ""
    #: The routes to the addresses of the name, if no address answered.
    routes: tuple[Route, ...] = ()
    forbidden: tuple[Forbidden, ...] = ()

    @property
    def answered(self) -> bool:
        """True if some address answered, even if by a refusal."""
        return self.reached in _ANSWERS

    def require_tried(self) -> None:
        """Raise `NotAsked` with the reason if nothing was tried, `Unreadable` if a probe was asked for."""
        if self.untried and self.probed:
            raise Unreadable(f"the port was not probed: {self.untried}")
        if self.untried:
            raise NotAsked(self.untried)

    @property
    def obstacle(self) -> str:
        """The words for what the connection met, if no address answered."""
        if self.reached is Reached.REJECTED:
            return (
                f"a firewall on the way rejects the source's connection to {self.name} port {self.port}, at which the"
                f" destination listened ({self.error})"
            )
        if self.probed:
            return f"{self.name} port {self.port}, at which the destination listened, does not answer ({self.error})"
        return (
            f"{self.name} port {self.port}, where nothing listens, does not refuse the source's connection"
            f" ({self.error})"
        )

    @property
    def nowhere(self) -> str:
        """The reason for each address that cannot be reached, if the way leads nowhere."""
        return "; ".join(
            f"{one.address} is on the network of {one.device}, but no machine there answers for it"
            if one.error is None
            else f"{one.error} to {one.address}"
            for one in self.routes
        )

    @property
    def leads_nowhere(self) -> bool:
        """True if no address can be reached, whatever the port: the source's kernel says so of each."""
        return not self.answered and self.routes != () and all(one.leads_nowhere for one in self.routes)

    @classmethod
    def _read(cls, answer: Record) -> Self:
        """Parse the answer of `way`, or the reason why nothing was tried."""
        if answer.missing:
            return cls(untried="no attempt to connect was recorded")
        text = answer.required()
        if found := re.fullmatch(r"(untried|unprobed) (.+)\n?", text):
            return cls(untried=found[2], probed=found[1] == "unprobed")
        listened, lines = None, text.splitlines()
        if lines and (found := re.fullmatch(_LISTENER, lines[0])):
            listened, *lines = found[1], *lines[1:]
        tries = [found for line in lines if (found := re.fullmatch(_TRIED, line))]
        if not lines or not tries or re.fullmatch(_TRIED, lines[0]) is None:
            raise Unreadable("the source did not report whether it can connect to the destination")
        first, *each = tries
        routes = tuple(_routes(lines))  # none of a name that does not resolve
        # of the addresses, where they were tried: a name may take longer to resolve than the attempt lasts
        tried = (each if listened is None else ()) or tries
        outcomes = [_outcome(found, listened == "open", resolved=bool(routes)) for found in tried]
        known = [(reached, said) for reached, said in outcomes if reached is not None]
        if len(known) < len(outcomes) and not any(reached in _ANSWERS for reached, _ in known):
            # of a name that does not resolve, and of a host without a program that connects: other rules' business
            return cls(untried=f"the source could not try to connect: {next(s for r, s in outcomes if r is None)}")
        reached, error = min(known, key=lambda one: one[0].value)
        if listened == "ended" and reached is Reached.REFUSED:
            raise Unreadable(f"the destination did not listen at port {first[3]} any more when the source connected")
        return cls(
            name=first[2],
            port=int(first[3]),
            reached=reached,
            probed=listened is not None,
            met=listened == "ended" and reached is Reached.CONNECTED,
            error=error,
            routes=routes,
            forbidden=tuple(_forbidden(lines)),
        )


def _forbidden(lines: Iterable[str]) -> Iterator[Forbidden]:
    for line in lines:
        if found := re.fullmatch(_RULE, line):
            what, span = "a rule of policy routing", (int(found["first"]), int(found["last"] or found["first"]))
        elif found := re.fullmatch(_POLICY, line):
            what, span = "a policy of IPsec", (int(found["first"] or 0), int(found["first"] or 65535))
        else:
            continue
        with contextlib.suppress(ValueError):
            network = None if found["to"] is None else str(ip_network(found["to"]))
            yield Forbidden(f"{what} ({found[1].strip()})", network, *span)


def _outcome(tried: re.Match[str], listened: bool, *, resolved: bool) -> tuple[Reached | None, str]:
    """Return the outcome of an attempt, None if it is none, and the words for it."""
    code, said = int(tried[1]), tried[4].strip()
    if code == 0:
        return Reached.CONNECTED, ""
    if said == _OR_UNRESOLVED and not resolved:
        return None, said
    reached = Reached.SILENT if code == _TIMED_OUT else _ERRORS.get(said) if code < _TIMED_OUT else None
    if reached is Reached.REFUSED and listened:
        return Reached.REJECTED, said
    return reached, "Connection timed out" if reached is Reached.SILENT else said or f"exit code {code}"


class MemoryWay(Way, frozen=True, kw_only=True):
    """The attempt to reach the port to which the guest's memory would be sent."""

    @classmethod
    def parse(cls, answer: Annotated[Record, "way.memory"]) -> Self:
        """Parse the attempt."""
        return cls._read(answer)


class MemoryProbe(Fact, frozen=True, kw_only=True):
    """Whether the destination's listener met the source's connection, for rules that also judge without a probe."""

    #: True if it did, False if nothing answered at any address of the name, None if the probe shows neither.
    met: bool | None

    @classmethod
    def parse(cls, way: MemoryWay | Unreadable) -> Self:
        """Take the attempt, if the destination listened."""
        if isinstance(way, Unreadable) or not way.probed or way.reached is None:
            return cls(met=None)
        nothing = way.reached in (Reached.SILENT, Reached.UNREACHABLE)
        return cls(met=True if way.met else False if nothing else None)


class DisksWay(Way, frozen=True, kw_only=True):
    """The attempt to reach the host to which copied disks are sent, if it is not the memory's."""

    @classmethod
    def parse(cls, answer: Annotated[Record, "way.disks"]) -> Self:
        """Parse the attempt."""
        return cls._read(answer)


def _routes(lines: list[str]) -> Iterator[Route]:
    deserted = {
        (found[1], on[1])
        for line in lines
        if (found := re.fullmatch(_NEIGHBOUR, line))
        and (on := re.search(_DEVICE, found[2]))
        and found[2].split()[-1] == _NOBODY
    }
    for line in lines:
        if found := re.fullmatch(_ROUTE, line):
            refused = re.search(_NO_ROUTE, found[2])
            named = None if refused else re.search(_DEVICE, found[2])
            device = named[1] if named else None
            yield Route(found[1], device, refused[1] if refused else None, (found[1], device) in deserted)


#: State of a neighbour that has not answered any of the kernel's requests, three by default (ip-neighbour(8)).
_NOBODY = "FAILED"
