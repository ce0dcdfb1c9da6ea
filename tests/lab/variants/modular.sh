# shellcheck shell=sh disable=SC2154 # image.py runs it with these variables set
# Replaces Debian's libvirt with modular daemons, which Debian does not ship, built from Debian's own source package
# without its patches.
set -eu

echo "deb-src [signed-by=$KEYS] $ARCHIVE $RELEASE main" >>/etc/apt/sources.list
apt-get update
apt-get --yes install gcc gettext libc6-dev meson ninja-build pkgconf perl python3 rpcsvc-proto xsltproc xz-utils \
  libxml2-utils libacl1-dev libattr1-dev libcap-ng-dev libglib2.0-dev libgnutls28-dev libjson-c-dev libnl-3-dev \
  libnl-route-3-dev libnuma-dev libreadline-dev libsasl2-dev libselinux1-dev libtirpc-dev libxml2-dev
mkdir /usr/src/libvirt
cd /usr/src
# If the archive lacks the .dsc file, apt-get reports an error, but has downloaded the tarball; tar fails without one.
apt-get source --download-only "libvirt/$RELEASE" || true
tar -C libvirt --strip-components=1 -xf libvirt_*.orig.tar.xz

# The packages that libvirt depends on stay, and so does the user of QEMU, which must be the same on both hosts.
# shellcheck disable=SC2046 # names of packages are words
apt-mark manual $(dpkg-query -W -f '${Package}\n' | grep -v libvirt) >/dev/null
apt-get --yes purge '?source-package(^libvirt$)'
getent group libvirt-qemu >/dev/null || groupadd --system --gid 64055 libvirt-qemu
getent passwd libvirt-qemu >/dev/null || useradd --system --uid 64055 --gid kvm --groups libvirt-qemu \
  --home-dir /var/lib/libvirt --shell /usr/sbin/nologin libvirt-qemu
getent group libvirt >/dev/null || groupadd --system libvirt

cd libvirt
# Without SELinux support libvirt gives no QEMU a mount namespace of its own (qemuDomainNamespaceAvailable); its driver
# does nothing on a host without SELinux.
meson setup build --prefix=/usr --libdir=lib64 -Dsystem=true -Dinit_script=systemd -Dremote_default_mode=direct \
  -Dauto_features=disabled -Doptimization=0 -Ddebug=false \
  -Ddriver_libvirtd=enabled -Ddriver_remote=enabled -Ddriver_qemu=enabled -Ddriver_network=enabled \
  -Ddriver_secrets=enabled -Dstorage_dir=enabled -Dqemu_user=libvirt-qemu -Dqemu_group=libvirt-qemu \
  -Dattr=enabled -Dcapng=enabled -Djson_c=enabled -Dlibnl=enabled -Dnumactl=enabled -Dpolkit=enabled \
  -Dreadline=enabled -Dsasl=enabled -Dselinux=enabled -Dselinux_mount=/sys/fs/selinux -Dsecdriver_selinux=enabled
ninja -C build
DESTDIR=/ meson install -C build --no-rebuild
echo /usr/lib64 >/etc/ld.so.conf.d/libvirt.conf
ldconfig
cd /
rm -r /usr/src/*
for daemon in virtqemud virtnetworkd virtproxyd virtsecretd virtstoraged; do
  systemctl enable "$daemon.socket" "$daemon-ro.socket" "$daemon-admin.socket"
done
systemctl enable virtlogd.socket virtlogd-admin.socket virtlockd.socket virtlockd-admin.socket
