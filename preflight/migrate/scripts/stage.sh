# shellcheck shell=sh
# Makes the directory $2 of our own in libvirt's directory $1. Leftovers of a run that was cut off go first, those older
# than an hour: another run may be at work.

[ -d "$1" ] || mkdir -m 711 -- "$1" || exit; cd -P -- "$1" || exit
[ -z "$(find . -prune -perm -0002)" ] || { echo "all users may write to it" >&2; exit 1; }
find . -mindepth 1 -maxdepth 1 -name '.preflight-????????????????' -type d -user 0 -mmin +60 -exec rm -rf -- {} +
mkdir -m 700 -- "./$2"
