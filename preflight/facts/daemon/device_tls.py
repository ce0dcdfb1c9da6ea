"""The certificates that QEMU reads for a guest's displays, character devices and NBD disks, by a host's settings.

The XML that a migration sends leaves out TLS that the source's qemu.conf turned on (tlsFromConfig in libvirt's
src/conf/domain_conf.c); the destination decides by its own.
"""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from msgspec import Struct

from preflight.facts.daemon.displays import displays
from preflight.facts.daemon.guest_settings import GuestSettings
from preflight.facts.text.located import Located
from preflight.facts.text.xml import parse_xml

_CHARACTER_DEVICES = ("serial", "parallel", "console", "channel", "rng/backend", "smartcard", "redirdev")


class DeviceTls(Struct, frozen=True, kw_only=True):
    """Device of a guest that uses TLS on this host."""

    #: As "VNC", "serial" or "the disk vda".
    device: str
    #: Directories of its certificates: the first that exists is used, and the last even if it does not exist.
    directories: tuple[str, ...]
    #: The files that QEMU needs in it.
    files: tuple[str, ...]
    #: The setting that turns TLS on or names the directory; its value is of no interest.
    setting: Located[object]
    #: The UUID of the secret with which the key is encrypted; empty for none.
    secret: Located[str]

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that a host must be asked about."""
        return (*self.directories, *(f"{directory}/{name}" for directory in self.directories for name in self.files))


def devices_with_tls(xml: str, settings: GuestSettings) -> Iterator[DeviceTls]:
    """Yield the devices of a guest that starts with this XML; raises `Unreadable`."""
    for display in displays(xml, settings):
        if display.over_tls:
            yield _of(display.device, display.device.lower(), settings, is_server=True)
    devices = parse_xml(xml)
    for tag in _CHARACTER_DEVICES:
        for device in devices.iterfind(f"devices/{tag}"):
            target = device.find("target")
            if tag == "console" and target is not None and target.get("type") == "serial":
                continue  # libvirt lists the first serial port as the first console too
            source = device.find("source")
            if device.get("type") == "tcp" and source is not None and _is_on(source, "chardev", settings):
                is_server = source.get("mode") == "bind"
                yield _of(tag.partition("/")[0], "chardev", settings, is_server=is_server)
    for disk in devices.iterfind("devices/disk"):
        source, target = disk.find("source"), disk.find("target")
        if source is not None and source.get("protocol") == "nbd" and _is_on(source, "nbd", settings):
            name = "" if target is None else target.get("dev", "")
            yield _of(f"the disk {name}", "nbd", settings, is_server=False)


def _is_on(source: Element, kind: str, settings: GuestSettings) -> bool:
    own = source.get("tls")
    return settings.flag(f"{kind}_tls").value if own is None else own == "yes"


def _of(device: str, kind: str, settings: GuestSettings, *, is_server: bool) -> DeviceTls:
    own = settings.text(f"{kind}_tls_x509_cert_dir")
    usual = settings.text("default_tls_x509_cert_dir")
    secret = Located("")
    if kind != "spice":
        secret = settings.text(f"{kind}_tls_x509_secret_uuid")
        if not secret.value and not own.value:
            secret = settings.text("default_tls_x509_secret_uuid")
    return DeviceTls(
        device=device,
        # virQEMUDriverConfigSetDefaults, src/qemu/qemu_conf.c
        directories=(own.value,) if own.value else (f"/etc/pki/libvirt-{kind}", usual.value),
        # a client without a certificate is anonymous
        files=("ca-cert.pem", "server-cert.pem", "server-key.pem") if is_server else ("ca-cert.pem",),
        setting=own if own.at else settings.flag(f"{kind}_tls"),
        secret=secret,
    )
