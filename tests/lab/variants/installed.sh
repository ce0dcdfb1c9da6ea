# Adds the packages that Debian's installer selects, and all that installed packages recommend: polkit, PAM's modules,
# firmware, the programs that libvirt calls. Not a window for QEMU, and the 400 MB that this pulls in.
cat >/etc/apt/preferences.d/lab <<END
Package: qemu-system-gui qemu-system-modules-opengl
Pin: release *
Pin-Priority: -1
END
apt-get update
apt-get --yes --install-recommends --fix-policy install '?priority(important)'
rm /etc/apt/preferences.d/lab
