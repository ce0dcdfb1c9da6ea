# shellcheck shell=sh disable=SC2154 # image.py runs it with these variables set
# Adds the packages that Debian's installer selects, and everything that installed packages recommend (polkit, PAM
# modules, firmware, the programs that libvirt calls), except for QEMU's window and the 400 MB that it depends on.
set -eu

cat >/etc/apt/preferences.d/lab <<END
Package: qemu-system-gui qemu-system-modules-opengl
Pin: release *
Pin-Priority: -1
END
apt-get update
important=$(apt-cache dumpavail | awk '$1 == "Package:" { name = $2 } $0 == "Priority: important" { print name }')
# shellcheck disable=SC2086 # names of packages are words
apt-get --yes --install-recommends --fix-policy install $important
rm /etc/apt/preferences.d/lab
