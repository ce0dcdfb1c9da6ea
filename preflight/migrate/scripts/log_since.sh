# shellcheck shell=sh
# Prints libvirt's own lines that the log $1 has behind its first $3 bytes, if its inode is still $2 and it is no
# shorter: when a process was started, a migration begun, and a process ended. At most 100 lines of 200 characters.

m=$(stat -c '%i %s' -- "$1") || exit
if [ "${m% *}" != "$2" ] || [ "${m#* }" -lt "$3" ]; then echo "another file is in its place" >&2; exit 1; fi
tail -c "+$(($3 + 1))" -- "$1" |
  LC_ALL=C grep -aE '^[-0-9]{10} [0-9:.]{8,15}[+]0000: (starting up|initiating migration|shutting down, reason=)' |
  cut -c 1-200 | head -n 100
exit 0
