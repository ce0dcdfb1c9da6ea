"""Settings stand in a libvirt daemon's file that the daemon which serves guests here does not read.

Why it matters
    libvirtd reads libvirtd.conf, virtqemud reads virtqemud.conf, and neither the other's; one that was started with
    -f (LIBVIRTD_ARGS in /etc/default/libvirtd) reads the file named there instead. The daemon that guests belong to
    runs without what was tuned in the wrong file; nothing ever says so.

How to fix
    Move the settings to the file of the daemon that serves, and restart it.
"""

from preflight.facts import UnreadConf
from preflight.rule import Findings, Severity, on_host, rule


@rule(Severity.WARNING)
def check(host: UnreadConf) -> Findings:
    for key, value in host.settings.items():
        yield on_host(f"{key} is set in {host.path}, which {host.serving} does not read", at=value)
