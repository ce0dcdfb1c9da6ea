# shellcheck shell=sh
# Makes our staging directory $2 in libvirt's directory $1. Leftovers of interrupted runs are removed first if they are
# older than an hour: newer ones may belong to another run that is at work.

[ -d "$1" ] || mkdir -m 711 -- "$1" || exit; cd -P -- "$1" || exit
[ -z "$(find . -prune -perm -0002)" ] || { echo "it is writable by all users" >&2; exit 1; }
find . -mindepth 1 -maxdepth 1 -name '.preflight-????????????????' -type d -user 0 -mmin +60 -exec rm -rf -- {} +
mkdir -m 700 -- "./$2"
