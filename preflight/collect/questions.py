"""Questions for a host's shell: one short POSIX sh command per record, which only reads and never changes anything.

A command exits with code 44 (`MISSING`) for a file that does not exist, and with another code for a file that cannot
be read, so that "absent" and "unknown" stay distinct. Commands run with LC_ALL=C. `as_root` runs its arguments as root:
directly if the login is root's, otherwise through `sudo -n`. `slurp FILE` prints a file; of a file larger than the
8 MiB that the channel accepts, it prints one byte more than that.

One process answers the questions that are sent together, so none of them exits, and each sets the variables that it
reads, other than those of the session (`uid`, `seen`, `keeper`, `kept`, `nf_tables`).
"""

import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from preflight import grammar
from preflight.answers import FILES
from preflight.connection.target import parse_target
from preflight.errors import UserError
from preflight.request.migration import Transport
from preflight.shell_text import NOTHING, ShellText, fixed, joined, of_file, shell

#: Paths where distributions install QEMU. Checked on every host that is saved in a snapshot, since a guest of another
#: host may need one of them.
EMULATORS = (
    *(f"/usr/bin/qemu-system-{arch}" for arch in ("x86_64", "aarch64", "ppc64", "riscv64", "s390x")),
    "/usr/bin/kvm",
    "/usr/bin/qemu-kvm",
    "/usr/libexec/qemu-kvm",
)

#: Shell functions that the commands below call.
PRELUDE = f"{of_file(Path(__file__).with_name('questions.sh'))}\n"

#: Generation of the questions. A host's answers say which one they are from.
GENERATION = 3
#: Records that earlier generations did not ask for, with the first one that did. An older snapshot is judged without
#: them.
NEWER = dict.fromkeys(
    ("cluster", "resources", "session", "side-daemons", "usb-devices", "way.disks", "way.memory"), 2
) | dict.fromkeys(("edited-units", "qemu-files"), 3)

#: Questions for every host, in this order. Those that no selected rule needs are left out.
STANDING: dict[str, ShellText] = fixed(
    {
        # libvirt's files have hundreds of lines as installed
        **{record: f"{'slurp' if '/libvirt/' in path else 'few_lines'} {path}" for record, path in FILES.items()},
        "kernel.hostname": "read -r name < /proc/sys/kernel/hostname && printf '%s\\n' \"$name\"",
        "os-release": "few_lines /etc/os-release || few_lines /usr/lib/os-release",
        "kernel": "uname -srm",
        "openssh": "ssh -V 2>&1",
        "addresses": "ip -o addr show",
        "links": "ip -d -o link show",
        "speeds": "grep -s . /sys/class/net/*/speed; true",
        "helpers": "remote_helpers",
        "libvirt-files": "libvirt_files",
        "sshd_config": "sshd_config",
        "sshd.effective": "as_root sshd -T",
        "sshd.listener": "sshd_listener",
        "side-daemons": "side_daemons",
        "edited-units": "edited_units",
        "resources": "resources",
        "cluster": "cluster",
        "host-keys": "host_keys",
        # the addresses and ports of both ends of the login; libvirt's connection comes from the same address
        "came-from": "printf '%s\\n' \"$SSH_CONNECTION\"",
        "session": """printf 'user %s\\nuid %s\\nfrom %s\\n' "${LOGNAME-}" "$uid" "${SSH_CONNECTION%% *}\"""",
        "cpu-features": (
            "sed -n \"s/.*<feature name='\\([^']*\\)'.*/\\1/p\" /usr/share/libvirt/cpu_map/x86_features.xml"
        ),
        "sockets": "cat /proc/net/tcp /proc/net/tcp6 2>/dev/null; true",
        "udp-sockets": "cat /proc/net/udp /proc/net/udp6 2>/dev/null; true",
        "nft": "nft_rules",
        "iptables": "iptables_tables",
        # not by the shell: it reads a byte at a time, and the kernel gives a number only at once
        "somaxconn": "cat /proc/sys/net/core/somaxconn",
        "qemu-files": "qemu_files",
        "guest-memory": "guest_memory </dev/null",
        "memory": (
            "grep -s . /proc/meminfo /sys/kernel/mm/hugepages/*/*_hugepages "
            "/sys/devices/system/node/online /sys/devices/system/cpu/online "
            "/sys/devices/system/node/node*/hugepages/*/*_hugepages; true"
        ),
    }
)

#: Command that the session runs after libvirt was queried, since a connection may start a socket-activated daemon, and
#: before the questions about the daemons.
LOOK = shell("look")

#: Questions asked once libvirt has answered.
AFTER_LIBVIRT: dict[str, ShellText] = fixed(
    {
        "daemons": "daemons",
        "log-and-lock": "log_and_lock",
        "mounts": "mounts",
    }
)

#: Last of the questions that are always asked. By then libvirt has answered all of preflight's calls, which would
#: otherwise count as busy workers, and no later question depends on these answers.
LAST: dict[str, ShellText] = fixed(
    {
        "limits": "limits",
        "limits.virtlockd": "virtlockd_limits",
        "open-files": "open_files",
    }
)

#: Question asked if libvirt does not accept the connection at once: a daemon that has no room for another client says
#: nothing. One that was stopped would not answer virt-admin either.
CLIENTS: dict[str, ShellText] = fixed({"clients": "look; limits timeout 5"})

#: Questions asked if no libvirt connection could be opened, to find out why no daemon is running.
WHEN_CLOSED: dict[str, ShellText] = fixed(
    {
        "units": (
            "systemctl show --property=Id,LoadState,ActiveState,SubState,UnitFileState,Result "
            "libvirtd.service libvirtd.socket virtqemud.service virtqemud.socket virtproxyd.service virtproxyd.socket"
        ),
        "daemon-errors": "last_errors",
    }
)


def within(pid: int, question: ShellText) -> ShellText:
    """Have a question answered where this process is: with its mounts, its root directory and its network.

    Only root gives a process mounts of its own without a user namespace: programs are run from no others.
    """
    return shell(
        """printf '%s\\n' @script@ | as_root sh -c '[ /proc/$1/ns/user -ef /proc/self/ns/user ] || exit
exec nsenter --target "$1" --mount --net --root -- sh -c '\\''eval "$(cat)"'\\' sh @pid@""",
        script=f"{PRELUDE}{question}",
        pid=pid,
    )


def resolve(name: str) -> ShellText:
    """Resolve a name with the host's own resolver and its own nsswitch.conf."""
    return shell("getent ahosts -- @name@", name=name)


def keys_met(name: str, known: Sequence[str]) -> ShellText:
    """Scan the ssh host keys at each address of a name that is not in `known`, with a 2-second timeout per address."""
    return shell("keys_met @name@ @known@", name=name, known=known)


def words(texts: Sequence[str]) -> ShellText:
    """Return texts as words of a command, to be put into several ones."""
    return shell("@texts@", texts=texts)


def keys_of(own: ShellText, names: Sequence[tuple[str, ShellText]]) -> ShellText:
    """Scan as `keys_met` does for several names, each with the addresses that are known beside the host's `own`.

    `AT_ONCE` of the names are looked at at a time.
    """
    asked = [
        shell("keys_of @name@ @known@ @own@ &", name=name, known=known, own=own)
        for name, known in names
        if _hosts([name])
    ]
    return joined([*_at_once(asked), shell("true")])


def connect(uri: str) -> ShellText:
    """Open the control connection from the source as root, as its daemon would in a peer-to-peer migration.

    The daemon has none of the keys and tickets that a login may have forwarded.
    """
    login: list[str] = []
    with contextlib.suppress(UserError):
        target = parse_target(uri)
        if target.transport == Transport.SSH and target.ssh is not None and "command=" not in uri:
            login = [*(("-p", str(target.port)) if target.port else ()), "--", target.ssh]
    return shell("connect @uri@ @login@", uri=uri, login=login)


def certificates(*ends: Sequence[str]) -> ShellText:
    """Read the host's time and, for each end, its certificates and whether its key (the last file) can be read."""
    words = [word for *public, key in ends for word in (*_paths(public), *(f"key:{one}" for one in _paths([key])))]
    return shell("certificates @words@", words=words)


def _paths(paths: Iterable[str]) -> list[str]:
    """Return the paths that can be asked about: not those with control characters, since each answer is one line."""
    return [path for path in paths if grammar.PATH.takes(path)]


def _hosts(names: Iterable[str]) -> list[str]:
    """Return the names and addresses that can be asked about."""
    return [name for name in names if grammar.is_address(name) or grammar.HOST_NAME.takes(name)]


#: Maximum number of servers that one host tries to connect to, and the number tried at once: 20 seconds at most in all.
MOST_SERVERS, AT_ONCE = 64, 16
#: Maximum number of arguments of one command: 400 paths of maximum length take 1.6 MiB of Linux' 2 MiB (ARG_MAX).
_ARGUMENTS = 400


def _few_at_once(words: Sequence[str]) -> Iterator[Sequence[str]]:
    """Split the words into chunks that each fit into the arguments of one command."""
    return (words[at : at + _ARGUMENTS] for at in range(0, len(words), _ARGUMENTS))


def stat_paths(paths: Sequence[str]) -> ShellText:
    """Report the type, size (bytes), device and file system of each path.

    The file system is reported as its statfs magic (hex), bytes per block, free blocks for users and for root, total
    and free inodes, and total blocks.
    """
    return joined(shell("stat_paths @some@", some=some) for some in _few_at_once(_paths(paths)))


def names_met(names: Sequence[str]) -> ShellText:
    """Resolve names as `resolve` does, with a 5-second timeout: each with getent's exit code and output."""
    return shell("names_met @names@", names=_hosts(names))


def resolve_all(names: Sequence[str]) -> ShellText:
    """Report getent's exit code for each name: 0 if the host finds an address for it, 2 if it finds none."""
    return shell("resolves @names@", names=_hosts(names))


def connect_all(ports: Sequence[tuple[str, int]]) -> ShellText:
    """Try a TCP connection to each server and port, with a 5-second timeout, `AT_ONCE` of them at a time.

    Only the first `MOST_SERVERS` are tried, because the other host determines how many there are.
    """
    known = [(name, port) for name, port in ports if _hosts([name])][:MOST_SERVERS]
    tried = [shell("connects @name@ @port@ &", name=name, port=port) for name, port in known]
    return joined([*_at_once(tried), shell("true")])


def _at_once(commands: Sequence[ShellText]) -> Iterator[ShellText]:
    """Yield commands that run in the background, `AT_ONCE` of them at a time."""
    for at in range(0, len(commands), AT_ONCE):
        yield shell("@asked@ wait", asked=joined(commands[at : at + AT_ONCE], " "))


def way(name: str, port: int) -> ShellText:
    """Try one TCP connection to a port, with a 2-second timeout; if there is no answer, report the route to the name.

    Nothing must listen at the port: a QEMU that waits for a migration takes the first connection for its guest.
    """
    return shell("way @name@ @port@", name=name, port=port)


def listen(port: int) -> ShellText:
    """Have the session open a listener at the port for at most two seconds; `LISTENS` prints its first words."""
    return shell("@functions@\nlistener=$(listen @port@)", functions=_PROBE, port=port)


def reach(name: str, port: int) -> ShellText:
    """Try a TCP connection to the port at each address of the name, with a 1.5-second timeout; report the routes."""
    return shell("@functions@\nreach @name@ @port@", functions=_PROBE, name=name, port=port)


_PROBE = of_file(Path(__file__).with_name("probe.sh"))
#: Print the process of the listener and its first line: "Listening ..." or an error.
LISTENS = shell('printf "%s\\n" "$listener"')
#: End the listener, and print "open" if it was still there, else "ended".
UNLISTEN = shell('unlisten "$listener"')


#: Report the USB devices of the host: vendor, product, bus and number of each.
USB_DEVICES = shell("usb_devices")


def block_drivers(drivers: Sequence[tuple[str, str, str]]) -> ShellText:
    """Report for each QEMU, module and library whether QEMU has the driver: 0 for yes, 1 for no."""
    known = [one for one in drivers if _paths(one[:1])]
    return joined([*(shell("block_driver @words@", words=one) for one in known), shell("true")], "; ")


def rdma(emulators: Sequence[str]) -> ShellText:
    """Report the state of each port of the host's RDMA devices, and whether each QEMU supports RDMA (0: yes, 1: no)."""
    return joined([shell("rdma_ports"), *(shell("rdma_linked @one@", one=one) for one in _paths(emulators))], "; ")


def resident(guests: Sequence[str]) -> ShellText:
    """Report the resident memory (KiB) of each active guest's QEMU, found by its pidfile, named after the guest."""
    return shell("resident @guests@", guests=[name for name in guests if grammar.GUEST.takes(name)])


def usage(guests: Sequence[str]) -> ShellText:
    """Report the number of open files and of threads of each active guest's QEMU, without the workers for requests."""
    return shell("usage @guests@", guests=[name for name in guests if grammar.GUEST.takes(name)])


def tasks(uid: int) -> ShellText:
    """Report the number of processes and threads of a user."""
    return shell("tasks @uid@", uid=uid)


def started_with(guests: Sequence[str]) -> ShellText:
    """Print the lines of each guest's log about its starts: the release of QEMU, and whether a migration brought it."""
    known = [name for name in guests if grammar.GUEST.takes(name)]
    return joined([*(shell("started_with @some@", some=some) for some in _few_at_once(known)), shell("true")], "; ")


def accounts(wanted: Sequence[str]) -> ShellText:
    """Report getent's exit code for each user ("passwd:NAME") and group ("group:NAME"): 2 if it does not exist."""
    return shell("accounts @known@", known=[one for one in wanted if grammar.USER.takes(one.partition(":")[2])])


_KVM = "/dev/kvm"


def access(uid: int, gid: int, paths: Sequence[str]) -> ShellText:
    """Report the group IDs of a user, and the mode, owner and group of each path that exists.

    If /dev/kvm is among them, also report whether the user may use it.
    """
    return shell(
        "g=$(id -G @uid@ 2>/dev/null); printf 'groups %s\\n' \"$g\"\n@listed@\n@tried@true",
        uid=uid,
        listed=joined(
            shell("as_root ls -dLlnN --time-style=+ -- @some@ 2>/dev/null", some=some)
            for some in _few_at_once(_paths(paths))
        ),
        tried=shell("may_use_kvm @uid@ @gid@ $g; ", uid=uid, gid=gid) if _KVM in paths else NOTHING,
    )


def image_heads(paths: Sequence[str]) -> ShellText:
    """Report the size (bytes) and format of each image, and for qcow2 its virtual size and backing file name in hex."""
    return shell("image_heads @paths@", paths=_paths(paths))


def key_slots(paths: Sequence[str]) -> ShellText:
    """Report how many passphrases open each image that is encrypted with LUKS."""
    return shell("key_slots @paths@", paths=_paths(paths))


def secret_digests(wanted: Sequence[tuple[str, str]]) -> ShellText:
    """Report a digest of each secret's value, by UUID, under the keys of this run: the same on two hosts if both are.

    Each is asked for with the path of the file that has its value, or an empty one. The keys are kept nowhere, so
    nobody can guess at the values by their digests.
    """
    inner, outer, name = _keys()
    known = [f"{path}={uuid}" if path else uuid for uuid, path in wanted if grammar.UUID.takes(uuid)]
    return shell(
        "printf 'key %s\\n' @name@; secret_digests @keys@ @known@", name=name, keys=(inner, outer), known=known
    )


@cache
def _keys() -> tuple[str, str, str]:
    """Draw the inner and the outer key of this run, in hex and as long as a block of SHA-256, and name them."""
    import hashlib  # few guests have secrets

    inner, outer = (os.urandom(32).hex() for _ in range(2))
    return inner, outer, hashlib.sha256(f"{inner}{outer}".encode()).hexdigest()[:16]


def block_devices(paths: Sequence[str]) -> ShellText:
    """Report the size (bytes) and WWID of each block device, and the SHA-256 and signatures of its first 4 KiB."""
    return shell("block_devices @paths@", paths=_paths(paths))


def all_images(paths: Sequence[str]) -> ShellText:
    """Ask `stat_paths` about these paths and `EMULATORS`, and list the directories where guest images usually are.

    This is for a snapshot that is taken before the other host is known: it shows whether the disks of its guests
    exist here. The listing covers libvirt's image directory, the names of the files with secrets, and the top level of
    each other mount, each up to 2,000 entries.
    """
    return joined((stat_paths(sorted({*paths, *EMULATORS})), _LISTING))


_LISTING = of_file(Path(__file__).with_name("listing.sh"))
