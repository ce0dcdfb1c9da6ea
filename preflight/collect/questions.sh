# shellcheck shell=sh
# Functions that the questions in questions.py call; they are sent once to each host's shell. They only read and never
# change anything. `as_root` runs its arguments as root: directly if the login is root's, otherwise through `sudo -n`.
# `slurp FILE` prints a file; of a file larger than the 8 MiB that the channel accepts, it prints one byte more than
# that; it returns 44 if the file does not exist.

LC_ALL=C; export LC_ALL; umask 077; PATH=$PATH:/usr/sbin:/sbin:/usr/local/sbin
uid=; { while read -r k _ u _; do [ "$k" != Uid: ] || { uid=$u; break; }; done < /proc/self/status; } 2>/dev/null
[ -n "$uid" ] || uid=$(id -u)
nf_tables='' keeper='' kept=''
as_root() { if [ "$uid" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
# as as_root, in the place of the shell that $(...) starts
of_root() { if [ "$uid" = 0 ]; then exec "$@"; else exec sudo -n "$@"; fi; }
slurp() {
  if [ ! -e "$1" ]; then
    d=${1%/*}; while [ -n "$d" ] && [ ! -e "$d" ]; do d=${d%/*}; done
    if [ -x "${d:-/}" ]; then return 44; fi
    as_root test -e "$1" || { [ "$uid" = 0 ] && return 44; }
  fi
  if [ -r "$1" ]; then head -c 8388609 "$1"; else as_root head -c 8388609 "$1"; fi
}
few_lines() {
  # FILE: as slurp, but without a process if the file has few lines
  t='' l='' n=0
  if [ -r "$1" ] && [ -f "$1" ]; then
    # shellcheck disable=SC2094 # both only read
    while IFS= read -r l; do
      t="$t$l
" n=$((n + 1))
      [ $n -lt 60 ] || { slurp "$1"; return; }
    done < "$1"
    printf '%s' "$t$l"
  else slurp "$1"; fi
}
daemons() {
  read -r up _ < /proc/uptime; now=$(date +%s.%N)
  printf 'clock %s %s 100\n' "$now" "$up"  # USER_HZ, which is 100 wherever KVM runs
  [ -z "$seen" ] || printf '%s\n' "$seen"
  # without a subshell where there is nothing to find
  given=; case $seen in *'reads '*) given=$(given);; esac
  # shellcheck disable=SC2086 # each is a word: no daemon's file has a space in its name
  set -- stat -c 'conf %n %.Y' $given /etc/libvirt/libvirtd.conf /etc/libvirt/virtqemud.conf \
    /etc/libvirt/virtproxyd.conf /etc/libvirt/qemu.conf /etc/libvirt/hooks/qemu /etc/libvirt/hooks/qemu.d
  if [ -x /etc/libvirt ]; then "$@" 2>/dev/null; else as_root "$@" 2>/dev/null; fi
  for s in libvirt-sock virtqemud-sock; do
    [ -S "/run/libvirt/$s" ] && printf 'socket %s\n' "$s"
  done
  [ -z "$keeper" ] || confinement
  # each file follows a line with its name, as in sshd_config
  for f in $given; do printf '\037%s\n' "$f"; slurp "$f" && echo; done
  return 0
}
log_and_lock() {
  # of virtlogd and virtlockd, those that do not run: that systemd would start them for a client, or else what it says of
  # their units; and their files
  n='' u=''
  for c in virtlogd virtlockd; do
    case $seen in *"process $c "*) ;; *) n="$n $c";; esac
  done
  [ -n "$n" ] || return 0
  # sockets that something listens at
  l=$(grep -s ' 00010000 0001 01 .* /run/libvirt/virtlo[a-z]*-sock$' /proc/net/unix)
  for c in $n; do
    case $l in *"/run/libvirt/$c-sock"*) starts "$c.service" && { echo "listens $c"; continue; };; esac
    u="$u $c.service $c.socket"
  done
  # shellcheck disable=SC2086 # names of units are words
  [ -z "$u" ] || systemctl show --property=Id,LoadState,ActiveState,SubState,UnitFileState,Result $u
  for c in $n; do
    f=/etc/libvirt/$c.conf
    [ ! -e "$f" ] || { printf '\037%s\n' "$f"; slurp "$f" && echo; }
  done
  return 0
}
apart() {
  # KIND: whether the daemon that manages guests has a namespace of this kind that the login does not have
  if [ "$uid" = 0 ]; then
    # shellcheck disable=SC3013 # dash, bash and busybox know -ef
    [ -e "/proc/$keeper/ns/$1" ] && [ ! "/proc/$keeper/ns/$1" -ef "/proc/self/ns/$1" ]
  else
    # shellcheck disable=SC2016 # the inner shell's own
    as_root sh -c '[ -e "/proc/$1/ns/$2" ] && [ ! "/proc/$1/ns/$2" -ef "/proc/self/ns/$2" ]' sh "$keeper" "$1"
  fi 2>/dev/null
}
confinement() {
  # what the daemon that manages guests, and each QEMU that it starts, has otherwise than the login: namespaces, with the
  # interfaces of its network, filters of system calls, and capabilities; its limit on processes; and where it has
  # filters, what its unit says
  if apart mnt; then
    printf 'apart mnt %s %s\n' "$kept" "$keeper"
    as_root test "/proc/$keeper/root/etc/libvirt" -ef /etc/libvirt || printf 'apart conf %s %s\n' "$kept" "$keeper"
  fi
  if apart net; then
    printf 'apart net %s %s %s\n' "$kept" "$keeper" \
      "$(as_root sed -n 's/^ *\([^ :]*\):.*/\1/p' "/proc/$keeper/net/dev" | tr '\n' ' ')"
  fi
  c=$(grep -sE '^(CapBnd|Seccomp|Seccomp_filters):|^Max processes ' /proc/self/status "/proc/$keeper/status" \
    "/proc/$keeper/limits")
  printf '%s\n' "$c"
  # before Linux 5.9, only whether there are any
  case $c in *Seccomp_filters:*) k=Seccomp_filters;; *) k=Seccomp;; esac
  o=${c#*"/self/status:$k:"} d=${c#*"/$keeper/status:$k:"}
  [ "${o%%
*}" = "${d%%
*}" ] ||
    systemctl show --property=RestrictAddressFamilies,MemoryDenyWriteExecute,SystemCallFilter "$kept.service" \
      2>/dev/null | sed 's/^/unit /'
  return 0
}
last_errors() {
  # the last errors that libvirt's daemons have logged since the host booted
  as_root journalctl --quiet --boot --output=cat --priority=err --lines=6 \
    _COMM=libvirtd + _COMM=virtqemud + _COMM=virtproxyd 2>/dev/null
  return 0
}
starts() {
  # UNIT: whether systemd has a file of the unit that is not masked; only the first of these counts
  for f in /etc/systemd/system /run/systemd/system /usr/local/lib/systemd/system /usr/lib/systemd/system \
    /lib/systemd/system; do
    # shellcheck disable=SC3013 # dash, bash and busybox know -ef
    if [ -e "$f/$1" ]; then [ ! "$f/$1" -ef /dev/null ]; return; fi
  done
  return 1
}
given() {
  # the configuration files that daemons were started with instead of the default ones
  printf '%s\n' "$seen" | sed -n 's/^reads \(.*\) [^ ]*$/\1/p'
}
reads() {
  # NAME PROGRAM ARGUMENT...: the file that a daemon was started with instead of the default one
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
look() {
  # sets `seen` to libvirt's daemons, each with its PID and start, and the files that some read; without a process more.
  # `keeper` is the PID of the one that manages guests, and `kept` its name
  seen='' keeper='' kept=''
  # a process that ends in the meantime is not an error; a shell loop over all processes would take four times as long
  # shellcheck disable=SC2013 # paths in /proc are words
  for f in $(grep -slxE 'libvirtd|virtqemud|virtproxyd|virtlockd|virtlogd' /proc/[0-9]*/comm); do
    p=${f%/comm}
    { read -r c < "$f" && read -r s < "$p/stat"; } 2>/dev/null || continue
    # a process in a container belongs to another host, and a user's session daemon has other guests
    # shellcheck disable=SC3067 # dash, bash and busybox know -O
    if [ "$uid" = 0 ]; then [ "$p/ns/pid" -ef /proc/self/ns/pid ] && [ -O "$p" ] || continue
    else [ "$(stat -c %u "$p" 2>/dev/null)" = 0 ] || continue; fi
    # shellcheck disable=SC2086 # /proc/PID/stat is words
    set -- ${s##*) }
    seen="$seen${seen:+
}process $c ${p#/proc/} ${20}"
    case $kept$c in libvirtd|*virtqemud) keeper=${p#/proc/} kept=$c;; esac
    case $c in libvirtd|virtqemud|virtproxyd)
      # without the NULs between its arguments, of which few daemons have any that matter
      read -r w 2>/dev/null < "$p/cmdline"
      case $w in *--c*|*-f*|*-[dlv]*f*) w=$(tr '\0' ' ' < "$p/cmdline");; *) continue;; esac
      # shellcheck disable=SC2086 # without globbing: arguments
      case $w in *' -'*) w=$(set -f; reads "$c" $w); seen="$seen${w:+
}$w";; esac;;
    esac
  done
  return 0
}
limits() {
  # [COMMAND...]: words before virt-admin, such as timeout
  # virt-admin would start a daemon that is not running, so only running ones are queried
  for name in libvirtd virtqemud virtproxyd; do
    case $seen in *"process $name "*) ;; *) continue;; esac
    echo "daemon $name"
    as_root "$@" virt-admin -c "$name:///system" "srv-clients-info $name; srv-threadpool-info $name" || echo "failed $?"
  done
}
nft_rules() {
  # nft alone lists every table of nf_tables; without it, only a kernel without nf_tables is known to have no such rule
  if command -v nft >/dev/null; then
    j=$(of_root nft -j list ruleset) || return
    nf_tables=0
    printf '%s\n' "$j"
    # a shell takes seconds to search megabytes
    [ ${#j} -lt 200000 ] || j=$(printf '%s\n' "$j" | grep -oE '"(hook": "(in|e)gress|key": "(hour|day|time)|name": "time)"')
    # releases before 1.1 print the devices of these chains only in their own language
    case $j in *'"hook": "ingress"'*|*'"hook": "egress"'*)
      as_root nft list chains | grep -E '^table |^[[:blank:]]+chain |hook (in|e)gress ';;
    esac
    case $j in *'"key": "hour"'*|*'"key": "day"'*|*'"key": "time"'*|*'"name": "time"'*) date '+clock %s %z';; esac
    return 0
  elif may_have_nf_tables; then return 44
  else echo '{"nftables": []}'; fi
}
may_have_nf_tables() {
  # nft has just listed its tables; or it is loaded as a module, or among the kernel's symbols, which list loaded modules
  # too, may not be readable, and are searched only once
  [ -n "$nf_tables" ] || {
    [ -e /sys/module/nf_tables ] || [ ! -r /proc/kallsyms ] || grep -q nft_do_chain /proc/kallsyms
    nf_tables=$?
  }
  return "$nf_tables"
}
iptables_tables() {
  # iptables-save would load a module, so either kind of tables is read only if the kernel may have them
  names=
  for v in '' 6; do
    t=/proc/net/ip${v}_tables_names
    if [ -e $t ]; then
      n=
      if [ -r $t ]; then read -r n < $t; else n=$(as_root cat $t) || return; fi
      if [ -n "$n" ]; then
        echo "family ${v:-4}"
        if command -v ip${v}tables-legacy-save >/dev/null; then saves ip${v}tables-legacy-save || return
        elif ip${v}tables-save --version | grep -q nf_tables; then
          echo "ip${v}tables-legacy-save is not installed" >&2; return 1
        else saves ip${v}tables-save || return; fi
      fi
    fi
    if command -v ip${v}tables-nft-save >/dev/null && may_have_nf_tables; then
      echo "family ${v:-4} nft"; saves ip${v}tables-nft-save || return
    fi
  done
  sets
  # the packets that `hashlimit` and `recent` have seen, as remarks of iptables
  for f in /proc/net/ipt_hashlimit/* /proc/net/ip6t_hashlimit/*; do as_remarks "hashlimit ${f##*/}" "$f"; done
  for f in /proc/net/xt_recent/*; do as_remarks "recent ${f##*/}" "$f" || return 0; done
  # and the jiffies by which `recent` dates them
  echo '# now'
  as_root sed -n 's/^jiffies: /# jiffies /p' /proc/timer_list
  return 0
}
saves() {
  # PROGRAM: what it prints; to `names` the sets of ipset that its rules name
  [ -e /sys/module/ip_set ] || { as_root "$1"; return; }
  r=$(of_root "$1") || return
  [ -z "$r" ] || printf '%s\n' "$r"
  case $r in *' --match-set '*)
    names="$names $(printf '%s\n' "$r" | grep -oE -e ' --match-set [A-Za-z0-9_.:-]+' | sort -u)";;
  esac
}
sets() {
  # as remarks of iptables, the sets in `names` and those in lists of sets; of one too large, a part
  [ -n "$names" ] && command -v ipset >/dev/null || return 0
  known=' '
  # shellcheck disable=SC2086 # names are words, without globbing
  set -f -- $names; set +f
  while [ $# -gt 0 ]; do
    n=$1; shift
    case $n-$known in --match-set-*|*" $n "*) continue;; esac
    known="$known$n "
    r=$(as_root ipset save "$n" 2>/dev/null </dev/null | head -n 20001)
    [ -n "$r" ] || continue
    printf '%s\n' "$r" | sed 's/^/# set /'
    # shellcheck disable=SC2046 # likewise
    case $r in "create $n list:"*) set -f -- "$@" $(printf '%s\n' "$r" | sed -n 's/^add [^ ]* \([^ ]*\).*/\1/p'); set +f;; esac
  done
}
as_remarks() {
  # HEADING FILE
  [ -e "$2" ] || return
  printf '# %s\n' "$1"
  sed 's/^/# /' "$2" || as_root sed 's/^/# /' "$2" || { echo '# failed'; return 1; }
}
stat_paths() {
  n=$#
  for p in "$@"; do
    if [ -e "$p" ]; then set -- "$@" "$p"; continue; fi
    printf 'path %s\n' "$p"
    as_root stat -L -c 'stat %f %s %d %i %t:%T' -- "$p" 2>&1
    # one process per path, however many of its directories are missing: the path may come from the other host
    # shellcheck disable=SC2016 # the inner shell's own
    as_root sh -c 'd=$1; while [ -n "$d" ] && [ ! -e "$d" ]; do d=${d%/*}; done
      exec stat -f -c "fs %t %S %a %f %c %d %b" -- "${d:-/}"' sh "$p" 2>&1
  done
  shift "$n"
  # all existing paths at once
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
  # NAME ADDRESS...: host keys at the addresses of the name, except for the given addresses, whose owner is known
  n=$1; shift
  getent ahosts -- "$n" | head -n 48 | while read -r a kind _; do
    [ "$kind" = STREAM ] || continue
    for own in "$@"; do [ "$a" != "$own" ] || continue 2; done
    ssh-keyscan -T 2 -- "$a" 2>/dev/null
  done
  return 0
}
keys_of() {
  # NAME ADDRESS...: as keys_met, after \037, the name and the code 0; one write, so that the answers do not mix
  k=$(keys_met "$@"); printf '\037%s 0\n%s\n' "$1" "$k"
}
certificates() {
  printf 'clock %s\n' "$(date +%s)"
  for f in "$@"; do
    case $f in
      # for a private key, report only the result of reading it
      key:*) slurp "${f#key:}" >/dev/null 2>&1; printf 'file %s %s\n' $? "${f#key:}" ;;
      *) t=$(slurp "$f" 2>/dev/null); printf 'file %s %s\n' $? "$f"
        printf '%s\n' "$t" | sed -n '/-----BEGIN .*CERTIFICATE-----/,/-----END .*CERTIFICATE-----/p' ;;
    esac
  done
}
image_heads() {
  # the paths come from the other host's guests: for a file that is not an image, report only the size
  for p in "$@"; do
    printf 'path %s\n' "$p"
    if as_root test -f "$p"; then n=$(as_root stat -L -c %s -- "$p" 2>&1)
    elif as_root test -b "$p"; then n=$(as_root blockdev --getsize64 "$p" 2>&1)
    else continue; fi
    case $n in ''|*[!0-9]*) printf 'image %s\n' "$n"; continue;; esac
    # shellcheck disable=SC2046 # one word per byte
    image_head "$p" "$n" $(as_root head -c 104 -- "$p" 2>/dev/null | od -An -v -tx1)
  done
  return 0
}
image_head() {
  # PATH SIZE BYTE...: the header as in docs/interop/qcow2.txt of QEMU: magic, version, offset and length of the backing
  # file name, cluster bits, size; of version 3 also incompatible features and its own length. QEMU accepts names of up
  # to 1023 bytes, and a cluster has at most 2 MiB
  f=$1 n=$2 d=; shift 2
  [ $# -ge 4 ] || [ "$n" -lt 4 ] || { printf 'image %s unread\n' "$n"; return; }
  [ "$1$2$3$4" = 514649fb ] || { printf 'image %s raw\n' "$n"; return; }
  [ $# -ge 32 ] || { printf 'image %s cut\n' "$n"; return; }
  # the guest's data are in a file of their own
  case $#$8${80-} in 10403?[4-7c-f]) d=" $(data_file "$f" $((0x${101}${102}${103}${104})))";; esac
  shift 8
  o=$1$2$3$4$5$6$7$8; shift 8
  l=$1$2$3$4; shift 8
  case $o-$l in
    0000000000000000-*|*-00000000) b=- ;;
    0000000000[01]?????-00000[0-3]??)
      b=$(as_root dd if="$f" bs=1 skip=$((0x$o)) count=$((0x$l)) 2>/dev/null | od -An -v -tx1 | tr -d ' \n') ;;
    *) b=far ;;
  esac
  # json:… and …://… are not paths, and may contain passwords
  case $b in 6a736f6e3a*|*3a2f2f*) b=elsewhere ;; esac
  printf 'image %s qcow2 %s %s%s\n' "$n" "$1$2$3$4$5$6$7$8" "${b:-unread}" "$d"
}
qemu_files() {
  # SIZE PATH of what QEMU has in its own directories for guests: firmware, option ROMs and keyboard layouts
  set --
  for f in /usr/share/qemu /usr/share/qemu-kvm /usr/share/qemu-firmware /usr/share/seabios /usr/share/seavgabios \
    /usr/share/ipxe/qemu /usr/lib/ipxe/qemu; do
    [ ! -d "$f" ] || set -- "$@" "$f"/*.rom "$f"/bios*.bin "$f"/vgabios*.bin "$f"/keymaps/*
  done
  [ $# = 0 ] || stat -L -c '%s %n' -- "$@" 2>/dev/null
  return 0
}
data_file() {
  # IMAGE OFFSET: the name, in hex, of the file that an image keeps its data in, and whether that exists (0) or not (1).
  # The name is in one of the extensions of the header, which begin at the offset, each of a multiple of 8 bytes
  f=$1 o=$2
  # shellcheck disable=SC2046 # one word per byte
  set -- $(as_root head -c $((o + 4096)) -- "$f" 2>/dev/null | tail -c +$((o + 1)) | od -An -v -tx1)
  while [ $# -ge 8 ] && [ "$1$2$3$4" != 00000000 ]; do
    t=$1$2$3$4 l=$((0x$5$6$7$8))
    shift 8; o=$((o + 8))
    [ $l -le 1023 ] && [ $l -le $# ] || break
    if [ "$t" = 44415441 ]; then
      p=$(as_root head -c $((o + l)) -- "$f" 2>/dev/null | tail -c $l)
      h=$(printf %s "$p" | od -An -v -tx1 | tr -d ' \n')
      case $p in json:*|*://*|'') break;; /*) ;; *) p=${f%/*}/$p;; esac
      as_root test -e "$p"; printf 'data %s %s' "$h" $?
      return
    fi
    l=$(((l + 7) / 8 * 8)); [ $l -le $# ] || break
    shift $l; o=$((o + l))
  done
  printf 'data elsewhere'
}
secret_digests() {
  # INNER OUTER SECRET...: a digest of each secret's value under two keys of this run, or why there is none. Each key
  # fills a block of SHA-256; the value goes from a builtin through a pipe, so no process has it in its arguments.
  # A secret is UUID or, where libvirt keeps the value as it is in its file, FILE=UUID
  unset v
  i=$1 o=$2; shift 2
  for s in "$@"; do
    printf 'path %s\n' "${s##*=}"
    case $s in
      *=*)
        if as_root test -e "${s%=*}"; then v=$(as_root head -c 1048576 -- "${s%=*}" 2>/dev/null)
        else printf 'none\n'; continue; fi ;;
      *)
        if v=$(as_root virsh -q -c qemu:///system secret-get-value "$s" 2>&1 </dev/null); then :; else
          case $v in
            *'is private'*) printf 'private\n' ;;
            *'does not have a value'*) printf 'none\n' ;;
            *) printf 'unread\n' ;;
          esac
          continue
        fi ;;
    esac
    if [ -z "$v" ]; then printf 'unread\n'; continue; fi
    h=$(printf '%s%s' "$i" "$v" | sha256sum) && h=$(printf '%s%s' "$o" "${h%% *}" | sha256sum) || h=unread
    printf '%s\n' "${h%% *}"
  done
  unset v h i o
}
key_slots() {
  # how many passphrases open each image with a header of LUKS 1, the only one that QEMU knows (crypto/block-luks.c); in
  # a qcow2 image, that header is where an extension of its own says
  for f in "$@"; do
    printf 'path %s\n' "$f"
    as_root test -f "$f" || as_root test -b "$f" || { printf 'slots none\n'; continue; }
    b=$(as_root head -c 4096 -- "$f" 2>/dev/null | od -An -v -tx1 | tr -d ' \n') k=0
    case $b in
      514649fb*0537be7700000010000000*)
        b=${b#*0537be7700000010}; b=${b%"${b#????????????????}"}
        k=$((0x$b / 512)) ;;
    esac
    # shellcheck disable=SC2046 # one word per byte
    set_slots $(as_root dd if="$f" bs=512 skip=$k count=2 2>/dev/null | od -An -v -tx1)
  done
  return 0
}
set_slots() {
  # BYTE...: eight slots of 48 bytes, of which the first four say whether it is in use (0x00ac71f3)
  if [ $# -lt 592 ] || [ "$1$2$3$4$5$6$7$8" != 4c554b53babe0001 ]; then printf 'slots unread\n'; return; fi
  n=0 j=0; shift 208
  while [ $j -lt 8 ]; do
    [ "$1$2$3$4" != 00ac71f3 ] || n=$((n + 1))
    j=$((j + 1)); shift 48
  done
  printf 'slots %s\n' $n
}
open_files() {
  # of each daemon that runs: the limit on its open files, and how many it has; by the shell itself, as root
  printf '%s\n' "$seen" | while read -r w name p _; do
    [ "$w" = process ] || continue
    m=
    { while read -r a b c m _; do [ "$a $b $c" != 'Max open files' ] || break; done < "/proc/$p/limits"; } 2>/dev/null
    if [ "$uid" = 0 ]; then count "/proc/$p/fd/"*; else n=$(as_root ls "/proc/$p/fd" | wc -l); fi
    printf 'files %s %s %s\n' "$name" "$m" "$n"
  done
}
count() { n=$#; }
guest_memory() {
  # KiB of each guest's memory that its QEMU holds: the mappings that are not inherited by children (VmFlags: dc)
  # shellcheck disable=SC2016 # the inner shell's own
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
    k=$(stat -L -c '%t:%T' -- "$p") || continue
    k=/sys/dev/block/$((0x${k%:*})):$((0x${k#*:}))
    w=$(cat "$k/dm/uuid" "$k/wwid" "$k/device/wwid" 2>/dev/null | head -n 1 | tr -d '\0')
    d=$(device_start "$p" | sha256sum) m=$(device_start "$p" | device_marks)
    # empty: the device could not be read
    [ -n "$m" ] || d=-
    printf 'device %s %s %s %s\n' "$(as_root blockdev --getsize64 "$p" 2>/dev/null)" "${d%% *}" "${m:--}" "$w"
  done
  return 0
}
device_start() {
  # bypass the cache, which must not keep blocks that the other host is about to change
  as_root dd if="$1" iflag=direct bs=4096 count=1 2>/dev/null
}
device_marks() {
  # the identifiers at the start of a device: UEFI 2.10 (5.3.2), superblocks and headers of Linux
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
forbidden() {
  # rules of policy routing and policies of IPsec that forbid ports to this host itself
  r=$(of_root ip -b - 2>/dev/null <<'END'
rule show
xfrm policy
END
  )
  p=
  while read -r l; do
    case $l in
      *[0-9]:*' dport '*) printf 'rule %s\n' "$l" ;;
      'src '*) p=$l ;;
      'dir out action block '*) printf 'policy %s\n' "$p" ;;
    esac
  done <<END
$r
END
}
connect() {
  # URI [SSH'S ARGUMENT...]: with a SessionType of none, ssh runs no command, and libvirt waits for it without end
  unset SSH_AUTH_SOCK KRB5CCNAME DISPLAY SSH_ASKPASS
  l=$1; shift
  if [ $# -gt 0 ]; then
    case $(as_root ssh -G -T "$@" 2>/dev/null </dev/null) in *'
sessiontype none
'*) echo 'the ssh configuration of root has SessionType none for it' >&2; return 1;; esac
  fi
  as_root virsh -q -c "$l" hostname
}
connects() {
  # NAME PORT [SECONDS]: the outcome of a TCP connection, which is closed at once; bash can do this, sh cannot
  if command -v bash >/dev/null; then
    # shellcheck disable=SC2016 # the inner shell's own
    e=$(timeout "${3:-5}" bash -c ': <"/dev/tcp/$0/$1"' "$1" "$2" 2>&1); c=$?
  else e=$(nc -z -w "${3:-5}" -- "$1" "$2" 2>&1 </dev/null); c=$?; fi
  e=${e##*: }
  printf 'port %s %s %s %s\n' $c "$1" "$2" "$e"
}
block_driver() {
  # EMULATOR MODULE LIBRARY: a module that QEMU loads, or a library that QEMU is linked with
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
  # EMULATOR...: grep's exit code for each, 0 if it is linked with the RDMA library
  for q in "$@"; do
    grep -qaF librdmacm.so. "$q" 2>/dev/null
    printf 'qemu %s %s\n' $? "$q"
  done
}
sshd_listener() {
  # the title of the sshd that listens; the files that are newer than its PidFile, which a reload writes again; and,
  # where nothing of sshd listens, the sockets that start one for each connection
  t=$(grep -sahoE '^sshd:.*\[listener\] [0-9]+ of [0-9]+-[0-9]+ startups' /proc/[0-9]*/cmdline)
  for f in /etc/ssh/sshd_config /etc/ssh/sshd_config.d /etc/ssh/sshd_config.d/*.conf; do
    # shellcheck disable=SC3013 # dash, bash and busybox know -nt
    if [ -e /run/sshd.pid ] && [ "$f" -nt /run/sshd.pid ]; then printf 'newer %s\n' "$f"; fi
  done
  if [ -n "$t" ]; then printf '%s\n' "$t"; else
    systemctl show --property=Id,ActiveState,Accept,MaxConnections,MaxConnectionsPerSource,NConnections \
      --property=TriggerLimitBurst,TriggerLimitIntervalUSec ssh.socket sshd.socket 2>/dev/null
  fi
  return 0
}
side_daemons() {
  # sockets of libvirt's daemons on which something listens, services that cannot be started, and after \037 the lines
  # of the daemons' files that set something, each after its file and number
  sed -n 's,^.* 00010000 0001 01 *[0-9]* \(/run/libvirt/[a-z-]*\)$,listens \1,p' /proc/net/unix
  set -- virtlogd virtlockd virtqemud virtnetworkd virtsecretd virtstoraged virtnodedevd virtnwfilterd virtinterfaced
  for d do
    for u in /etc/systemd/system /run/systemd/system; do
      # shellcheck disable=SC3013 # dash, bash and busybox know -ef
      if [ "$u/$d.service" -ef /dev/null ]; then printf 'masked %s\n' "$d"; fi
    done
  done
  printf '\037\n'
  for d do shift; set -- "$@" "/etc/libvirt/$d.conf"; done
  if [ -x /etc/libvirt ]; then grep -sHn '^[[:blank:]]*[^#[:blank:]]' "$@"
  else as_root grep -sHn '^[[:blank:]]*[^#[:blank:]]' "$@"; fi
  return 0
}
edited_units() {
  # lines of an administrator's files about libvirt's units, without values: sections and keys, and variables for the
  # daemons' command lines with the line that uses them; where a file has keys, after \036 what this systemd reads
  n=
  for u in libvirtd virtqemud virtproxyd virtlogd virtlockd; do
    for f in "/etc/systemd/system/$u.service" "/etc/systemd/system/$u.service.d/"*.conf \
      "/etc/systemd/system/$u"*.socket "/etc/systemd/system/$u"*.socket.d/*.conf; do
      if [ -f "$f" ]; then n=y; keys_in "$f"; fi
    done
    for f in "/etc/default/$u" "/etc/sysconfig/$u"; do
      [ -f "$f" ] || continue
      variables_in "$f" || continue
      for g in "/etc/systemd/system/$u.service.d/"*.conf "/etc/systemd/system/$u.service" \
        "/usr/lib/systemd/system/$u.service" "/lib/systemd/system/$u.service"; do
        [ ! -f "$g" ] || while IFS= read -r l; do
          case $l in ExecStart=*) printf '\037%s\nstarts %s\n' "$f" "$l";; esac
        done < "$g"
      done
    done
  done
  [ -n "$n" ] || return 0
  printf '\036\n'
  for f in /usr/lib/systemd/systemd /lib/systemd/systemd; do
    [ -x "$f" ] || continue
    "$f" --dump-configuration-items </dev/null 2>/dev/null |
      sed -n '/^\[\(Unit\|Service\|Socket\|Install\)\]/,/^$/s/=.*//p; /^\[/p'
    return 0
  done
}
keys_in() {
  # FILE: the sections and keys of a file of systemd, each after the number of its line
  printf '\037%s\n' "$1"
  i=0 more=
  while IFS= read -r l || [ -n "$l" ]; do
    i=$((i + 1)) s=${l#"${l%%[![:space:]]*}"}
    case $s in
      '#'*|';'*) continue ;;
      '['*) [ -n "$more" ] || printf '%s %s\n' $i "$s" ;;
      *=*) [ -n "$more" ] || printf '%s %s=\n' $i "${s%%=*}" ;;
    esac
    case $l in *\\) more=y ;; *) more= ;; esac
  done < "$1"
}
variables_in() {
  # FILE: the variables that a file of an environment sets, each after the number of its line; whether there are any
  i=0 more=
  while IFS= read -r l || [ -n "$l" ]; do
    i=$((i + 1)) s=${l#"${l%%[![:space:]]*}"}
    case $s in
      '#'*|';'*) ;;
      [A-Za-z_]*=*) more="$more$i ${s%%=*}=
" ;;
    esac
  done < "$1"
  [ -z "$more" ] || printf '\037%s\n%s' "$1" "$more"
  [ -n "$more" ]
}
mounts() {
  # the mounts of the daemon that manages guests, if they are not the login's
  if [ -n "$keeper" ] && apart mnt; then as_root cat "/proc/$keeper/mountinfo"; else cat /proc/self/mountinfo; fi
}
resources() {
  # devices, sockets, files and programs that some guests need, and settings of the kernel: by the shell itself
  for f in /dev/net/tun /dev/vhost-net /dev/vhost-vsock /dev/userfaultfd /dev/hwrng /dev/tpm0 /dev/sev /dev/sgx_vepc \
    /dev/sgx_provision /dev/udmabuf /run/openvswitch/db.sock /etc/ceph/ceph.conf /etc/pki/libvirt-vnc \
    /etc/pki/libvirt-spice /etc/pki/libvirt-chardev /etc/pki/libvirt-nbd /etc/pki/qemu; do
    if [ -e "$f" ]; then printf 'has %s\n' "$f"; fi
  done
  for p in numad numactl swtpm swtpm_setup passt slirp-helper dbus-daemon ovs-vsctl nbdkit dnsmasq mdevctl; do
    if command -v "$p" >/dev/null; then printf 'has %s\n' "$p"; fi
  done
  for f in /proc/sys/vm/unprivileged_userfaultfd /proc/sys/vm/overcommit_memory /sys/fs/cgroup/cgroup.controllers \
    /sys/module/apparmor/parameters/enabled /sys/fs/selinux/enforce; do
    v=
    if { read -r v < "$f" || [ -n "$v" ]; } 2>/dev/null; then printf 'value %s %s\n' "$f" "$v"; fi
  done
  return 0
}
cluster() {
  # if pacemaker runs: its resources that start guests, without their other parameters, which may be passwords
  [ -e /var/lib/pacemaker ] || return 44
  # who may not see the processes of others may still ask systemd
  grep -slx pacemakerd /proc/[0-9]*/comm >/dev/null || systemctl is-active --quiet pacemaker 2>/dev/null || return 0
  echo running
  x=$(as_root sed -n '/<primitive [^>]*type="VirtualDomain"/,/<\/primitive>/ { / name="config"/p; }
    /<primitive /p; /<\/primitive>/p; / name="is-managed"/p; / name="target-role"/p
    / name="maintenance"/p; / name="maintenance-mode"/p' /var/lib/pacemaker/cib/cib.xml) || return
  printf '%s\n' "$x"
  printf '%s\n' "$x" | sed -n '/ name="config"/s/.* value="\(\/[^"]*\)".*/\1/p' | while read -r f; do
    as_root grep -sHm 1 '<name>' "$f" </dev/null
  done
  return 0
}
usb_devices() {
  grep -s . /sys/bus/usb/devices/*/idVendor /sys/bus/usb/devices/*/idProduct /sys/bus/usb/devices/*/busnum \
    /sys/bus/usb/devices/*/devnum
  return 0
}
way() {
  # NAME PORT: the outcome of one TCP connection within 2 s. If nothing answered: the outcome for each address of the
  # name, since a resolver may be slow and only some addresses may be unreachable; then the route to each address, and
  # the state of the neighbour there. What is forbidden for other ports follows in any case
  connects "$1" "$2" 2
  forbidden
  case $c-$e in 0-*|126-*|127-*|*refused) return 0;; esac
  timeout 5 getent ahosts -- "$1" | head -n 24 | {
    s=
    while read -r a kind _; do
      if [ "$kind" = STREAM ]; then s="$s $a"; connects "$a" "$2" 2 & fi
    done
    wait
    for a in $s; do
      printf 'route %s %s\n' "$a" "$(ip -o route get "$a" 2>&1)"
      printf 'neighbour %s %s\n' "$a" "$(ip -o neighbour show to "$a" 2>&1)"
    done
  }
  return 0
}
sshd_config() {
  # every file that Include may match, each after a line with its name; the parser determines sshd's order
  for f in /etc/ssh/sshd_config /etc/ssh/sshd_config.d/*; do
    [ -f "$f" ] || continue
    printf '\037%s\n' "$f"
    slurp "$f" || return
  done
}
libvirt_files() {
  # the files of libvirt that no other question reads, each between a line with its name and the code of reading it
  for f in virtlogd virtnetworkd virtstoraged virtsecretd virtnodedevd virtnwfilterd virtinterfaced network qemu-lockd \
    qemu-sanlock libvirt; do
    printf '\037/etc/libvirt/%s.conf\n' "$f"
    slurp "/etc/libvirt/$f.conf"
    printf '\036%s\n' $?
  done
}
remote_helpers() {
  for h in virt-ssh-helper nc; do command -v "$h"; done
  nc -h 2>&1 | grep -m 3 -E -e '(^|[[:space:],])-[A-Za-z]*U'
  return 0
}
virtlockd_limits() {
  case $seen in *"process virtlockd "*) ;; *) return 0;; esac
  echo daemon virtlockd
  as_root virt-admin -c virtlockd:///system srv-clients-info virtlockd </dev/null
  return 0
}
names_met() {
  # NAME...: for each, after \037, the name, getent's exit code, and its first lines; 64 names at once
  i=0
  for n do
    i=$((i + 1)); [ $((i % 64)) != 1 ] || wait
    # head writes what a name has at once, so that answers do not mix; a shell may write each line by itself, as bash does
    { o=$(timeout 5 getent ahosts -- "$n" 2>/dev/null); c=$?
      printf '\037%s %s\n%s\n' "$n" "$c" "$o" | head -n 49; } &
  done
  wait
}
resolves() {
  for n do getent ahosts -- "$n" >/dev/null 2>&1; printf '%s %s\n' $? "$n"; done
}
accounts() {
  # DATABASE:NAME...
  for a do getent "${a%%:*}" -- "${a#*:}" >/dev/null 2>&1; printf '%s %s\n' $? "$a"; done
}
resident() {
  for g do
    p=$(as_root cat "/run/libvirt/qemu/$g.pid" 2>/dev/null) || continue
    k=$(sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$p/status" 2>/dev/null)
    printf 'resident %s %s\n' "$k" "$g"
  done
  return 0
}
usage() {
  # GUEST...: the open files of each active guest's QEMU, and its threads without those that come and go with requests
  for g do
    p=$(as_root cat "/run/libvirt/qemu/$g.pid" 2>/dev/null) || continue
    n=$(grep -sLx worker "/proc/$p/task/"*/comm | wc -l)
    printf 'usage %s %s %s\n' "$(as_root ls "/proc/$p/fd" | wc -l)" "$n" "$g"
  done
  return 0
}
tasks() {
  # UID: the processes and threads of this real user
  grep -sE '^(Uid|Threads):' /proc/[0-9]*/status | awk -v uid="$1" '
    $1 ~ /:Uid:$/ { of = $2 }
    $1 ~ /:Threads:$/ && of == uid { sum += $2 }
    END { printf "tasks %d\n", sum }'
}
started_with() {
  # how libvirt begins the log of each guest at each start, and an argument of a QEMU that waits for a migration
  for g do set -- "$@" "/var/log/libvirt/qemu/$g.log"; shift; done
  as_root grep -asHoE -e '^-incoming' -e 'starting up libvirt version: .* qemu version: [0-9.]+' -- "$@"
  return 0
}
may_use_kvm() {
  # UID GID GROUP...: 0 for yes and 1 for no, from a `test` that runs as that user
  u=$1 n=$2; shift 2
  g=; for a do g=$g$a,; done
  as_root setpriv --reuid="$u" --regid="$n" --groups="$g$n" test -r /dev/kvm -a -w /dev/kvm 2>/dev/null
  printf 'kvm %s\n' $?
}
