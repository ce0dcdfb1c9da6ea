#!/bin/sh
# Builds libvirt's modular daemons from Debian's own source package in the Debian root $1, and enables their sockets;
# $2 is the archive, $3 the release. A hook of mmdebstrap, which says in MMDEBSTRAP_APT_CONFIG how apt works in the root.
set -eu
root=$1 archive=$2 release=$3
apt() { APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get "$@"; }

printf 'deb-src %s %s main\n' "$archive" "$release" >"$root/etc/apt/sources.list.d/source.list"
apt update
# It may miss the .dsc and have the tarball all the same, which is what is built: Debian's patches are not applied.
(cd "$root/usr/src" && apt source --download-only "libvirt/$release") || true
mkdir "$root/usr/src/libvirt"
tar -C "$root/usr/src/libvirt" --strip-components=1 -xf "$root"/usr/src/libvirt_*.orig.tar.xz

# The user of Debian's package, so that guests move between these hosts and Debian's.
chroot "$root" sh -eu <<'BUILD'
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8
groupadd --system --gid 64055 libvirt-qemu
groupadd --system libvirt
useradd --system --uid 64055 --gid kvm --groups libvirt-qemu --home-dir /var/lib/libvirt --shell /usr/sbin/nologin libvirt-qemu
cd /usr/src/libvirt
meson setup build -Dsystem=true -Dauto_features=disabled -Dwerror=false -Doptimization=1 -Ddebug=false \
  -Ddriver_remote=enabled -Ddriver_qemu=enabled -Ddriver_network=enabled -Ddriver_secrets=enabled \
  -Dstorage_dir=enabled -Dstorage_fs=disabled -Dremote_default_mode=direct -Dinit_script=systemd \
  -Dqemu_user=libvirt-qemu -Dqemu_group=libvirt-qemu \
  -Djson_c=enabled -Dattr=enabled -Dacl=enabled -Dcapng=enabled -Dsasl=enabled -Dpolkit=enabled -Dreadline=enabled \
  -Dnumactl=enabled
nice -n 19 ninja -C build
DESTDIR=/ meson install -C build --no-rebuild
echo /usr/lib64 >/etc/ld.so.conf.d/libvirt.conf
ldconfig
for daemon in virtqemud virtnetworkd virtproxyd virtsecretd virtstoraged; do
  systemctl enable "$daemon.socket" "$daemon-ro.socket" "$daemon-admin.socket"
done
systemctl enable virtlogd.socket virtlogd-admin.socket virtlockd.socket virtlockd-admin.socket
BUILD
rm -rf "$root"/usr/src/*
