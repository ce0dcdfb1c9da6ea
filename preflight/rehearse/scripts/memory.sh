# shellcheck shell=sh
# Prints how much memory of the running guest with the UUID $1 was touched, in KiB, and how many of $2 of its pages, drawn
# at random, hold something other than zeros: "touched KIB", then "sampled PAGES FILLED". Nothing else of the guest's
# memory leaves this host. A mapping of at least 128 MiB is memory of the guest, unless it belongs to a device.

LC_ALL=C; export LC_ALL
process() {
  # the directory in /proc of the QEMU process of the guest $1
  # shellcheck disable=SC2013 # no path of these contains a space
  for f in $(grep -lzxF -e "$1" /proc/[0-9]*/cmdline 2>/dev/null); do
    # not this script, which has the UUID among its words too
    tr '\0' '\n' 2>/dev/null < "$f" | grep -xF -A 1 -e -uuid | grep -qxF -e "$1" && { echo "${f%/cmdline}"; return; }
  done
  return 1
}
mappings() {
  # "FROM TO RSS" of the guest's memory in the smaps on standard input: addresses in hex, KiB
  awk '
    /^[0-9a-f]+-[0-9a-f]+ / { split($1, at, "-"); its = $2 ~ /^rw/ && $6 !~ /^\/dev\/(vfio|dri|nvidia)/ }
    $1 == "Size:" { size = $2 }
    $1 == "Rss:" && its && size >= 131072 { print at[1], at[2], $2 }'
}
draw() {
  # the numbers of $1 pages, one of each part of the mappings "FIRST PAGES" on standard input
  awk -v n="$1" '
    { first[NR] = $1; pages[NR] = $2; all += $2 }
    END {
      srand()
      for (i = 0; all && i < n; i++) {
        p = int((i + rand()) * all / n)
        for (m = 1; p >= pages[m]; m++) p -= pages[m]
        printf "%.0f\n", first[m] + p
      }
    }'
}
pages() {
  # the pages of the file $1 whose numbers are on standard input, without those that cannot be read; a dd for each takes
  # more than a millisecond
  # shellcheck disable=SC2016 # Perl's own
  if command -v perl >/dev/null; then
    perl -C0 -e 'open(M, "<:raw", shift) or exit 1; binmode(STDOUT);
      while (<STDIN>) { print $p if sysseek(M, $_ * 4096, 0) && (sysread(M, $p, 4096) // 0) == 4096 }' "$1"
  else
    while read -r page; do dd if="$1" bs=4096 skip="$page" count=1 2>/dev/null; done
  fi
}
filled() {
  # counts the pages on standard input, and those of them that hold something other than zeros
  od -An -v -tx8 -w4096 | awk '{ n++ } /[1-9a-f]/ { f++ } END { print n + 0, f + 0 }'
}
p=$(process "$1") || { echo 'the guest has no QEMU process' >&2; exit 1; }
m=$(mappings < "$p/smaps") || exit
[ -n "$m" ] || { echo 'no memory of the guest was found in its QEMU process' >&2; exit 1; }
printf '%s\n' "$m" | awk '{ kib += $3 } END { printf "touched %.0f\n", kib }'
printf 'sampled '
printf '%s\n' "$m" | while read -r from to _; do echo "$((0x$from / 4096)) $(((0x$to - 0x$from) / 4096))"; done |
  draw "$2" | pages "$p/mem" | filled
