"""preflight's packages on a clean machine of each release: installed, used on two hosts of the lab, and removed.

Run by `make packages-lab`, which builds them.
"""

import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.case import RECORDED
from tools.package import deb, root, wheels
from tools.package.__main__ import DIST
from tools.package.release import RELEASES, Release

from . import Lab, LabHost
from .image import image
from .machine import command
from .recipes import ImageName
from .stranger import Stranger, clean_root

pytestmark = pytest.mark.lab

#: Programs that a machine for running preflight need not have.
NOT_THERE = ("gcc", "cc", "make", "pip", "pip3", "virsh", "libvirtd", "sshd", "augtool")
#: The environment in which pip, and what it starts to build a library, finds files in /files alone.
_OFFLINE = "HOME=/root PIP_NO_INDEX=1 PIP_FIND_LINKS=/files"
HOSTS = ("host1.example.com", "host2.example.com")


def package_of(release: Release) -> Path:
    found = sorted(DIST.glob(f"kvm-preflight_{deb.version(release)}_*.deb"))
    assert found, f"make deb-{release.name} builds the package"
    return found[-1]


@pytest.fixture(scope="module", params=list(RELEASES))
def release(request: pytest.FixtureRequest) -> Release:
    return RELEASES[request.param]


@pytest.fixture(scope="module")
def package(release: Release) -> Path:
    return package_of(release)


@pytest.fixture
def stranger(lab: Lab, release: Release, package: Path) -> Iterator[Stranger]:
    machine = Stranger(lab.instance, lab.client, clean_root(release, package), list(lab.hosts))
    yield machine
    machine.remove()


def test_a_clean_machine_does_the_whole_work_and_keeps_nothing_but_journals(
    stranger: Stranger, package: Path, host1: LabHost, host2: LabHost
) -> None:
    for program in NOT_THERE:
        stranger.run("sh", "-c", f"command -v {program}", codes=(127,))
    before = stranger.files()
    stranger.install(package)
    assert stranger.run("preflight", "--version").startswith("preflight ")
    host1.guest("web")
    used(stranger)
    assert "web" in host2.run("virsh", "list", "--name").stdout
    journals = [path for path in stranger.files() if path.endswith(".journal")]
    assert journals
    assert all(path.startswith("/root/.local/state/preflight/") for path in journals)
    stranger.run("rm", "-r", "/root/.local", "/root/a.json", "/root/b.json")
    stranger.run("dpkg", "--purge", "kvm-preflight")
    after = stranger.files()
    assert {path: what for path, what in after.items() if before.get(path) != what} == {}
    assert before.keys() - after.keys() == set()


def used(stranger: Stranger) -> None:
    """Do what an administrator does between two hosts."""
    doctor = json.loads(stranger.run("preflight", "doctor", *HOSTS, "--format", "json"))
    assert doctor["exit_code"] == 0
    stranger.run("preflight", "check", *HOSTS, "--guest", "web")
    assert json.loads(stranger.run("preflight", "capacity", *HOSTS, "--format", "json"))["kind"] == "capacity"
    for host, name in zip(HOSTS, "ab", strict=True):
        assert "records of" in stranger.run("preflight", "snapshot", host, "-o", f"/root/{name}.json")
    for hosts in (HOSTS, ("/root/a.json",)):
        assert "READY" in said(stranger, "lint", *hosts)
    assert "How to fix" in stranger.run("preflight", "explain", "announced-name-unresolvable")
    assert "nothing to change" in said(stranger, "fix", *HOSTS)
    assert "READY" in stranger.run("preflight", "audit", *HOSTS)
    assert "web" in said(stranger, "rehearse", *HOSTS, "web", "--yes")
    assert "ARRIVED  host1" in stranger.run("preflight", "migrate", *HOSTS, "web", "--yes")
    assert HOSTS[0] in stranger.run("preflight", "status")


def said(stranger: Stranger, *words: str) -> str:
    """Return what a command wrote whose exit code follows from what the hosts are like."""
    return stranger.run("preflight", *words, codes=(0, 1, 3))


def test_the_modules_are_compiled_once_and_users_write_none(stranger: Stranger, package: Path) -> None:
    stranger.install(package)
    files = [path for path in stranger.files() if path.startswith("/usr/lib/preflight/")]
    compiled, modules = ([path for path in files if path.endswith(end)] for end in (".pyc", ".py"))
    assert len(compiled) == len(modules) > 500
    stranger.run("preflight", "rules")
    assert [path for path in stranger.files() if path.startswith("/usr/lib/preflight/")] == files


def test_what_the_package_installs_is_where_debian_has_it(stranger: Stranger, package: Path) -> None:
    stranger.install(package)
    files = stranger.files()
    for path in (
        "/usr/share/bash-completion/completions/preflight",
        "/usr/share/zsh/vendor-completions/_preflight",
        "/usr/share/fish/vendor_completions.d/preflight.fish",
        "/usr/lib/systemd/system/preflight@.service",
        "/usr/lib/systemd/system/preflight@.timer",
        "/usr/share/doc/kvm-preflight/copyright",
        "/usr/share/doc/kvm-preflight/report.schema.json",
    ):
        assert path in files, path
    assert not [path for path in files if path.startswith("/etc/systemd") and "preflight" in path], "it is not enabled"
    service = (stranger.root / "usr/lib/systemd/system/preflight@.service").read_text()
    assert "ExecStart=/usr/bin/preflight check" in service


def test_no_path_of_the_machine_that_built_it_is_left(stranger: Stranger, package: Path) -> None:
    stranger.install(package)
    found = stranger.run(
        "grep", "-rlE", "/build/(built|wheels|venv|package)|preflight-deb-", "/usr/lib/preflight", codes=(1,)
    )
    assert found == ""


def test_a_machine_of_another_release_refuses_it(lab: Lab) -> None:
    pairs: tuple[tuple[ImageName, str], ...] = (
        ("bullseye", "bookworm"),
        ("bullseye", "trixie"),
        ("bookworm", "trixie"),
    )
    for other, package in pairs:
        machine = Stranger(lab.instance, lab.client, image(other), list(lab.hosts))
        try:
            said = machine.install(package_of(RELEASES[package]), codes=(1,))
        finally:
            machine.remove()
        assert "kvm-preflight depends on python3 (>= 3." in said, said


def test_a_container_of_the_tar_judges_two_snapshots(lab: Lab, release: Release, tmp_path: Path) -> None:
    (tar,) = DIST.glob(f"kvm-preflight-{deb.version(release)}-{release.name}.tar")
    (tmp_path / "root").mkdir()
    command("tar", "-C", str(tmp_path / "root"), "--numeric-owner", "-xf", str(tar), timeout=300)
    container = Stranger(lab.instance, lab.client, tmp_path / "root", list(lab.hosts))
    try:
        for name in ("host1", "host2"):
            shutil.copy(RECORDED / f"ready/{name}.json", container.root / "root")
        assert container.run("preflight", "--version").startswith("preflight ")
        assert "READY" in container.run("preflight", "check", "/root/host1.json", "/root/host2.json")
        assert not list((container.root / "etc/apt").rglob("*.list")), "it names no archive"
    finally:
        container.remove()


def test_the_packages_that_the_page_names_are_enough_for_pip(release: Release, tmp_path: Path) -> None:
    page = (wheels.ROOT / "docs/install.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"^apt install (python3-dev .+)$", page, re.MULTILINE)
    files = tmp_path / "files"
    wheels.fetch(release, files)
    shutil.copy(wheels.own(tmp_path), files)
    # what pip itself fetches to build the others
    command(
        sys.executable, "-m", "pip", "download", "--quiet", "--dest", str(files), "setuptools", "wheel", timeout=300
    )
    inside = (
        "python3 -m venv /root/preflight",
        "/root/preflight/bin/pip install --quiet kvm-preflight",
        "/root/preflight/bin/preflight --version",
        "/root/preflight/bin/preflight doctor",
    )
    hooks = (f"copy-in {files} /", *(f'chroot "$1" env {_OFFLINE} {one}' for one in inside))
    root.make(release, packages=line.split(), hooks=hooks, options=["--dpkgopt=force-unsafe-io"])
