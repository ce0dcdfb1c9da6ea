"""One host: the login to it, and what the user who is logged in may read and do there."""

from collections.abc import Iterator
from typing import TypeVar

from preflight.answers import MISSING, Unreadable
from preflight.connection.target import Target
from preflight.doctor.diagnosis import Item, State
from preflight.doctor.mending import Mending
from preflight.doctor.questions import PROGRAMS
from preflight.facts import Login, OpenSsh, OsRelease, Session, Versions
from preflight.facts.control import LibvirtConnection
from preflight.facts.fact import Fact
from preflight.host import Host

F = TypeVar("F", bound=Fact)

_NO_FIREWALL = "nft is not installed, and the kernel's nf_tables may have rules"
_FIRST_WORDS = frozenset(words.partition(" ")[0] for words in PROGRAMS)


def items(target: Target, host: Host) -> Iterator[Item]:
    """Yield an item for the login, and if it works, for each right and for the programs."""
    try:
        login = host.fact(Login)
        failure = login.unanswered or login.error
    except Unreadable as why:
        failure, login = str(why), None
    if login is None or failure is not None:
        mend = "" if login is None else Mending(target).of_login(login.kind)
        yield Item("login", State.MISSING, failure or "", mend)
    else:
        yield from _of_login(target, host)


def _of_login(target: Target, host: Host) -> Iterator[Item]:
    session, system = _known(host, Session), _known(host, OsRelease)
    is_root = session is not None and session.is_root
    mending = Mending(target, session.user if session else None, is_root, system.id if system else None)
    yield Item("login", State.OK, _login(host, session, system))
    yield _root(host, mending)
    yield _libvirt(host, mending)
    yield _right(host, "may.qemu.conf", Item("qemu.conf", State.OK, "can be read"), mending)
    yield _right(host, "may.sshd", Item("sshd", State.OK, "sshd -T can be run"), mending)
    yield _firewall(host, mending)
    yield _limits(host)
    yield _programs(host, mending)


def _login(host: Host, session: Session | None, system: OsRelease | None) -> str:
    """Return who is logged in, from where, and to what."""
    user = (session.user if session else None) or ("root" if session and session.is_root else "an unknown user")
    came = f" from {session.client}" if session and session.client else ""
    ssh = _known(host, OpenSsh)
    known = (system.pretty_name or system.id if system else None, ssh.text.partition(",")[0] if ssh else None)
    return "; ".join((f"{user}{came}", *filter(None, known)))


def _root(host: Host, mending: Mending) -> Item:
    if mending.is_root:
        return Item("root's rights", State.OK, "the login is root's")
    why = _refused(host, "may.root")
    if why is None:
        return Item("root's rights", State.OK, "sudo -n works")
    return Item("root's rights", State.LIMITED, why, mending.of_root())


def _libvirt(host: Host, mending: Mending) -> Item:
    if "libvirt.connect" not in host.records:
        return Item("libvirt", State.MISSING, "this machine's libvirt cannot be loaded: see above")
    try:
        connection = host.fact(LibvirtConnection)
        if connection.error is not None:
            return Item("libvirt", State.MISSING, connection.error, mending.of_libvirt(connection.error))
        versions = host.fact(Versions)
    except Unreadable as why:
        return Item("libvirt", State.MISSING, str(why), mending.of_libvirt(str(why)))
    return Item("libvirt", State.OK, f"{connection.uri}: libvirt {versions.libvirt}, QEMU {versions.qemu}")


def _right(host: Host, record: str, given: Item, mending: Mending) -> Item:
    """Return the item of a right if it is given; where root's rights are missing, the item of these has the mend."""
    why = _refused(host, record)
    if why is None:
        return given
    if why.endswith("not found"):
        return Item(given.name, State.LIMITED, "not installed", mending.of_programs([given.name]))
    return Item(given.name, State.LIMITED, why)


def _firewall(host: Host, mending: Mending) -> Item:
    found = host.records.get("may.firewall")
    if found is not None and found.missing:
        return Item("firewall", State.LIMITED, _NO_FIREWALL, mending.of_programs(["nft"]))
    return _right(host, "may.firewall", Item("firewall", State.OK, "its rules can be read"), mending)


def _limits(host: Host) -> Item:
    """Return the item of virt-admin, which says how many clients and workers each daemon has."""
    found = host.records.get("may.limits")
    if found is None:
        return Item("virt-admin", State.LIMITED, _absent(host, "may.limits"))
    if any(line.startswith("failed ") for line in found.out.splitlines()):
        return Item("virt-admin", State.LIMITED, found.complaint or "failed")
    daemons = [line.partition(" ")[2] for line in found.out.splitlines() if line.startswith("daemon ")]
    return Item("virt-admin", State.OK, f"can ask {', '.join(daemons)}" if daemons else "no daemon runs yet")


def _programs(host: Host, mending: Mending) -> Item:
    found = host.records.get("programs")
    if found is None:
        return Item("programs", State.LIMITED, _absent(host, "programs"))
    lacking = [line for line in found.out.splitlines() if line in _FIRST_WORDS]
    if lacking:
        said = f"not installed: {', '.join(lacking)}"
        return Item("programs", State.LIMITED, said, mending.of_programs(lacking))
    return Item("programs", State.OK, ", ".join(words.replace(" ", " or ") for words in PROGRAMS))


def _refused(host: Host, record: str) -> str | None:
    """Return why a question could not be answered; None if it could, or if there is no such file."""
    found = host.records.get(record)
    if found is None:
        return _absent(host, record)
    if found.code in (0, MISSING):
        return None
    return found.complaint or f"exit code {found.code}"


def _absent(host: Host, record: str) -> str:
    return host.absent.get(record) or host.absent.get("") or "not answered"


def _known(host: Host, kind: type[F]) -> F | None:
    try:
        return host.fact(kind)
    except Unreadable:
        return None
