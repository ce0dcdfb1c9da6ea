"""Record what real getents answer, for test_peer_name.py: `python record.py ROOT > NAME.json` as root.

ROOT is a directory with a distribution's files. /etc is changed in a mount namespace of our own, the addresses
in a network namespace of our own; nothing outside is touched.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

NAMESPACE = "pf-name-test"
HOSTS = """127.0.0.1 localhost
::1 localhost kvm6
192.0.2.12\thost2.example.com host2 # the other
10.0.0.2 HOST2
192.0.2.12 host2
2001:db8::2 host2
::ffff:192.0.2.77 mapped
fe80::1%v0 scoped
fe80::1 linklocal
999.1.1.1 badaddr
10.1 shortaddr
010.0.0.1 octal
 192.0.2.13 indented
192.0.2.14
192.0.2.15 mid#dle
#192.0.2.16 commented
192.0.2.17 dup dup
2001:db8::18 only6
2001:DB8:0::19 only6b
169.254.1.1 many
8.8.8.8 many
192.0.2.5 many
10.0.0.9 many
127.0.0.9 many
192.0.2.200 host.with.dot.
192.0.2.201\fformfeed\vvertical
192.0.2.202 10.1.2.3
"""
NAMES = (
    "localhost kvm6 host2 HoSt2 host2.example.com host2. mapped scoped linklocal badaddr shortaddr octal indented mid "
    "mid#dle commented dup only6 only6b many host.with.dot. host.with.dot formfeed vertical nowhere 10.1.2.3 "
    "192.0.2.99 10.1 2130706433 0x7f000001 2001:db8::99 2001:DB8::0:99 ::1 fe80::1%v0 fe80::1%nosuch ::ffff:1.2.3.4"
)
ADDRESSES = {
    "none": (),
    "4": ("192.0.2.11/24",),
    "6": ("2001:db8::11/64",),
    "4+link-local": ("192.0.2.11/24", "fe80::2/64"),
    "4+6": ("192.0.2.11/24", "2001:db8::11/64"),
}
ASK = 'for n; do echo "ask $n"; getent ahosts -- "$n"; echo "code $?"; done'


def ip(*argv: str) -> str:
    """Run ip(8)."""
    return subprocess.run(["ip", *argv], check=True, capture_output=True, text=True).stdout


def observe(root: Path, addresses: tuple[str, ...], nsswitch: str) -> dict[str, object]:
    """Return the answers to every name on a host with these addresses."""
    ip("netns", "add", NAMESPACE)
    try:
        ip("-n", NAMESPACE, "link", "set", "lo", "up")
        ip("-n", NAMESPACE, "link", "add", "v0", "type", "veth", "peer", "name", "v1")
        ip("-n", NAMESPACE, "link", "set", "v0", "addrgenmode", "none", "up")
        for address in addresses:
            ip("-n", NAMESPACE, "addr", "add", address, "dev", "v0", *(["nodad"] if ":" in address else []))
        shown = ip("-n", NAMESPACE, "-o", "addr", "show")
        udp = ip("netns", "exec", NAMESPACE, "cat", "/proc/net/udp", "/proc/net/udp6")
        with tempfile.TemporaryDirectory() as made:
            binds = []
            for name, text in {"hosts": HOSTS, "nsswitch.conf": nsswitch, "resolv.conf": ""}.items():
                Path(made, name).write_text(text)
                binds.append(f"mount --bind {made}/{name} {root}/etc/{name}")
            script = f'{" && ".join(binds)} && exec ip netns exec {NAMESPACE} chroot {root} sh -c "$0" sh "$@"'
            out = subprocess.run(
                ["unshare", "-m", "sh", "-c", script, ASK, *NAMES.split()], check=True, capture_output=True, text=True
            ).stdout
    finally:
        ip("netns", "del", NAMESPACE)
    _, *asked = out.split("ask ")
    answers = {}
    for chunk in asked:
        name, _, rest = chunk.partition("\n")
        text, _, code = rest.rpartition("code ")
        answers[name] = [int(code), text]
    return {"nsswitch": nsswitch, "addresses": shown, "udp": udp, "answers": answers}


if __name__ == "__main__":
    where = Path(sys.argv[1])
    hosts = {name: observe(where, own, "hosts: files dns\n") for name, own in ADDRESSES.items()}
    hosts["4, no hosts line"] = observe(where, ADDRESSES["4"], "passwd: files\n")
    print(json.dumps({"etc_hosts": HOSTS, "hosts": hosts}, indent=1))
