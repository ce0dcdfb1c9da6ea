"""Two hosts whose libvirt knows guests that are off: real classes that keep definitions, and note what is done."""

import re
from pathlib import Path
from typing import Any

import libvirt

from preflight.migrate.end import End
from preflight.migrate.events import Tell
from preflight.migrate.journal import Journal
from preflight.migrate.run import Run, Settings
from tests.fakes.hypervisor import NoLogs, NoStarter

from .plans import PLAN, altered


class Failure(libvirt.libvirtError):  # type: ignore[misc] # the binding has no types
    """An error of libvirt's with a code of the test's choice."""

    def __init__(self, code: int, text: str = "no") -> None:
        super().__init__(text)
        self.code, self.text = code, text

    def get_error_code(self) -> int:
        return self.code

    def __str__(self) -> str:
        return self.text


class Domain:
    """A guest that is off."""

    def __init__(self, host: "Libvirt", xml: str) -> None:
        self.host, self.xml = host, xml
        self.autostart, self.saved = False, False

    def UUIDString(self) -> str:  # noqa: N802 - libvirt's name
        return re.search(r"<uuid>(.*)</uuid>", self.xml)[1]  # type: ignore[index] # each definition here has one

    def name(self) -> str:
        return re.search(r"<name>(.*)</name>", self.xml)[1]  # type: ignore[index] # each definition here has one

    def XMLDesc(self, _flags: int = 0) -> str:  # noqa: N802 - libvirt's name
        return self.xml

    def state(self) -> tuple[int, int]:
        return libvirt.VIR_DOMAIN_SHUTOFF, 0

    def isActive(self) -> int:  # noqa: N802 - libvirt's name
        return 0

    def isPersistent(self) -> int:  # noqa: N802 - libvirt's name
        return 1

    def hasManagedSaveImage(self) -> int:  # noqa: N802 - libvirt's name
        return int(self.saved)

    def setAutostart(self, on: int) -> None:  # noqa: N802 - libvirt's name
        self.host.act(f"autostart {on}")
        self.autostart = bool(on)

    def migrate3(self, there: "Libvirt", _parameters: object, _flags: int) -> "Domain":
        """Migrate it offline, unless libvirt still has the job of a client that is gone."""
        if self.host.jobs_of_others:
            self.host.jobs_of_others -= 1
            text = f"another migration job is already running for domain '{self.name()}'"
            raise Failure(libvirt.VIR_ERR_OPERATION_INVALID, f"Requested operation is not valid: {text}")
        return there.defineXML(self.xml)

    def undefineFlags(self, flags: int) -> None:  # noqa: N802 - libvirt's name
        self.host.act(f"undefine {flags}")
        del self.host.domains[self.UUIDString()]


class Libvirt:
    """One host's daemon. `log` is what is done on both, in its order; `fails` what does not go."""

    def __init__(self, name: str, log: list[str]) -> None:
        self.name, self.log = name, log
        self.domains: dict[str, Domain] = {}
        self.fails: set[str] = set()
        #: How many calls from now on find a migration of another client.
        self.jobs_of_others = 0

    def close(self) -> None:
        pass

    def act(self, what: str) -> None:
        if what in self.fails:
            raise Failure(libvirt.VIR_ERR_SYSTEM_ERROR, f"cannot {what}")
        self.log.append(f"{self.name}: {what}")

    def isAlive(self) -> int:  # noqa: N802 - libvirt's name
        return 1

    def setKeepAlive(self, _interval: int, _count: int) -> None:  # noqa: N802 - libvirt's name
        pass

    def domainEventRegisterAny(self, *_arguments: Any) -> int:  # noqa: N802 - libvirt's name
        return 0

    def lookupByUUIDString(self, uuid: str) -> Domain:  # noqa: N802 - libvirt's name
        if uuid not in self.domains:
            raise Failure(libvirt.VIR_ERR_NO_DOMAIN, "Domain not found")
        return self.domains[uuid]

    def listAllDomains(self) -> list[Domain]:  # noqa: N802 - libvirt's name
        return list(self.domains.values())

    def defineXML(self, xml: str) -> Domain:  # noqa: N802 - libvirt's name
        domain = Domain(self, xml)
        self.act("define")
        old = self.domains.get(domain.UUIDString())
        if old is not None:
            domain.autostart, domain.saved = old.autostart, old.saved
        self.domains[domain.UUIDString()] = domain
        return domain


def run_of(
    source: Libvirt,
    destination: Libvirt,
    journal: Path,
    *,
    patience: float = 90.0,
    told: Tell = lambda _: None,
    **options: Any,
) -> Run:
    """Return a run between the two, whose guests that are off move by dumpxml and define unless the options differ."""
    from msgspec.structs import replace

    plan = altered(PLAN, method=replace(PLAN.method, **{"dumpxml": True, **options}))
    here: Any = source  # they have of the protocol what a guest that is off needs
    there: Any = destination
    return Run(
        plan=plan,
        source=End("host1", lambda: here),
        destination=End("host2", lambda: there),
        journal=Journal.create(journal, plan),
        tell=told,
        settings=Settings(patience=patience),
        room=lambda: None,
        logs=NoLogs(),
        starter=NoStarter(),
    )
