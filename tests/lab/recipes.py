"""Lists the images of the lab: a light one of each Debian release, and variants that scripts make from these."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

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
#: Packages that only some releases have, or that are separate in some.
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
    # Each host has its own host keys; the archive's name must not be recorded.
    (
        '--customize-hook=rm -f "$1"/etc/ssh/ssh_host_*_key* "$1"/etc/apt/sources.list'
        ' "$1"/etc/apt/sources.list.d/* "$1"/etc/resolv.conf'
    ),
)
MODULAR = ("virtqemud", "virtnetworkd", "virtproxyd", "virtsecretd", "virtstoraged")

Release = Literal["bullseye", "bookworm", "trixie"]
ImageName = Literal[
    "bullseye",
    "bookworm",
    "trixie",
    "bullseye-installed",
    "bookworm-installed",
    "trixie-installed",
    "trixie-backports",
    "trixie-modular",
]


@dataclass(frozen=True)
class Recipe:
    """The content of an image, and how its hosts are set up."""

    release: Release
    base: ImageName | None = None
    """The image that a script turns into this one; None for the light images, which mmdebstrap makes."""
    daemons: tuple[str, ...] = ("libvirtd",)
    """The daemons of libvirt that have a configuration file; the first runs the guests."""

    @property
    def packages(self) -> tuple[str, ...]:
        """The packages of the release's light image."""
        return (*PACKAGES, *PACKAGES_OF[self.release])


RECIPES: dict[ImageName, Recipe] = {
    "bullseye": Recipe("bullseye"),
    "bookworm": Recipe("bookworm"),
    "trixie": Recipe("trixie"),
    "bullseye-installed": Recipe("bullseye", base="bullseye"),
    "bookworm-installed": Recipe("bookworm", base="bookworm"),
    "trixie-installed": Recipe("trixie", base="trixie"),
    "trixie-backports": Recipe("trixie", base="trixie-installed"),
    "trixie-modular": Recipe("trixie", base="trixie-installed", daemons=MODULAR),
}


def image_name(text: str) -> ImageName:
    """Return `text` if it names an image; raises LabError otherwise."""
    for name in RECIPES:
        if name == text:
            return name
    raise LabError(f"no image is called {text!r}; there are {', '.join(RECIPES)}")


def script(name: ImageName) -> str:
    """Return the text of the script that turns the base of the image `name` into it."""
    variant = name.removeprefix(f"{RECIPES[name].release}-")
    return Path(__file__).with_name("variants").joinpath(f"{variant}.sh").read_text(encoding="utf-8")


def digest(name: ImageName) -> str:
    """Return 12 hex digits that change with anything that the image `name` is made of."""
    recipe = RECIPES[name]
    base = recipe.base
    parts = (recipe.release, *recipe.packages, *OPTIONS) if base is None else (digest(base), script(name))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
