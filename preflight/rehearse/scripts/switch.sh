# shellcheck shell=sh
# Aborts a guest's rehearsal if preflight is gone, if memory has been sent for too long, or if it lasts too long. $1 is
# the directory of the run's files, $2 the run's key, $3 the guest's UUID, $4 the time for which memory may be sent
# after it was first seen, $5 the time after which any migration of the guest is aborted, in hundredths of a second.
# preflight holds a lock on the run's file as long as its login lasts and touches the file every few seconds; it removes
# the file of this switch once the rehearsal is over. No job was running on the guest when this was set: a migration is
# the rehearsal's.

LC_ALL=C; export LC_ALL
cd "$1" || exit; f=$2.abort.$3; run=$2.run; u=$3
exec 9<"$run" || exit
# of a clock that nobody sets
now() { read -r up _ </proc/uptime; echo "${up%.*}${up#*.}"; }
is_set() { [ -f "$f" ]; }
is_there() {
  # a shared lock, so that the switches of several guests do not take each other for preflight
  flock -s -n 9 && return 1
  touched=$(stat -c %Y "$run" 2>/dev/null) || return 1
  [ $(($(date +%s) - touched)) -le 30 ]
}
job() {
  # "sends" for an outgoing migration that has sent something, "waits" for one that has not, "none" if no job runs,
  # "other" for another one, and "busy" if libvirt does not say
  j=$(timeout 20 virsh -q -c qemu:///system domjobinfo "$u" </dev/null 2>&1) ||
    case $j in
    *"omain not found"* | *"omain is not running"* | *"failed to get domain"*) echo none; return;;
    *) echo busy; return;;
    esac
  case $j in *"Job type:"*None* | *"Job type:"*Completed* | *"Job type:"*Failed*) echo none; return;; esac
  case $j in *"Operation:"*"Outgoing migration"*) ;; *) echo other; return;; esac
  case $(printf '%s\n' "$j" | sed -n 's/^Data processed: *//p') in
  '' | '0.000 '*) echo waits;;
  *) echo sends;;
  esac
}
abort() { timeout 20 virsh -q -c qemu:///system domjobabort "$u" </dev/null >/dev/null 2>&1; }
began=$(now); last=$began; first=; acts=; seen=
while is_set; do
  t=$(now); gone=
  is_there || gone=1
  if [ -n "$gone" ] || [ $((t - began)) -ge "$5" ]; then acts=1; fi
  case $(job) in
  sends)
    first=${first:-$t}; seen=1; last=$t
    [ $((t - first)) -lt "$4" ] || acts=1
    [ -z "$acts" ] || abort;;
  waits)
    seen=1; last=$t
    [ -z "$acts" ] || abort;;
  busy) [ $((t - began)) -ge 60000 ] || last=$t;;
  none) [ -z "$gone" ] || [ -z "$seen" ] || break;;
  esac
  # a call that was sent before preflight died may begin its job later
  if [ -n "$gone" ] && [ $((t - last)) -ge 6000 ]; then break; fi
  sleep 0.1
done
rm -f "$f"
exit 0
