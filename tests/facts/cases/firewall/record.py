"""Record what real firewalls do, for test_firewall.py: `python record.py ROOT… [CASE…]` as root.

CASE.nft is loaded by nft, CASE.nft-iptables by iptables-nft-restore (ip6tables' part behind a line "# ip6"),
CASE.legacy-iptables by iptables-legacy-restore. Another namespace then connects to a listener, from each of its
addresses to each port. CASE.json keeps what happened, and the rules as the collecting commands of each ROOT, a
directory with a distribution's files, show them. Of the cases in rates/, each source opens connections to one port, one
after the other, and CASE.json keeps how many were accepted. All is done in namespaces of our own.
"""

import concurrent.futures
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
INSIDE, OUTSIDE = "pf-fw-test", "pf-fw-peer"
#: Sources, and the address of the listener that each of them reaches.
SOURCES = {
    "192.0.2.12": "192.0.2.11",
    "192.0.2.77": "192.0.2.11",
    "198.51.100.12": "198.51.100.11",
    "2001:db8::12": "2001:db8::11",
}
PORTS = (22, 49151, 49152, 49180, 49215, 49216)
LISTEN = """
import selectors, socket, sys
ports = selectors.DefaultSelector()
for family, host in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
    for port in sys.argv[1:]:
        one = socket.socket(family)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind((host, int(port)))
        one.listen()
        ports.register(one, selectors.EVENT_READ)
print("ready", flush=True)
while True:
    for key, _ in ports.select():
        key.fileobj.accept()[0].close()
"""
CONNECT = """
import errno, socket, sys
refusals = errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EACCES, errno.ECONNRESET
source, target, port = sys.argv[1:]
one = socket.socket(socket.AF_INET6 if ":" in source else socket.AF_INET)
one.settimeout(2.5)  # a SYN is sent again after 1 s; over IPv6 it is the second rejection that counts
one.bind((source, 0))
try:
    one.connect((target, int(port)))
    print("accept")
except TimeoutError:
    print("drop")
except OSError as why:
    print("reject" if why.errno in refusals else why)
"""
#: The connections that a source opens for a case of rates/, and the port.
MANY, PORT = 12, 22
OPEN = """
import socket, sys, time
source, target, port, many = sys.argv[1:]
held, accepted = [], 0
for _ in range(int(many)):
    one = socket.socket(socket.AF_INET6 if ":" in source else socket.AF_INET)
    one.settimeout(0.3)  # less than a SYN takes to be sent again
    one.bind((source, 0))
    try:
        one.connect((target, int(port)))
        accepted += 1
    except OSError:
        pass
    held.append(one)
print(accepted)
"""
HOLD = """
import socket, sys
held = []
one = socket.create_server(("::", int(sys.argv[1])), family=socket.AF_INET6, dualstack_ipv6=True, backlog=100)
print("ready", flush=True)
while True:
    held.append(one.accept())
"""


#: The packets that `recent` and `hashlimit` have seen, as the question prints them.
SEEN = """for f in /proc/net/ipt_hashlimit/* /proc/net/ip6t_hashlimit/* /proc/net/xt_recent/*; do
[ ! -e "$f" ] || { of=${f%/*}; of=${of##*/*_}; echo "# $of ${f##*/}"; sed 's/^/# /' "$f"; }; done"""


def run(*argv: str, text: str | None = None) -> str:
    """Run a command that must work."""
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True, input=text).stdout


def inside(*argv: str, text: str | None = None) -> str:
    """Run a command in the namespace with the firewall."""
    return run("ip", "netns", "exec", INSIDE, *argv, text=text)


def rooted(root: str, *argv: str, text: str | None = None) -> str:
    """Run a command of another root directory there; its /proc vanishes with the command's own mount namespace."""
    return inside("sh", "-c", 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"', root, *argv, text=text)


def connect_namespaces() -> None:
    """Two interfaces each: eth0 with two networks, eth1 with one. Rejections are not limited in number."""
    for namespace in (INSIDE, OUTSIDE):
        run("ip", "netns", "add", namespace)
        run("ip", "-n", namespace, "link", "set", "lo", "up")
    inside("sysctl", "-qw", "net.ipv4.icmp_ratelimit=0", "net.ipv6.icmp.ratelimit=0")
    for name in ("eth0", "eth1"):
        run("ip", "-n", INSIDE, "link", "add", name, "type", "veth", "peer", "name", name, "netns", OUTSIDE)
        for namespace in (INSIDE, OUTSIDE):
            run("ip", "-n", namespace, "link", "set", name, "addrgenmode", "none", "up")
    for source, target in SOURCES.items():
        device, length = ("eth1", "24") if source.startswith("198") else ("eth0", "64" if ":" in source else "24")
        for namespace, address in ((OUTSIDE, source), (INSIDE, target)):
            extra = ["nodad"] if ":" in address else []
            run("ip", "-n", namespace, "addr", "replace", f"{address}/{length}", "dev", device, *extra)


def load(case: Path, root: str) -> None:
    """Put the case's rules into force."""
    text = case.read_text()
    if case.suffix == ".nft":
        inside("nft", "-f", "-", text=text)
        return
    variant = "nft" if case.suffix == ".nft-iptables" else "legacy"
    four, _, six = text.partition("# ip6\n")
    rooted(root, f"iptables-{variant}-restore", text=four)
    if six:
        rooted(root, f"ip6tables-{variant}-restore", text=six)


def saved_iptables(case: Path, root: str) -> str:
    """Return the answer to the question "iptables"."""
    if case.suffix == ".nft":
        return ""
    variant, mark = ("nft", " nft") if case.suffix == ".nft-iptables" else ("legacy", "")
    six = "# ip6\n" in case.read_text()
    text = f"family 4{mark}\n" + rooted(root, f"iptables-{variant}-save")
    text += f"family 6{mark}\n" + rooted(root, f"ip6tables-{variant}-save") if six else ""
    return text + inside("sh", "-c", SEEN)


def attempt(source: str, port: int) -> tuple[str, int, str]:
    """One real connection."""
    said = run("ip", "netns", "exec", OUTSIDE, sys.executable, "-c", CONNECT, source, SOURCES[source], str(port))
    return source, port, said.strip()


@contextlib.contextmanager
def listening(listen: str, *ports: int) -> Iterator[None]:
    """Two connected namespaces, with this program on the ports inside; both vanish."""
    listener = None
    try:
        connect_namespaces()
        command = ["ip", "netns", "exec", INSIDE, sys.executable, "-c", listen, *map(str, ports)]
        listener = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert listener.stdout is not None
        assert listener.stdout.readline() == "ready\n"
        yield
    finally:
        if listener is not None:
            listener.kill()
            listener.wait()
        for namespace in (INSIDE, OUTSIDE):
            subprocess.run(["ip", "netns", "del", namespace], check=False, stderr=subprocess.DEVNULL)


def shown_by(case: Path, roots: list[str]) -> dict[str, dict[str, str]]:
    """The rules as each root's programs show them, by the version of nft."""
    shown = {}
    for root in roots:
        version = rooted(root, "nft", "--version").split()[1].removeprefix("v")
        try:
            nft = rooted(root, "nft", "-j", "list", "ruleset")
        except subprocess.CalledProcessError as why:
            print(f"nft {version} fails with {case.name}: {why.returncode}")  # 0.9.8 crashes on some maps and sets
            continue
        shown[version] = {"nft": nft, "iptables": saved_iptables(case, root)}
    return shown


def record_rate(case: Path, roots: list[str]) -> None:
    """Write CASE.json of a case of rates/: the connections of each source that were accepted, one after the other."""
    accepted = {}
    for source, target in list(SOURCES.items())[:1]:
        with listening(HOLD, PORT):
            attempt(source, PORT + 1)  # neighbours are found
            load(case, roots[0])
            shown = shown_by(case, roots)
            argv = ("ip", "netns", "exec", OUTSIDE, sys.executable, "-c", OPEN, source, target, str(PORT), str(MANY))
            accepted[source] = int(run(*argv))
    document = {"addresses": ADDRESSES_OF_INSIDE, "tried": MANY, "accepted": accepted, "shown": shown}
    case.with_suffix(".json").write_text(json.dumps(document, indent=1) + "\n")
    print(case.name, accepted)


def record(case: Path, roots: list[str]) -> None:
    """Write CASE.json."""
    with listening(LISTEN, *PORTS):
        load(case, roots[0])
        for source in SOURCES:  # neighbours are found, if the firewall lets them
            attempt(source, PORTS[0])
        shown = shown_by(case, roots)
        with concurrent.futures.ThreadPoolExecutor(len(SOURCES) * len(PORTS)) as pool:
            tried = list(pool.map(lambda one: attempt(*one), [(source, port) for source in SOURCES for port in PORTS]))
    observed: dict[str, dict[str, str]] = {}
    for source, port, action in tried:
        observed.setdefault(source, {})[str(port)] = action
    document = {"addresses": ADDRESSES_OF_INSIDE, "observed": observed, "shown": shown}
    case.with_suffix(".json").write_text(json.dumps(document, indent=1) + "\n")
    print(case.name, observed)


ADDRESSES_OF_INSIDE = (
    "1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever\n"
    "1: lo    inet6 ::1/128 scope host \\       valid_lft forever preferred_lft forever\n"
    "2: eth0    inet 192.0.2.11/24 scope global eth0\\       valid_lft forever preferred_lft forever\n"
    "2: eth0    inet6 2001:db8::11/64 scope global nodad \\       valid_lft forever preferred_lft forever\n"
    "3: eth1    inet 198.51.100.11/24 scope global eth1\\       valid_lft forever preferred_lft forever\n"
)

if __name__ == "__main__":
    os.chdir(HERE)
    roots = [argument for argument in sys.argv[1:] if argument.startswith("/")]
    wanted = set(sys.argv[1:]) - set(roots)
    for directory, recorded in ((HERE, record), (HERE / "rates", record_rate)):
        for path in sorted(directory.iterdir()):
            if path.suffix in (".nft", ".nft-iptables", ".legacy-iptables") and (not wanted or path.stem in wanted):
                recorded(path, roots)
