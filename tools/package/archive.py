"""The Debian archive that this machine's own apt uses; its name is written nowhere."""

import subprocess

#: The keys of Debian's archive, in the package debian-archive-keyring.
KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"


class NoArchive(Exception):
    """This machine's apt has no Debian archive; the message is one line."""


def archive() -> str:
    """Return the URI of the archive; raises `NoArchive`."""
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=True,
    )
    for uri in listed.stdout.split():
        if uri.endswith("/debian/") and "security" not in uri:
            return uri
    raise NoArchive("this machine's apt has no Debian archive; try apt-get update")
