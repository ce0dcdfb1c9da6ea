"""The test domains of libvirt, from Debian's source packages, which are kept outside of the repository."""

import os
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from tests.lab.image import archive
from tests.lab.recipes import PACKAGES_OF
from tools.package.archive import KEYS

CACHE = Path(os.environ.get("PREFLIGHT_DOMAINS_CACHE", "/var/cache/preflight-domains"))
#: Directories of the source with definitions of guests. In the older ones, those of the second are what libvirt makes
#: of those of the first.
_DIRECTORIES = ("qemuxml2argvdata", "qemuxml2xmloutdata", "qemuxmlconfdata")
#: The longest definition that is read, in bytes; libvirt's own longest has 121,000.
_LONGEST = 1_000_000


class Domain(Struct, frozen=True):
    """Definition of a guest."""

    #: The file's name without ".xml", as "disk-vhostuser.x86_64-latest".
    name: str
    #: The release of Debian whose libvirt has it.
    release: str
    text: str


def domains() -> Iterator[Domain]:
    """Yield every definition once; what several releases have is the oldest one's."""
    seen: set[str] = set()
    for release in PACKAGES_OF:
        with tarfile.open(_source(release)) as package:
            for member in package:
                path = Path(member.name)
                if path.parent.name not in _DIRECTORIES or path.suffix != ".xml" or not member.isfile():
                    continue
                file = package.extractfile(member)
                text = "" if file is None else file.read(_LONGEST).decode(errors="replace")
                if text not in seen:
                    seen.add(text)
                    yield Domain(path.stem, release, text)


def _source(release: str) -> Path:
    """Return the tarball of a release's libvirt, and download it with apt if it is not there."""
    directory = CACHE / release
    found = next(directory.glob("libvirt_*.orig.tar.xz"), None)
    if found is None:
        lists = directory / "lists"
        (lists / "partial").mkdir(parents=True, exist_ok=True)
        listed = directory / "sources.list"
        listed.write_text(f"deb-src [signed-by={KEYS}] {archive()} {release} main\n")
        own = {"Etc::sourcelist": listed, "Etc::sourceparts": "-", "State::lists": lists, "Cache": directory}
        options = [word for name, value in own.items() for word in ("-o", f"Dir::{name}={value}")]
        subprocess.run(["apt-get", *options, "update"], cwd=directory, check=True, timeout=600)
        # apt-get fails if the archive lacks one of the package's other files, which are not needed here
        download = ["apt-get", *options, "source", "--download-only", f"libvirt/{release}"]
        subprocess.run(download, cwd=directory, check=False, timeout=600)
        found = next(directory.glob("libvirt_*.orig.tar.xz"))
    return found
