"""`preflight doctor`: diagnose this machine, and the logins to hosts, and publish the result."""

from pathlib import Path

from preflight.doctor import machine
from preflight.doctor.asking import examine
from preflight.doctor.diagnosis import Diagnosis, State
from preflight.errors import UserError
from preflight.fleet.host import Fleet
from preflight.output import formats
from preflight.request.check_request import Site


def diagnose(
    fleet: Fleet,
    site: Site,
    fault: str,
    *,
    timeout: float,
    output_format: str,
    reports: tuple[tuple[str, Path], ...],
    colour: bool,
) -> int:
    """Diagnose, publish the result, and return the exit code; raises `UserError`.

    `fault` is why the configuration file cannot be used, if it cannot; `timeout` is in seconds, for each host.
    """
    for host in fleet.hosts:
        if host.snapshot is not None:
            raise UserError(f"{host.text}: a snapshot; doctor logs in to hosts: name the host itself")
    items = tuple(machine.examine(site, fault))
    loads = {item.name: item.state is State.OK for item in items}
    hosts = examine([(host.name, host.text) for host in fleet.hosts], timeout, has_libvirt=loads[machine.LIBVIRT])
    diagnosis = Diagnosis(items, hosts)
    formats.publish("doctor", output_format, diagnosis, reports, colour=colour)
    return diagnosis.exit_code
