# shellcheck shell=sh
# Defines what prints the lines that libvirt has added to the log $1 behind its first $3 bytes, if its inode is still $2
# and it is no shorter: when a process was started, a migration begun, and a process ended. Without the times; at most
# 100 lines of 200 characters.

log_since() {
  m=$(stat -c '%i %s' -- "$1") || return
  if [ "${m% *}" != "$2" ] || [ "${m#* }" -lt "$3" ]; then echo "another file is in its place" >&2; return 1; fi
  tail -c "+$(($3 + 1))" -- "$1" |
    LC_ALL=C sed -n '
      s/^[-0-9]\{10\} [0-9:.]\{8,15\}[+]0000: //; t libvirt
      d
      :libvirt
      s/^\(starting up\).*/\1/p; t
      /^initiating migration/p; /^shutting down, reason=/p' |
    cut -c 1-200 | head -n 100
}
