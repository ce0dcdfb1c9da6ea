import contextlib
import json

import pytest

from preflight.facts.fact import Record, Unreadable
from preflight.facts.storage.pools import Pools
from tests.facts.noise import answers
from tests.rules.pools import pools, vms


def read(text: str) -> Pools:
    return Pools.parse(Record(text))


@pytest.mark.parametrize(
    ("kind", "target", "path"),
    [
        ("dir", "/srv/vms", "/srv/vms/a"),
        ("netfs", "/srv/vms/", "/srv/vms/a"),
        ("logical", "/dev/vg", "/dev/vg/a"),
        ("iscsi", "/dev/disk/by-path", None),
        ("rbd", None, None),
    ],
)
def test_where_a_volume_lies(kind: str, target: str | None, path: str | None) -> None:
    pool = read(pools(vms("a", kind=kind, target=target))).by_name("vms")
    assert pool is not None
    assert pool.path("a") == path
    assert pool.makes_files is (kind in ("dir", "netfs"))


def test_only_an_active_pool_can_create_in_its_directory() -> None:
    assert read(pools(vms(active=False))).with_target("/srv/vms") is None
    assert read(pools(vms())).with_target("/srv/vms") is not None
    assert read(pools(vms())).with_target("/srv") is None


def test_a_pool_that_was_not_told_of_keeps_what_it_could_be_unknown() -> None:
    host = read(pools(vms(error="denied")))
    assert host.by_name("other") is None
    with pytest.raises(Unreadable, match="storage pool vms: denied"):
        host.by_name("vms")
    with pytest.raises(Unreadable, match="storage pool vms: denied"):
        host.with_target("/srv")


def test_hostile_text_is_refused_or_read() -> None:
    for answer in answers(pools(vms("a"))):
        with contextlib.suppress(Unreadable):
            Pools.parse(answer)
    assert read(json.dumps({"pools": [vms() | {"xml": "<network/>"}], "error": None})).unread
