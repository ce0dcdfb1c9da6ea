"""Names of the packages that bring what preflight uses, for the distributions whose package manager it knows."""

from collections.abc import Iterable
from typing import NamedTuple


class _Package(NamedTuple):
    apt: str
    dnf: str


#: Programs and libraries, and the packages that bring them in Debian 13 and Fedora.
_PACKAGES = {
    "ssh": _Package("openssh-client", "openssh-clients"),
    "sshd": _Package("openssh-server", "openssh-server"),
    "libvirt.so": _Package("libvirt0", "libvirt-libs"),
    "libaugeas.so": _Package("libaugeas0", "augeas-libs"),
    "virt-admin": _Package("libvirt-clients", "libvirt-client"),
    "virsh": _Package("libvirt-clients", "libvirt-client"),
    "ip": _Package("iproute2", "iproute"),
    "nft": _Package("nftables", "nftables"),
    "iptables-save": _Package("iptables", "iptables-nft"),
    "setpriv": _Package("util-linux", "util-linux"),
    "flock": _Package("util-linux", "util-linux"),
    "bash": _Package("bash", "bash"),
    "nc": _Package("netcat-openbsd", "nmap-ncat"),
}
_APT = frozenset(("debian", "ubuntu", "linuxmint", "raspbian", "devuan"))
_DNF = frozenset(("fedora", "rhel", "centos", "rocky", "almalinux", "ol"))


def installing(what: Iterable[str], system: str | None) -> str:
    """Return the command that installs these, on a system with this ID of os-release(5), as root.

    For a system whose package manager is not known, name the packages of both kinds.
    """
    found = [_PACKAGES[one] for one in what]
    apt, dnf = (" ".join(dict.fromkeys(names)) for names in zip(*found, strict=True))
    if system in _APT:
        return f"apt install {apt}"
    if system in _DNF:
        return f"dnf install {dnf}"
    return f"install the packages that are called {apt} in Debian, {dnf} in Fedora"
