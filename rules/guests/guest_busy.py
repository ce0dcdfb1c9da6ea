"""Another job runs on the guest.

Why it matters
    One job at a time: "another migration job is already running for domain 'web'", and while a disk is copied, pulled
    or committed "domain has active block job". Behind a dump or a backup the migration waits for half a minute and then
    fails: "cannot acquire state change lock". A guest that goes when the connection that made it is closed (virsh
    create --autodestroy) cannot be moved either, "domain is marked for auto destroy", and of that libvirt tells nobody.

How to fix
    Wait for its end (virsh domjobinfo web, virsh blockjob web vda), or end it: virsh domjobabort web, virsh blockjob
    web vda --abort.
"""

from preflight.facts import Versions
from preflight.facts.libvirt import Version
from preflight.host import Guest
from preflight.rule import Findings, Severity, Unreadable, on_source, rule, unless_live

#: virDomainJobType: bounded and unbounded. Those above tell of a job that has ended.
_RUNNING = (1, 2)
#: virDomainJobOperation: what runs, and what libvirt says then.
_MIGRATES_OUT = 5
_NAMES = {2: "saves it", 6: "takes a snapshot", 8: "dumps its memory", 9: "backs up its disks"}
_WAITED = "cannot acquire state change lock"
#: Seen to refuse a second migration at once; 7.0 was seen to wait as behind any other job.
_SAYS_WHICH = Version(9, 0, 0)


@rule(Severity.ERROR, skip=unless_live, errors=("domain is marked for auto destroy",))
def check(guest: Guest, source: Versions) -> Findings:
    if guest.job in _RUNNING and guest.operation == _MIGRATES_OUT:
        yield on_source(
            f"{guest.name} is being migrated already",
            error=f"another migration job is already running for domain '{guest.name}'"
            if source.libvirt >= _SAYS_WHICH
            else _WAITED,
        )
    elif guest.job in _RUNNING:
        known = _NAMES.get(guest.operation or 0)
        yield on_source(
            f"a job runs on {guest.name}{(known and f', which {known}') or ''}",
            error=known and _WAITED,
        )
    for target in dict.fromkeys((*guest.devices.mirrored, *guest.block_jobs)):
        yield on_source(f"a block job runs on {target}", error="domain has active block job")
    if guest.jobs_error is not None:
        raise Unreadable(f"libvirt did not tell what runs on {guest.name}: {guest.jobs_error}")
