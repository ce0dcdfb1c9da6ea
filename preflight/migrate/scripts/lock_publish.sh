# shellcheck shell=sh
# Publishes the file ($1) in the directory ($2), locked by now, and removes those that nobody holds.

cd "$2" || exit
for f in *.run; do [ ! -f "$f" ] || ! flock -n -s "$f" true || rm -f "$f"; done
mv -f "$1.new" "$1.run"
