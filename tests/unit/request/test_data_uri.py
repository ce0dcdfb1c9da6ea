"""--migrateuri and --disks-uri."""

import pytest

from preflight.errors import UserError
from preflight.request.data_uri import DataUri, data_uri


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (None, DataUri()),
        ("tcp://host2.example.com", DataUri(host="host2.example.com")),
        ("tcp://host2.example.com:50100", DataUri(host="host2.example.com", port=50100)),
        ("tcp://[2001:db8::2]:50100", DataUri(host="2001:db8::2", port=50100)),
        ("rdma://host2.example.com", DataUri(host="host2.example.com", rdma=True)),
        ("unix:///run/web.sock", DataUri(socket="/run/web.sock")),
    ],
)
def test_says_where_the_data_goes(text: str | None, read: DataUri) -> None:
    assert data_uri("--migrateuri", text) == read


@pytest.mark.parametrize(
    "text",
    ["", "host2", "tcp:host2:50100", "tcp://", "tcp://:50100", "tcp://host2:port", "tcp://host2:70000", "unix:a"],
)
def test_refuses_what_libvirt_could_not_use(text: str) -> None:
    with pytest.raises(UserError, match="--migrateuri"):
        data_uri("--migrateuri", text)


def test_refuses_to_send_disks_over_rdma() -> None:
    with pytest.raises(UserError, match="--disks-uri: rdma://host2: disks are not sent over RDMA"):
        data_uri("--disks-uri", "rdma://host2")
