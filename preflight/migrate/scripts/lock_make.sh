# shellcheck shell=sh
# Makes the file $1.new in root's directory ($3), and gives it to the user ($2) whose shell will open it.

set -e
[ -d "$3" ] || mkdir -m 755 "$3" || [ -d "$3" ]
cd "$3"
[ "$(stat -c '%F %u' .)" = "directory $(id -u)" ] || { echo "$3 is not root's directory" >&2; exit 1; }
command -v flock >/dev/null || { echo 'flock is not installed' >&2; exit 1; }
umask 077; rm -f "$1.new"; cat > "$1.new"; chown "$2" "$1.new"
