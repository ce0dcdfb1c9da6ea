"""Who makes a report, where, when and with which version: the part of a report that the judge does not know."""

import os
import pwd
import time

from preflight import __version__
from preflight.answers import Taken
from preflight.judge.packs import versions
from preflight.judge.report import Made
from preflight.request.check_request import Site


def made_now() -> Made:
    """Return who runs preflight on this machine at this moment."""
    return Made(int(time.time()), os.uname().nodename, _user(), __version__)


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
