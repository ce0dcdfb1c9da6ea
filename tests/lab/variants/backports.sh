# shellcheck shell=sh disable=SC2154 # image.py runs it with these variables set
# Replaces libvirt, QEMU and QEMU's firmware with those of backports, and nothing else: the newer systemd needs cgroup v2.
set -eu

echo "deb [signed-by=$KEYS] $ARCHIVE $RELEASE-backports main" >>/etc/apt/sources.list
cat >/etc/apt/preferences.d/lab <<END
Package: src:libvirt src:qemu src:seabios
Pin: release n=$RELEASE-backports
Pin-Priority: 990
END
apt-get update
apt-get --yes upgrade --with-new-pkgs
rm /etc/apt/preferences.d/lab
