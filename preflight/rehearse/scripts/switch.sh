# shellcheck shell=sh
# Aborts a guest's rehearsal if preflight is gone, or if it lasts too long. $1 is the directory of the run's files, $2
# the run's key, $3 the guest's UUID, $4 the seconds after which it acts in any case. preflight holds a lock on the
# run's file as long as its login lasts, and removes the file of this switch once the rehearsal is over.

LC_ALL=C; export LC_ALL
cd "$1" || exit; f=$2.abort.$3; u=$3
exec 9<"$2.run" || exit
began=$(date +%s); end=$((began + $4))
is_set() { [ -f "$f" ]; }
job() {
  # "own" for an outgoing migration that began with this switch, "none" if no job runs, "busy" if libvirt does not say
  j=$(timeout 20 virsh -q -c qemu:///system domjobinfo "$u" </dev/null 2>&1) ||
    case $j in
    *"omain not found"* | *"omain is not running"* | *"failed to get domain"*) echo none; return;;
    *) echo busy; return;;
    esac
  case $j in *"Job type:"*None* | *"Job type:"*Completed* | *"Job type:"*Failed*) echo none; return;; esac
  case $j in *"Operation:"*"Outgoing migration"*) ;; *) echo other; return;; esac
  ms=$(printf '%s\n' "$j" | sed -n 's/^Time elapsed: *\([0-9][0-9]*\) *ms.*/\1/p')
  age=$(($(date +%s) - began))
  if [ "$((${ms:-0} / 1000))" -le "$((age + 2))" ] && [ "$((${ms:-0} / 1000 + 15))" -ge "$age" ]; then echo own
  else echo other; fi
}
while is_set; do
  if flock -n 9 || [ "$(date +%s)" -ge "$end" ]; then
    # a call that has been sent may not have begun its job yet; one that waits for a port heeds no abort for minutes
    seen=; last=$(($(date +%s) + 60)); never=$(($(date +%s) + 300))
    while is_set && [ "$(date +%s)" -lt "$last" ]; do
      case $(job) in
      own) seen=1
        timeout 20 virsh -q -c qemu:///system domjobabort "$u" </dev/null >/dev/null 2>&1
        last=$(($(date +%s) + 60));;
      busy) [ "$(date +%s)" -ge "$never" ] || last=$(($(date +%s) + 60));;
      none) [ -z "$seen" ] || break;;
      esac
      sleep 0.2
    done
    break
  fi
  sleep 0.2
done
rm -f "$f"
exit 0
