# shellcheck shell=sh
# Defines `leads NAME ADDRESS [OLD]`, which prints a line if the name resolves to the address and, if OLD is given,
# another line if the name no longer resolves to OLD.

leads() { found=$(getent ahosts -- "$1" | cut -d ' ' -f 1)
  printf '%s\n' "$found" | grep -qxF -e "$2" && printf '%s resolves to %s\n' "$1" "$2"
  [ -n "$3" ] || return 0
  printf '%s\n' "$found" | grep -qxF -e "$3" -e "::ffff:$3" || printf '%s no longer resolves to %s\n' "$1" "$3"; }
