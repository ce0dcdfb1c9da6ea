"""The libvirt calls for each record, with results as text. Only read calls are made."""

import json
import time
from collections.abc import Mapping
from typing import Any

from preflight.answers import Unreadable
from preflight.connection.buildable import buildable
from preflight.facts.text.xml import parse_xml


def domains(connection: Any, *, sent: bool = True) -> str:
    """Return all guests, active or not, with their states and XML; with `sent`, also the XML that a migration sends."""
    import libvirt

    found = []
    for domain in connection.listAllDomains():
        guest: dict[str, object] = {"name": domain.name(), "uuid": domain.UUIDString(), "error": None}
        try:
            state, reason = domain.state()
            active = bool(domain.isActive())
            guest |= {
                "id": domain.ID() if active else None,
                "state": state,
                "reason": reason,
                "persistent": bool(domain.isPersistent()),
                "autostart": bool(domain.autostart()),
                "snapshots": domain.snapshotNum(),
                "saved": not active and bool(domain.hasManagedSaveImage()),
                "job": domain.jobInfo()[0] if active else 0,
                "xml": domain.XMLDesc(),
            }
            if active:
                guest |= _jobs(domain, guest)
            if sent:
                guest["sent"] = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_MIGRATABLE)
        except libvirt.libvirtError as error:
            if error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
                continue  # the guest disappeared during the query
            guest["error"] = str(error)
        found.append(guest)
    found.sort(key=lambda guest: str(guest["name"]))
    return json.dumps({"domains": found})


def _jobs(domain: Any, guest: dict[str, object]) -> dict[str, object]:
    """Return the operation of an active guest's job, or the disks with a block job.

    Block jobs that copy a disk are visible in the XML. Those that pull or commit are queried, and only for disks with a
    backing chain, because a guest that is busy blocks such calls for half a minute.
    """
    import libvirt

    try:
        if guest["job"] in (libvirt.VIR_DOMAIN_JOB_BOUNDED, libvirt.VIR_DOMAIN_JOB_UNBOUNDED):
            return {"operation": domain.jobStats().get("operation")}
        disks = parse_xml(str(guest["xml"])).iterfind("devices/disk")
        layered = [disk.find("target") for disk in disks if disk.find("backingStore/source") is not None]
        targets = [target.get("dev", "") for target in layered if target is not None]
        return {"block_jobs": [target for target in targets if domain.blockJobInfo(target)]}
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
    """Return the KiB that each active guest's QEMU holds, about as much as the guest has touched of its memory."""
    import libvirt

    stats = connection.getAllDomainStats(
        libvirt.VIR_DOMAIN_STATS_BALLOON, libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE
    )
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
        for network in connection.listAllNetworks():
            try:
                found.append(
                    {
                        "name": network.name(),
                        "active": bool(network.isActive()),
                        "xml": network.XMLDesc(),
                        "error": None,
                    }
                )
            except libvirt.libvirtError as error:
                if error.get_error_code() != libvirt.VIR_ERR_NO_NETWORK:  # the network disappeared during the query
                    found.append({"name": network.name(), "active": False, "xml": "", "error": str(error)})
    except libvirt.libvirtError as error:
        reason = str(error)  # no network driver: a guest that uses no network can still be checked
    found.sort(key=lambda network: str(network["name"]))
    return json.dumps({"networks": found, "error": reason})


def pools(connection: Any) -> str:
    """Return all storage pools with their XML and the volumes that libvirt knows in them."""
    import libvirt

    found, reason = [], None
    try:
        for pool in connection.listAllStoragePools():
            told: dict[str, object] = {"name": pool.name(), "active": False, "xml": "", "volumes": [], "error": None}
            try:
                told |= {"active": bool(pool.isActive()), "xml": pool.XMLDesc()}
                if told["active"]:
                    # libvirt's own list of volumes matters, not the contents of the directory: no refresh
                    told["volumes"] = sorted(volume.name() for volume in pool.listAllVolumes())
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
        found += (
            {  # the value is never requested
                "uuid": secret.UUIDString(),
                "usage_type": secret.usageType(),
                "usage": secret.usageID() or "",
                "ephemeral": parse_xml(secret.XMLDesc()).get("ephemeral") == "yes",
            }
            for secret in connection.listAllSecrets()
        )
    except (libvirt.libvirtError, Unreadable) as error:
        reason = str(error)
    found.sort(key=lambda secret: str(secret["uuid"]))
    return json.dumps({"secrets": found, "error": reason})
