"""Another job is running on the guest.

Why it matters
    libvirt runs one job at a time: "another migration job is already running for domain 'web'", and, while a disk is
    being copied, pulled or committed, "domain has active block job". During a dump or a backup, the migration waits for
    half a minute and then fails: "cannot acquire state change lock". A guest that is destroyed when the connection that
    created it closes (virsh create --autodestroy) cannot be moved either, "domain is marked for auto destroy", but
    libvirt does not report this setting, so this rule does not find it.

How to fix
    Wait for the job to end (virsh domjobinfo web, virsh blockjob web vda), or end it: virsh domjobabort web, virsh
    blockjob web vda --abort.
"""

from preflight.facts import Versions
from preflight.facts.libvirt import Version
from preflight.host import Guest
from preflight.rule import Findings, Severity, Unreadable, on_source, rule, unless_live

#: virDomainJobType: bounded and unbounded. Higher values mean that the job has ended.
_RUNNING = (1, 2)
#: virDomainJobOperation: the operation, and libvirt's error while it runs.
_MIGRATES_OUT = 5
_NAMES = {2: "save", 6: "snapshot", 8: "memory dump", 9: "disk backup"}
_WAITED = "cannot acquire state change lock"
#: A release that was seen to refuse a second migration at once; 7.0 was seen to wait, as for any other job.
_SAYS_WHICH = Version(9, 0, 0)


@rule(Severity.ERROR, skip=unless_live, errors=("domain is marked for auto destroy",))
def check(source_guest: Guest, source: Versions) -> Findings:
    # not `guest`: what a migration sends shows no job that copies a disk
    if source_guest.job in _RUNNING and source_guest.operation == _MIGRATES_OUT:
        yield on_source(
            f"{source_guest.name} is already being migrated",
            error=f"another migration job is already running for domain '{source_guest.name}'"
            if source.libvirt >= _SAYS_WHICH
            else _WAITED,
        )
    elif source_guest.job in _RUNNING:
        known = _NAMES.get(source_guest.operation or 0)
        yield on_source(
            f"a job is running on {source_guest.name}{(known and f': {known}') or ''}",
            error=known and _WAITED,
        )
    for target in dict.fromkeys((*source_guest.devices.mirrored, *source_guest.block_jobs)):
        yield on_source(f"a block job is running on {target}", error="domain has active block job")
    if source_guest.jobs_error is not None:
        raise Unreadable(f"libvirt did not report the jobs of {source_guest.name}: {source_guest.jobs_error}")
