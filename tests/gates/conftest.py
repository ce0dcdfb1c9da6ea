"""What the gates need: an installable package, a directory of hosts, and programs of Debian that are not installed."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.files import written
from tests.gates.recorded import FILE, digest

ROOT = Path(__file__).parents[2]
GATES = ROOT / "examples" / "gates"
#: Programs that are unpacked here stay for the next run.
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "preflight-gates"
#: Seconds within which anything of it must end: pip builds libvirt-python.
PATIENCE = 600

SOUND = {
    "hosts/kvm1/etc/hosts": "127.0.0.1 localhost\n192.0.2.1 kvm1\n",
    "hosts/kvm1/etc/libvirt/libvirtd.conf": "max_clients = 5000\n",
    "hosts/kvm2/etc/ssh/sshd_config": "MaxStartups 100:30:200\n",
}
FAULTY = SOUND | {"hosts/kvm1/etc/libvirt/libvirtd.conf": "# managed\nmax_clients = {{ clients }}\n"}


def run(
    words: Sequence[object],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    expect: int | None = 0,
) -> subprocess.CompletedProcess[str]:
    """Run a command, and require its exit code unless that is None."""
    done = subprocess.run(
        list(map(str, words)),
        cwd=cwd,
        env=None if env is None else {**os.environ, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert expect in (None, done.returncode), (
        f"{words}: {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    )
    return done


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the built package, which CI jobs install."""
    where = tmp_path_factory.mktemp("wheel")
    run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", where, ROOT])
    (built,) = where.glob("*.whl")
    return built


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    """Return the root of a repository whose hosts are in order."""
    return written(tmp_path / "repository", SOUND)


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    """Return the root of a repository with a template that was not rendered."""
    return written(tmp_path / "repository", FAULTY)


@pytest.fixture(scope="session")
def unpacked() -> Callable[..., Path]:
    """Return a function that unpacks packages of Debian into the cache, and returns the root that they are in."""

    def unpack(*packages: str) -> Path:
        root = CACHE / packages[0]
        if not root.is_dir():
            downloads = CACHE / "downloads"
            downloads.mkdir(parents=True, exist_ok=True)
            run(["apt-get", "download", "-qq", *packages], cwd=downloads)
            for package in packages:
                (file,) = downloads.glob(f"{package}_*.deb")
                run(["dpkg", "-x", file, root.with_suffix(".part")])
            root.with_suffix(".part").rename(root)
        return root

    return unpack


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note the outcome of each test."""
    if report.when == "call" or report.outcome != "passed":
        _OUTCOMES[report.nodeid.removeprefix("tests/gates/")] = report.outcome


_OUTCOMES: dict[str, str] = {}


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Record a whole run: which tests, of which files, and when."""
    run_now = {name.partition("::")[0] for name in _OUTCOMES}
    every = {path.name for path in Path(__file__).parent.glob("run_*.py")}
    if run_now == every and not session.config.option.keyword:
        today = datetime.now(UTC).strftime("%Y-%m-%d")
        record = {"digest": digest(), "date": today, "tests": dict(sorted(_OUTCOMES.items()))}
        FILE.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
