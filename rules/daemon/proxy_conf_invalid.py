"""On the destination, virtproxyd would fail to start with its configuration file.

Why it matters
    On a host with modular daemons, virtproxyd accepts connections over TLS and TCP. It reads virtproxyd.conf only when
    it starts, so a running one shows no problem. If it does not start, systemd soon gives up: "unable to connect to
    server at 'host2.example.com:16514': Connection refused". Connections over ssh do not need it.

How to fix
    Correct the line in virtproxyd.conf, and start the socket again: systemctl reset-failed virtproxyd.service;
    systemctl restart virtproxyd-tls.socket (or -tcp.socket).
"""

from preflight.facts import Daemons, NetworkListener
from preflight.rule import Findings, Severity, on_destination, rule, unless_over_network


@rule(
    Severity.ERROR,
    skip=unless_over_network,
    errors=(
        "unable to connect to server at '...:16509': Connection refused",
        "unable to connect to server at '...:16514': Connection refused",
    ),
)
def check(destination: NetworkListener, destination_daemons: Daemons) -> Findings:
    if destination.daemon != "virtproxyd":
        return  # daemon-conf-invalid checks libvirtd's own file
    runs = destination_daemons.process("virtproxyd") is not None
    for problem in destination.conf_problems:
        yield on_destination(
            problem.message,
            at=problem.location,
            error=None if runs else "unable to connect to server at",
            severity=Severity.WARNING if runs else None,
        )
