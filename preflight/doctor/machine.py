"""This machine: preflight itself, the programs and libraries that it uses, its settings and its rules.

A library that cannot be loaded is a result here, so none is imported before it is asked about.
"""

import importlib.metadata
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from preflight import __version__
from preflight.answers import Record, Unreadable
from preflight.doctor import agent
from preflight.doctor.diagnosis import Item, State
from preflight.doctor.packages import installing
from preflight.errors import UserError
from preflight.request.check_request import Site
from preflight.visible import many

#: The files that say which system this is, the first of which counts.
_OS_RELEASE = (Path("/etc/os-release"), Path("/usr/lib/os-release"))
#: The name of the item of libvirt.
LIBVIRT = "libvirt"
_ROOT = Path(__file__).parents[1]
#: Seconds that `ssh -V` may take.
_PATIENCE = 10.0


def examine(site: Site, fault: str = "") -> Iterator[Item]:
    """Yield an item for each means on this machine; `fault` is why the configuration file cannot be used."""
    system = _system()
    yield Item("preflight", State.OK, f"{__version__} in {_ROOT}, Python {sys.version.partition(' ')[0]}")
    yield _ssh(system)
    yield agent.examined()
    yield _libvirt(system)
    yield _augeas(system)
    yield _configuration(site, fault)
    yield _rules(site)


def _system() -> str | None:
    """Return the ID of this machine's distribution; None if it is not known."""
    from preflight.facts.system.release import OsRelease

    for path in _OS_RELEASE:
        try:
            return OsRelease.parse(os_release=Record(path.read_text(encoding="utf-8", errors="replace"))).id
        except (OSError, Unreadable):
            continue
    return None


def _ssh(system: str | None) -> Item:
    found = shutil.which("ssh")
    if found is None:
        return Item("ssh", State.MISSING, "there is no ssh in PATH", installing(["ssh"], system))
    try:
        done = subprocess.run(
            [found, "-V"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as why:
        return Item("ssh", State.MISSING, f"{found} -V: {why}", installing(["ssh"], system))
    said = (done.stderr.strip() or done.stdout.strip()).splitlines()
    if done.returncode != 0 or not said:
        last = said[-1] if said else f"exit code {done.returncode}"
        return Item("ssh", State.MISSING, f"{found} -V: {last}", installing(["ssh"], system))
    return Item("ssh", State.OK, f"{said[0]}, {found}")


def _libvirt(system: str | None) -> Item:
    from preflight.connection.libvirt import client_version

    try:
        version = client_version()
    except Exception as why:  # whatever a library does that was built for another one
        return _unloadable(LIBVIRT, "libvirt-python", "libvirt.so", why, system)
    return Item(LIBVIRT, State.OK, f"client library {version}, libvirt-python {_version('libvirt-python')}")


def _augeas(system: str | None) -> Item:
    from preflight.facts.text import augeas, libvirt_conf

    try:
        version = augeas.version()
    except Exception as why:  # likewise
        return _unloadable("augeas", "python-augeas", "libaugeas.so", why, system)
    try:
        augeas.load(libvirt_conf.LENS)
    except Unreadable as why:
        return Item("augeas", State.MISSING, f"library {version}: {why}", _reinstalling("kvm-preflight"))
    return Item("augeas", State.OK, f"library {version}, python-augeas {_version('python-augeas')}, preflight's lens")


def _unloadable(name: str, binding: str, library: str, why: Exception, system: str | None) -> Item:
    """Return the item of a binding that cannot be loaded, or whose library cannot."""
    said = " ".join(str(why).split()) or type(why).__name__
    is_library = library.partition(".")[0] in said and "No module named" not in said
    mend = installing([library], system) if is_library else _reinstalling(binding)
    return Item(name, State.MISSING, f"{binding} cannot be loaded: {said}", mend)


def _reinstalling(distribution: str) -> str:
    return f"{sys.executable} -m pip install --force-reinstall {distribution}"


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "of unknown version"


def _configuration(site: Site, fault: str) -> Item:
    if fault:
        return Item("configuration", State.MISSING, fault, "correct the file, or name another one with --config")
    file = site.configured.file
    if file is None:
        return Item("configuration", State.OK, "no file")
    note = "; plan, fix, rehearse and migrate do not use it" if site.configured.is_of_directory else ""
    return Item("configuration", State.OK, f"{file}: {many(len(site.configured.values), 'setting')}{note}")


def _rules(site: Site) -> Item:
    from preflight.judge.packs import names, versions
    from preflight.judge.site import rules_of

    try:
        rules = rules_of(site)
        used = [" ".join(one).strip() for one in versions(site.packs)]
    except UserError as why:
        return Item("rules", State.MISSING, str(why), "correct the setting: `preflight config show` has its origin")
    others = sorted(names().keys() - set(site.packs))
    parts = [many(len(rules), "rule"), f"packs: {', '.join(used) or 'none'}"]
    parts += [f"installed and not used: {', '.join(others)}"] if others else []
    parts += [f"directories: {', '.join(map(str, site.rules))}"] if site.rules else []
    return Item("rules", State.OK, "; ".join(parts))
