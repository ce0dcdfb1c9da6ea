"""The requested migrations open more connections at once than a firewall accepts.

Why it matters
    A firewall may limit the number of connections to a port that begin within a given time, or that are open at once:
    `ufw limit ssh` rejects the sixth connection from one address within 30 seconds. Each `virsh migrate` over
    qemu+ssh:// opens a login, each one over TLS or TCP opens a connection to the daemon, and the memory is sent over
    another connection. The rules of the source for what leaves can limit these connections as well as those of the
    destination for what arrives. Connections beyond the limit fail if they are rejected: "Connection refused". If they
    are dropped, the kernel tries again after 1, 3, 7 and more seconds, for about two minutes, and the migration starts
    late or fails.

    What is used up now is known of open connections to the destination, of lists of recent sources
    (/proc/net/xt_recent) and of buckets of hashlimit (/proc/net/ipt_hashlimit); preflight's own login is in them. The
    kernel does not show how much of another rate is left. If it is enough only if nothing was used up, the finding is a
    warning, and says how long no connection may have begun before.

    A rule that does not look at the state of a connection counts every packet, unless a rule before it accepts those of
    established connections. A guest's memory is thousands of packets. If a rule behind it accepts them, they still use
    up what new connections need.

How to fix
    Start fewer migrations at the same instant; preflight migrate spaces them as far apart as the firewall needs. Or
    accept the other host in the firewall before the rule that counts, for example with ufw insert 1 allow proto tcp
    from 192.0.2.11 to any port 22. If the rate is used up by earlier logins, wait until they no longer count. Before a
    rule that counts every packet, accept those of established connections (ct state established accept).
"""

from preflight.facts import CountingFirewall, Listening, OpenConnections, PeerName, QemuConf
from preflight.facts.firewall import BothEnds, Demand, Direction, Traffic
from preflight.rule import Findings, Migration, Severity, Unreadable, on_destination, on_source, rule

#: The start of the message, by what the connection is for.
ERRORS = {
    "ssh": "ssh: connect to host ",
    "libvirt": "unable to connect to server at '",
    "data": "unable to connect to server at '",
}
#: Seconds after which the kernel sends the last SYN but one: net.ipv4.tcp_syn_retries is 6.
TRIED_FOR = 63.0
#: Seconds after which preflight's own login is no longer among those that a rate counts when the migration starts.
SOON = 10.0


@rule(
    Severity.ERROR,
    errors=(
        "ssh: connect to host ... port ...: ",
        "ssh: connect to host ... port ...: Connection refused",
        "unable to connect to server at '...': Connection refused",
        "unable to connect to server at '...:49152': Connection refused",
        "job 'migration out' failed: Failed to connect to '...:49152': Connection refused",
    ),
)
def check(
    source: CountingFirewall,
    source_peer: PeerName,
    destination: CountingFirewall,
    destination_conf: QemuConf,
    destination_ports: Listening,
    destination_connections: OpenConnections,
    migration: Migration,
) -> Findings:
    ports = destination_conf.port_range
    free = destination_ports.free(ports)
    demands, unknown = Traffic(
        ends=BothEnds(source.firewall, source.own, destination.firewall, destination.own),
        migration=migration,
        addresses=source_peer.addresses,
        source_login=source.login,
        destination_login=destination.login,
        source_sshd=None,
        destination_sshd=22,
        free=free,
        taken=sorted(set(ports).difference(free)),
    ).demands()
    for demand in demands:
        end = source if demand.at_source else destination
        on_end = on_source if demand.at_source else on_destination
        if demand.counts_all:
            yield on_end(_of_every_packet(demand), severity=None if demand.starves else Severity.WARNING)
            continue
        used = demand.used(end.used_up, None if demand.at_source else destination_connections)
        before = _before(demand, used, migration.concurrency)
        number = before + demand.of(migration.concurrency)
        if number <= demand.rate.most:
            if used is None and not _is_certain(demand, migration.concurrency):
                yield on_end(
                    _of_unknown_rest(demand, number, migration),
                    error=_error(demand, demand.rate.most, migration.concurrency),
                    severity=Severity.WARNING,
                )
            continue
        yield on_end(
            f"the firewall accepts {demand.rate.most} {_connections(demand)} at once ({demand.rate.text}), but {number}"
            f" are opened for {_migrations(migration)}{_included(demand, used, before)}; beyond that: {demand.blocked}",
            error=_error(demand, before, migration.concurrency),
            severity=Severity.WARNING if _passes_later(demand, number) else None,
        )
    # preflight's own login shows that one connection passes, and migration-port-unreachable reports the source's rules
    if migration.concurrency > 1 and (why := destination.unknown or unknown) is not None:
        raise Unreadable(why)


def _of_every_packet(demand: Demand) -> str:
    rate = demand.rate
    most = f"no more than {rate.most} at once ({rate.text})"
    return (
        f"the firewall counts every packet of {_connections(demand)}, not only the first of each connection, and"
        f" accepts {most}; beyond that{'' if demand.blocks_all else ', of new connections'}: {demand.blocked}"
    )


def _is_certain(demand: Demand, migrations: int) -> bool:
    """Report whether the rate has room for the migrations even if it had none left after preflight's own login."""
    return demand.rate.interval is None or demand.of(migrations) * demand.rate.interval <= SOON


def _of_unknown_rest(demand: Demand, number: int, migration: Migration) -> str:
    """Say until when an earlier connection matters: a token bucket may have been empty after the last of them."""
    rate = demand.rate
    seconds = (rate.interval or 0.0) * demand.of(migration.concurrency)
    return (
        f"the firewall accepts {rate.most} {_connections(demand)} at once ({rate.text}), and {number} are opened for"
        f" {_migrations(migration)}; how many are left cannot be read, but they suffice if none begins for"
        f" {seconds:g} s before; beyond that: {demand.blocked}"
    )


def _before(demand: Demand, used: int | None, migrations: int) -> int:
    """Return the connections that count when the migrations start: what is used up, and preflight's own."""
    if demand.rate.interval is None:
        # when a single migration starts after this check, its login has ended
        return max(used or 0, demand.own) if migrations > 1 else max(0, (used or 0) - demand.own)
    if used is None and migrations == 1 and demand.rate.interval <= SOON:
        return 0
    return max(used or 0, demand.own)


def _error(demand: Demand, before: int, migrations: int) -> str:
    """Return the message about the first connections that are too many: logins come before connections for data."""
    number, one = before, demand.counted[0].connections
    for counted in demand.counted:
        one = counted.connections
        wanted = one.of(migrations, counted.ports)
        # libvirt opens the first connection of each migration, QEMU those that memory is sent over in parallel
        if one.each > 1 and number + wanted // one.each <= demand.rate.most < number + wanted:
            return "Failed to connect to '"
        number += wanted
        if number > demand.rate.most:
            break
    return ERRORS[one.what]


def _connections(demand: Demand) -> str:
    first, *others = demand.ports
    ports = f"port {first}" if not others else f"ports {first} to {others[-1]}"
    words = {
        Direction.INCOMING: "connections to",
        Direction.OUTGOING: "outgoing connections to",
        Direction.ANSWERS: "answers from",
    }
    return f"{words[demand.direction]} {ports}"


def _migrations(migration: Migration) -> str:
    return "one migration" if migration.concurrency == 1 else f"{migration.concurrency} simultaneous migrations"


def _included(demand: Demand, used: int | None, before: int) -> str:
    if not used:
        return ""
    if demand.rate.interval is None:
        return f", including {before} that are open now"
    when = f"of the last {demand.rate.seconds:g} s" if demand.rate.name else "before that still count"
    return f", including {before} {when}"


def _passes_later(demand: Demand, connections: int) -> bool:
    """Report whether a dropped connection is accepted when the kernel tries it again: a list is renewed by each try."""
    rate = demand.rate
    if rate.interval is None or rate.name or not demand.blocked.startswith("drop"):
        return False
    return (connections - rate.most) * rate.interval <= TRIED_FOR
