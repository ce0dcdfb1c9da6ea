"""Settings and fixtures of all tests."""

import os

import pytest

# pytest-xdist sets it in its workers, and reports would be wrapped at a width that no test asked for
os.environ.pop("COLUMNS", None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Start one worker more than there are processors: a quarter of the time is spent waiting."""
    return len(os.sched_getaffinity(0)) + 1
