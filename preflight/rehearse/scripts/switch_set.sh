# shellcheck shell=sh
# Sets a switch: leaves a process that runs the script $5 with the directory $1, the run's key $2, the guest's UUID $3
# and the seconds $4. It belongs to no login, and holds none of this shell's files.

command -v virsh >/dev/null || { echo 'virsh is not installed' >&2; exit 1; }
cd "$1" || exit
[ -f "$2.run" ] || { echo 'no lock is held' >&2; exit 1; }
flock -n "$2.run" true && { echo 'the lock is not held' >&2; exit 1; }
umask 077; : > "$2.abort.$3" || exit
setsid sh -c "$5" sh "$1" "$2" "$3" "$4" </dev/null >/dev/null 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
