"""The hook for pre-commit, installed by pre-commit from a repository, at work in another one."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.files import written
from tests.gates.conftest import FAULTY, GATES, ROOT, SOUND, run

PRE_COMMIT = Path(sys.executable).with_name("pre-commit")
CONFIG = GATES / "pre-commit/.pre-commit-config.yaml"
NAMED = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "a"), ("EMAIL", "a@example.com"))
}


def git(where: Path, *words: str, expect: int | None = 0) -> str:
    done = run(["git", "-c", "init.defaultBranch=main", *words], cwd=where, env=NAMED, expect=expect)
    return done.stdout + done.stderr


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository of preflight as it is in the checkout, with the tag that the example names."""
    where = tmp_path_factory.mktemp("source")
    for name in ("preflight", "rules", "docs", "tests/cases/ready", "examples"):
        shutil.copytree(ROOT / name, where / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", ".pre-commit-hooks.yaml"):
        shutil.copy(ROOT / name, where / name)
    git(where, "init", "-q")
    git(where, "add", "-A")
    git(where, "commit", "-qm", "preflight")
    git(where, "tag", "v0.1.0")
    return where


@pytest.fixture
def repository(tmp_path: Path, source: Path) -> Path:
    """Return a repository with sound files of hosts, and the hook installed as the page says."""
    where = written(tmp_path / "inventory", SOUND)
    text = CONFIG.read_text().replace("https://git.example.com/kvm-preflight", str(source))
    (where / ".pre-commit-config.yaml").write_text(text)
    git(where, "init", "-q")
    run([PRE_COMMIT, "install"], cwd=where)
    return where


def test_the_manifest_and_the_example_are_valid() -> None:
    run([PRE_COMMIT, "validate-manifest", ROOT / ".pre-commit-hooks.yaml"])
    run([PRE_COMMIT, "validate-config", CONFIG])


def test_the_hook_lets_sound_files_pass_and_refuses_a_fault(repository: Path) -> None:
    git(repository, "add", "-A")
    said = git(repository, "commit", "-m", "sound")
    assert "preflight lint" in said
    assert "Passed" in said
    written(repository, FAULTY)
    git(repository, "add", "-A")
    said = git(repository, "commit", "-m", "faulty", expect=1)
    assert "hosts/kvm1/etc/libvirt/libvirtd.conf:2:15: error template-not-rendered" in said
    assert git(repository, "log", "--oneline").count("\n") == 1
    written(repository, SOUND)
    (repository / "README").write_text("nothing of a host\n")
    git(repository, "add", "-A")
    assert "Skipped" in git(repository, "commit", "-m", "another file")
