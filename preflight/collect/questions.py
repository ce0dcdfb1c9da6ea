"""What is asked of a host's shell: one short POSIX sh command a record, which reads and never changes anything.

A file that does not exist answers with code 44 (`MISSING`), one that may not be read with another code, so
"absent" and "unknown" stay apart. Commands run with LC_ALL=C. `as_root` runs its arguments as root: directly when the
login is root's, else through `sudo -n`; `slurp FILE` prints a file; of one that is
larger than the channel takes, 8 MiB, a byte more.
"""

from collections.abc import Iterable, Iterator, Sequence

from preflight import grammar
from preflight.shell_text import ShellText, fixed, joined, shell

#: Where distributions put QEMU; asked of every host that is kept in a snapshot, since another's guest may want it.
EMULATORS = (
    *(f"/usr/bin/qemu-system-{arch}" for arch in ("x86_64", "aarch64", "ppc64", "riscv64", "s390x")),
    "/usr/bin/kvm",
    "/usr/bin/qemu-kvm",
    "/usr/libexec/qemu-kvm",
)

#: Functions that the commands below use.
PRELUDE = r"""
LC_ALL=C; export LC_ALL; umask 077; PATH=$PATH:/usr/sbin:/sbin:/usr/local/sbin
uid=$(id -u)
as_root() { if [ "$uid" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
slurp() {
  if [ ! -e "$1" ]; then
    d=${1%/*}; while [ -n "$d" ] && [ ! -e "$d" ]; do d=${d%/*}; done
    if [ -x "${d:-/}" ]; then return 44; fi
    as_root test -e "$1" || { [ "$uid" = 0 ] && return 44; }
  fi
  if [ -r "$1" ]; then head -c 8388609 "$1"; else as_root head -c 8388609 "$1"; fi
}
daemons() {
  read -r up _ < /proc/uptime; now=$(date +%s.%N)
  printf 'clock %s %s 100\n' "$now" "$up"  # USER_HZ, which is 100 wherever KVM runs
  [ -z "$seen" ] || printf '%s\n' "$seen"
  given=$(given)
  set -- stat -c 'conf %n %.Y' $given /etc/libvirt/libvirtd.conf /etc/libvirt/virtqemud.conf \
    /etc/libvirt/virtproxyd.conf /etc/libvirt/qemu.conf /etc/libvirt/hooks/qemu /etc/libvirt/hooks/qemu.d
  if [ -x /etc/libvirt ]; then "$@" 2>/dev/null; else as_root "$@" 2>/dev/null; fi
  for s in libvirt-sock virtqemud-sock; do
    [ -S "/run/libvirt/$s" ] && printf 'socket %s\n' "$s"
  done
  # behind a line that names it, as in sshd_config
  for f in $given; do printf '\037%s\n' "$f"; slurp "$f" && echo; done
  return 0
}
given() {
  # the files that daemons were told to read instead of their own
  case $seen in *'reads '*) printf '%s\n' "$seen" | sed -n 's/^reads \(.*\) [^ ]*$/\1/p';; esac
}
reads() {
  # NAME PROGRAM ARGUMENT...: the file that a daemon was told to read instead of its own
  c=$1; shift
  while [ $# -gt 1 ]; do
    shift
    case $1 in
      --c*=*) g=${1#*=} ;;
      --c*|-f|-[dlv]*f) g=$2 ;;
      -f*) g=${1#-f} ;;
      *) continue ;;
    esac
    printf 'reads %s %s\n' "$g" "$c"
  done
}
processes() {
  # a process that ends meanwhile is no error; a loop of the shell's own over all of them would take four times as long
  for f in $(grep -slxE 'libvirtd|virtqemud|virtproxyd|virtlockd|virtlogd' /proc/[0-9]*/comm); do
    p=${f%/comm}
    { read -r c < "$f" && read -r s < "$p/stat"; } 2>/dev/null || continue
    # one in a container is another host's, and a user's own daemon has other guests
    if [ "$uid" = 0 ]; then [ "$p/ns/pid" -ef /proc/self/ns/pid ] && [ -O "$p" ] || continue
    else [ "$(stat -c %u "$p" 2>/dev/null)" = 0 ] || continue; fi
    set -- ${s##*) }
    printf 'process %s %s %s\n' "$c" "${p#/proc/}" "${20}"
    case $c in libvirtd|virtqemud|virtproxyd)
      w=$(tr '\0' ' ' < "$p/cmdline")
      case $w in *' -'*) set -f; reads "$c" $w; set +f;; esac;;
    esac
  done
  return 0
}
limits() {
  # virt-admin would start a daemon that is not there: asked only of those that run
  for name in libvirtd virtqemud virtproxyd; do
    case $seen in *"process $name "*) ;; *) continue;; esac
    echo "daemon $name"
    as_root virt-admin -c "$name:///system" "srv-clients-info $name; srv-threadpool-info $name" || echo "failed $?"
  done
}
iptables_tables() {
  # iptables-save would load a module: the legacy tables are asked for only where the kernel has them
  for v in '' 6; do
    t=/proc/net/ip${v}_tables_names
    if [ -e $t ]; then
      n=$(as_root cat $t) || return
      if [ -n "$n" ]; then
        echo "family ${v:-4}"
        if command -v ip${v}tables-legacy-save >/dev/null; then as_root ip${v}tables-legacy-save || return
        elif ip${v}tables-save --version | grep -q nf_tables; then
          echo "ip${v}tables-legacy-save is not installed" >&2; return 1
        else as_root ip${v}tables-save || return; fi
      fi
    fi
    if command -v ip${v}tables-nft-save >/dev/null; then
      echo "family ${v:-4} nft"; as_root ip${v}tables-nft-save || return
    fi
  done
}
stat_paths() {
  n=$#
  for p in "$@"; do
    if [ -e "$p" ]; then set -- "$@" "$p"; continue; fi
    printf 'path %s\n' "$p"
    as_root stat -L -c 'stat %f %s %d %i %t:%T' -- "$p" 2>&1
    # one process for a path, however many directories of it are not there: it may be the other host's
    as_root sh -c 'd=$1; while [ -n "$d" ] && [ ! -e "$d" ]; do d=${d%/*}; done
      exec stat -f -c "fs %t %S %a %f %c %d %b" -- "${d:-/}"' sh "$p" 2>&1
  done
  shift "$n"
  # what is there, all at once
  [ $# = 0 ] || {
    as_root stat -L --printf 'path %n\nstat %f %s %d %i %t:%T\n' -- "$@"
    as_root stat -f --printf 'path %n\nfs %t %S %a %f %c %d %b\n' -- "$@"
  }
}
host_keys() {
  for f in /etc/ssh/ssh_host_*_key.pub; do
    read -r t k _ < "$f" && printf '%s %s\n' "$t" "$k"
  done 2>/dev/null
  return 0
}
keys_met() {
  # NAME ADDRESS...: who answers where the name leads, but for these addresses, of which it is known
  n=$1; shift
  getent ahosts -- "$n" | head -n 48 | while read -r a kind _; do
    [ "$kind" = STREAM ] || continue
    for own in "$@"; do [ "$a" != "$own" ] || continue 2; done
    ssh-keyscan -T 2 -- "$a" 2>/dev/null
  done
  return 0
}
certificates() {
  printf 'clock %s\n' "$(date +%s)"
  for f in "$@"; do
    case $f in
      # of a key no more is told than whether it can be read
      key:*) slurp "${f#key:}" >/dev/null 2>&1; printf 'file %s %s\n' $? "${f#key:}" ;;
      *) t=$(slurp "$f" 2>/dev/null); printf 'file %s %s\n' $? "$f"
        printf '%s\n' "$t" | sed -n '/-----BEGIN .*CERTIFICATE-----/,/-----END .*CERTIFICATE-----/p' ;;
    esac
  done
}
image_heads() {
  # the paths come from the other host's guests: of a file that is no image nothing is told but its size
  for p in "$@"; do
    printf 'path %s\n' "$p"
    if as_root test -f "$p"; then n=$(as_root stat -L -c %s -- "$p" 2>&1)
    elif as_root test -b "$p"; then n=$(as_root blockdev --getsize64 "$p" 2>&1)
    else continue; fi
    case $n in ''|*[!0-9]*) printf 'image %s\n' "$n"; continue;; esac
    image_head "$p" "$n" $(as_root head -c 32 -- "$p" 2>/dev/null | od -An -v -tx1)
  done
  return 0
}
image_head() {
  # PATH SIZE BYTE...: as docs/interop/qcow2.txt of QEMU has a header, magic, version, place and length of the backing
  # image's name, bits of a cluster, size. QEMU takes no longer name than 1023 bytes, and a cluster has 2 MiB at most
  f=$1 n=$2; shift 2
  [ $# -ge 4 ] || [ "$n" -lt 4 ] || { printf 'image %s unread\n' "$n"; return; }
  [ "$1$2$3$4" = 514649fb ] || { printf 'image %s raw\n' "$n"; return; }
  [ $# = 32 ] || { printf 'image %s cut\n' "$n"; return; }
  shift 8
  o=$1$2$3$4$5$6$7$8; shift 8
  l=$1$2$3$4; shift 8
  case $o-$l in
    0000000000000000-*|*-00000000) b=- ;;
    0000000000[01]?????-00000[0-3]??)
      b=$(as_root dd if="$f" bs=1 skip=$((0x$o)) count=$((0x$l)) 2>/dev/null | od -An -v -tx1 | tr -d ' \n') ;;
    *) b=far ;;
  esac
  # json:… and …://… are no paths, and may hold passwords
  case $b in 6a736f6e3a*|*3a2f2f*) b=elsewhere ;; esac
  printf 'image %s qcow2 %s %s\n' "$n" "$1$2$3$4$5$6$7$8" "${b:-unread}"
}
open_files() {
  processes | while read -r _ name p _; do
    m=$(as_root sed -n 's/^Max open files *\([0-9]*\).*/\1/p' "/proc/$p/limits")
    printf 'files %s %s %s\n' "$name" "$m" "$(as_root ls "/proc/$p/fd" | wc -l)"
  done
}
guest_memory() {
  # KiB of each guest's memory that its QEMU has: of the mappings that no child would get (VmFlags: dc)
  as_root sh -c 'for f in /run/libvirt/qemu/*.pid; do
    n=${f##*/}; [ -e "$f" ] && [ "$n" != driver.pid ] && read -r p < "$f" && [ -r "/proc/$p/smaps" ] || continue
    awk "/^(Rss|Shared_Hugetlb|Private_Hugetlb):/ { has += \$2 }
      /^VmFlags:/ { if (/ dc( |\$)/) sum += has; has = 0 }
      END { printf \"guest %d \", sum }" "/proc/$p/smaps"
    printf "%s\n" "${n%.pid}"
  done'
}
block_devices() {
  for p in "$@"; do
    printf 'path %s\n' "$p"
    [ -b "$p" ] || continue
    k=$(stat -L -c '%t:%T' -- "$p"); k=/sys/dev/block/$((0x${k%:*})):$((0x${k#*:}))
    w=$(cat "$k/dm/uuid" "$k/wwid" "$k/device/wwid" 2>/dev/null | head -n 1 | tr -d '\0')
    d=$(device_start "$p" | sha256sum) m=$(device_start "$p" | device_marks)
    # of nothing: it could not be read
    [ -n "$m" ] || d=-
    printf 'device %s %s %s %s\n' "$(as_root blockdev --getsize64 "$p" 2>/dev/null)" "${d%% *}" "${m:--}" "$w"
  done
  return 0
}
device_start() {
  # read past the cache, which must not keep what the other host is about to change
  as_root dd if="$1" iflag=direct bs=4096 count=1 2>/dev/null
}
device_marks() {
  # the identifiers of what is written at the start of a device: UEFI 2.10 (5.3.2), superblocks and headers of Linux
  # (fs/ext4/ext4.h, fs/xfs/libxfs/xfs_format.h), LVM2 (lib/format_text/layout.h), cryptsetup (LUKS1 and LUKS2 agree)
  od -An -v -tx1 | tr -d ' \n' | awk '
    function mark(name, magic_at, magic, at, bytes,  id) {
      id = substr($0, 2 * at + 1, 2 * bytes)
      if (substr($0, 2 * magic_at + 1, length(magic)) == magic && id ~ /[^0]/) marks = marks "," name "=" id
    }
    {
      mark("mbr", 510, "55aa", 440, 4)
      mark("gpt", 512, "4546492050415254", 568, 16)
      mark("ext4", 1080, "53ef", 1128, 16)
      mark("xfs", 0, "58465342", 32, 16)
      mark("lvm", 512, "4c4142454c4f4e45", 544, 32)
      mark("luks", 0, "4c554b53babe", 168, 36)
      print(marks ? substr(marks, 2) : "-")
    }'
}
connects() {
  # NAME PORT: what becomes of a TCP connection, which is closed at once; bash has what sh has not
  if command -v bash >/dev/null; then
    e=$(timeout 5 bash -c ': <"/dev/tcp/$0/$1"' "$1" "$2" 2>&1); c=$?
  else e=$(nc -z -w 5 -- "$1" "$2" 2>&1 </dev/null); c=$?; fi
  e=$(printf '%s' "${e##*: }" | tr -d '\n')
  printf 'port %s %s %s %s\n' $c "$1" "$2" "$e"
}
block_driver() {
  # EMULATOR MODULE LIBRARY: a module that QEMU loads, or a library that it is linked with
  for f in /usr/lib/*/qemu /usr/lib*/qemu /usr/lib*/qemu-kvm /usr/local/lib*/qemu /usr/local/lib/*/qemu; do
    if [ -e "$f/block-$2.so" ]; then printf 'driver 0 %s %s\n' "$2" "$1"; return; fi
  done
  grep -qaE "$3[-a-z0-9]*\.so\." "$1" 2>/dev/null
  printf 'driver %s %s %s\n' $? "$2" "$1"
}
rdma_ports() {
  for f in /sys/class/infiniband/*/ports/*/state; do
    [ -e "$f" ] || continue
    read -r s < "$f" && printf 'port %s %s\n' "$f" "$s"
  done
  return 0
}
rdma_linked() {
  # EMULATOR...: whether each is linked with what RDMA takes
  for q in "$@"; do
    grep -qaF librdmacm.so. "$q" 2>/dev/null
    printf 'qemu %s %s\n' $? "$q"
  done
}
sshd_listener() {
  grep -sah '^sshd:.*listener' /proc/[0-9]*/cmdline | tr -d '\000'
  return 0
}
"""

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
        "helpers": (
            "for h in virt-ssh-helper nc; do command -v $h; done; "
            "nc -h 2>&1 | grep -m 3 -E -e '(^|[[:space:],])-[A-Za-z]*U'; true"
        ),
        "libvirtd.conf": "slurp /etc/libvirt/libvirtd.conf",
        "virtqemud.conf": "slurp /etc/libvirt/virtqemud.conf",
        "virtproxyd.conf": "slurp /etc/libvirt/virtproxyd.conf",
        "virtlockd.conf": "slurp /etc/libvirt/virtlockd.conf",
        "qemu.conf": "slurp /etc/libvirt/qemu.conf",
        "sshd_config": (
            # every file that Include may mean, each behind a line that names it; the reader works out sshd's order
            'for f in /etc/ssh/sshd_config /etc/ssh/sshd_config.d/*; do [ -f "$f" ] || continue; '
            'printf \'\\037%s\\n\' "$f"; slurp "$f" || exit; done'
        ),
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
        "limits.virtlockd": (
            "processes | while read -r _ name _; do [ $name = virtlockd ] || continue; echo daemon virtlockd; "
            "as_root virt-admin -c virtlockd:///system srv-clients-info virtlockd </dev/null; done; true"
        ),
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
    asked = 'for n in @names@; do getent ahosts -- "$n" >/dev/null 2>&1; printf \'%s %s\\n\' $? "$n"; done'
    return shell(asked, names=_hosts(names))


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
    asked = (
        'for g in @guests@; do p=$(as_root cat "/run/libvirt/qemu/$g.pid" 2>/dev/null) || continue; '
        "k=$(sed -n 's/^VmRSS:[[:space:]]*\\([0-9]*\\) kB/\\1/p' \"/proc/$p/status\" 2>/dev/null); "
        'printf \'resident %s %s\\n\' "$k" "$g"; done; true'
    )
    return shell(asked, guests=[name for name in guests if grammar.GUEST.takes(name)])


def accounts(wanted: Sequence[str]) -> ShellText:
    """For each user ("passwd:NAME") and group ("group:NAME") getent's exit code: 2 when the host does not know it."""
    known = [account for account in wanted if grammar.USER.takes(account.partition(":")[2])]
    asked = 'for a in @known@; do getent "${a%%:*}" -- "${a#*:}" >/dev/null 2>&1; printf \'%s %s\\n\' $? "$a"; done'
    return shell(asked, known=known)


def access(uid: int, gid: int, paths: Sequence[str], *, kvm: bool) -> ShellText:
    """The numbers of a user's groups, and mode, owner and group of each path that exists.

    With `kvm` also whether the user may use /dev/kvm, 0 for yes and 1 for no: a `test` that runs as that user tells.
    """
    tried = shell(
        'as_root setpriv --reuid=@uid@ --regid=@gid@ --groups="$(id -G @uid@ 2>/dev/null | tr " " ,),"@gid@ '
        "test -r /dev/kvm -a -w /dev/kvm 2>/dev/null; printf 'kvm %s\\n' $?; ",
        uid=uid,
        gid=gid,
    )
    return shell(
        "printf 'groups %s\\n' \"$(id -G @uid@ 2>/dev/null)\"\n@listed@\n@tried@true",
        uid=uid,
        listed=joined(
            shell("as_root ls -dLlnN --time-style=+ -- @some@ 2>/dev/null", some=some)
            for some in _few_at_once(_paths(paths))
        ),
        tried=tried if kvm else ShellText(),
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


_LISTING = shell(r"""
list() {
  [ -d "$1" ] || return
  [ "$(as_root find "$1" -mindepth 1 -maxdepth 1 2>/dev/null | head -n 2001 | wc -l)" -le 2000 ] || return
  printf 'listed %s\n' "$1"
  as_root find "$1" -mindepth 1 -maxdepth 1 \
    -exec stat -L --printf 'path %n\nstat %f %s %d %i %t:%T\n' -- {} + 2>/dev/null
}
list /var/lib/libvirt/images
list /etc/libvirt/secrets
while read -r _ at type _; do
  case $type in proc|sysfs|dev*|cgroup*|mqueue|overlay|*securityfs|debugfs|tracefs|autofs|*rpc*) continue;; esac
  case $at in /|/boot*|/usr*|/var|/tmp*|/run*|/proc*|/sys*|/dev*|/etc*|/var/lib/libvirt/images|*'\'*) continue;; esac
  list "$at"
done < /proc/self/mounts
true
""")
