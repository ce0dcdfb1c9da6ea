# Replaces libvirt, QEMU and its firmware by those of backports: nothing else, as the newer systemd needs cgroup v2.
echo "deb [signed-by=$KEYS] $ARCHIVE $RELEASE-backports main" >>/etc/apt/sources.list
cat >/etc/apt/preferences.d/lab <<END
Package: src:libvirt src:qemu src:seabios
Pin: release n=$RELEASE-backports
Pin-Priority: 990
END
apt-get update
apt-get --yes upgrade --with-new-pkgs
rm /etc/apt/preferences.d/lab
