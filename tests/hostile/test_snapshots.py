"""msgspec and pydantic read the same from each hostile file; only pydantic reads what a later release may write."""

import pytest

from preflight.schema import saved, snapshot
from preflight.schema.document import Wrong
from tests.hostile import whole
from tests.hostile.pair import Hostile

SEED = 1
#: Maximum size of the files that are read here, in bytes; longer files have the same forms.
MOST = 1_000_000
#: Read only by pydantic: a repeated field, a field that no release has yet.
ALONE = {"keys twice", *(f"hosts.0.more {number}" for number in range(len(whole.OTHERS)))}


def read(content: bytes) -> saved.Snapshot | None:
    try:
        return snapshot.read(content)
    except Wrong:
        return None


@pytest.mark.parametrize("kind", sorted({one.kind for one in whole.hostile(SEED)}))
def test_both_read_the_same_of_a_file_of_another_form(kind: str) -> None:
    for one in whole.hostile(SEED):
        if one.kind == kind:
            compare(one)


def compare(one: Hostile) -> None:
    content = one.make()
    if len(content) > MOST:
        return
    quick, slow = saved.quick(content), read(content)
    if one.name in ALONE:
        assert quick is None, one.name
        assert slow is not None, one.name
    else:
        assert quick == slow, one.name
