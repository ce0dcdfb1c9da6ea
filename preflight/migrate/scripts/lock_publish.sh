# shellcheck shell=sh
# Publishes the file ($1) in the directory ($2), locked by now, and removes those that nobody holds.

cd "$2" && exec 8<. && flock -w 5 8 || exit  # two that remove and publish at once would remove what is new
for f in *.run; do [ ! -f "$f" ] || ! flock -n -s "$f" true || rm -f "$f"; done
mv -f "$1.new" "$1.run"
