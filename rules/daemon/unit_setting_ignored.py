"""A setting in an administrator's file about a unit of libvirt has no effect, such as a misspelt one.

Why it matters
    systemd logs "Unknown key name 'LimitNOFLE' in section 'Service', ignoring." and starts the daemon without the
    setting: a limit on open files or processes that was raised for many guests is not. A variable in
    /etc/default/libvirtd (/etc/sysconfig/libvirtd) that the unit's command line does not use is ignored without a
    message: releases of distributions differ in its name, such as libvirtd_opts and LIBVIRTD_ARGS.

How to fix
    Correct the key or the variable, or remove the line. Then systemctl daemon-reload, and restart the daemon.
"""

from preflight.facts import IgnoredUnitSettings
from preflight.rule import Findings, Severity, Unreadable, on_host, rule


@rule(Severity.WARNING)
def check(host: IgnoredUnitSettings) -> Findings:
    for one in host.settings:
        yield on_host(one.message, at=one.at)
    if host.unread is not None:
        raise Unreadable(host.unread)
