"""The libvirt calls for each record, with results as text. Only read calls are made."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from preflight.answers import Unreadable
from preflight.connection.buildable import buildable
from preflight.connection.calls import Call, outcomes, result, results
from preflight.facts.text.xml import parse_xml

#: Seconds in which libvirt describes a guest, if it does not wait for a migration.
_DESCRIBES = 1.5
_ARRIVING = "it is arriving in a migration, and libvirt does not describe it before that has ended"


def versions(connection: Any) -> str:
    """Return the versions of libvirt and of the hypervisor, and the hypervisor's type."""
    names = ("libvirt", "hypervisor", "type")
    calls = (connection.getLibVersion, connection.getVersion, connection.getType)
    return json.dumps(dict(zip(names, results(calls), strict=True)))


class Listed(NamedTuple):
    """Guest with what libvirt reports about it."""

    domain: Any
    #: As in the record of all guests; with an error, nothing else but its name and UUID.
    told: dict[str, Any]

    @property
    def active(self) -> bool:
        """True if it has a QEMU process."""
        return self.told.get("id") is not None


def listed(connection: Any, *, sent: bool = True) -> list[Listed]:
    """Return all guests, active or not, by name; with `sent`, also with the XML that a migration sends."""
    import libvirt

    flags = (
        0,
        libvirt.VIR_CONNECT_LIST_DOMAINS_PERSISTENT,
        libvirt.VIR_CONNECT_LIST_DOMAINS_AUTOSTART,
        libvirt.VIR_CONNECT_LIST_DOMAINS_HAS_SNAPSHOT,
        libvirt.VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE,
        libvirt.VIR_CONNECT_LIST_DOMAINS_PAUSED,
    )
    # one call for all guests each, instead of one for each guest
    domains, *some = results(partial(connection.listAllDomains, flag) for flag in flags)
    persistent, autostart, snapshots, saved, paused = ({domain.UUIDString() for domain in those} for those in some)
    silent = _not_described([domain for domain in domains if domain.UUIDString() in paused])
    found = [Listed(domain, _told_of(domain) | {"error": _ARRIVING}) for domain in silent]
    domains = [domain for domain in domains if domain not in silent]
    asked: list[dict[str, Callable[[], Any]]] = []
    for domain in domains:
        calls = {"state": domain.state, "xml": domain.XMLDesc}
        if domain.ID() >= 0:
            calls["job"] = domain.jobInfo
        if domain.UUIDString() in snapshots:
            calls["snapshots"] = domain.snapshotNum
        if sent:
            calls["sent"] = partial(domain.XMLDesc, libvirt.VIR_DOMAIN_XML_MIGRATABLE)
        asked.append(calls)
    told = iter(outcomes(call for calls in asked for call in calls.values()))
    for domain, calls in zip(domains, asked, strict=True):
        answers = {name: next(told) for name in calls}
        uuid, active = domain.UUIDString(), domain.ID() >= 0
        guest = _told_of(domain)
        try:
            known = {name: result(answer) for name, answer in answers.items()}
            guest |= {
                "id": domain.ID() if active else None,
                "state": known["state"][0],
                "reason": known["state"][1],
                "persistent": uuid in persistent,
                "autostart": uuid in autostart,
                "snapshots": known.get("snapshots", 0),
                "saved": not active and uuid in saved,
                "job": known["job"][0] if active else 0,
                "xml": known["xml"],
            }
            if sent:
                guest["sent"] = known["sent"]
        except libvirt.libvirtError as error:
            if error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
                continue  # the guest disappeared during the query
            guest["error"] = str(error)
        found.append(Listed(domain, guest))
    found.sort(key=lambda guest: str(guest.told["name"]))
    return found


def _told_of(domain: Any) -> dict[str, Any]:
    """Return what is always told of a guest."""
    return {"name": domain.name(), "uuid": domain.UUIDString(), "error": None}


def _not_described(paused: Sequence[Any]) -> Sequence[Any]:
    """Return the guests that are arriving in a migration, if libvirt describes none before it has arrived.

    libvirt 11.3 then waits half a minute for the migration (qemuDomainGetXMLDesc, src/qemu/qemu_driver.c; Debian's
    does not), and such calls would keep the other ones of this connection waiting, so that only one is tried.
    """
    import libvirt

    states = outcomes(domain.state for domain in paused)
    arriving = [
        domain
        for domain, state in zip(paused, states, strict=True)
        if not isinstance(state, Exception) and state[1] == libvirt.VIR_DOMAIN_PAUSED_MIGRATION
    ]
    if not arriving or Call(arriving[0].XMLDesc).ends_within(_DESCRIBES):
        return ()
    return arriving


def domains(guests: Sequence[Listed]) -> str:
    """Return all guests with their states and XML, and the jobs of those that are active."""
    active = [guest for guest in guests if guest.active]
    for guest, jobs in zip(active, results(partial(_jobs, guest) for guest in active), strict=True):
        guest.told.update(jobs)
    return json.dumps({"domains": [guest.told for guest in guests]})


def _jobs(guest: Listed) -> dict[str, object]:
    """Return the operation of an active guest's job, or the disks with a block job.

    Block jobs that copy a disk are visible in the XML. Those that pull or commit are queried, and only for disks with a
    backing chain, because a guest that is busy blocks such calls for half a minute.
    """
    import libvirt

    domain = guest.domain
    try:
        if guest.told["job"] in (libvirt.VIR_DOMAIN_JOB_BOUNDED, libvirt.VIR_DOMAIN_JOB_UNBOUNDED):
            return {"operation": domain.jobStats().get("operation")}
        disks = parse_xml(guest.told["xml"]).iterfind("devices/disk")
        layered = [disk.find("target") for disk in disks if disk.find("backingStore/source") is not None]
        targets = [target.get("dev", "") for target in layered if target is not None]
        busy = results(partial(domain.blockJobInfo, target) for target in targets)
        return {"block_jobs": [target for target, job in zip(targets, busy, strict=True) if job]}
    except (libvirt.libvirtError, Unreadable) as why:
        return {"jobs_error": str(why)}


def built(connection: Any, definitions: Mapping[str, str], deadline: float) -> str:
    """Have libvirt make QEMU's command line of each definition, by the guest's name; return its errors.

    Nothing is started or changed: libvirt parses and validates what is `buildable`, and compares it with what its QEMU
    can do. A guest whose turn does not come before the `deadline` (`time.monotonic`), or whose definition is no XML, is
    left out.
    """
    import libvirt

    found: dict[str, str | None] = {}
    for name, xml in definitions.items():
        if time.monotonic() > deadline:
            break
        try:
            connection.domainXMLToNative("qemu-argv", buildable(xml))
            found[name] = None
        except libvirt.libvirtError as error:
            found[name] = str(error)
        except Unreadable:
            continue
    return json.dumps({"errors": found})


def memory(connection: Any) -> str:
    """Return the KiB that each active guest's QEMU holds, about as much as the guest has touched of its memory.

    A guest that is busy is left out: one that arrives by a migration would keep libvirt waiting for half a minute.
    """
    import libvirt

    flags = libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE | libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT
    stats = connection.getAllDomainStats(libvirt.VIR_DOMAIN_STATS_BALLOON, flags)
    return json.dumps({"rss": {domain.name(): told.get("balloon.rss") for domain, told in stats}})


def filters(connection: Any) -> str:
    """Return the names of libvirt's network filters."""
    import libvirt

    try:
        return json.dumps({"names": sorted(one.name() for one in connection.listAllNWFilters()), "error": None})
    except libvirt.libvirtError as error:  # no such driver: a guest that uses no filter can still be checked
        return json.dumps({"names": [], "error": str(error)})


def networks(connection: Any) -> str:
    """Return all networks with their XML."""
    import libvirt

    found, reason = [], None
    try:
        networks, some = results(
            partial(connection.listAllNetworks, flag) for flag in (0, libvirt.VIR_CONNECT_LIST_NETWORKS_ACTIVE)
        )
        active = {network.name() for network in some}
        for network, xml in zip(networks, outcomes(network.XMLDesc for network in networks), strict=True):
            name = network.name()
            if not isinstance(xml, Exception):
                found.append({"name": name, "active": name in active, "xml": xml, "error": None})
            elif not isinstance(xml, libvirt.libvirtError):
                raise xml
            elif xml.get_error_code() != libvirt.VIR_ERR_NO_NETWORK:  # the network disappeared during the query
                found.append({"name": name, "active": False, "xml": "", "error": str(xml)})
    except libvirt.libvirtError as error:
        reason = str(error)  # no network driver: a guest that uses no network can still be checked
    found.sort(key=lambda network: str(network["name"]))
    return json.dumps({"networks": found, "error": reason})


def pools(connection: Any) -> str:
    """Return all storage pools with their XML and the volumes that libvirt knows in them."""
    import libvirt

    found, reason = [], None
    try:
        pools, some = results(
            partial(connection.listAllStoragePools, flag) for flag in (0, libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE)
        )
        active = {pool.name() for pool in some}
        calls: list[Callable[[], Any]] = [pool.XMLDesc for pool in pools]
        # libvirt's own list of volumes matters, not the contents of the directory: no refresh
        calls += [pool.listAllVolumes if pool.name() in active else list for pool in pools]
        answers = outcomes(calls)
        for number, pool in enumerate(pools):
            told: dict[str, object] = {
                "name": pool.name(),
                "active": pool.name() in active,
                "xml": "",
                "volumes": [],
                "error": None,
            }
            try:
                told["xml"] = result(answers[number])
                told["volumes"] = sorted(volume.name() for volume in result(answers[len(pools) + number]))
            except libvirt.libvirtError as error:
                if error.get_error_code() == libvirt.VIR_ERR_NO_STORAGE_POOL:
                    continue  # the pool disappeared during the query
                told["error"] = str(error)
            found.append(told)
    except libvirt.libvirtError as error:
        reason = str(error)  # no storage driver: a guest that uses no volume can still be checked
    found.sort(key=lambda pool: str(pool["name"]))
    return json.dumps({"pools": found, "error": reason})


def secrets(connection: Any) -> str:
    """Return all secrets, without their values."""
    import libvirt

    found: list[dict[str, object]] = []
    reason = None
    try:
        secrets = connection.listAllSecrets()
        found += (
            {  # the value is never requested
                "uuid": secret.UUIDString(),
                "usage_type": secret.usageType(),
                "usage": secret.usageID() or "",
                "ephemeral": parse_xml(xml).get("ephemeral") == "yes",
            }
            for secret, xml in zip(secrets, results(secret.XMLDesc for secret in secrets), strict=True)
        )
    except (libvirt.libvirtError, Unreadable) as error:
        reason = str(error)
    found.sort(key=lambda secret: str(secret["uuid"]))
    return json.dumps({"secrets": found, "error": reason})
