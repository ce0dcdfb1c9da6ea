# shellcheck shell=sh
# Prints of a name that it leads to the address after it, and of a third word that it leads there no more.

leads() { found=$(getent ahosts -- "$1" | cut -d ' ' -f 1)
  printf '%s\n' "$found" | grep -qxF -e "$2" && printf '%s leads to %s\n' "$1" "$2"
  [ -n "$3" ] || return 0
  printf '%s\n' "$found" | grep -qxF -e "$3" -e "::ffff:$3" || printf '%s leads no more to %s\n' "$1" "$3"; }
