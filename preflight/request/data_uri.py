"""Reads `--migrateuri` and `--disks-uri`: where the data goes, in place of what the destination says itself."""

from urllib.parse import urlsplit

from msgspec import Struct

from preflight.errors import UserError
from preflight.grammar import HOST_NAME, is_address, shown


class DataUri(Struct, frozen=True):
    """A host and perhaps a port, or a UNIX socket."""

    host: str | None = None
    port: int | None = None
    socket: str | None = None


def data_uri(option: str, text: str | None) -> DataUri:
    """What the option's value names, nothing where it was not given; raises `UserError`."""
    if text is None:
        return DataUri()
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as why:
        raise UserError(f"{option}: {text}: {why}") from None
    if parts.scheme == "unix" and parts.path.startswith("/") and not parts.netloc:
        return DataUri(socket=parts.path)
    if parts.scheme == "rdma":  # it pins memory and needs devices that no rule looks at
        raise UserError(f"{option}: {text}: RDMA is not supported: tcp://host[:port] or unix:///path")
    if parts.scheme != "tcp" or not host:
        raise UserError(f"{option}: {text}: is not of the form tcp://host[:port] or unix:///path")
    if not (HOST_NAME.takes(host) or is_address(host)):
        raise UserError(f"{option}: {text}: {shown(host)} is not a host name or an address")
    return DataUri(host=host, port=port or None)
