# shellcheck shell=sh
# Makes the file $1.new in root's directory ($2), and makes the user ($3) whose shell will open it the owner.

set -e
[ -d "$2" ] || mkdir -m 755 "$2" || [ -d "$2" ]
cd "$2"
[ "$(stat -c '%F %u' .)" = "directory $(id -u)" ] || { echo "$2 is not a directory of root's" >&2; exit 1; }
command -v flock >/dev/null || { echo 'flock is not installed' >&2; exit 1; }
umask 077; rm -f "$1.new"; cat > "$1.new"; chown "$3" "$1.new"
