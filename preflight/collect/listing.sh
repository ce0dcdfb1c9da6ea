# shellcheck shell=sh
# Lists the directories where guest images usually are, for a snapshot that is taken before the other host is known. The
# paths are printed in the same form as the answers of stat_paths.

list() {
  [ -d "$1" ] || return
  [ "$(as_root find "$1" -mindepth 1 -maxdepth 1 2>/dev/null | head -n 2001 | wc -l)" -le 2000 ] || return
  printf 'listed %s\n' "$1"
  as_root find "$1" -mindepth 1 -maxdepth 1 \
    -exec stat -L --printf 'path %n\nstat %f %s %d %i %t:%T\n' -- {} + 2>/dev/null
}
list /var/lib/libvirt/images
list /etc/libvirt/secrets
while read -r _ at type _; do
  case $type in proc|sysfs|dev*|cgroup*|mqueue|overlay|*securityfs|debugfs|tracefs|autofs|*rpc*) continue;; esac
  # shellcheck disable=SC1003 # a path with a backslash: /proc/self/mounts escapes blanks that way
  case $at in /|/boot*|/usr*|/var|/tmp*|/run*|/proc*|/sys*|/dev*|/etc*|/var/lib/libvirt/images|*'\'*) continue;; esac
  list "$at"
done < /proc/self/mounts
true
