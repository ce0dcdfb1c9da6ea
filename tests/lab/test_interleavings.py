"""After a fault and an act of the guest's owner, `--resume` starts no old copy. The others: `make interleavings`."""

from pathlib import Path

import pytest

from . import Lab
from .interleavings.run import run

pytestmark = pytest.mark.lab


@pytest.mark.parametrize("name", ["D2 shut down on the source", "D3 I/O error on the destination"])
def test_the_counter_on_the_disk_never_goes_back(lab: Lab, tmp_path: Path, name: str) -> None:
    outcome = run(lab, name, 0, tmp_path, p2p=False)
    assert outcome.reached, outcome.why
    assert outcome.violations == ()
