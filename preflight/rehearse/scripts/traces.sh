# shellcheck shell=sh
# Prints what a host has of the guest with the UUID $1: its QEMU processes, and of the other words the paths that exist
# ("path:"), the KiB that are free for a file ("room:"), and the tap devices of network cards ("card:", the address of
# the tap). Each path has its owner, group, mode and file system behind it. Paths are printed by their number among the words.

LC_ALL=C; export LC_ALL
u=$1; shift; n=0
# shellcheck disable=SC2013 # no path of these contains a space
for f in $(grep -lzxF -e "$u" /proc/[0-9]*/cmdline 2>/dev/null); do
  # not this script, which has the UUID among its words too
  tr '\0' '\n' 2>/dev/null < "$f" | grep -xF -A 1 -e -uuid | grep -qxF -e "$u" || continue
  f=${f#/proc/}; echo "process ${f%/cmdline}"
done
for w; do
  p=${w#*:}
  case $w in
  path:*) if [ -e "$p" ] || [ -L "$p" ]; then
    o=$(stat -Lc '%u:%g:%a' -- "$p" 2>/dev/null || stat -c '%u:%g:%a' -- "$p"); s=$(stat -Lfc %T -- "$p" 2>/dev/null)
    echo "there $n ${o:-unknown} ${s:-unknown}"; fi;;
  room:*)
    while [ ! -d "$p" ] && [ "$p" != / ]; do p=$(dirname -- "$p"); done
    k=$(df -Pk -- "$p" | awk 'NR == 2 { print $4 }'); echo "room $n ${k:-unknown}";;
  card:*)
    # shellcheck disable=SC2013 # nor do these
    for f in $(grep -lixF -e "$p" /sys/class/net/*/address 2>/dev/null); do
    f=${f%/address}; echo "tap ${f##*/}"; done;;
  esac
  n=$((n + 1))
done
echo end
