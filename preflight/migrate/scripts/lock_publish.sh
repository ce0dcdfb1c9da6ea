# shellcheck shell=sh
# Publishes the file ($1), which is locked by now, in the directory ($2), and removes files that nobody holds.

cd "$2" && exec 8<. && flock -w 5 8 || exit  # of two that publish at once, one could remove the other's new file
for f in *.run; do [ ! -f "$f" ] || ! flock -n -s "$f" true || rm -f "$f"; done
mv -f "$1.new" "$1.run"
