# shellcheck shell=sh
# Removes our staging directory $2 from libvirt's directory $1.

cd -P -- "$1" && rm -rf -- "./$2"
