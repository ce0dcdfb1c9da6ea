"""The number of migrations at once, its limits, and the report if one of them could not be read."""

import json
from typing import Any

import pytest

from preflight.answers import SavedHost
from preflight.capacity.limit import Capacity, Limit, Scope
from preflight.forecast.answer import Answer
from preflight.output.formats import render
from preflight.request.migration import Mode, Role, Transport
from tests.case import Case


def capacity(case: Case | None = None, **asked: Any) -> Capacity:
    return (case or Case()).asking(select=("same-host",), **asked).report().capacity


def limits(found: Capacity) -> dict[tuple[str, str], int | None]:
    return {(limit.name, limit.host.value): limit.allows for limit in found.counted}


SOUND = {
    ("max_clients", "source"): 5000,
    ("max_clients", "destination"): 5000,
    ("max_workers", "source"): 20,
    ("migration_port_range", "destination"): 64,
    ("MaxStartups", "source"): 10,
    ("MaxStartups", "destination"): 10,
}


def without(*names: str, end: str | None = None) -> dict[tuple[str, str], int]:
    return {key: value for key, value in SOUND.items() if key[0] not in names or end not in {None, key[1]}}


def test_every_limit_in_the_path_is_counted() -> None:
    found = capacity()
    assert limits(found) == SOUND
    workers, startups = found.limits[2], found.limits[4]
    assert (workers.name, workers.host, workers.configured, workers.in_use, workers.allows) == (
        "max_workers",
        Role.SOURCE,
        20,
        0,
        20,
    )
    assert (startups.name, startups.host, startups.configured, startups.in_use, startups.allows) == (
        "MaxStartups",
        Role.SOURCE,
        10,
        0,
        10,
    )
    assert (workers.reserve, workers.at, workers.written, startups.written) == (2, None, None, "10:30:100")
    assert (found.concurrent, found.safe, found.burst) == (20, 18, 10)
    assert found.binding is workers
    assert found.next_binding is found.limits[3]
    assert found.classic == 2500
    assert [limit.burst for limit in found.counted] == [False, False, False, False, True, True]


def test_what_is_in_use_is_taken_off() -> None:
    case = (
        Case()
        .source("limits", lambda text: text.replace("nWorkers       : 5", "nWorkers       : 9"))
        .destination("limits", lambda text: text.replace("nclients            : 1\n", "nclients            : 4\n"))
        .destination("sshd.listener", lambda text: text.replace("0 of 10-100", "4 of 10-100"))
    )
    found = limits(capacity(case))
    assert found[("max_workers", "source")] == 16
    assert found[("max_clients", "destination")] == 4997
    assert found[("MaxStartups", "destination")] == 6


ACCEPTING = (
    "Accept=yes\nMaxConnections=64\nMaxConnectionsPerSource=8\nNConnections=3\nTriggerLimitIntervalUSec=2s\n"
    "TriggerLimitBurst=200\nId=sshd.socket\nActiveState=active\n"
)


def test_a_socket_that_starts_an_sshd_for_each_connection_has_its_own_limits() -> None:
    found = capacity(Case().destination("sshd.listener", ACCEPTING))
    own = {
        limit.name: limit for limit in found.limits if limit.host is Role.DESTINATION and limit.name not in SOUND_THERE
    }
    assert {name: (limit.allows, limit.in_use, limit.scope) for name, limit in own.items()} == {
        "MaxConnections": (61, 2, Scope.IN_FLIGHT),
        "MaxConnectionsPerSource": (7, None, Scope.IN_FLIGHT),
        "TriggerLimitBurst": (199, None, Scope.BURST),
    }
    assert ("MaxStartups", "destination") not in limits(found)
    assert own["TriggerLimitBurst"].seconds_apart == 0.01
    setting = own["MaxConnections"].setting
    assert setting is not None
    assert (setting.path, setting.key) == ("/etc/systemd/system/sshd.socket.d/override.conf", "MaxConnections")
    assert own["MaxConnections"].raised_for(70) == "73"


#: Limits of the destination that do not depend on how sshd is started.
SOUND_THERE = ("max_clients", "migration_port_range")


LISTENS = (
    "  99: 00000000:{port:04X} 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0\n"
)


def test_ports_that_something_listens_at_are_taken_off() -> None:
    taken = "".join(LISTENS.format(port=port) for port in (49151, 49152, 49152, 49215, 49216))
    case = Case().destination("sockets", lambda text: text + taken)
    port = next(limit for limit in capacity(case).limits if limit.name == "migration_port_range")
    assert (port.configured, port.in_use, port.allows) == (64, 2, 62)


def test_copied_storage_halves_the_ports() -> None:
    taken = LISTENS.format(port=49152)
    assert limits(capacity(copy_storage="all")) == SOUND | {("migration_port_range", "destination"): 32}
    case = Case().destination("sockets", lambda text: text + taken)
    assert limits(capacity(case, copy_storage="all"))[("migration_port_range", "destination")] == 31


def test_a_narrow_range_of_ports_binds() -> None:
    case = Case().destination("qemu.conf", lambda text: text + "migration_port_max = 49153\n")
    found = capacity(case)
    assert found.concurrent == 2
    assert found.binding is not None
    assert (found.binding.name, found.binding.host) == ("migration_port_range", Role.DESTINATION)
    assert capacity(case, copy_storage="all").concurrent == 1


def test_tunnelled_migrations_need_no_port() -> None:
    assert limits(capacity(mode=Mode.TUNNELLED)) == without("migration_port_range")


def test_peer_to_peer_needs_the_same_as_managed() -> None:
    assert limits(capacity(mode=Mode.PEER_TO_PEER)) == SOUND


def test_a_guest_that_is_off_needs_neither_port_nor_worker() -> None:
    assert limits(capacity(offline=True)) == without("migration_port_range", "max_workers")


@pytest.mark.parametrize("transport", [Transport.TLS, Transport.TCP])
def test_without_ssh_no_login_is_counted_at_the_destination(transport: Transport) -> None:
    assert limits(capacity(transport=transport)) == without("MaxStartups", end="destination")


def test_no_login_is_counted_at_a_source_that_is_this_machine() -> None:
    case = Case()
    case.hosts[0] = SavedHost("localhost", case.hosts[0].answers)
    assert limits(capacity(case)) == without("MaxStartups", end="source")


def test_more_logins_under_way_than_are_safe_leave_room_for_none() -> None:
    case = Case().destination("sshd.listener", lambda text: text.replace("0 of 10-100", "14 of 10-100"))
    found = capacity(case)
    assert limits(found)[("MaxStartups", "destination")] == found.burst == 0


def test_logins_under_way_that_sshd_does_not_show_are_taken_for_none() -> None:
    found = capacity(Case().destination("sshd.listener", None))
    startups = found.limits[5]
    assert (startups.host, startups.configured, startups.in_use, startups.allows) == (Role.DESTINATION, 10, None, 10)
    assert found.unread == ()


UNREAD = {
    "limits": {("max_clients", "destination")},
    "sshd.effective": {("MaxStartups", "destination")},
    "qemu.conf": {("migration_port_range", "destination")},
    "sockets": {("migration_port_range", "destination")},
}


@pytest.mark.parametrize(("record", "expected"), UNREAD.items())
def test_a_limit_that_could_not_be_read_is_named_with_its_reason(record: str, expected: set[tuple[str, str]]) -> None:
    found = capacity(Case().destination(record, None))
    assert {(limit.name, limit.host.value) for limit in found.unread} == expected
    assert {limit.reason for limit in found.unread} == {f"{record} was not answered"}
    assert {limit.configured for limit in found.unread} == {None}
    assert (found.concurrent, found.safe) == (20, 18)


def said(case: Case, **asked: Any) -> list[str]:
    report = case.asking(select=("same-host",), **asked).report()
    text = render("report", "text", report)
    return text[text.index("capacity:") :].split("\n\n", maxsplit=1)[0].splitlines()


def test_the_report_says_the_number_and_what_limits_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert said(Case(), concurrency=7) == [
        (
            "capacity: 20 migrations at once (limited by max_workers on the source),"
            " 18 with workers left for progress and abort,"
            " 10 started at the same instant (MaxStartups on the source); requested: 7"
        )
    ]


def test_the_report_says_at_most_where_a_limit_was_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert said(Case().destination("sockets", None)) == [
        (
            "capacity: at most 20 migrations at once (limited by max_workers on the source),"
            " at most 18 with workers left for progress and abort,"
            " at most 10 started at the same instant (MaxStartups on the source); requested: 1"
        ),
        "          unread: migration_port_range on the destination: sockets was not answered",
    ]


def test_the_report_does_not_repeat_a_number_for_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    case = Case().source("limits", lambda text: text.replace("maxWorkers     : 20", "maxWorkers     : 5"))
    assert said(case) == [
        (
            "capacity: 5 migrations at once (limited by max_workers on the source),"
            " 3 with workers left for progress and abort; requested: 1"
        )
    ]


def test_the_report_gives_no_number_where_no_limit_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    case = Case()
    for end in (case.source, case.destination):
        for record in ("limits", "sockets", "sshd.effective"):
            end(record, None)
    lines = said(case)
    assert lines[0] == "capacity: unknown, since no limit could be read"
    unread = [line.strip().removeprefix("unread: ").partition(":")[0] for line in lines if "unread:" in line]
    assert "max_clients, max_workers on the source" in unread  # the reason is the same, and said once
    assert len(lines) == len(unread) + 1 == 6


def test_a_limit_of_one_source_counts_beside_that_of_all() -> None:
    case = Case().destination(
        "sshd.effective", lambda text: text.replace("persourcemaxstartups none", "persourcemaxstartups 2")
    )
    found = capacity(case)
    assert limits(found)[("PerSourceMaxStartups", "destination")] == 2
    assert (found.concurrent, found.burst) == (20, 2)


def test_red_hats_estimate_counts_two_clients_of_the_smaller_daemon() -> None:
    twenty = Case().source(
        "limits", lambda text: text.replace("nclients_max        : 5000", "nclients_max        : 20")
    )
    assert capacity(twenty).classic == 10
    assert capacity(Case().destination("limits", None)).classic is None


SIZING = {"open-files": "files libvirtd 8192 26\n", "somaxconn": "4096\n", "limits.virtlockd": ""}
SIZING |= {"virtlockd.conf": "", "guest-memory": "", "libvirt.memory": '{"rss": {}}', "memory": "", "speeds": ""}


def sized(case: Case | None = None, **asked: Any) -> dict[tuple[str, str], Limit]:
    """Return all limits that `preflight capacity` shows."""
    found = case or Case()
    for name, text in SIZING.items():
        for number, end in enumerate((found.source, found.destination)):
            if name not in found.hosts[number].answers.records:
                end(name, text)
    return {(limit.name, limit.host.value): limit for limit in capacity(found, sizing=True, **asked).limits}


def test_over_one_connection_a_request_must_stay_free() -> None:
    assert capacity().over_one_connection == 4
    three = Case().source("libvirtd.conf", "max_client_requests = 3\n")
    assert capacity(three).over_one_connection == 2
    assert capacity(three).concurrent == 20
    assert capacity(Case().source("libvirt.versions", None).source("limits", None)).over_one_connection is None


@pytest.mark.parametrize(("mode", "source"), [(Mode.MANAGED, 8163), (Mode.PEER_TO_PEER, 2040), (Mode.TUNNELLED, 1166)])
def test_open_files_are_counted_by_what_each_mode_takes(mode: Mode, source: int) -> None:
    found = sized(mode=mode)
    assert found["open files", "source"].allows == source
    few = sized(Case().destination("open-files", "files libvirtd 46 26\n"), mode=mode)
    assert few["open files", "destination"].allows == 2
    gone = sized(Case().destination("open-files", "files virtlogd 60 26\n"))["open files", "destination"]
    assert (gone.allows, gone.reason) == (None, "the open files of libvirtd could not be counted")


def test_the_system_caps_the_queue_of_clients() -> None:
    assert sized()["max_queued_clients", "source"].allows == 1000
    capped = sized(Case().source("somaxconn", "128\n"))["max_queued_clients", "source"]
    assert (capped.allows, capped.written, capped.scope) == (128, "128 (somaxconn)", Scope.WAITS)
    conf = Case().source("libvirtd.conf", "max_queued_clients = 7\n")
    assert sized(conf)["max_queued_clients", "source"].allows == 7


def test_what_only_waits_binds_nothing() -> None:
    case = Case().source("limits", lambda text: text.replace("nclients_unauth_max : 20", "nclients_unauth_max : 1"))
    case.source("somaxconn", "1\n")
    found = capacity(case, sizing=True)
    assert (found.concurrent, found.burst) == (20, 10)


VIRTLOCKD = "daemon virtlockd\nnclients_max        : 9\nnclients            : 2\n"


def test_virtlockd_counts_where_it_guards_the_disks() -> None:
    assert ("virtlockd max_clients", "destination") not in sized()
    locking = 'lock_manager = "lockd"\n'
    idle = sized(Case().destination("qemu.conf", locking))["virtlockd max_clients", "destination"]
    assert (idle.configured, idle.in_use, idle.allows) == (1024, 0, 1024)
    case = Case().destination("qemu.conf", locking).destination("limits.virtlockd", VIRTLOCKD)
    told = sized(case.destination("virtlockd.conf", "max_clients = 9\n"))["virtlockd max_clients", "destination"]
    assert (told.configured, told.in_use, told.allows, told.at is not None) == (9, 2, 7, True)
    silent = Case().destination("qemu.conf", locking).destination("limits.virtlockd", "daemon virtlockd\n")
    assert sized(silent)["virtlockd max_clients", "destination"].reason == "virt-admin could not query virtlockd"


def modular() -> Case:
    """Return the destination with modular daemons: virtproxyd passes on to virtqemud what comes over the network."""
    proxy = "daemon virtproxyd\nnclients_max        : 30\nnclients            : 4\n"

    def renamed(text: str) -> str:
        return text.replace("libvirtd", "virtqemud").replace("libvirt-sock", "virtqemud-sock")

    return (
        Case()
        .destination("daemons", renamed)
        .destination("limits", lambda text: text.replace("libvirtd", "virtqemud") + proxy)
        .destination("virtqemud.conf", "")
        .destination("virtproxyd.conf", "max_clients = 30\n")
    )


def test_virtproxyd_counts_where_the_connection_goes_through_it() -> None:
    found = capacity(modular(), transport=Transport.TLS)
    proxy = next(limit for limit in found.limits if limit.name == "virtproxyd max_clients")
    assert (proxy.host, proxy.configured, proxy.in_use, proxy.allows) == (Role.DESTINATION, 30, 4, 26)
    assert proxy.at is not None
    for case, transport in ((modular(), Transport.SSH), (Case(), Transport.TLS)):
        assert not any("virtproxyd" in limit.name for limit in capacity(case, transport=transport).limits)


def test_failed_logins_cost_an_address_where_sshd_counts_them() -> None:
    costs = Case().destination("sshd.effective", lambda text: text + "persourcepenalties crash:90 authfail:5\n")
    found = sized(costs)["PerSourcePenalties", "destination"]
    assert (found.allows, found.reason, found.scope) == (None, None, Scope.WAITS)
    assert not any(name == "PerSourcePenalties" for name, _ in sized())


def test_both_ways_share_clients_and_logins_and_nothing_else() -> None:
    twenty = Case()
    for end in (twenty.source, twenty.destination):
        end("limits", lambda text: text.replace("nclients_max        : 5000", "nclients_max        : 20"))
    found = capacity(twenty, both_ways=True)
    assert limits(found) == {
        ("max_clients", "source"): 10,
        ("max_clients", "destination"): 10,
        ("max_workers", "source"): 19,
        ("max_workers", "destination"): 19,
        ("migration_port_range", "source"): 64,
        ("migration_port_range", "destination"): 64,
        ("MaxStartups", "source"): 5,
        ("MaxStartups", "destination"): 5,
    }
    assert (found.concurrent, found.burst, found.classic) == (10, 5, 10)


def test_both_ways_between_this_machine_and_another_log_in_there_alone() -> None:
    case = Case()
    case.hosts[0] = SavedHost("localhost", case.hosts[0].answers)
    found = limits(capacity(case, both_ways=True))
    assert ("MaxStartups", "source") not in found
    assert found["MaxStartups", "destination"] == 5


def firewall(*statements: str) -> str:
    """Return `nft -j list ruleset` with one input chain of these rules, each the JSON of its statements."""
    chain = {"family": "inet", "table": "t", "name": "i", "type": "filter", "hook": "input", "policy": "accept"}
    rules = [json.loads(f"[{one}]") for one in statements]
    objects = [{"rule": {"family": "inet", "table": "t", "chain": "i", "expr": expr}} for expr in rules]
    return json.dumps({"nftables": [{"table": {"family": "inet", "name": "t"}}, {"chain": chain}, *objects]})


def filtered(*statements: str) -> Case:
    return Case().destination("nft", firewall(*statements)).destination("iptables", "")


#: A match on the first packet of a connection.
FIRST = '{"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": "new"}}'


def on_port(port: int | str, statement: str, source: str | None = None) -> str:
    """Return a rule that rejects what the statement applies to: for a port or a range, as "49152-49215"."""
    left = '{"payload": {"protocol": "tcp", "field": "dport"}}'
    right = f'{{"range": [{port.replace("-", ", ")}]}}' if isinstance(port, str) else port
    matches = f'{{"match": {{"op": "==", "left": {left}, "right": {right}}}}}, '
    if source is not None:
        left = '{"payload": {"protocol": "ip", "field": "saddr"}}'
        matches += f'{{"match": {{"op": "==", "left": {left}, "right": "{source}"}}}}, '
    return f'{matches}{FIRST}, {statement}, {{"reject": null}}'


def at_most(burst: int) -> str:
    return f'{{"limit": {{"rate": 6, "burst": {burst}, "per": "minute", "inv": true}}}}'


#: The ports of migrations.
RANGE = "49152-49215"


def of_firewall(found: Capacity) -> list[Limit]:
    return [limit for limit in found.limits if limit.name.startswith("firewall")]


def test_a_rate_of_the_destinations_firewall_is_a_limit_beside_maxstartups() -> None:
    [limit] = of_firewall(found := capacity(filtered(on_port(22, at_most(5)))))
    assert (limit.name, limit.host, limit.scope) == ("firewall rate, ssh", Role.DESTINATION, Scope.BURST)
    assert (limit.configured, limit.allows, limit.takes, limit.interval) == (5, 4, 1, 10.0)  # one login is ours
    assert (limit.written, limit.at) == ("6/minute burst 5", None)
    assert limit.beyond.startswith("reject by table inet t chain i")
    assert found.burst_binding is limit


def test_a_rate_that_counts_every_packet_of_the_memory_lets_none_be_in_flight() -> None:
    case = filtered(on_port(RANGE, at_most(500)).replace(f"{FIRST}, ", ""))
    [limit] = of_firewall(found := capacity(case))
    assert (limit.scope, limit.allows, limit.interval) == (Scope.IN_FLIGHT, 0, None)
    assert limit.written == "6/minute burst 500, every packet"
    assert found.concurrent == 0


def test_a_bucket_whose_rest_cannot_be_read_is_counted_as_unused_and_says_so() -> None:
    [limit] = of_firewall(capacity(filtered(on_port(22, at_most(5)))))
    assert limit.in_use is None
    assert limit.beyond.endswith("; counted as unused, which is certain 50 s after the last")


def test_a_number_of_open_connections_is_a_limit_on_what_is_in_flight() -> None:
    case = filtered(on_port(22, '{"ct count": {"val": 3, "inv": true}}'))
    [limit] = of_firewall(found := capacity(case))
    assert (limit.name, limit.scope, limit.allows, limit.interval) == ("firewall count, ssh", Scope.IN_FLIGHT, 2, None)
    assert found.binding is limit


def test_a_rate_on_the_migration_ports_counts_every_connection_for_data() -> None:
    case = filtered(on_port(RANGE, at_most(6)))
    [limit] = of_firewall(capacity(case))
    assert (limit.name, limit.allows, limit.takes) == ("firewall rate, data", 6, 1)
    [limit] = of_firewall(capacity(case, parallel=True, parallel_connections=2))
    assert (limit.allows, limit.takes, limit.interval) == (2, 3, 30.0)
    assert not of_firewall(capacity(case, mode=Mode.TUNNELLED))


def test_a_rate_of_a_port_that_no_migration_connects_to_is_no_limit() -> None:
    case = filtered(on_port(16514, at_most(5)))
    assert not of_firewall(capacity(case))
    [limit] = of_firewall(capacity(case, transport=Transport.TLS))
    assert limit.name == "firewall rate, libvirt"


def test_of_a_firewall_that_could_not_be_read_no_rate_is_known() -> None:
    case = Case().destination("nft", None).destination("iptables", None)
    assert not of_firewall(capacity(case))


def test_a_rate_is_shown_with_the_seconds_between_starts() -> None:
    report = filtered(on_port(22, at_most(5))).asking(select=("same-host",)).report()
    text = render("capacity", "text", Answer(report, None))
    assert "firewall rate, ssh" in text
    assert "none is lost if they are started 10 s apart" in " ".join(text.split())


def test_memory_over_a_socket_makes_no_connection_that_a_firewall_counts() -> None:
    case = filtered(on_port(RANGE, at_most(1)))
    socket = {"migrateuri": "unix:///run/m.sock", "transport": Transport.UNIX}
    assert not of_firewall(capacity(case, **socket))
    [limit] = of_firewall(capacity(case, **socket, copy_storage="all"))
    assert (limit.name, limit.takes) == ("firewall rate, data", 1)


def connected(case: Case, port: int, *words: str) -> Case:
    """Have the destination hold a connection to a port from each of these addresses, as the kernel writes them."""
    lines = "".join(f"   9: 0C0200C0:{port:04X} {word}:C001 01 00000000:00000000 00:0 0 0 0 1\n" for word in words)
    return case.destination("sockets", lambda text: text.partition("\n")[0] + "\n" + lines)


SOURCES, ANOTHER = "0B0200C0", "070200C0"


@pytest.mark.parametrize(("words", "used", "allows"), [((SOURCES,) * 2, 2, 1), ((ANOTHER, SOURCES, SOURCES), 3, 0)])
def test_connections_that_are_open_now_are_in_use(words: tuple[str, ...], used: int, allows: int) -> None:
    case = connected(filtered(on_port(22, '{"ct count": {"val": 3, "inv": true}}')), 22, *words)
    [limit] = of_firewall(capacity(case))
    assert (limit.configured, limit.in_use, limit.allows) == (3, used, allows)


@pytest.mark.parametrize(("mask", "used"), [("255.255.255.255", 2), ("255.255.255.0", 3)])
def test_connections_of_a_network_that_a_set_counts_together_are_in_use(mask: str, used: int) -> None:
    network = f'{{"&": [{{"payload": {{"protocol": "ip", "field": "saddr"}}}}, "{mask}"]}}'
    count = '{"ct count": {"val": 4, "inv": true}}'
    counts = f'{{"set": {{"op": "add", "elem": {network}, "set": "@s", "stmt": [{count}]}}}}'
    case = connected(filtered(on_port(22, counts)), 22, ANOTHER, SOURCES, SOURCES)
    [limit] = of_firewall(capacity(case))
    assert (limit.configured, limit.in_use) == (4, used)


def test_connections_to_another_port_are_not_in_use() -> None:
    case = connected(filtered(on_port(22, '{"ct count": {"val": 3, "inv": true}}')), 23, SOURCES, SOURCES)
    [limit] = of_firewall(capacity(case))
    assert (limit.in_use, limit.allows) == (0, 2)


UFW = """family 4
*filter
:INPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -m recent --set --name DEFAULT --mask 255.255.255.255 --rsource
-A INPUT -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -m recent --update --seconds 30 --hitcount 6 --name DEFAULT --mask 255.255.255.255 --rsource -j REJECT --reject-with icmp-port-unreachable
COMMIT
# recent DEFAULT
# src=192.0.2.11 ttl: 64 last_seen: {2} oldest_pkt: 3 {0}, {1}, {2}
# src=192.0.2.7 ttl: 64 last_seen: {2} oldest_pkt: 2 {1}, {2}
# now
"""  # noqa: E501 - as iptables-save prints it


def test_logins_that_a_list_of_recent_sources_has_are_in_use() -> None:
    now = 2**32 - 300 * 250 + 3822 * 250
    seen = UFW.format(now - 40 * 250, now - 20 * 250, now - 10 * 250)
    case = Case().destination("nft", '{"nftables": []}')
    [limit] = of_firewall(capacity(case.destination("iptables", f"{seen}# jiffies {now}\n")))
    assert (limit.name, limit.configured, limit.in_use, limit.allows) == ("firewall rate, ssh", 5, 2, 3)
    [limit] = of_firewall(capacity(case.destination("iptables", seen)))
    assert (limit.in_use, limit.allows) == (None, 4)
