"""`--migrateuri` and `--disks-uri`: the address of the data, instead of the one that the destination announces."""

from urllib.parse import urlsplit

from msgspec import Struct

from preflight.errors import UserError
from preflight.grammar import HOST_NAME, is_address, shown


class DataUri(Struct, frozen=True):
    """A host with an optional port, over TCP or RDMA, or a UNIX socket."""

    host: str | None = None
    port: int | None = None
    socket: str | None = None
    rdma: bool = False


def data_uri(option: str, text: str | None) -> DataUri:
    """Return what the option's value names, or an empty value if it is not given; raises `UserError`."""
    if text is None:
        return DataUri()
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as why:
        raise UserError(f"{option}: {text}: {why}") from None
    if parts.scheme == "unix" and parts.path.startswith("/") and not parts.netloc:
        return DataUri(socket=parts.path)
    over_rdma = parts.scheme == "rdma"
    if over_rdma and option != "--migrateuri":  # which QEMU's NBD does not support
        raise UserError(f"{option}: {text}: disks are not sent over RDMA; use tcp://host[:port] or unix:///path")
    if not (over_rdma or parts.scheme == "tcp") or not host:
        raise UserError(f"{option}: {text}: not of the form tcp://host[:port] or unix:///path")
    if not (HOST_NAME.takes(host) or is_address(host)):
        raise UserError(
            f"{option}: {text}: {shown(host)} is not a host name or an address, as in tcp://192.0.2.1:49152"
        )
    return DataUri(host=host, port=port or None, rdma=over_rdma)


def to_host(host: str) -> str:
    """Return the value of `--migrateuri` that sends the memory to a host name or an address."""
    return f"tcp://[{host}]" if ":" in host else f"tcp://{host}"
