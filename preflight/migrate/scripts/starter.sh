# shellcheck shell=sh
# Starts guests on the destination once the source has let them go and preflight is gone, which would have done that.
# $1 is the directory of the run's files, $2 the run's key, $3 the destination's URI, $4 the directory of the logs.
# preflight is there while its login holds the run's lock and has touched its file within 30 s. A run that ends removes
# the file, and one that is resumed puts another in its place: then this ends.

LC_ALL=C; export LC_ALL
cd "$1" || exit; k=$2; u=$3; l=$4
exec 9<"$k.run" || exit
own=$(stat -Lc %i "/proc/$$/fd/9") || exit
unchanged() { [ "$(stat -c %i "$k.run" 2>/dev/null)" = "$own" ]; }
is_there() {
  flock -n 9 && return 1
  t=$(stat -c %Y "$k.run" 2>/dev/null) || return 1
  [ $(($(date +%s) - t)) -le 30 ]
}
has_job() {
  # a daemon that does not answer may have one
  j=$(timeout 20 virsh -q -c qemu:///system domjobinfo "$1" </dev/null 2>&1) ||
    case $j in *"omain not found"* | *"omain is not running"* | *"failed to get domain"*) return 1;; *) return 0;; esac
  case $j in *"Job type:"*None*) return 1;; esac
}
start() {
  # 0 once it runs, or is not to be started; 1 where the destination does not answer
  s=$(timeout 30 virsh -q -c "$u" domstate --reason "$1" </dev/null 2>&1) ||
    case $s in *"omain not found"* | *"failed to get domain"*) return 0;; *) return 1;; esac
  [ "$s" = 'paused (user)' ] || return 0
  c=$(timeout 30 virsh -q -c "$u" domstats --vcpu "$1" </dev/null 2>/dev/null) || return 1
  c=$(printf '%s\n' "$c" | sed -n 's/^ *vcpu\.[0-9]*\.time=//p' | sort -u)
  [ "$c" = 0 ] || return 0
  timeout 30 virsh -q -c "$u" resume "$1" </dev/null >/dev/null 2>&1
}
end=$(($(date +%s) + 86400)); quiet=0; settled=' '; tries=0
while unchanged && [ "$(date +%s)" -lt "$end" ] && [ "$quiet" -lt 20 ]; do
  if is_there; then quiet=0; sleep 1; continue; fi
  quiet=$((quiet + 1)); open=
  while read -r uuid inode size name; do
    case $settled in *" $uuid $inode $size "*) continue;; esac
    has=$(log_since "$l/$name.log" "$inode" "$size" 2>/dev/null) || has=unknown
    case $has in
    'initiating migration
shutting down, reason=migrated')
      if ! { unchanged && start "$uuid"; } && [ "$tries" -lt 600 ]; then
        tries=$((tries + 1)); quiet=0; open=1; continue
      fi;;
    '' | 'initiating migration')
      # a migration that has no job yet may be about to begin
      open=1
      if has_job "$uuid"; then quiet=0; fi
      continue;;
    esac
    settled="$settled$uuid $inode $size "
  done < "$k.start"
  [ -n "$open" ] || break
  sleep 0.5
done
if unchanged && flock -n 9; then rm -f "$k.start" "$k.run"; fi
exit 0
