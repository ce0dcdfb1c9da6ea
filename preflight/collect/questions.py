"""What is asked of a host's shell: one short POSIX sh command a record, which reads and never changes anything.

A file that does not exist answers with code 44 (`MISSING`), one that may not be read with another code, so
"absent" and "unknown" stay apart. Commands run with LC_ALL=C. `as_root` runs its arguments as root: directly when the
login is root's, else through `sudo -n`; `slurp FILE` prints a file; of one that is
larger than the channel takes, 8 MiB, a byte more.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from preflight import grammar
from preflight.shell_text import NOTHING, ShellText, fixed, joined, of_file, shell

#: Where distributions put QEMU; asked of every host that is kept in a snapshot, since another's guest may want it.
EMULATORS = (
    *(f"/usr/bin/qemu-system-{arch}" for arch in ("x86_64", "aarch64", "ppc64", "riscv64", "s390x")),
    "/usr/bin/kvm",
    "/usr/bin/qemu-kvm",
    "/usr/libexec/qemu-kvm",
)

#: Functions that the commands below use.
PRELUDE = f"{of_file(Path(__file__).with_name('questions.sh'))}\n"

#: Asked of every host, in this order. What no selected rule needs is left out.
STANDING: dict[str, ShellText] = fixed(
    {
        "etc.hosts": "slurp /etc/hosts",
        "nsswitch": "slurp /etc/nsswitch.conf",
        "resolv": "slurp /etc/resolv.conf",
        "kernel.hostname": "read -r name < /proc/sys/kernel/hostname && printf '%s\\n' \"$name\"",
        "machine-id": "slurp /etc/machine-id",
        "os-release": "slurp /etc/os-release || slurp /usr/lib/os-release",
        "kernel": "uname -srm",
        "openssh": "ssh -V 2>&1",
        "addresses": "ip -o addr show",
        "links": "ip -d -o link show",
        "speeds": "grep -s . /sys/class/net/*/speed; true",
        "helpers": "remote_helpers",
        "libvirtd.conf": "slurp /etc/libvirt/libvirtd.conf",
        "virtqemud.conf": "slurp /etc/libvirt/virtqemud.conf",
        "virtproxyd.conf": "slurp /etc/libvirt/virtproxyd.conf",
        "virtlockd.conf": "slurp /etc/libvirt/virtlockd.conf",
        "qemu.conf": "slurp /etc/libvirt/qemu.conf",
        "sshd_config": "sshd_config",
        "sshd.effective": "as_root sshd -T",
        "sshd.listener": "sshd_listener",
        "host-keys": "host_keys",
        "cpu-features": (
            "sed -n \"s/.*<feature name='\\([^']*\\)'.*/\\1/p\" /usr/share/libvirt/cpu_map/x86_features.xml"
        ),
        "sockets": "cat /proc/net/tcp /proc/net/tcp6 2>/dev/null; true",
        "udp-sockets": "cat /proc/net/udp /proc/net/udp6 2>/dev/null; true",
        "nft": "command -v nft >/dev/null || exit 44; as_root nft -j list ruleset",
        "iptables": "iptables_tables",
        "somaxconn": "cat /proc/sys/net/core/somaxconn",
        "guest-memory": "guest_memory </dev/null",
        "mounts": "cat /proc/self/mountinfo",
        "memory": (
            "grep -s . /proc/meminfo /sys/kernel/mm/hugepages/*/*_hugepages "
            "/sys/devices/system/node/online /sys/devices/system/cpu/online; true"
        ),
    }
)

#: What the session does once libvirt has been asked, since a connection may start a socket-activated daemon, and before
#: the questions that look at its daemons.
LOOK = shell("seen=$(processes)")

#: Asked once libvirt has answered.
AFTER_LIBVIRT: dict[str, ShellText] = fixed(
    {
        "daemons": "daemons",
    }
)

#: Asked last of what is asked in any case: libvirt has answered all that preflight wants of it, whose own calls would
#: count as workers in use, and no further question depends on it.
LAST: dict[str, ShellText] = fixed(
    {
        "limits": "limits",
        "limits.virtlockd": "virtlockd_limits",
        "open-files": "open_files",
    }
)

#: Asked where libvirt could not be opened: why nothing runs that would open it.
WHEN_CLOSED: dict[str, ShellText] = fixed(
    {
        "units": (
            "systemctl show --property=Id,LoadState,ActiveState,SubState,UnitFileState,Result "
            "libvirtd.service libvirtd.socket virtqemud.service virtqemud.socket virtproxyd.service virtproxyd.socket"
        ),
    }
)


def resolve(name: str) -> ShellText:
    """What the host's own resolver, with its own nsswitch.conf, answers for a name."""
    return shell("getent ahosts -- @name@", name=name)


def keys_met(name: str, known: Sequence[str]) -> ShellText:
    """The ssh host keys at each address of a name that is none of those known: 2 seconds at most for each."""
    return shell("keys_met @name@ @known@", name=name, known=known)


def connect(uri: str) -> ShellText:
    """Open the control connection as the source's own daemon would in peer-to-peer mode: as root, from there."""
    return shell("as_root virsh -q -c @uri@ hostname", uri=uri)


def certificates(*ends: Sequence[str]) -> ShellText:
    """The host's time, and for each end its certificates and whether the key, the last of its files, can be read."""
    words = [word for *public, key in ends for word in (*_paths(public), *(f"key:{one}" for one in _paths([key])))]
    return shell("certificates @words@", words=words)


def _paths(paths: Iterable[str]) -> list[str]:
    """The paths that can be asked about: an answer is a line, so one with a control character cannot be told apart."""
    return [path for path in paths if grammar.PATH.takes(path)]


def _hosts(names: Iterable[str]) -> list[str]:
    """The names and addresses that can be asked about."""
    return [name for name in names if grammar.is_address(name) or grammar.HOST_NAME.takes(name)]


#: Servers that one host tries to connect to, and how many of them at once: all of them take 20 seconds at most.
MOST_SERVERS, AT_ONCE = 64, 16
#: Words of one program's arguments: 400 paths of the greatest length are 1.6 of the 2 MiB that Linux takes (ARG_MAX).
_ARGUMENTS = 400


def _few_at_once(words: Sequence[str]) -> Iterator[Sequence[str]]:
    """The words in pieces, each of which fits one program's arguments."""
    return (words[at : at + _ARGUMENTS] for at in range(0, len(words), _ARGUMENTS))


#: The address that the login comes from, which is that of libvirt's own connection too.
CAME_FROM = shell("printf '%s\\n' \"${SSH_CONNECTION%% *}\"")


def stat_paths(paths: Sequence[str]) -> ShellText:
    """For each path: what it is, how large (bytes), on which device, and on which file system.

    Of that the statfs magic (hex), bytes a block, blocks free for all and for root, files it may hold and those left,
    and its blocks.
    """
    return joined(shell("stat_paths @some@", some=some) for some in _few_at_once(_paths(paths)))


def resolve_all(names: Sequence[str]) -> ShellText:
    """For each name getent's exit code: 0 when the host finds an address for it, 2 when it finds none."""
    return shell("resolves @names@", names=_hosts(names))


def connect_all(ports: Sequence[tuple[str, int]]) -> ShellText:
    """What becomes of a TCP connection to each server and port: 5 seconds at most each, `AT_ONCE` of them at once.

    No more than the first `MOST_SERVERS` are tried: how many there are, the other host says.
    """
    known = [(name, port) for name, port in ports if _hosts([name])][:MOST_SERVERS]
    tried = [shell("connects @name@ @port@ &", name=name, port=port) for name, port in known]
    some = (joined(tried[at : at + AT_ONCE], " ") for at in range(0, len(tried), AT_ONCE))
    return joined([*(shell("@asked@ wait", asked=asked) for asked in some), shell("true")])


def block_drivers(drivers: Sequence[tuple[str, str, str]]) -> ShellText:
    """For each QEMU, module and library, whether it has the driver: 0 for yes, 1 for no."""
    known = [one for one in drivers if _paths(one[:1])]
    return joined([*(shell("block_driver @words@", words=one) for one in known), shell("true")], "; ")


def rdma(emulators: Sequence[str]) -> ShellText:
    """The state of each port of the host's RDMA devices, and for each QEMU whether it has RDMA: 0 for yes, 1 for no."""
    return joined([shell("rdma_ports"), *(shell("rdma_linked @one@", one=one) for one in _paths(emulators))], "; ")


def resident(guests: Sequence[str]) -> ShellText:
    """The KiB that each active guest's QEMU holds, by the name of its pidfile, which is the guest's."""
    return shell("resident @guests@", guests=[name for name in guests if grammar.GUEST.takes(name)])


def accounts(wanted: Sequence[str]) -> ShellText:
    """For each user ("passwd:NAME") and group ("group:NAME") getent's exit code: 2 when the host does not know it."""
    return shell("accounts @known@", known=[one for one in wanted if grammar.USER.takes(one.partition(":")[2])])


def access(uid: int, gid: int, paths: Sequence[str], *, kvm: bool) -> ShellText:
    """The numbers of a user's groups, and mode, owner and group of each path that exists.

    With `kvm` also whether the user may use /dev/kvm.
    """
    return shell(
        "printf 'groups %s\\n' \"$(id -G @uid@ 2>/dev/null)\"\n@listed@\n@tried@true",
        uid=uid,
        listed=joined(
            shell("as_root ls -dLlnN --time-style=+ -- @some@ 2>/dev/null", some=some)
            for some in _few_at_once(_paths(paths))
        ),
        tried=shell("may_use_kvm @uid@ @gid@; ", uid=uid, gid=gid) if kvm else NOTHING,
    )


def image_heads(paths: Sequence[str]) -> ShellText:
    """For each path of an image: its size in bytes, its format, and of qcow2 virtual size and backing name in hex."""
    return shell("image_heads @paths@", paths=_paths(paths))


def block_devices(paths: Sequence[str]) -> ShellText:
    """For each path of a block device: its size in bytes, SHA-256 and marks of its first 4 KiB, and its WWID."""
    return shell("block_devices @paths@", paths=_paths(paths))


def all_images(paths: Sequence[str]) -> ShellText:
    """Ask `stat_paths` of these and of `EMULATORS`, and list where images of guests usually lie.

    For a snapshot that is taken before the other host is known: it answers whether that one's disks are here. Listed
    are libvirt's own image directory, the names of files with secrets, and what lies at the top of each further mount;
    at most 2,000 entries each.
    """
    return joined((stat_paths(sorted({*paths, *EMULATORS})), _LISTING))


_LISTING = of_file(Path(__file__).with_name("listing.sh"))
