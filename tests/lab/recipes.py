"""Lists the images of the lab, and what each is made of."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from .machine import LabError

WITHOUT_TEXTS = tuple(f"--dpkgopt=path-exclude=/usr/share/{path}/*" for path in ("doc", "man", "info", "locale"))
LIGHT = ("--variant=minbase", *WITHOUT_TEXTS, '--aptopt=APT::Install-Recommends "false"')
INSTALLED = (
    # the packages of Debian's installer, and those that they recommend
    "--variant=important",
    *WITHOUT_TEXTS,
    '--aptopt=APT::Install-Recommends "true"',
    # a window for QEMU, and 400 MB that this pulls in
    (
        "--setup-hook=printf 'Package: qemu-system-gui qemu-system-modules-opengl\\nPin: release *\\n"
        "Pin-Priority: -1\\n'"
        ' >"$1"/etc/apt/preferences.d/lab'
    ),
)
FORGET = (
    # Host keys are each host's own; the archive's name is nobody's business.
    (
        '--customize-hook=rm -f "$1"/etc/ssh/ssh_host_*_key* "$1"/etc/apt/sources.list'
        ' "$1"/etc/apt/sources.list.d/* "$1"/etc/resolv.conf'
    ),
)
BACKPORTS = (
    # only these two: the newer systemd of backports needs cgroup v2
    (
        "--setup-hook=printf 'Package: src:libvirt src:qemu\\nPin: release n=trixie-backports\\nPin-Priority: 990\\n'"
        ' >"$1"/etc/apt/preferences.d/lab'
    ),
)

LIBVIRT = ("libvirt-daemon-system", "libvirt-clients")
PACKAGES = (
    "systemd",
    "systemd-sysv",
    "dbus",
    "procps",
    "openssh-server",
    *LIBVIRT,
    "qemu-system-x86",
    "qemu-utils",
    "dnsmasq-base",
    "iproute2",
    "iputils-ping",
    "nftables",
    "netcat-openbsd",
    # a certificate authority; passwords for libvirt over TCP; storage that both hosts reach
    "gnutls-bin",
    "libsasl2-modules",
    "sasl2-bin",
    "qemu-block-extra",
    "tgt",
)
#: Packages that only some releases have, or have as packages of their own.
PACKAGES_OF = {
    "bullseye": (),
    # sudo, for logins that are not root's; python3, which Ansible runs on a host
    "bookworm": ("swtpm", "swtpm-tools", "sudo", "python3"),
    "trixie": ("swtpm", "swtpm-tools", "libvirt-daemon-plugin-lockd"),
}
#: What libvirt is built with: libraries, and the programs of the build.
BUILD = (
    *("gcc", "libc6-dev", "meson", "ninja-build", "pkgconf", "python3", "xsltproc", "libxml2-utils"),
    *("libacl1-dev", "libattr1-dev", "libcap-ng-dev", "libglib2.0-dev", "libgnutls28-dev", "libjson-c-dev"),
    *("libnl-3-dev", "libnl-route-3-dev", "libreadline-dev", "libsasl2-dev", "libtirpc-dev"),
    *("libxml2-dev", "libnuma-dev"),
    # the programs that libvirt calls, which Debian's libvirt packages depend on or recommend
    *("polkitd", "dmidecode", "iptables", "mount", "udev"),
)


@dataclass(frozen=True)
class Recipe:
    """One kind of host: its packages, and whether it has the settings of an installed host."""

    release: str
    packages: tuple[str, ...]
    options: tuple[str, ...]
    suites: tuple[str, ...] = ()
    """Further suites of the archive."""
    built_by: str | None = None
    """The script beside this module that builds libvirt in the root of the image; it takes many minutes."""
    is_installed: bool = False
    """Whether hosts keep each setting of Debian's that a container allows."""
    daemon: str = "libvirtd"
    """The daemon that runs the guests, and the name of its configuration file."""
    daemons: tuple[str, ...] = field(default=("libvirtd",))
    """All daemons of libvirt that have a configuration of their own, and with it host_uuid_source."""

    def script(self) -> Path | None:
        """Return the path of the script that builds libvirt."""
        return Path(__file__).with_name(self.built_by) if self.built_by else None

    def digest(self) -> str:
        """Return 12 hex digits that change with anything that the image is made of."""
        script = self.script()
        parts = (self.release, *self.packages, *self.options, *self.suites, *([script.read_text()] if script else ()))
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


MODULAR = ("virtqemud", "virtnetworkd", "virtproxyd", "virtsecretd", "virtstoraged")


def _light(release: str) -> Recipe:
    return Recipe(release, (*PACKAGES, *PACKAGES_OF[release]), (*LIGHT, *FORGET))


def _installed(release: str) -> Recipe:
    return Recipe(release, (*PACKAGES, *PACKAGES_OF[release]), (*INSTALLED, *FORGET), is_installed=True)


def _modular(release: str) -> Recipe:
    without = tuple(name for name in (*PACKAGES, *PACKAGES_OF[release]) if not name.startswith("libvirt-"))
    return Recipe(
        release,
        (*without, *BUILD),
        (*LIGHT, *FORGET),
        built_by="modular.sh",
        is_installed=True,
        daemon="virtqemud",
        daemons=MODULAR,
    )


RECIPES = {
    **{release: _light(release) for release in PACKAGES_OF},
    **{f"{release}-installed": _installed(release) for release in PACKAGES_OF},
    "trixie-backports": Recipe(
        "trixie",
        (*PACKAGES, *PACKAGES_OF["trixie"]),
        (*LIGHT, *BACKPORTS, *FORGET),
        suites=("trixie-backports",),
    ),
    "trixie-modular": _modular("trixie"),
}


def recipe(name: str) -> Recipe:
    """Return what the image `name` is made of."""
    if name not in RECIPES:
        raise LabError(f"no image is called {name!r}, but {', '.join(RECIPES)}")
    return RECIPES[name]
