# shellcheck shell=sh
# Prints the real path of each argument, one per line, whether or not it exists.

for p do readlink -f -- "$p" 2>/dev/null || printf "%s\n" "$p"; done
