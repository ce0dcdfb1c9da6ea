"""Which secrets a host's libvirt has (their values are never asked for), and which a guest's disks need."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Self

from msgspec import Struct
from msgspec.structs import replace

from preflight.facts.fact import Record, Unreadable
from preflight.facts.guest.guests import Guest
from preflight.facts.libvirt.versions import Versions
from preflight.facts.text.listing import Answer, Listing, answered
from preflight.facts.text.xml import parse_xml
from preflight.facts.version import Version

#: Where a daemon of the system's keeps values of secrets (secretDriverStateInitialize, src/secret/secret_driver.c).
DIRECTORY = "/etc/libvirt/secrets"
#: The newest release in which the lab has seen them there as plain files is 11.3; 12 may encrypt them.
PLAIN_UNTIL = Version(12, 0, 0)


class Secret(Struct, frozen=True, kw_only=True):
    """One secret, without its value."""

    uuid: str
    #: virSecretUsageType: 0 none, 1 volume, 2 ceph, 3 iscsi, 4 tls, 5 vtpm.
    usage_type: int
    #: What it is for, as a name or a path; empty for none.
    usage: str
    #: Whether its value is kept in memory alone.
    ephemeral: bool
    #: Where the value is kept; None where that is not known: in memory, or by a libvirt that may encrypt it.
    value_path: str | None = None


class Needed(Struct, frozen=True, kw_only=True):
    """A reference to a secret in a guest's XML."""

    #: TPM, or the disk, as "vda".
    device: str
    #: One of both is None.
    uuid: str | None
    usage: str | None
    #: The kind of usage by which it is looked up, a number as in `Secret`.
    usage_type: int

    def __str__(self) -> str:
        """What the XML names."""
        return f"the secret {self.uuid}" if self.uuid else f"a secret for {self.usage}"


class Secrets(Listing, frozen=True, kw_only=True, dict=True):
    """All secrets of a host."""

    all: tuple[Secret, ...]

    def find(self, needed: Needed) -> Secret | None:
        """That secret, None when it is not here; raises `Unreadable` when that was not told."""
        self.must_be_there("secrets")
        if needed.uuid is not None:
            return self._by_uuid.get(needed.uuid)
        return self._by_usage.get((needed.usage_type, needed.usage))

    # there may be as many as disks
    @cached_property
    def _by_uuid(self) -> Mapping[str, Secret]:
        return {secret.uuid: secret for secret in reversed(self.all)}

    @cached_property
    def _by_usage(self) -> Mapping[tuple[int, str | None], Secret]:
        return {(secret.usage_type, secret.usage): secret for secret in reversed(self.all)}

    @classmethod
    def parse(cls, secrets: Record, versions: Record) -> Self:
        """Read the list of secrets that the collector made; without one the reason is kept."""
        answer = answered(secrets, _Answer(secrets=[]), "the list of secrets is")
        kept = _in_plain_files(versions)
        return cls(all=tuple(_with_path(secret) if kept else secret for secret in answer.secrets), error=answer.error)


class _Answer(Answer, frozen=True, kw_only=True):
    secrets: list[Secret]


def _in_plain_files(versions: Record) -> bool:
    try:
        return Versions.parse(versions).libvirt < PLAIN_UNTIL
    except Unreadable:
        return False


def _with_path(secret: Secret) -> Secret:
    return secret if secret.ephemeral else replace(secret, value_path=f"{DIRECTORY}/{secret.uuid}.base64")


_AUTH = {"ceph": 2, "iscsi": 3}


def needed_by(guest: Guest) -> tuple[Needed, ...]:
    """The secrets that the guest's TPM and its disks need, backing images too."""
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
        for secret in disk.iterfind(".//encryption/secret"):
            yield Needed(device=device, uuid=secret.get("uuid"), usage=secret.get("usage"), usage_type=1)
