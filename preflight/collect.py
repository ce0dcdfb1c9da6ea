"""Asks both hosts at once, and says which facts are parsed from which answers.

A host's answers come in three steps: what it is asked in any case; what libvirt says, and the daemon's state once
libvirt was reached; and what only makes sense when the other host is known (what does the source make of the name that
the destination announces? does the guest's disk exist over there?).
"""

import concurrent.futures
from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from preflight import questions
from preflight.connection import Answers
from preflight.facts.addresses import OwnAddresses
from preflight.facts.capabilities import Capabilities
from preflight.facts.daemon import Daemons
from preflight.facts.daemon_conf import DaemonConf
from preflight.facts.daemon_limits import DaemonLimits
from preflight.facts.firewall import Firewall
from preflight.facts.guest import Guests
from preflight.facts.hosts_file import HostsFile
from preflight.facts.identity import AnnouncedName, HostIdentity
from preflight.facts.libvirt_connection import LibvirtConnection
from preflight.facts.links import Links
from preflight.facts.listening import Listening
from preflight.facts.login import Login
from preflight.facts.name_service import NameService
from preflight.facts.networks import Networks
from preflight.facts.peer_connection import PeerConnection
from preflight.facts.peer_name import PeerName
from preflight.facts.qemu_conf import QemuConf, QemuConfFile
from preflight.facts.record import Fact, Record, Unreadable
from preflight.facts.release import Kernel, OpenSsh, OsRelease
from preflight.facts.remote_helper import RemoteHelper
from preflight.facts.sshd import SshdListener, SshdSettings
from preflight.facts.storage import Storage
from preflight.facts.versions import Versions
from preflight.host import FactSource, Guest, Host
from preflight.migration import Migration, Role
from preflight.visit import Visit

_DAEMON_CONFS = ("libvirtd.conf", "virtqemud.conf", "virtproxyd.conf")


def _source(kind: type[Fact], *records: str, optional: tuple[str, ...] = ()) -> tuple[type[Fact], FactSource]:
    return kind, FactSource(kind.parse, (*records, *optional), optional)


#: Which records each fact is parsed from, in the order in which its `parse` takes them.
FACTS: Mapping[type[Fact], FactSource] = dict(
    (
        _source(AnnouncedName, "libvirt.hostname", "qemu.conf", "daemons"),
        _source(Capabilities, "libvirt.capabilities"),
        _source(DaemonConf, "daemons", *_DAEMON_CONFS, optional=("libvirt.versions", "units")),
        _source(DaemonLimits, "limits", "daemons", *_DAEMON_CONFS, "libvirt.versions", "own.clients"),
        _source(Daemons, "daemons", optional=("units",)),
        _source(Firewall, "nft", "iptables"),
        _source(Guests, "libvirt.domains"),
        _source(HostIdentity, "libvirt.capabilities", "kernel.hostname", "machine-id", "daemons"),
        _source(HostsFile, "etc.hosts"),
        _source(Kernel, "kernel"),
        _source(LibvirtConnection, "libvirt.connect"),
        _source(Links, optional=("links",)),
        _source(Listening, "sockets"),
        _source(Login, "login"),
        _source(NameService, "nsswitch", "resolv", "udp-sockets"),
        _source(Networks, optional=("libvirt.networks",)),
        _source(OpenSsh, "openssh"),
        _source(OsRelease, "os-release"),
        _source(OwnAddresses, "addresses"),
        _source(PeerConnection, "peer.connect"),
        _source(
            PeerName,
            "peer.name",
            "peer.resolve",
            "etc.hosts",
            "nsswitch",
            "resolv",
            "udp-sockets",
            "addresses",
            "kernel.hostname",
        ),
        _source(QemuConf, "qemu.conf", "daemons"),
        _source(QemuConfFile, "qemu.conf"),
        _source(RemoteHelper, "helpers", "daemons"),
        _source(SshdListener, "sshd.listener"),
        _source(SshdSettings, "sshd.effective", "sshd_config", "openssh"),
        _source(Storage, "paths", "mounts"),
        _source(Versions, "libvirt.versions"),
    )
)

#: What every report says of a host, whatever rules are selected.
SUMMARY_FACTS: frozenset[type[Fact]] = frozenset((HostIdentity, OsRelease, Versions, OpenSsh, Login))


class Collected(Struct, frozen=True):
    """Both hosts as they answered."""

    source: Host
    destination: Host


def records_for(kinds: Iterable[type[Fact]]) -> set[str]:
    """The names of the records that these facts are parsed from."""
    return {name for kind in kinds for name in FACTS[kind].records}


def make_host(role: Role, name: str, answers: Answers) -> Host:
    """A host whose facts are parsed when asked for."""
    return Host(role, name, answers.records, answers.absent, FACTS)


def collect(
    source: Visit,
    destination: Visit,
    migration: Migration,
    guests_of: Callable[[Host], Iterable[Guest]],
) -> Collected:
    """Ask both hosts side by side; `guests_of` picks the guests whose disks are looked at on both."""
    visits = (source, destination)
    pool = concurrent.futures.ThreadPoolExecutor(max_workers=2)
    try:
        first = pool.map(lambda visit: visit.first(), visits)
        hosts = [make_host(role, visit.name, known) for role, visit, known in zip(Role, visits, first, strict=True)]
        further = _further_questions(hosts[0], hosts[1], migration, guests_of)
        later = list(pool.map(lambda visit, asked: visit.ask(asked.commands), visits, further))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # after Ctrl-C a host may still be silent: nobody waits for it
    ends = [_with_peer(host, asked, answers) for host, asked, answers in zip(hosts, further, later, strict=True)]
    return Collected(ends[0], ends[1])


class _Further(Struct, frozen=True):
    """What one host is asked about the other: commands by the name under which the answer is kept."""

    commands: Mapping[str, str]
    #: The record that each answer becomes for this pair.
    becomes: Mapping[str, str]
    #: Records that need no question, and why some cannot be asked.
    records: Mapping[str, Record]
    absent: Mapping[str, str]


def _further_questions(
    source: Host, destination: Host, migration: Migration, guests_of: Callable[[Host], Iterable[Guest]]
) -> tuple[_Further, _Further]:
    paths = sorted({path for guest in guests_of(source) for path in guest.paths})
    looked = {"paths": questions.stat_paths(paths)} if paths else {}
    none = {} if paths else {"paths": Record("")}
    commands, becomes, records, absent = dict(looked), {"paths": "paths"}, dict(none), {}
    try:
        name = destination.fact(AnnouncedName).name.value
    except Unreadable as why:
        absent["peer.name"] = f"the name that {destination.name} announces is not known: {why}"
    else:
        records["peer.name"] = Record(name)
        commands[f"resolve:{name}"] = questions.resolve(name)
        becomes[f"resolve:{name}"] = "peer.resolve"
    if migration.peer_to_peer and migration.destination_uri:
        uri = migration.destination_uri
        commands[f"connect:{uri}"] = questions.connect(uri)
        becomes[f"connect:{uri}"] = "peer.connect"
    return _Further(commands, becomes, records, absent), _Further(looked, {"paths": "paths"}, none, {})


def _with_peer(host: Host, further: _Further, answers: Answers) -> Host:
    records, absent = dict(host.records) | dict(further.records), dict(host.absent) | dict(further.absent)
    for kept, name in further.becomes.items():
        if kept in answers.records:
            records[name] = answers.records[kept]
        elif kept in answers.absent:
            absent[name] = answers.absent[kept]
    return make_host(host.role, host.name, Answers(records, absent))
