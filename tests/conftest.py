"""Settings and fixtures of all tests."""

import os

# pytest-xdist sets it in its workers, and reports would be wrapped at a width that no test asked for
os.environ.pop("COLUMNS", None)
