"""Settings stand in the file of a libvirt daemon that does not serve guests here.

Why it matters
    libvirtd reads libvirtd.conf, virtqemud reads virtqemud.conf, and neither the other's. The daemon that guests belong
    to runs with its defaults, whatever was tuned in the other file; nothing ever says so.

How to fix
    Move the settings to the file of the daemon that serves, and restart it.
"""

from preflight.facts import UnreadConf
from preflight.rule import Findings, Severity, on_host, rule


@rule(Severity.WARNING)
def check(host: UnreadConf) -> Findings:
    for key, value in host.settings.items():
        yield on_host(f"{key} is set in {host.path}, which {host.serving} does not read", at=value)
