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


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the Python of an empty environment into which the wheel was installed."""
    where = tmp_path_factory.mktemp("empty")
    # a pip of its own would take longer to install than the wheel
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(where)], check=True)
    installed(where / "bin" / "python", wheel)
    return where / "bin" / "python"


def installed(python: Path, wheel: Path, *options: str) -> None:
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--disable-pip-version-check"]
    # compiling all that is installed would take longer than to compile what is run
    subprocess.run([*pip, "--no-compile", *options, str(wheel)], check=True, capture_output=True)


def test_the_wheel_in_an_empty_environment_lists_the_same_rules(python: Path, tmp_path: Path) -> None:
    # always given: readline, which pytest loads, sets COLUMNS for processes that inherit the environment
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    own = Path(sys.executable).with_name("preflight")
    here = subprocess.run([str(own), "rules"], capture_output=True, check=True, env=environment)
    there = subprocess.run(
        [str(python.with_name("preflight")), "rules"], capture_output=True, check=True, cwd=tmp_path, env=environment
    )
    assert there.stdout == here.stdout
    assert there.stdout.count(b"\n") > 25
    where = "import preflight.judge.builtin as b; print(b.builtin_directory())"
    found = subprocess.run(
        [str(python), "-c", where], capture_output=True, text=True, check=True, cwd=tmp_path, env=environment
    )
    assert found.stdout.startswith(str(python.parents[1])), "the rules are the wheel's own"


def test_the_example_of_a_pack_works_as_installed_and_its_tests_pass(python: Path, tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path)]
    subprocess.run([*build, str(ROOT / "examples" / "pack")], check=True, capture_output=True)
    (built,) = tmp_path.glob("*.whl")
    installed(python, built, "--no-deps", "--no-index")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def preflight(*words: str) -> tuple[int, str]:
        command = [str(python.with_name("preflight")), *words]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment, timeout=60
        )
        return done.returncode, done.stdout + done.stderr

    assert preflight("rules", "test", "example") == (0, "3 rules, 14 tests: passed\n")
    hosts = [str(ROOT / "tests" / "cases" / "ready" / f"{name}.json") for name in ("host1", "host2")]
    assert preflight("check", *hosts, "--select", "security")[1].startswith("preflight: there is no rule 'security'")
    code, said = preflight("check", *hosts, "--pack", "example", "--select", "security")
    assert (code, said.count("error: sshd accepts passwords: passwordauthentication is yes")) == (1, 2)
    code, said = preflight("rules", "--questions", "--pack", "example")
    assert (code, "slurp /etc/tuned/active_profile" in said) == (0, True)


def test_the_wheel_installs_no_module_called_rules(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if not name.startswith("kvm_preflight-")} == {"preflight"}
    assert "preflight/py.typed" in names
    pages = {path.relative_to(ROOT / "preflight").as_posix() for path in (ROOT / "preflight/output/page").glob("*.*")}
    assert {f"preflight/{page}" for page in pages} <= set(names)
    assert "preflight/facts/text/lenses/preflight_conf.aug" in names
    scripts = {path.relative_to(ROOT).as_posix() for path in (ROOT / "preflight").rglob("*.sh")}
    assert len(scripts) > 10
    assert scripts <= set(names)


def test_the_wheel_has_the_documentation_and_the_json_schemas(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    shared = {name.partition("/share/doc/kvm-preflight/")[2] for name in names if "/share/doc/" in name}
    assert shared == {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.*")}
    assert {"troubleshooting.md", "rules/same-host.md", "report.schema.json"} <= shared
