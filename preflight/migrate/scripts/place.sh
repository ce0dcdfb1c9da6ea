# shellcheck shell=sh
# Puts the state named $3 in place, and keeps a copy of what is there, named with the date $4; sent after enter.sh. The
# further arguments are the names to remove, "--", and each directory and file, sorted by name. Existing files stay in
# place until they are replaced.
# libvirt makes QEMU's user and group the owner of its directories when it starts (qemuStateInitialize), and files that
# it creates there get the same owner; a TPM's files it gives to swtpm's user at each start (virFileChownFiles).
# shellcheck disable=SC2154 # enter.sh sets `at`

enter "$1" "$2"; name=$3; date=$4; shift 4
owner=$(stat -c %u:%g "$at") && chown -R -- "$owner" "./$name" && sync || exit
if [ -e "$at/$name" ]; then
  k=$at/$name.preflight-$date; while [ -e "$k" ]; do k=$k+; done
  cp -a -- "$at/$name" ./kept && sync && mv -T -- ./kept "$k" || exit
fi
if [ -d "$at/$name" ]; then
  while [ "$1" != -- ]; do
    if [ -d "$at/$1" ]; then rmdir -- "$at/$1"; else rm -f -- "$at/$1"; fi || exit; shift
  done
  shift
  for n do
    if [ ! -d "./$n" ]; then mv -fT -- "./$n" "$at/$n" || exit
    elif [ -d "$at/$n" ]; then chmod -- "$(stat -c %a "./$n")" "$at/$n" || exit
    else mkdir -m "$(stat -c %a "./$n")" -- "$at/$n" && chown -- "$owner" "$at/$n" || exit; fi
  done
else mv -fT -- "./$name" "$at/$name" || exit; fi
sync; ! command -v restorecon >/dev/null || restorecon -RF "$at/$name"
