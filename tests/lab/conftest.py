"""Brings the lab up once for all tests that ask for it, and gives each of them clean hosts."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from . import Client, ImageMissing, Lab, LabHost, LabUnavailable
from .recipes import ImageName, image_name

Pair = tuple[LabHost, LabHost]


def boot(images: Sequence[ImageName], suffix: str = "") -> Lab:
    """Return a lab with hosts of these images, for this worker of pytest.

    Skips the test if the lab cannot run or an image is not built; in CI it fails if the lab cannot run.
    """
    made = Lab((os.environ.get("PREFLIGHT_LAB") or "lab") + suffix + os.environ.get("PYTEST_XDIST_WORKER", ""))
    try:
        made.up(images)
    except ImageMissing as error:
        pytest.skip(str(error))
    except LabUnavailable as error:
        if os.environ.get("CI"):
            pytest.fail(f"the lab has to run in CI: {error}")
        pytest.skip(str(error))
    return made


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """Two hosts of the images in PREFLIGHT_LAB_IMAGES (default: bookworm), for each of pytest's workers."""
    names = os.environ.get("PREFLIGHT_LAB_IMAGES") or "bookworm bookworm"
    with boot([image_name(name) for name in names.split()]) as made:
        yield made


@pytest.fixture(autouse=True)
def _journals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Journals of runs that name none lie with the test, not in its user's home."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def client(lab: Lab) -> Iterator[Client]:
    """Provide the machine that preflight runs on; its /etc/hosts and ~/.ssh are put back afterwards."""
    yield lab.client
    lab.client.reset(list(lab.hosts))


@pytest.fixture
def pair(lab: Lab) -> Pair:
    """Source and destination, both as after installation; the test may do to them what it likes."""
    _clean(lab)
    host1, host2 = lab.hosts.values()
    return host1, host2


@pytest.fixture
def clean_pair(lab: Lab) -> Iterator[Pair]:
    """Provide what `pair` provides, for a test that only reads: changing a host is an error."""
    _clean(lab)
    host1, host2 = lab.hosts.values()
    with contextlib.ExitStack() as frozen:
        frozen.enter_context(host1.frozen())
        frozen.enter_context(host2.frozen())
        yield host1, host2


@pytest.fixture
def host1(pair: Pair) -> LabHost:
    """Return the first host of `pair`, which is the source unless a test says otherwise."""
    return pair[0]


@pytest.fixture
def host2(pair: Pair) -> LabHost:
    """Return the second host of `pair`."""
    return pair[1]


def _clean(lab: Lab) -> None:
    """Reboot each host that a test changed, in whatever way."""
    lab.reset([host for host in lab.hosts.values() if host.is_dirty()])
