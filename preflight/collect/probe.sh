# shellcheck shell=sh
# Opens a listener at a port of the destination for `check --probe`. It ends with the first connection, if it is closed,
# and after two seconds, whatever happens to preflight: it writes no file, and holds no stream of the session.

listen() {
  # PORT: "process PID" and what the program says, which is "Listening ..." or an error. The three programs listen at all
  # addresses of both IP versions, read nothing, and end each connection with a reset, also when they are killed, which
  # leaves no TIME_WAIT: a connection that was not accepted ends so by itself, others inherit SO_LINGER
  for l in systemd-socket-activate python3 /usr/libexec/platform-python perl ''; do
    command -v "${l:-:}" >/dev/null && break
  done
  n=$1
  # shellcheck disable=SC2016 # Perl's own
  case $l in
    systemd-*) set -- env SYSTEMD_LOG_TARGET=console SYSTEMD_LOG_LEVEL=info SYSTEMD_COLORS=0 "$l" -l "$n" true ;;
    *python*) set -- "$l" -c 'import socket as s, struct, sys
try:
    try:
        l = s.socket(s.AF_INET6)
        l.setsockopt(s.IPPROTO_IPV6, s.IPV6_V6ONLY, 0)
    except OSError:
        l = s.socket()
    l.setsockopt(s.SOL_SOCKET, s.SO_REUSEADDR, 1)
    l.setsockopt(s.SOL_SOCKET, s.SO_LINGER, struct.pack("ii", 1, 0))
    l.bind(("", int(sys.argv[1])))
    l.listen(1)
except OSError as why:
    sys.exit(why.strerror)
print("Listening", flush=True)
l.accept()' "$n" ;;
    perl) set -- "$l" -MSocket=:all -e '$| = 1;
my $at = pack_sockaddr_in6($ARGV[0], IN6ADDR_ANY);
unless (socket(L, PF_INET6, SOCK_STREAM, 0) && setsockopt(L, IPPROTO_IPV6, IPV6_V6ONLY, pack("i", 0))) {
    socket(L, PF_INET, SOCK_STREAM, 0);
    $at = pack_sockaddr_in($ARGV[0], INADDR_ANY);
}
setsockopt(L, SOL_SOCKET, SO_REUSEADDR, pack("i", 1)) && setsockopt(L, SOL_SOCKET, SO_LINGER, pack("ii", 1, 0))
  && bind(L, $at) && listen(L, 1) or die "$!\n";
print "Listening\n";
accept(C, L)' "$n" ;;
    *) echo 'no program there can listen: systemd-socket-activate, python3 and perl are missing'; return ;;
  esac
  # the subshell ends at once, so that nothing waits for the program
  ( timeout -s KILL 2 "$@" </dev/null 2>&1 & echo "process $!" ) | {
    p='' w=
    while { [ -z "$p" ] || [ -z "$w" ]; } && read -r s; do
      case $s in 'process '*) p=$s ;; *) w=$s ;; esac
    done
    printf '%s\n%s\n' "$p" "${w:-$l says nothing}"
  }
}
unlisten() {
  # ANSWER OF listen: end the listener; print whether it was open until now
  # shellcheck disable=SC2086 # words
  set -- $1
  if { read -r s < "/proc/$2/stat"; } 2>/dev/null && [ "${s##*) Z*}" ] && kill "$2"; then echo open; else echo ended; fi
}
reach() {
  # NAME PORT: the outcome of a connection to each address of the name, all at the same time, within 1.5 s, so that
  # nothing is left after 2 s; then the route to each address, and the state of the neighbour there: the kernel looks for
  # one that nobody is with three requests, one a second
  c='' e=''
  s=$(timeout 1 getent ahosts -- "$1" | sed -n 's/ *STREAM.*//p' | head -n 24)
  for a in ${s:-"$1"}; do
    { connects "$a" "$2" 1.5 >/dev/null; printf 'port %s %s %s %s\n' "$c" "$1" "$2" "$e"; } &
  done
  wait
  for a in $s; do
    printf 'route %s %s\n' "$a" "$(ip -o route get "$a" 2>&1)"
    for w in 1 1 0; do
      n=$(ip -o neighbour show to "$a" 2>&1)
      case $n in *INCOMPLETE*) sleep $w;; *) break;; esac
    done
    printf 'neighbour %s %s\n' "$a" "$n"
  done
  return 0
}
