"""Lists the images of the lab: a light one of each Debian release, and variants that a script makes of these."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from .machine import LabError

PACKAGES = (
    "systemd",
    "systemd-sysv",
    "dbus",
    "procps",
    "openssh-server",
    "libvirt-daemon-system",
    "libvirt-clients",
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
#: The packages that only some releases have, or have as packages of their own.
PACKAGES_OF = {
    "bullseye": (),
    # sudo, for logins that are not root's; python3, which Ansible runs on a host
    "bookworm": ("swtpm", "swtpm-tools", "sudo", "python3"),
    "trixie": ("swtpm", "swtpm-tools", "libvirt-daemon-plugin-lockd"),
}
OPTIONS = (
    "--variant=minbase",
    *(f"--dpkgopt=path-exclude=/usr/share/{path}/*" for path in ("doc", "man", "info", "locale")),
    '--aptopt=APT::Install-Recommends "false"',
    # Host keys are each host's own; the archive's name is nobody's business.
    (
        '--customize-hook=rm -f "$1"/etc/ssh/ssh_host_*_key* "$1"/etc/apt/sources.list'
        ' "$1"/etc/apt/sources.list.d/* "$1"/etc/resolv.conf'
    ),
)
MODULAR = ("virtqemud", "virtnetworkd", "virtproxyd", "virtsecretd", "virtstoraged")


@dataclass(frozen=True)
class Recipe:
    """The content of an image, and how its hosts are set up."""

    release: str
    variant: str | None = None
    """The script in the folder variants that turns the light image of the release into this one."""
    is_built: bool = False
    """The script compiles for many minutes, which only the image's own command may do."""
    is_light: bool = False
    """QEMU runs as root and without namespaces; other hosts keep each setting of Debian's that a container allows."""
    daemons: tuple[str, ...] = ("libvirtd",)
    """The daemons of libvirt that have a configuration file; the first runs the guests."""

    @property
    def packages(self) -> tuple[str, ...]:
        """The packages of the light image."""
        return (*PACKAGES, *PACKAGES_OF[self.release])

    @property
    def script(self) -> str | None:
        """The text of the variant's script."""
        folder = Path(__file__).with_name("variants")
        return (folder / f"{self.variant}.sh").read_text() if self.variant else None

    def digest(self) -> str:
        """Return 12 hex digits that change with anything that the image is made of."""
        parts = (self.release, *self.packages, *OPTIONS, *([self.script] if self.script else ()))
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


RECIPES = {
    **{release: Recipe(release, is_light=True) for release in PACKAGES_OF},
    **{f"{release}-installed": Recipe(release, "installed") for release in PACKAGES_OF},
    "trixie-backports": Recipe("trixie", "backports"),
    "trixie-modular": Recipe("trixie", "modular", is_built=True, daemons=MODULAR),
}


def recipe(name: str) -> Recipe:
    """Return the recipe of the image `name`; raises LabError if there is none."""
    if name not in RECIPES:
        raise LabError(f"no image is called {name!r}, but {', '.join(RECIPES)}")
    return RECIPES[name]
