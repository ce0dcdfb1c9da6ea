"""A check of hosts that fill a record to the most that it may have takes neither 500 MiB nor 20 seconds (T7)."""

import re
import subprocess
import sys

import pytest


@pytest.mark.parametrize("record", ["etc.hosts", "nft", "libvirt.capabilities", "daemons"])
def test_a_record_filled_to_the_brim_takes_little(record: str) -> None:
    """`python -m tests.contracts.filled` tries all others too."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.contracts.filled", record],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    taken = re.findall(r"^(.*): ([0-9.]+) s ([0-9]+) MiB", done.stdout, re.MULTILINE)
    assert len(taken) >= 5
    assert [what for what, seconds, mib in taken if float(seconds) > 20 or int(mib) > 500] == []
