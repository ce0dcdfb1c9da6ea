# shellcheck shell=sh
# Prints the jobs of guests that a restart of their daemon would interrupt, one per line. libvirt writes the jobs that
# it would have to recover to a guest's status file, before the guest's definition: the `async` of `<job>` is "none" if
# no long job is running (qemu_domain.c, qemuDomainObjPrivateXMLFormatJob and qemuDomainObjPrivateXMLFormatBlockjobs,
# libvirt 9.0).
# shellcheck disable=SC2015 # `a && b || c`: c runs if either fails

for p in /run/libvirt/qemu/*.pid; do
  g=${p##*/}; g=${g%.pid}; f=/run/libvirt/qemu/$g.xml
  [ -f "$f" ] && kill -0 "$(cat "$p")" 2>/dev/null || continue
  sed -n -e "s/^ *<job .*async='\([a-z ]*\)'.*/\1/p" -e "s/^ *<blockjobs active='yes'.*/block job/p" \
    -e '/^ *<domain /q' "$f" | grep -vx none | head -n 1 |
    while read -r job; do printf '%s has a job: %s\n' "$g" "$job"; done
done
