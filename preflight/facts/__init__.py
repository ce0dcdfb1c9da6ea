"""Facts: frozen values parsed from the text of a host, by subject. Rules import them from here.

Each subject names what it exports, once: facts, and the values that rules need to interpret them.
"""

from preflight.facts import (
    control,
    cpu,
    daemon,
    files,
    firewall,
    guest,
    libvirt,
    memory,
    names,
    network,
    ssh,
    storage,
    system,
    tls,
)
from preflight.facts.control import *
from preflight.facts.cpu import *
from preflight.facts.daemon import *
from preflight.facts.files import *
from preflight.facts.firewall import *
from preflight.facts.guest import *
from preflight.facts.libvirt import *
from preflight.facts.memory import *
from preflight.facts.names import *
from preflight.facts.network import *
from preflight.facts.ssh import *
from preflight.facts.storage import *
from preflight.facts.system import *
from preflight.facts.tls import *

__all__ = (
    control.__all__
    + cpu.__all__
    + daemon.__all__
    + files.__all__
    + firewall.__all__
    + guest.__all__
    + libvirt.__all__
    + memory.__all__
    + names.__all__
    + network.__all__
    + ssh.__all__
    + storage.__all__
    + system.__all__
    + tls.__all__
)
