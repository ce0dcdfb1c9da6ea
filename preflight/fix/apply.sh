# shellcheck shell=sh
# Replaces a file and makes its program use the new one, or leaves the old one in effect; apply.py fills in each @word@.
# The braces make the shell read the whole script before it runs any of it, so that a truncated script does nothing.
# `safe` succeeds if only root can choose what is written and where: every directory above the file belongs to root (or
# to the login's user) and others cannot write to it; for a directory further up, such as /tmp, the sticky bit will do.
# shellcheck disable=SC2015 # `a && b || c`: c runs if either fails

{ trap '' HUP INT TERM PIPE
patience=@patience@
path=$(readlink -f -- @path@) || path=@path@
new=$path.preflight-new; kept=$path.preflight-@date@
sum() { sha256sum <"$1" 2>/dev/null | cut -d ' ' -f 1; }
judge() { @judge@
}
activate() { @activate@
}
answers() { @answers@
}
in_force() { @in_force@
}
busy() { @busy@
}
guests() { for p in /run/libvirt/qemu/*.pid; do
  [ -e "$p" ] && [ "${p##*/}" != driver.pid ] && kill -0 "$(cat "$p")" 2>/dev/null && echo "$p"; done; }
working() { n=0; until answers >/dev/null 2>&1; do n=$((n+1)); [ $n -le $patience ] || return 1; sleep 1; done; }
is_in_force() { in_force >"$told" 2>&1; set -- @expected@
  for line; do grep -qxF -e "$line" "$told" || return 1; done; }
settled() { n=0; until is_in_force; do n=$((n+1)); [ $n -le 5 ] || return 1; sleep 1; done; }
say() { printf '%s\n' "$*"; }
safe() { d=$(dirname -- "$path"); sticky=
  # shellcheck disable=SC2086 # nothing, or two words
  while [ -n "$(find "$d" -prune \( -user 0 -o -user "$(id -u)" \) \
    \( ! -perm -0002 \( ! -perm -0020 -o -group 0 \) $sticky \))" ]; do
    [ "$d" != / ] || return 0
    sticky='-o -perm -1000'; d=$(dirname -- "$d"); done; return 1; }
safe || { say "unchanged: users other than root can write to a directory above $path"; exit 1; }
told=$(mktemp) || { say "unchanged: cannot create a temporary file"; exit 1; }
trap 'rm -f "$told" "$new"' EXIT
there=; [ -e "$path" ] && there=y
[ -z "$there" ] || [ -f "$path" ] || { say "unchanged: $path is not a regular file"; exit 1; }
[ -z "$there" ] && before= || before=$(sum "$path")
[ "$before" = @before@ ] || { say "unchanged: $path has changed since it was read"; exit 1; }
rm -f "$new"
if [ -n "$there" ]; then cp -a -- "$path" "$new"; else (umask 022; : >"$new"); fi ||
  { say "unchanged: $new cannot be created"; exit 1; }
printf %s @content@ | base64 -d >"$new" && [ "$(sum "$new")" = @after@ ] && sync "$new" ||
  { say "unchanged: $new cannot be written completely"; exit 1; }
why=$(judge "$new" 2>&1) || { say "unchanged: the new file is refused: $why"; exit 1; }
if [ -n "$there" ]; then cp -a -- "$path" "$kept" && [ "$(sum "$kept")" = "$before" ] && sync "$kept" ||
  { rm -f "$kept"; say "unchanged: $kept cannot be written completely"; exit 1; }; fi
had=$(guests)
why=$(busy 2>&1 | head -n 8)
[ -z "$why" ] || { rm -f "$kept"; say "unchanged: $path: restarting" @name@ "would interrupt jobs of its guests: $why"
  exit 1; }
mv -f -- "$new" "$path" || { say "unchanged: $path cannot be replaced"; exit 1; }
sync "$(dirname "$path")"
why=$(activate 2>&1) || patience=0
if working && settled && [ "$(guests)" = "$had" ]; then
  say "in effect: $path"; [ -z "$there" ] || say "backup: $kept"; exit 0
fi
[ -n "$why" ] || why=$(head -c 400 "$told" | tr '\n' ' ')
if [ -n "$there" ]; then cp -a -- "$kept" "$new" && sync "$new" && mv -f -- "$new" "$path"; else rm -f "$path"; fi
sync "$(dirname "$path")"
patience=@patience@
activate >/dev/null 2>&1
if working; then say "put back: the new configuration did not take effect: $why"; exit 2; fi
say "put back, but" @name@ "does not answer: $why"; exit 3
}
