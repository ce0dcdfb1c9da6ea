"""Hosts' files and the answers of their programs, built to be slow to read, to overflow, or to pass for another's."""

import functools
from collections.abc import Callable, Iterator
from random import Random

from tests.hostile import pair, texts
from tests.hostile.pair import ENDS, Hostile, Pair


def hostile(seed: int) -> Iterator[Hostile]:
    """Yield each file with each text that is known to be slow for some parser; names that are announced; numbers."""
    for record, built in SLOW.items():
        for name, make in built.items():
            yield from pair.each_end(seed, f"slow {record}", name, functools.partial(_put, record, make))
    for number, name in enumerate((*texts.WORDS, *texts.ESCAPES, *texts.VERDICTS)):
        for how, announce in ANNOUNCED.items():
            yield pair.changed(seed, f"announced by {how}", str(number), functools.partial(announce, name), pair.gone)
    for record, settings in SETTINGS.items():
        for setting in settings:
            for number, value in enumerate(texts.NUMBERS):
                change = functools.partial(_set, record, setting, value)
                yield pair.changed(seed, f"number of {record}", f"{setting} {number}", change)


def _lines(line: str, count: int) -> str:
    """Return the line this many times, with its number in place of each `{0}` and `{}`."""
    parts = line.replace("{0}", "{}").split("{}")
    return "".join(str(number).join(parts) for number in range(count))


#: By record, texts that grow something: a regular expression's work, a list, a number, a depth.
SLOW: dict[str, dict[str, Callable[[], str]]] = {
    "sshd.effective": {
        "30 digits of a time": lambda: "logingracetime " + "1" * 30 + "x\nmaxstartups 10:30:100\n",
        "3,000 digits of a time": lambda: "logingracetime " + "1" * 3000 + "x\n",
        "a mebibyte of units": lambda: "logingracetime " + "1s" * 500_000 + "x\n",
        "100,000 ports": lambda: _lines("port {}\nlistenaddress [::]:{}\n", 100_000),
        "100,000 times MaxStartups": lambda: "maxstartups 10:30:100\n" * 100_000,
    },
    "sshd_config": {
        "30 digits of a time": lambda: "\x1f/etc/ssh/sshd_config\nLoginGraceTime " + "1" * 30 + "x\n",
        "files that include one another": lambda: (
            "".join(f"\x1f/etc/ssh/sshd_config.d/{n}\nInclude /etc/ssh/sshd_config.d/*\n" for n in range(300))
            + "\x1f/etc/ssh/sshd_config\nInclude sshd_config.d/* sshd_config.d/*\n"
        ),
        "50,000 Match blocks": lambda: (
            "\x1f/etc/ssh/sshd_config\n" + _lines("Match Address {0}.0.0.0/8 User *\nMaxSessions {0}\n", 50_000)
        ),
        "a pattern of stars": lambda: "\x1f/etc/ssh/sshd_config\nMatch User " + "*a" * 5000 + "\nMaxSessions 1\n",
        "quotes that never end": lambda: "\x1f/etc/ssh/sshd_config\nMaxStartups " + '"' * 500_001 + "\n",
        "a file that is not named": lambda: "\x1f\x1f\n\x1f\nMaxStartups 1\n" * 1000,
    },
    "sshd.listener": {
        "a mebibyte": lambda: "sshd: " + "0 of 10-100 startups " * 50_000,
        "digits": lambda: "sshd: x [listener] " + "1" * 5000 + " of 1-2 startups",
    },
    "nsswitch": {
        "half a mebibyte of brackets": lambda: "hosts: " + "[" * 500_000,
        "brackets that are closed late": lambda: "hosts: " + "[!" * 100_000 + "]" * 100_000,
        "actions": lambda: "hosts: files " + "[NOTFOUND=return] " * 50_000 + "dns",
        "100,000 sources": lambda: "hosts: " + "files dns " * 50_000,
        "spaces": lambda: "hosts:" + " " * 1_000_000 + "x",
    },
    "resolv": {
        "100,000 servers": lambda: _lines("nameserver 10.0.0.{}\nsearch a{}.example\n", 100_000),
        "dots": lambda: "search " + "." * 1_000_000,
    },
    "etc.hosts": {
        "6 MB in a line": lambda: "192.0.2.12 " + "host2.example.com " * 340_000,
        "100,000 lines": lambda: _lines("192.0.2.{0} h{0}.example.com h{0}\n", 100_000),
        "100,000 lines of one name": lambda: _lines("10.0.0.{0} host2.example.com host2\n", 100_000),
        "spaces": lambda: "192.0.2.12" + " \t" * 500_000 + "host2.example.com\n",
        "a name of a mebibyte": lambda: "192.0.2.12 " + "h" * 1_000_000 + "\n",
        "addresses that are none": lambda: _lines("{}::{}::1 host2.example.com\n", 50_000),
        "verdicts": lambda: "192.0.2.12 host2.example.com\n" + "".join(texts.VERDICTS + texts.ESCAPES),
    },
    "addresses": {
        "5,000 addresses": lambda: (
            _lines("2: eth0    inet 10.0.{0}.1/24 scope global eth0\\\n", 256)
            + "".join(f"{3 + n}: d{n}    inet6 2001:db8::{n:x}/64 scope global \\\n" for n in range(5000))
        ),
        "20,000 addresses": lambda: "".join(
            f"2: eth0    inet 10.{n // 65536}.{n // 256 % 256}.{n % 256}/32 scope global eth0\\\n"
            for n in range(20_000)
        ),
        "prefixes of no length": lambda: _lines("2: eth0    inet 192.0.2.1/{0} scope global eth0\\\n", 5000),
        "a line of spaces": lambda: "2:" + " " * 1_000_000 + "inet",
    },
    "links": {
        "20,000 links": lambda: _lines(
            "{0}: l{0}@l{0}: <UP> mtu {0} master l{0} \\    link/ether 02:00:00:00:00:00\\\n", 20_000
        ),
        "a line of at signs": lambda: "1: " + "a@" * 500_000,
    },
    "mounts": {
        "50,000 mounts": lambda: _lines("{0} {0} 0:{0} / /m/{0} rw - ext4 /dev/{0} rw\n", 50_000),
        "escapes": lambda: "1 0 0:1 / /" + "\\040" * 200_000 + " rw - x y z\n",
        "mounts in mounts": lambda: "".join(f"{n} {n} 0:1 / {'/a' * n} rw - x y z\n" for n in range(1500)),
    },
    "sockets": {
        "50,000 sockets": lambda: (
            "sl local_address\n"
            + "".join(f"{n}: 00000000:{n % 65536:04X} 00000000:0000 0A 0 0 0 0 0 0\n" for n in range(50_000))
        )
    },
    "qemu.conf": {
        "30,000 settings": lambda: _lines("key{0} = {0}\n", 30_000),
        "30,000 times one setting": lambda: "migration_port_min = 49152\n" * 30_000,
        "a list of 100,000": lambda: "cgroup_device_acl = [" + '"/dev/null",' * 100_000 + '"/dev/x"]\n',
        "a list that is not closed": lambda: "cgroup_device_acl = [" + '"a",\n' * 50_000,
        "lists in lists": lambda: "a = " + "[" * 50_000,
        "a string that is not closed": lambda: 'migration_host = "' + "x" * 1_000_000,
        "three quotes": lambda: 'a = """' + '""x' * 200_000 + "\n",
        "comments": lambda: "#" * 1_000_000 + "\n" + "#\n" * 100_000,
        "passwords": lambda: "password" * 130_000 + "\n",
        "semicolons": lambda: "a = 1; " * 50_000,
    },
    "libvirtd.conf": {
        "30,000 settings": lambda: _lines("max_clients = {}\n", 30_000),
        "deep": lambda: "max_clients = " + "(" * 100_000,
        "numbers": lambda: "max_clients = " + "9" * 100_000 + "\n",
    },
    "daemons": {
        "50,000 processes": lambda: "clock 1.0 1.0 100\n" + _lines("process libvirtd {0} {0}\n", 50_000),
        "files": lambda: "clock 1 1 1\n" + _lines("conf /etc/libvirt/{0} {0}.0\n", 50_000),
    },
    "limits": {
        "50,000 daemons": lambda: _lines("daemon libvirtd\nnclients_max : {0}\nnclients : {0}\n", 50_000),
        "colons": lambda: "daemon libvirtd\n" + ":" * 1_000_000,
    },
    "paths": {
        "50,000 paths": lambda: _lines("path /p/{0}\nstat 81ed {0} 45 {0} 0:0\nfs ef53 4096 1 1 1 1 1\n", 50_000)
    },
    "helpers": {"a mebibyte": lambda: "/usr/bin/nc\n" * 90_000},
    "os-release": {
        "quotes": lambda: 'VERSION_ID="' + '\\"' * 500_000,
        "100,000 lines": lambda: 'ID="debian"\n' * 100_000,
    },
    "libvirt.capabilities": {
        "200,000 deep": lambda: "<capabilities>" + "<a>" * 200_000,
        "50,000 guests": lambda: (
            "<capabilities>"
            + _lines("<guest><arch name='x{0}'><machine>pc-{0}</machine></arch></guest>", 50_000)
            + "</capabilities>"
        ),
        "100,000 CPUs": lambda: (
            "<capabilities><host><topology><cells><cell id='0'><cpus>"
            + _lines("<cpu id='{0}' siblings='0-{0}'/>", 100_000)
            + "</cpus></cell></cells></topology></host></capabilities>"
        ),
        "entities": lambda: '<!DOCTYPE c [<!ENTITY a "aaaa">]><capabilities>&a;</capabilities>',
    },
    "libvirt.networks": {
        "20,000 networks": lambda: (
            '{"error": null, "networks": ['
            + ",".join(
                f'{{"name": "n{n}", "active": true, "xml": "<network><name>n{n}</name></network>", "error": null}}'
                for n in range(20_000)
            )
            + "]}"
        ),
        "100,000 deep": lambda: "[" * 100_000,
        "depth of objects": lambda: '{"networks": ' * 50_000,
    },
    "libvirt.versions": {
        "digits": lambda: '{"libvirt": ' + "9" * 5000 + ', "hypervisor": 1, "type": "QEMU"}',
        "a float": lambda: '{"libvirt": 1e400, "hypervisor": -1, "type": "\\u001b[31m"}',
        "twice": lambda: '{"libvirt": 1, "libvirt": 9000000, "hypervisor": 0, "type": ""}',
    },
    "libvirt.connect": {
        "an error with escapes": lambda: (
            '{"uri": "qemu+ssh://\\u001b[31m/system", "error": "\\u001b]0;x\\u0007\\nREADY  "}'
        ),
        "no object": lambda: "[]",
        "a URI of a mebibyte": lambda: '{"uri": "qemu+' + "s" * 1_000_000 + '://", "error": null}',
    },
    "libvirt.pools": {
        "20,000 pools": lambda: (
            '{"error": null, "pools": ['
            + ",".join(
                f'{{"name": "p{n}", "active": true, "xml": "<pool/>", "volumes": ["v"], "error": null}}'
                for n in range(20_000)
            )
            + "]}"
        )
    },
    "openssh": {
        "a version of a mebibyte": lambda: "OpenSSH_" + "9." * 500_000 + "p1",
        "digits": lambda: "OpenSSH_" + "9" * 5000 + "." + "9" * 5000,
    },
    "kernel": {"digits": lambda: "Linux " + "6" * 5000 + ".1 x86_64"},
    "machine-id": {"a mebibyte": lambda: "a" * 1_000_000},
    "units": {
        "50,000 units": lambda: _lines("Id=libvirtd{0}.service\nLoadState=loaded\nActiveState=active\n\n", 50_000)
    },
}
#: By record and setting what holds a number.
SETTINGS = {
    "libvirtd.conf": ("max_clients", "max_workers", "keepalive_interval", "max_client_requests"),
    "qemu.conf": ("migration_port_min", "migration_port_max", "max_queued"),
    "sshd.effective": ("maxstartups", "maxsessions", "logingracetime", "port", "clientaliveinterval"),
}


def _put(record: str, make: Callable[[], str], chance: Random, found: Pair, end: int) -> None:
    found.put(end, record, make())


def _set(record: str, setting: str, value: str, chance: Random, found: Pair) -> None:
    line = f"{setting} {value}" if record.startswith("sshd") else f"{setting} = {value}"
    end = chance.choice(ENDS)
    kept = [one for one in found.text(end, record).splitlines() if not one.startswith(setting)]
    found.put(end, record, "\n".join([line, *kept, ""]))


def _by_libvirt(name: str, chance: Random, found: Pair) -> None:
    found.put(1, "libvirt.hostname", name)


def _by_kernel(name: str, chance: Random, found: Pair) -> None:
    found.put(1, "kernel.hostname", name + "\n")
    found.put(1, "libvirt.hostname", name)


def _by_setting(name: str, chance: Random, found: Pair) -> None:
    found.put(1, "qemu.conf", f'migration_host = "{name}"\n')


def _by_a_line(name: str, chance: Random, found: Pair) -> None:
    found.put(0, "etc.hosts", f"192.0.2.12 {name}\n127.0.0.1 {name} localhost\n::1 {name}\n")
    found.put(1, "libvirt.hostname", name)


ANNOUNCED = {"libvirt": _by_libvirt, "the kernel": _by_kernel, "qemu.conf": _by_setting, "/etc/hosts": _by_a_line}
