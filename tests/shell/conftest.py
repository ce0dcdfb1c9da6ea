from pathlib import Path

import pytest

from tests.shell.host import SHELLS, Host


@pytest.fixture(params=SHELLS)
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Host:
    return Host(request.param, tmp_path)
