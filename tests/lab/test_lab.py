"""Holds the lab to its word about itself: one user at a time, and nothing left behind."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from . import Lab, LabUnavailable, cgroup, unavailable
from .machine import mounts_below

CRASH = """
import os, signal
from {package} import Lab
Lab({name!r}).up(["bookworm"])
os.kill(os.getpid(), signal.SIGKILL)
"""


def remains(lab: Lab) -> list[object]:
    """Whatever of this instance is on the machine."""
    instance = lab.instance
    return [
        *instance.namespaces(),
        *mounts_below(instance.state),
        *cgroup.processes(instance.group),
        *(path for path in cgroup.hierarchies() if (path / instance.group).exists()),
        *([instance.state] if instance.state.exists() else []),
    ]


def test_a_second_user_of_an_instance_gets_one_line(lab: Lab) -> None:
    with pytest.raises(LabUnavailable, match="is in use by process") as refused:
        Lab(lab.instance.name).up(["bookworm"])
    assert "\n" not in str(refused.value)


@pytest.mark.skipif(unavailable() is not None, reason="the lab cannot run here")
def test_nothing_is_left_after_down() -> None:
    with Lab("downtest") as lab:
        lab.up(["bookworm"])
        lab.hosts["host1"].guest("web", disk="nbd")
        sleeping = lab.client.popen(["sleep", "600"])
        assert remains(lab)
    assert remains(lab) == []
    assert sleeping.wait(timeout=5) == -signal.SIGKILL


@pytest.mark.skipif(unavailable() is not None, reason="the lab cannot run here")
def test_the_next_run_clears_what_a_killed_one_left() -> None:
    lab = Lab("crashtest")
    script = CRASH.format(name="crashtest", package=__package__)
    where = Path(__file__).parents[(__package__ or "").count(".") + 1]
    killed = subprocess.run([sys.executable, "-c", script], cwd=where, check=False)
    assert killed.returncode == -signal.SIGKILL
    left = remains(lab)
    assert cgroup.processes(lab.instance.group)
    with lab:
        lab.up(["bookworm"])
        assert lab.hosts["host1"].run("true").returncode == 0
    assert left
    assert remains(lab) == []
