"""The secrets of a host's libvirt (never their values), and those that a guest's disks need."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Self

from msgspec import Struct
from msgspec.structs import replace

from preflight.facts.fact import OPTIONAL, Record, Unreadable
from preflight.facts.guest.guests import Guest
from preflight.facts.libvirt.versions import Versions
from preflight.facts.text.listing import Answer, Listing, answered
from preflight.facts.text.xml import parse_xml
from preflight.facts.version import Version

#: Directory in which a system daemon stores values of secrets (secretDriverStateInitialize,
#: src/secret/secret_driver.c).
DIRECTORY = "/etc/libvirt/secrets"
#: 11.3 is the newest release in which the lab found them there as plain files; 12 may encrypt them.
PLAIN_UNTIL = Version(12, 0, 0)


class Secret(Struct, frozen=True, kw_only=True):
    """Secret, without its value."""

    uuid: str
    #: virSecretUsageType: 0 none, 1 volume, 2 ceph, 3 iscsi, 4 tls, 5 vtpm.
    usage_type: int
    #: Its usage, as a name or a path; empty for none.
    usage: str
    #: True if its value is kept in memory only.
    ephemeral: bool
    #: Path of the file with the value; None if unknown: it is in memory, or libvirt may encrypt it.
    value_path: str | None = None


class Needed(Struct, frozen=True, kw_only=True):
    """Reference to a secret in a guest's XML."""

    #: TPM, or the disk, as "vda".
    device: str
    #: One of the two is None.
    uuid: str | None
    usage: str | None
    #: The usage type by which it is looked up, a number as in `Secret`.
    usage_type: int
    #: Path of the image that it opens, as in the XML; None for a TPM or a login, and for an image without a path.
    path: str | None = None

    def __str__(self) -> str:
        """Return the reference as the XML gives it."""
        return f"the secret {self.uuid}" if self.uuid else f"a secret for {self.usage}"


class Secrets(Listing, frozen=True, kw_only=True, dict=True):
    """All secrets of a host."""

    all: tuple[Secret, ...]

    def find(self, needed: Needed) -> Secret | None:
        """Return the secret, or None if the host does not have it; raises `Unreadable` if that is unknown."""
        self.must_be_there("secrets")
        if needed.uuid is not None:
            return self._by_uuid.get(needed.uuid)
        return self._by_usage.get((needed.usage_type, needed.usage))

    # there may be as many secrets as disks
    @cached_property
    def _by_uuid(self) -> Mapping[str, Secret]:
        return {secret.uuid: secret for secret in reversed(self.all)}

    @cached_property
    def _by_usage(self) -> Mapping[tuple[int, str | None], Secret]:
        return {(secret.usage_type, secret.usage): secret for secret in reversed(self.all)}

    @classmethod
    def parse(cls, secrets: Annotated[Record, "libvirt.secrets", OPTIONAL], versions: Versions | Unreadable) -> Self:
        """Parse the list of secrets that the collector made; without one, keep the reason."""
        answer = answered(secrets, _Answer(secrets=[]), "the list of secrets is")
        kept = not isinstance(versions, Unreadable) and versions.libvirt < PLAIN_UNTIL
        return cls(all=tuple(_with_path(secret) if kept else secret for secret in answer.secrets), error=answer.error)


class _Answer(Answer, frozen=True, kw_only=True):
    secrets: list[Secret]


def _with_path(secret: Secret) -> Secret:
    return secret if secret.ephemeral else replace(secret, value_path=f"{DIRECTORY}/{secret.uuid}.base64")


_AUTH = {"ceph": 2, "iscsi": 3}


def needed_by(guest: Guest) -> tuple[Needed, ...]:
    """Return the secrets that the guest's TPM and disks need, including those of backing images."""
    return tuple(dict.fromkeys(_needed(guest)))


def _needed(guest: Guest) -> Iterator[Needed]:
    root = parse_xml(guest.xml)
    for secret in root.iterfind("devices/tpm/backend/encryption"):
        yield Needed(device="TPM", uuid=secret.get("secret"), usage=None, usage_type=5)
    for disk in root.iterfind("devices/disk"):
        target = disk.find("target")
        device = "" if target is None else target.get("dev", "")
        for secret in disk.iterfind(".//auth/secret"):
            kind = _AUTH.get(secret.get("type", ""), 0)
            yield Needed(device=device, uuid=secret.get("uuid"), usage=secret.get("usage"), usage_type=kind)
        for image in disk.iter():
            path = image.get("file") or image.get("dev") if image.tag == "source" else None
            for secret in image.iterfind("encryption/secret"):
                yield Needed(device=device, uuid=secret.get("uuid"), usage=secret.get("usage"), usage_type=1, path=path)
