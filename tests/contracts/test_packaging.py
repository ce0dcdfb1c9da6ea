"""The wheel that users install holds what the checkout holds."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel, built of the sdist, as PyPI's users get it."""
    where = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(where), str(ROOT)],
        check=True,
        capture_output=True,
    )
    (built,) = where.glob("*.whl")
    return built


def test_the_wheel_in_an_empty_environment_lists_the_same_rules(wheel: Path, tmp_path: Path) -> None:
    python = tmp_path / "empty" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "empty")], check=True)
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    here = subprocess.run([str(Path(sys.executable).with_name("preflight")), "rules"], capture_output=True, check=True)
    there = subprocess.run(
        [str(python.with_name("preflight")), "rules"], capture_output=True, check=True, cwd=tmp_path, env=environment
    )
    assert there.stdout == here.stdout
    assert there.stdout.count(b"\n") > 25
    where = "import preflight.judge.ruleset as r; print(r.builtin_directory())"
    found = subprocess.run(
        [str(python), "-c", where], capture_output=True, text=True, check=True, cwd=tmp_path, env=environment
    )
    assert found.stdout.startswith(str(tmp_path)), "the rules are the wheel's own"


def test_the_wheel_installs_no_module_called_rules(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"preflight"}
    assert "preflight/facts/text/lenses/preflight_conf.aug" in names
    scripts = {path.relative_to(ROOT).as_posix() for path in (ROOT / "preflight").rglob("*.sh")}
    assert len(scripts) > 10
    assert scripts <= set(names)
