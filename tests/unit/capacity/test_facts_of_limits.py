"""The facts that are collected for the limits are those that the limits are read from: no fewer and no more."""

from functools import partial
from itertools import product
from typing import TypeAlias

import pytest

from preflight.capacity.limit import Capacity
from preflight.capacity.path import capacity, facts
from preflight.collect.sources import FACTS
from preflight.facts.fact import Fact
from preflight.host import FactSource, Host
from preflight.request.check_request import Migration
from preflight.request.migration import Role, Transport
from tests.case import Case
from tests.unit.capacity.test_path import UFW, firewall, on_port

Kinds: TypeAlias = set[type[Fact]]

#: The jiffies of a host that has been up for as long as the recorded ones say.
NOW = 2**32 - 300 * 250 + 3822 * 250

#: Connections for data are counted where they arrive and where they leave.
ARRIVING = UFW.replace("--dport 22", "--dport 49152")
LEAVING = [line.replace("INPUT", "OUTPUT") for line in ARRIVING.splitlines() if line.startswith("-A")]
LISTS = ARRIVING.replace(":INPUT ACCEPT [0:0]", ":INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]").replace(
    "COMMIT", "\n".join([*LEAVING, "COMMIT"])
)

#: Answers of a host with modular daemons, whose disks virtlockd guards, so that each fact has a part in some limit.
ANSWERS = {
    "came-from": "192.0.2.1 40000 192.0.2.11 22\n",
    "open-files": "files virtqemud 8192 26\n",
    "somaxconn": "4096\n",
    "limits.virtlockd": "daemon virtlockd\nnclients_max        : 9\nnclients            : 2\n",
    "virtlockd.conf": "max_clients = 9\n",
    "virtqemud.conf": "",
    "virtproxyd.conf": "max_clients = 30\n",
    "nft": firewall(
        *(on_port(port, '{"ct count": {"val": 5, "inv": true}}', "192.0.2.1") for port in (22, 16509, 16514)),
        on_port(49152, '{"ct count": {"val": 9, "inv": true}}'),
    ),
    "iptables": LISTS.format(NOW - 9000, NOW - 500, NOW - 400) + f"# jiffies {NOW}\n",
}
PROXY = "daemon virtproxyd\nnclients_max        : 30\nnclients            : 4\n"


#: As systemd shows a socket that starts an sshd for each connection, so that MaxStartups counts nothing.
SOCKET = (
    "Accept=yes\nMaxConnections=64\nMaxConnectionsPerSource=0\nNConnections=3\nTriggerLimitIntervalUSec=2s\n"
    "TriggerLimitBurst=200\nId=sshd.socket\nActiveState=active\n"
)

Hosts: TypeAlias = dict[Role, Host]


def hosts(listener: str | None = None) -> Hosts:
    case = Case()
    for end in (case.source, case.destination):
        for name, text in ANSWERS.items():
            end(name, text)
        end("daemons", lambda text: text.replace("libvirtd", "virtqemud").replace("libvirt-sock", "virtqemud-sock"))
        end("limits", lambda text: text.replace("libvirtd", "virtqemud") + PROXY)
        # few ports, since the rules of both firewalls are tried for each
        end("qemu.conf", lambda text: text + 'lock_manager = "lockd"\nmigration_port_max = 49155\n')
        if listener is not None:
            end("sshd.listener", listener)
    return {
        role: Host(role, saved.name, saved.answers.records, saved.answers.absent, FACTS)
        for role, saved in zip(Role, case.hosts, strict=True)
    }


HOSTS = hosts()
#: Each fact has a part in the limits of the hosts of one kind.
EITHER = (HOSTS, hosts(SOCKET))


def knowing(whole: Host, kinds: Kinds) -> Host:
    """Return the host with these facts and no others."""
    return Host(whole.role, whole.name, {}, {}, {kind: FactSource(partial(whole.fact, kind)) for kind in kinds})


def limits(of: Hosts, source: Kinds, destination: Kinds, migration: Migration, *, every: bool) -> Capacity:
    ends = knowing(of[Role.SOURCE], source), knowing(of[Role.DESTINATION], destination)
    return capacity(*ends, migration, every=every)


MIGRATIONS = [
    Migration(transport=transport, source_over_ssh=over_ssh, both_ways=both_ways)
    for transport, over_ssh, both_ways in product(Transport, (True, False), (True, False))
]


@pytest.mark.parametrize("every", [True, False])
@pytest.mark.parametrize("migration", MIGRATIONS, ids=str)
def test_the_facts_that_are_collected_are_those_that_limits_are_read_from(migration: Migration, every: bool) -> None:
    source, destination = (facts(role, migration, every=every) for role in Role)
    whole = [capacity(of[Role.SOURCE], of[Role.DESTINATION], migration, every=every) for of in EITHER]
    assert [found.unread for found in whole] == [(), ()]

    def is_whole(source: Kinds, destination: Kinds) -> bool:
        ends = zip(EITHER, whole, strict=True)
        return all(limits(of, source, destination, migration, every=every) == found for of, found in ends)

    assert is_whole(source, destination)
    for kind in source:
        assert not is_whole(source - {kind}, destination), f"source {kind.__name__}"
    for kind in destination:
        assert not is_whole(source, destination - {kind}), f"destination {kind.__name__}"


def test_facts_for_sizing_are_collected_only_if_sizes_are_asked_for() -> None:
    migration = Migration()
    assert facts(Role.SOURCE, migration) == facts(Role.SOURCE, migration, every=False)
    assert facts(Role.SOURCE, migration) < facts(Role.SOURCE, migration, every=True)
    found = capacity(HOSTS[Role.SOURCE], HOSTS[Role.DESTINATION], migration)
    assert found == capacity(HOSTS[Role.SOURCE], HOSTS[Role.DESTINATION], migration, every=False)
    assert "open files" not in {limit.name for limit in found.limits}
