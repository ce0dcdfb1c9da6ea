"""Settings of qemu.conf with which a host completes the guests that it starts, those that migrate to it among them.

The XML that a migration sends leaves out what came from the source's qemu.conf; the destination fills in its own.
"""

from collections.abc import Mapping
from typing import Self

from preflight.facts.daemon.daemons import Daemons
from preflight.facts.daemon.qemu_conf import PATH, SINCE, QemuConfFile, in_force
from preflight.facts.defaults import Default, default
from preflight.facts.fact import Fact, Unreadable
from preflight.facts.text.libvirt_conf import Value
from preflight.facts.text.located import Located

#: The settings that a rule about a guest reads.
KEYS = (
    *(f"{kind}_listen" for kind in ("vnc", "spice")),
    *(f"{kind}_auto_unix_socket" for kind in ("vnc", "spice")),
    *(f"{kind}_tls" for kind in ("vnc", "spice", "chardev", "nbd")),
    *(f"{kind}_tls_x509_cert_dir" for kind in ("default", "vnc", "spice", "chardev", "nbd")),
    *(f"{kind}_tls_x509_secret_uuid" for kind in ("default", "migrate", "vnc", "chardev", "nbd")),
    "migrate_tls_x509_cert_dir",
    *(f"remote_{kind}_port_{end}" for kind in ("display", "websocket") for end in ("min", "max")),
    "max_files",
    "max_processes",
    "memory_backing_dir",
    "namespaces",
    "remember_owner",
    "security_require_confined",
    "shared_filesystems",
)


class GuestSettings(Fact, frozen=True, kw_only=True):
    """The settings in `KEYS` that the file has, as the running daemon uses them.

    If they are not known, that matters to guests alone that need one of them: every method raises `Unreadable` then.
    """

    written: Mapping[str, Located[Value]]
    #: Why they are not known; empty if they are.
    unread: str = ""

    @classmethod
    def parse(cls, daemons: Daemons | Unreadable, file: QemuConfFile | Unreadable) -> Self:
        """Take the settings of the file, unless it was changed after the daemon had read it."""
        for one in (daemons, file):
            if isinstance(one, Unreadable):
                return cls(written={}, unread=str(one))
        assert isinstance(daemons, Daemons)
        assert isinstance(file, QemuConfFile)
        try:
            conf = in_force(daemons, file)
        except Unreadable as why:
            return cls(written={}, unread=str(why))
        return cls(written={key: found for key in KEYS if (found := conf.get(key)) is not None})

    def flag(self, key: str) -> Located[bool]:
        """Return a setting that is on or off."""
        found = self._of(key)
        return Located(bool(found.value), found.at)

    def number(self, key: str) -> Located[int]:
        """Return a number."""
        found = self._of(key)
        if not isinstance(found.value, int):
            raise Unreadable(f"{PATH}: {key} is not a number")
        return Located(found.value, found.at)

    def text(self, key: str) -> Located[str]:
        """Return a string; an empty one if the setting has neither a value nor a default."""
        found = self._of(key)
        if found.value is not None and not isinstance(found.value, str):
            raise Unreadable(f"{PATH}: {key} is not a string")
        return Located(found.value or "", found.at)

    def texts(self, key: str) -> Located[tuple[str, ...]]:
        """Return a list of strings."""
        found = self._of(key)
        if found.value is not None and not isinstance(found.value, tuple):
            raise Unreadable(f"{PATH}: {key} is not a list")
        return Located(tuple(map(str, found.value or ())), found.at)

    def ports(self, kind: str) -> range:
        """Return the range of ports for displays ("display") or for their web sockets ("websocket")."""
        first, last = (self.number(f"remote_{kind}_port_{end}") for end in ("min", "max"))
        return range(first.value, last.value + 1)

    def _of(self, key: str) -> Located[Value] | Located[Default]:
        if self.unread:
            raise Unreadable(self.unread)
        return self.written.get(key) or Located(default("qemu", key, SINCE))
