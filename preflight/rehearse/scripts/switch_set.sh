# shellcheck shell=sh
# Sets a switch: leaves a process that runs the script $7 with the directory $1, the run's key $2, the guest's UUID $3
# and the times $5 and $6. It belongs to no login, and holds none of this shell's files. Refused if a job is running on
# the guest, or if a call of virsh takes more than $4 hundredths of a second.

LC_ALL=C; export LC_ALL
command -v virsh >/dev/null || { echo 'virsh is not installed' >&2; exit 1; }
cd "$1" || exit
[ -f "$2.run" ] || { echo 'no lock is held' >&2; exit 1; }
flock -n "$2.run" true && { echo 'the lock is not held' >&2; exit 1; }
now() { read -r t _ </proc/uptime; echo "${t%.*}${t#*.}"; }
began=$(now)
j=$(timeout 20 virsh -q -c qemu:///system domjobinfo "$3" </dev/null 2>&1) ||
  { printf 'virsh failed: %s\n' "$j" | tail -n 1 >&2; exit 1; }
took=$(($(now) - began))
case $j in
*"Job type:"*None*) ;;
*) echo 'a job is running on the guest' >&2; exit 1;;
esac
[ "$took" -le "$4" ] || { echo "a call of virsh took ${took}0 ms there, and may take ${4}0 ms" >&2; exit 1; }
umask 077; : > "$2.abort.$3" || exit
setsid sh -c "$7" sh "$1" "$2" "$3" "$5" "$6" </dev/null >/dev/null 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
