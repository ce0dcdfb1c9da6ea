# shellcheck shell=sh
# Removes the directory $2 of our own from libvirt's directory $1.

cd -P -- "$1" && rm -rf -- "./$2"
