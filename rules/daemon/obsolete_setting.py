"""The libvirt daemon's configuration file contains a setting that this release no longer reads.

Why it matters
    libvirt ignores the setting without a message. max_requests, which old guides recommend raising, never limited
    anything and was dropped in libvirt 3.7.0.

How to fix
    Remove the line. The settings that limit migrations today are max_workers, max_clients and max_client_requests.
"""

from preflight.facts import DaemonConf
from preflight.facts.daemon import DROPPED
from preflight.rule import Findings, Severity, Unreadable, on_host, rule


@rule(Severity.INFO)
def check(host: DaemonConf) -> Findings:
    if host.version is None:
        raise Unreadable("libvirt's version is unknown")
    for key, dropped in DROPPED.items():
        if host.version >= dropped and host.is_set(key):
            yield on_host(f"{key} has been ignored since libvirt {dropped}", at=host.conf.get(key))
