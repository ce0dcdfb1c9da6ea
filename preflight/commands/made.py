"""Who makes a report, where, when and with which version: the part of a report that the judge does not know."""

import contextlib
import os
import pwd
import time
from collections.abc import Iterator
from pathlib import Path

from preflight import __version__
from preflight.answers import Taken
from preflight.connection.target import Kind, parse_target
from preflight.judge.packs import versions
from preflight.judge.report import Made
from preflight.request.check_request import Asked, Site


def made_now(asked: Asked | None = None, *, digests: bool = False) -> Made:
    """Return who runs preflight on this machine at this moment, with the packs of the request.

    With `digests`, also the files of this machine that the request depends on.
    """
    packs = versions(asked.site.packs) if asked is not None else ()
    files = tuple(_files(asked)) if digests and asked is not None else ()
    return Made(int(time.time()), os.uname().nodename, _user(), __version__, packs, files)


def _files(asked: Asked) -> Iterator[tuple[str, str]]:
    """Yield path and digest of the snapshots, the configuration file, and the site's own rules."""
    import hashlib

    configured = asked.site.configured.file
    given = [end for end in (asked.source, asked.destination) if isinstance(end, str)]
    paths = [Path(end) for end in given if parse_target(end).kind is Kind.SNAPSHOT]
    paths += [Path(configured)] if configured else []
    paths += [path for root in asked.site.rules for path in sorted(root.glob("**/*")) if path.suffix in (".py", ".sh")]
    for path in dict.fromkeys(paths):
        with contextlib.suppress(OSError), path.open("rb") as file:  # it may have been removed since it was read
            yield str(path), hashlib.file_digest(file, "sha256").hexdigest()


def taken_now(site: Site) -> Taken:
    """Return the same about a snapshot, with the installed packs whose questions were asked."""
    by = made_now()
    return Taken(by.at, by.machine, by.user, by.version, versions(site.packs))


def _user() -> str:
    """Return the user's name, or number if the machine does not know one, as in a container."""
    number = os.geteuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
