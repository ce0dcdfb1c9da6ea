# shellcheck shell=sh
# Prints each file in the directory ($1) that somebody holds, after a line that names it.

[ -d "$1" ] || exit 0
cd "$1" || exit
for f in *.run; do
  [ -f "$f" ] || continue
  flock -n -s "$f" true && continue
  printf 'file %s\n' "$f"; head -c 1048576 "$f" || exit; echo
done
exit 0
