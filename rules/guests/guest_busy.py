"""Another job runs on the guest.

Why it matters
    One job at a time: "another migration job is already running for domain 'web'", and while a disk is copied or
    committed "domain has active block job". Behind a dump or a backup the migration waits for its end. Of block jobs
    only those that write a copy can be seen here, not a pull.

How to fix
    Wait for its end (virsh domjobinfo web, virsh blockjob web vda), or end it: virsh domjobabort web, virsh blockjob
    web vda --abort.
"""

from preflight.host import Guest
from preflight.migration import unless_live
from preflight.rule import Findings, Severity, on_source, rule

#: virDomainJobType: bounded and unbounded. Those above tell of a job that has ended.
_RUNNING = (1, 2)


@rule(Severity.ERROR, skip=unless_live)
def check(guest: Guest) -> Findings:
    if guest.job in _RUNNING:
        yield on_source(f"a job runs on {guest.name}")
    for target in guest.devices.mirrored:
        yield on_source(f"a block job copies {target}", error="domain has active block job")
