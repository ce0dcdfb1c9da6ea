"""Facts of the second generation of questions, by the answers of real hosts and of hostile ones."""

import pytest

from preflight.facts.daemon.full import full_daemon
from preflight.facts.daemon.side_daemons import SideDaemons
from preflight.facts.fact import NotAsked, Record, Unreadable
from preflight.facts.firewall.buckets import Bucket, Buckets
from preflight.facts.firewall.rate import Rate
from preflight.facts.firewall.recent import RecentLists
from preflight.facts.libvirt.built import BuiltGuests
from preflight.facts.network.way import MemoryWay, Reached
from preflight.facts.ssh.sockets import SshdSockets
from preflight.facts.system.resources import Resources
from preflight.facts.system.usb_devices import UsbDevice, UsbDevices

#: As systemd 252 shows a socket that starts an sshd for each connection.
ACCEPTING = """Accept=yes
MaxConnections=64
MaxConnectionsPerSource=0
NConnections=3
TriggerLimitIntervalUSec=2s
TriggerLimitBurst=200
Id=sshd.socket
ActiveState=active
"""


IDLE = "nWorkers : 5\nfreeWorkers : 5\njobQueueDepth : 0\n"


@pytest.mark.parametrize(("now", "full"), [(0, False), (4, False), (5, True), (6, True)])
def test_a_daemon_is_full_with_all_its_clients(now: int, full: bool) -> None:
    said = f"daemon virtqemud\nfailed 1\ndaemon libvirtd\nnclients_max        : 5\nnclients            : {now}\n{IDLE}"
    words = "libvirtd accepts no more clients: all of its max_clients = 5 are connected"
    assert full_daemon(Record(said)) == (words if full else None)


@pytest.mark.parametrize("said", ["", "daemon libvirtd\nfailed 124\n", f"{IDLE}nclients : 1\nnclients_max : x\n"])
def test_a_daemon_that_does_not_say_is_not_full(said: str) -> None:
    assert full_daemon(Record(said)) is None


@pytest.mark.parametrize("busy", ["freeWorkers : 4\njobQueueDepth : 0\n", "freeWorkers : 5\njobQueueDepth : 1\n", ""])
def test_a_daemon_that_processes_calls_may_have_accepted_the_connection(busy: str) -> None:
    assert full_daemon(Record(f"daemon libvirtd\nnclients_max : 1\nnclients : 1\nnWorkers : 5\n{busy}")) is None


def test_side_daemons_listen_and_their_files_have_their_lines() -> None:
    found = SideDaemons.parse(
        Record(
            "listens /run/libvirt/virtlogd-sock\nmasked virtlockd\n\x1f\n"
            "/etc/libvirt/virtlogd.conf:3:max_clients = 5\n/etc/libvirt/virtlogd.conf:5:log_level = 1\n"
        )
    )
    assert found.listens("virtlogd")
    assert not found.listens("virtlockd")
    assert found.masked == {"virtlockd"}
    setting = found.conf("virtlogd").get("log_level")
    assert setting is not None
    assert setting.at is not None
    assert (setting.value, setting.at.line) == (1, 5)


@pytest.mark.parametrize("text", ["", "listens /run/libvirt/virtlogd-sock\n", "listens /tmp/x\n\x1f\n"])
def test_side_daemons_of_another_form_are_unknown(text: str) -> None:
    with pytest.raises(Unreadable):
        SideDaemons.parse(Record(text))


def test_resources_are_present_and_have_values() -> None:
    found = Resources.parse(Record("has /dev/net/tun\nhas numad\nvalue /sys/fs/cgroup/cgroup.controllers cpu io\n"))
    assert found.has("/dev/net/tun")
    assert not found.has("/dev/sev")
    assert found.values["/sys/fs/cgroup/cgroup.controllers"] == "cpu io"
    with pytest.raises(Unreadable):
        Resources.parse(Record("has ../x y\n"))


def test_usb_devices_are_those_that_are_whole() -> None:
    at = "/sys/bus/usb/devices/1-1/"
    text = f"{at}idVendor:0627\n{at}idProduct:0001\n{at}busnum:1\n{at}devnum:12\n/sys/bus/usb/devices/2-1/busnum:2\n"
    assert UsbDevices.parse(Record(text)).all == (UsbDevice(0x627, 1, 1, 12),)
    with pytest.raises(NotAsked):
        UsbDevices.parse(Record("", 44))


def test_a_socket_that_accepts_has_limits_of_its_own() -> None:
    socket = SshdSockets.parse(Record(f"newer /etc/ssh/sshd_config\n{ACCEPTING}")).accepting
    assert socket is not None
    assert (socket.most, socket.most_per_source, socket.current) == (64, None, 3)
    assert (socket.trigger_burst, socket.trigger_seconds) == (200, 2.0)


@pytest.mark.parametrize("change", [("Accept=yes", "Accept=no"), ("=active", "=inactive")])
def test_other_sockets_start_no_sshd_for_each_connection(change: tuple[str, str]) -> None:
    assert SshdSockets.parse(Record(ACCEPTING.replace(*change))).accepting is None
    assert SshdSockets.parse(Record("sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups\n")).accepting is None


RECENT = (
    "family 4\n*filter\nCOMMIT\n# recent ssh\n# src=192.0.2.1 ttl: 64 last_seen: {1} oldest_pkt: 2 {0}, {1}\n# now\n"
)


def hits(name: str, seconds: float) -> Rate:
    return Rate(most=6, interval=5.0, over=True, per_source=True, text="", name=name, seconds=seconds)


def test_recent_lists_are_remarks_behind_the_tables() -> None:
    clock = Record("", 1, "not answered")
    found = RecentLists.parse(Record(RECENT.format(800, 900) + "# jiffies 1000\n"), clock)
    assert (found.lists, found.now) == ({"ssh": {"192.0.2.1": (800, 900)}}, 1000)
    assert found.seen(hits("ssh", 30), ["192.0.2.1"]) is None
    assert RecentLists.parse(Record("family 4\n"), clock).lists == {}


@pytest.mark.parametrize("rate", [100, 250, 300, 1000])
def test_packets_are_recent_by_the_kernels_own_clock(rate: int) -> None:
    """A host that has been up for 73,663 seconds; the packets are 20 and 40 seconds old."""
    now = 2**32 - 300 * rate + 73_663 * rate
    text = RECENT.format(now - 40 * rate, now - 20 * rate) + f"# jiffies {now}\n# jiffies {now}\n"
    found = RecentLists.parse(Record(text), Record("clock 1796037286.712091953 73665.12 100\n"))
    assert [found.seen(hits("ssh", some), ["192.0.2.9", "192.0.2.1"]) for some in (10, 30, 60)] == [0, 1, 2]
    assert found.seen(hits("ssh", 60), ["192.0.2.9"]) == found.seen(hits("other", 60), ["192.0.2.1"]) == 0
    other = RecentLists.parse(Record(text), Record("clock 1796037286.7 99.1 100\n"))
    assert other.seen(hits("ssh", 60), ["192.0.2.1"]) is None


def test_packets_of_one_jiffy_count_each() -> None:
    now = 2**32 - 300 * 250 + 73_663 * 250
    text = RECENT.replace("{0}, {1}", "{0}, {1}, {1}").format(now - 500, now - 250)
    found = RecentLists.parse(Record(f"{text}# jiffies {now}\n"), Record("clock 1796037286.712091953 73665.12 100\n"))
    assert found.seen(hits("ssh", 60), ["192.0.2.1"]) == 3


def test_recent_sources_of_ipv6_are_known_by_their_short_form() -> None:
    """The kernel prints them in full."""
    now = 2**32 - 300 * 250 + 73_663 * 250
    text = RECENT.replace("192.0.2.1", "2001:0db8:0000:0000:0000:0000:0000:0012").format(now - 500, now - 250)
    found = RecentLists.parse(Record(f"{text}# jiffies {now}\n"), Record("clock 1796037286.712091953 73665.12 100\n"))
    assert found.seen(hits("ssh", 60), ["2001:db8::12"]) == 2


def test_buckets_are_remarks_behind_the_tables() -> None:
    v6 = "2001:0db8:0000:0000:0000:0000:0000:0012:0->0000:0000:0000:0000:0000:0000:0000:0000:22"
    lines = [
        "family 4",
        "# hashlimit ssh",
        "# 59 192.0.2.1:0->0.0.0.0:0 4200 8000 2000",
        "# -3 192.0.2.2:40000->198.51.100.1:22 9000 8000 2000",
        "# 59 192.0.2.3:0->0.0.0.0:0 60 48 0",
        "# 59 a.b.c.d:0->0.0.0.0:0 1 1 1",
        "# hashlimit six",
        f"# 10 {v6} 0 8000 2000",
        "# hashlimit hidden",
        "# failed",
        "# recent ssh",
    ]
    found = Buckets.parse(Record("\n".join(lines)))
    assert found.tables == {
        "ssh": (Bucket("192.0.2.1", 0, 2), Bucket("192.0.2.2", 22, 4)),
        "six": (Bucket("2001:db8::12", 22, 0),),
    }


def test_built_guests_have_libvirts_error() -> None:
    found = BuiltGuests.parse(Record('{"errors": {"web": null, "db": "unknown panic model"}}'))
    assert (found.error_of("web"), found.error_of("db")) == (None, "unknown panic model")
    with pytest.raises(NotAsked):
        found.error_of("late")
    with pytest.raises(NotAsked):
        BuiltGuests.parse(Record("", 44))


@pytest.mark.parametrize(
    ("said", "reached"),
    [
        ("port 0 host2 49215 \n", Reached.CONNECTED),
        ("port 1 host2 49215 Connection refused\n", Reached.REFUSED),
        ("port 1 host2 49215 No route to host\n", Reached.UNREACHABLE),
        ("port 1 host2 49215 Permission denied\n", Reached.UNREACHABLE),
        # bash says of a name that does not resolve what a socket says of a blackhole
        ("port 1 host2 49215 Invalid argument\n", None),
        (
            (
                "port 1 host2 49215 Invalid argument\nport 1 192.0.2.12 49215 Invalid argument\n"
                "route 192.0.2.12 RTNETLINK answers: Invalid argument\n"
            ),
            Reached.UNREACHABLE,
        ),
        # bash may not be run, which says nothing about the way
        ("port 126 host2 49215 Permission denied\n", None),
        ("port 124 host2 49215 \n", Reached.SILENT),
    ],
)
def test_a_way_has_an_outcome(said: str, reached: Reached | None) -> None:
    assert MemoryWay.parse(Record(said)).reached is reached


@pytest.mark.parametrize(
    ("said", "reached"),
    [
        ("listener ended\nport 0 host2 49215 \n", Reached.CONNECTED),
        ("listener open\nport 0 host2 49215 \n", Reached.CONNECTED),
        ("listener open\nport 1 host2 49215 Connection refused\n", Reached.REJECTED),
        ("listener ended\nport 1 host2 49215 No route to host\n", Reached.UNREACHABLE),
        ("listener ended\nport 124 host2 49215 \nport 124 192.0.2.1 49215 \n", Reached.SILENT),
    ],
)
def test_a_refusal_of_a_port_with_a_listener_is_a_firewalls(said: str, reached: Reached) -> None:
    way = MemoryWay.parse(Record(said))
    assert (way.reached, way.probed) == (reached, True)


@pytest.mark.parametrize(
    "said",
    [
        "listener ended\nport 1 host2 49215 Connection refused\n",
        # of two addresses one did not answer, and the listener had ended when the other one was tried
        "listener ended\nport 124 host2 49215 \nport 1 host2 49215 Connection refused\n",
        "listener open\n",
        "listener\nport 0 host2 49215 \n",
    ],
)
def test_a_refusal_after_the_listeners_end_proves_nothing(said: str) -> None:
    with pytest.raises(Unreadable):
        MemoryWay.parse(Record(said))


def test_a_way_that_was_not_tried_says_why() -> None:
    with pytest.raises(NotAsked, match="no attempt to connect was recorded"):
        MemoryWay.parse(Record("", 44)).require_tried()
    with pytest.raises(NotAsked, match="offline"):
        MemoryWay.parse(Record("untried the guest is moved offline")).require_tried()
    with pytest.raises(Unreadable, match="not probed: a firewall") as why:
        MemoryWay.parse(Record("unprobed a firewall would log it\n")).require_tried()
    assert not isinstance(why.value, NotAsked)
    with pytest.raises(Unreadable):
        MemoryWay.parse(Record("port x\n"))


TIMED_OUT = "port 124 host2 49215 \n"
ROUTED = "route 192.0.2.1 192.0.2.1 dev eth0 src 192.0.2.9 uid 0 \\    cache \n"


@pytest.mark.parametrize(
    "said",
    [
        # a slow resolver takes the two seconds; the addresses themselves answer
        f"{TIMED_OUT}port 1 192.0.2.1 49215 Connection refused\n{ROUTED}",
        # an address that sorts behind the one that answers, and whose error was the last
        (
            "port 1 host2 49215 Network is unreachable\nport 1 192.0.2.1 49215 Connection refused\n"
            "port 1 2001:db8::1 49215 Network is unreachable\n"
            f"{ROUTED}route 2001:db8::1 RTNETLINK answers: Network is unreachable\n"
        ),
    ],
)
def test_a_way_is_as_good_as_its_best_address(said: str) -> None:
    found = MemoryWay.parse(Record(said))
    assert (found.reached, found.answered, found.leads_nowhere) == (Reached.REFUSED, True, False)


@pytest.mark.parametrize(
    ("said", "nowhere"),
    [
        (f"{TIMED_OUT}{ROUTED}neighbour 192.0.2.1 192.0.2.1 dev eth0  FAILED\n", True),
        # the kernel's requests may still be answered, or went out on another interface
        (f"{TIMED_OUT}{ROUTED}neighbour 192.0.2.1 192.0.2.1 dev eth0  INCOMPLETE\n", False),
        (f"{TIMED_OUT}{ROUTED}neighbour 192.0.2.1 192.0.2.1 dev eth1  FAILED\n", False),
        (f"{TIMED_OUT}{ROUTED}neighbour 192.0.2.1 \n", False),
        # neither ip nor an answer of it
        (f"{TIMED_OUT}route 192.0.2.1 sh: 1: ip: not found\nneighbour 192.0.2.1 sh: 1: ip: not found\n", False),
        (TIMED_OUT, False),
        ("port 1 host2 49215 No route to host\nroute 192.0.2.1 RTNETLINK answers: No route to host\n", True),
        # a firewall's message: the kernel has a route
        (f"port 1 host2 49215 No route to host\n{ROUTED}", False),
        (f"{TIMED_OUT}{ROUTED}route 192.0.2.3 RTNETLINK answers: Network is unreachable\n", False),
    ],
)
def test_a_way_leads_nowhere_only_if_the_kernel_says_so_of_each_address(said: str, nowhere: bool) -> None:
    found = MemoryWay.parse(Record(said))
    assert (found.answered, found.leads_nowhere) == (False, nowhere)


def test_a_source_without_a_program_that_connects_has_not_tried() -> None:
    for said in ("port 127 host2 49215 sh: 1: timeout: not found\n", "port 1 host2 49215 Name or service not known\n"):
        with pytest.raises(NotAsked):
            MemoryWay.parse(Record(said)).require_tried()
