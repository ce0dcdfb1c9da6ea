# shellcheck shell=sh
# Leaves a process behind that runs the script $5 with the directory $1, the run's key $2, the destination's URI $3 and
# the directory of the logs $4. It belongs to no login, and holds none of this shell's files.

command -v virsh >/dev/null || { echo 'virsh is not installed' >&2; exit 1; }
cd "$1" || exit
[ -f "$2.run" ] || { echo 'no lock is held' >&2; exit 1; }
umask 077; : > "$2.start"
setsid sh -c "$5" sh "$1" "$2" "$3" "$4" </dev/null >/dev/null 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
