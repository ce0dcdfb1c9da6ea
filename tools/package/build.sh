# shellcheck shell=sh
# Builds the package in the root file system of its release, where mmdebstrap runs it as root. /build holds what it
# needs (tools/package/deb.py); the package is left there. VERSION, PYTHON and SOURCE_DATE_EPOCH are in the environment.

set -eu
umask 022
export LC_ALL=C.UTF-8 PIP_NO_INDEX=1 PIP_FIND_LINKS=/build/wheels PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
export PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0
package=/build/package
home=/usr/lib/preflight

built_wheels() {
  # libvirt-python and python-augeas against this release's libraries, as Debian builds its own; without debugging
  # information, which would hold the names of temporary directories
  python3 -m venv --system-site-packages /build/venv
  CFLAGS="$(dpkg-buildflags --get CFLAGS) $(dpkg-buildflags --get CPPFLAGS) -g0" LDFLAGS=$(dpkg-buildflags --get LDFLAGS) \
    /build/venv/bin/pip wheel --quiet --require-hashes --no-build-isolation --use-pep517 \
    --no-binary libvirt-python,python-augeas --wheel-dir /build/built --requirement /build/pins.txt
  cp /build/wheels/kvm_preflight-*.whl /build/built
}

environment() {
  # a virtual environment at the place that it will have, so that no path in it has to be changed
  python3 -m venv --without-pip "$home"
  PIP_FIND_LINKS=/build/built /build/venv/bin/pip --python "$home/bin/python3" install --quiet --no-compile kvm-preflight
  # nobody activates it, and programs of libraries are not offered
  find "$home/bin" -mindepth 1 ! -name python3 -delete
  ln -sf ../../../bin/python3 "$home/bin/python3"
  rm -rf "${home:?}/include" "${home:?}/lib64" "$home/.gitignore"
  find "$home" -name __pycache__ -prune -exec rm -rf {} +
  find "$home" -name '*.so' -exec strip --strip-unneeded {} +
}

contents() {
  # what the package installs, below $package
  mkdir -p "$package/usr/lib" "$package/usr/bin" "$package/usr/share/doc"
  completions
  mv "$home" "$package/usr/lib"
  install -m 755 /build/preflight "$package/usr/bin/preflight"
  doc=$package/usr/share/doc/kvm-preflight
  mv "$package$home/share/doc/kvm-preflight" "$doc"
  rm -rf "$package$home/share"
  install -D -m 644 -t "$package/usr/lib/systemd/system" /build/units/preflight@.*
  sed -i 's,/usr/local/bin/preflight,/usr/bin/preflight,' "$package/usr/lib/systemd/system/preflight@.service"
  install -D -m 644 -t "$doc/examples" /build/units/*.env
  manual
  python3 /build/copyright.py /build/debian/copyright "$package$home/lib/python$PYTHON/site-packages" > "$doc/copyright"
  gzip -9n < /build/CHANGELOG.md > "$doc/changelog.gz"
  gzip -9n < /build/debian/changelog > "$doc/changelog.Debian.gz"
}

completions() {
  share=$package/usr/share
  mkdir -p "$share/bash-completion/completions" "$share/zsh/vendor-completions" "$share/fish/vendor_completions.d"
  completion bash > "$share/bash-completion/completions/preflight"
  # zsh reads the file when a completion is first asked for, which this one has to be answered too
  { completion zsh | sed '/./,$!d'; echo '_preflight_completion "$@"'; } > "$share/zsh/vendor-completions/_preflight"
  completion fish > "$share/fish/vendor_completions.d/preflight.fish"
}

completion() {
  # SHELL: the program itself writes the script
  _PREFLIGHT_COMPLETE=source_$1 "$home/bin/python3" -P -m preflight
}

manual() {
  # the generated page is among the documents, if there is one
  [ -e "$doc/preflight.1" ] || return 0
  mkdir -p "$package/usr/share/man/man1"
  gzip -9n < "$doc/preflight.1" > "$package/usr/share/man/man1/preflight.1.gz"
  rm "$doc/preflight.1"
}

metadata() {
  # DEBIAN/: the libraries that the package needs are those that its own are linked with
  mkdir "$package/DEBIAN"
  install -m 755 -t "$package/DEBIAN" /build/debian/postinst /build/debian/prerm
  (cd "$package" && find usr -type f -print0 | sort -z | xargs -0 md5sum > DEBIAN/md5sums)
  mkdir -p /build/shlibs/debian
  (cd /build/shlibs && cp /build/debian/control debian/control &&
    find "$package$home" -name '*.so' -exec dpkg-shlibdeps -O --ignore-missing-info {} + 2>/dev/null > found)
  needed=$(sed -n 's/^shlibs:Depends=//p' /build/shlibs/found)
  [ -n "$needed" ] || { echo 'no library found that the package needs' >&2; exit 1; }
  next=3.$((${PYTHON#3.} + 1))
  sed -e '/^Source:/,/^$/d' -e "s/@version@/$VERSION/" -e "s/@architecture@/$(dpkg --print-architecture)/" \
    -e "s/@size@/$(du -k -s --apparent-size "$package/usr" | cut -f1)/" -e "s/@python@/$PYTHON/" -e "s/@next@/$next/" \
    -e "s/@libraries@/$needed/" /build/debian/control > "$package/DEBIAN/control"
}

packed() {
  find "$package" -newermt "@$SOURCE_DATE_EPOCH" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
  chown -R root:root "$package"
  find "$package" -type d -exec chmod 755 {} +
  find "$package/usr" -type f -exec chmod u=rwX,go=rX {} +
  dpkg-deb --build --root-owner-group -Zxz "$package" /build/out
}

mkdir -p /build/out
built_wheels
environment
contents
metadata
packed
