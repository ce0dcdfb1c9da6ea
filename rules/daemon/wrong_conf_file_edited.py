"""Settings were made in a libvirt configuration file that the daemon serving the guests does not read.

Why it matters
    libvirtd reads only libvirtd.conf, and virtqemud only virtqemud.conf; a daemon that was started with -f
    (LIBVIRTD_ARGS in /etc/default/libvirtd) reads the file named there instead. The daemon that serves the guests runs
    without the settings in the wrong file, and nothing reports it.

How to fix
    Move the settings to the file of the daemon that serves the guests, and restart that daemon.
"""

from preflight.facts import UnreadConf
from preflight.rule import Findings, Severity, on_host, rule


@rule(Severity.WARNING)
def check(host: UnreadConf) -> Findings:
    for key, value in host.settings.items():
        yield on_host(f"{key} is set in {host.path}, which {host.serving} does not read", at=value)
