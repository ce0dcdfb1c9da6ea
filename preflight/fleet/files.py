"""Changes in a host's files: /etc/hosts, sshd's and libvirt's settings, and the text of the others."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from preflight.answers import Answers
from preflight.connection.files_read import files_of
from preflight.facts.daemon.libvirt_files import LibvirtFiles
from preflight.facts.fact import Unreadable
from preflight.facts.names.hosts_file import HostsEntry, HostsFile
from preflight.facts.names.name_service import NSSWITCH_CONF, NameService
from preflight.facts.network.addresses import plain
from preflight.facts.ssh.effective import EffectiveSshd
from preflight.facts.system.release import OpenSsh
from preflight.facts.text.libvirt_conf import Conf, Value
from preflight.facts.text.located import Located
from preflight.fleet.comparison import Comparison, Said, keyed, place, value
from preflight.fleet.difference import Change, Kind
from preflight.host import Host
from preflight.visible import many

#: Keywords as sshd_config(5) of OpenSSH 10.0 writes them; `sshd -T` prints them in lower case.
_SPELLINGS = (
    "AcceptEnv", "AddressFamily", "AllowAgentForwarding", "AllowGroups", "AllowStreamLocalForwarding",
    "AllowTcpForwarding", "AllowUsers", "AuthenticationMethods", "AuthorizedKeysCommand",
    "AuthorizedKeysCommandUser", "AuthorizedKeysFile", "AuthorizedPrincipalsCommand",
    "AuthorizedPrincipalsCommandUser", "AuthorizedPrincipalsFile", "Banner", "CASignatureAlgorithms",
    "ChannelTimeout", "ChrootDirectory", "Ciphers", "ClientAliveCountMax", "ClientAliveInterval",
    "Compression", "DenyGroups", "DenyUsers", "DisableForwarding", "ExposeAuthInfo", "FingerprintHash",
    "ForceCommand", "GatewayPorts", "GSSAPIAuthentication", "GSSAPICleanupCredentials",
    "GSSAPIStrictAcceptorCheck", "HostbasedAcceptedAlgorithms", "HostbasedAuthentication",
    "HostbasedUsesNameFromPacketOnly", "HostCertificate", "HostKey", "HostKeyAgent", "HostKeyAlgorithms",
    "IgnoreRhosts", "IgnoreUserKnownHosts", "IPQoS", "KbdInteractiveAuthentication", "KerberosAuthentication",
    "KexAlgorithms", "ListenAddress", "LoginGraceTime", "LogLevel", "LogVerbose", "MACs", "MaxAuthTries",
    "MaxSessions", "MaxStartups", "ModuliFile", "PasswordAuthentication", "PermitEmptyPasswords",
    "PermitListen", "PermitOpen", "PermitRootLogin", "PermitTTY", "PermitTunnel", "PermitUserEnvironment",
    "PermitUserRC", "PerSourceMaxStartups", "PerSourceNetBlockSize", "PerSourcePenalties",
    "PerSourcePenaltyExemptList", "PidFile", "Port", "PrintLastLog", "PrintMotd", "PubkeyAcceptedAlgorithms",
    "PubkeyAuthentication", "RDomain", "RekeyLimit", "RequiredRSASize", "RevokedKeys", "SetEnv",
    "SshdSessionPath", "StreamLocalBindMask", "StreamLocalBindUnlink", "StrictModes", "Subsystem",
    "SyslogFacility", "TCPKeepAlive", "TrustedUserCAKeys", "UnusedConnectionTimeout", "UseDNS", "UsePAM",
    "VersionAddendum", "X11DisplayOffset", "X11Forwarding", "X11UseLocalhost", "XAuthLocation",
)  # fmt: skip
_KEYWORDS = {word.lower(): word for word in _SPELLINGS}
#: Characters of a file's line that are shown.
_SHOWN = 200
#: Names of a line of /etc/hosts, and defaults of sshd, that are shown.
_NAMED, _LISTED = 3, 5
#: Characters from which a list is shown by its differences only.
_LONG = 100


def _hosts(old: Host, new: Host) -> Iterator[Said]:
    before, after = old.fact(HostsFile), new.fact(HostsFile)
    gone = _only_in(before.entries, after.entries)
    added = _only_in(after.entries, before.entries)
    hidden, were_hidden = (
        _only_in(one.commented, other.commented) for one, other in ((after, before), (before, after))
    )
    for entry in gone:
        now = _partner(entry, added)
        remark = next((one for one in hidden if _same_address(one, entry) and _shares_name(one, entry)), None)
        if now is None and remark is not None:
            at = remark.address.at
            yield Said(Kind.GONE, f"line for {_names(entry)} commented out in {place(at)}", at)
        elif now is None:
            yield Said(Kind.GONE, f"line for {_names(entry)} gone from {place(entry.address.at)}", entry.address.at)
        else:
            added.remove(now)
            at = now.address.at
            yield from value(f"{_names(now)} in {place(at)}", str(entry.address), str(now.address), at)
            if _same_address(now, entry):
                yield from value(f"names of {now.address} in {place(at)}", _names(entry), _names(now), at)
    for entry in added:
        shown_again = any(_same_address(one, entry) and _shares_name(one, entry) for one in were_hidden)
        how = "no longer commented out" if shown_again else "added"
        at = entry.address.at
        yield Said(Kind.ADDED, f"line for {_names(entry)} {how} in {place(at)} ({entry.address})", at)


def _partner(entry: HostsEntry, added: Iterable[HostsEntry]) -> HostsEntry | None:
    """Return the new line that replaces a line: one with its names, or with its address."""
    these = tuple(added)
    named = (one for one in these if _shares_name(one, entry))
    return next(named, None) or next((one for one in these if _same_address(one, entry)), None)


def _names(entry: HostsEntry) -> str:
    return ", ".join(map(str, entry.names[:_NAMED])) + (", ..." if len(entry.names) > _NAMED else "")


def _key(entry: HostsEntry) -> tuple[str, ...]:
    return (plain(entry.address.value), *(name.value.lower() for name in entry.names))


def _only_in(these: Iterable[HostsEntry], others: Iterable[HostsEntry]) -> list[HostsEntry]:
    known = {_key(entry) for entry in others}
    return list({_key(entry): entry for entry in these if _key(entry) not in known}.values())


def _same_address(one: HostsEntry, other: HostsEntry) -> bool:
    return plain(one.address.value) == plain(other.address.value)


def _shares_name(one: HostsEntry, other: HostsEntry) -> bool:
    return not {name.value.lower() for name in one.names}.isdisjoint(name.value.lower() for name in other.names)


def _name_service(old: Host, new: Host) -> Iterator[Said]:
    before, after = old.fact(NameService), new.fact(NameService)
    services, now = _services(before), _services(after)
    if services != now:
        yield Said(Kind.CHANGED, f"hosts: in {NSSWITCH_CONF}: {services} -> {now}", path=NSSWITCH_CONF)
    known, servers = ({one.value: one for one in state.nameservers} for state in (before, after))
    for address, was, is_ in keyed(known, servers):
        if was is None:
            yield Said(Kind.ADDED, f"nameserver {address} added in {place(is_.at)}", is_.at)
        elif is_ is None:
            yield Said(Kind.GONE, f"nameserver {address} gone from {place(was.at)}", was.at)


def _services(of: NameService) -> str:
    return " ".join(
        f"{name} [{actions}]" if actions else name
        for name, actions in zip(of.hosts_services, of.hosts_actions, strict=True)
    )


def _sshd(old: Host, new: Host) -> Iterator[Said]:
    before, after = old.fact(EffectiveSshd), new.fact(EffectiveSshd)
    released = old.fact(OpenSsh).text != new.fact(OpenSsh).text
    defaults = []
    for keyword, was, now in keyed(before.settings, after.settings):
        spelling = _KEYWORDS.get(keyword, keyword)
        at = next((one.at for one in (*(now or ()), *(was or ())) if one.at is not None), None)
        if _joined(was) == _joined(now):
            continue
        if released and at is None:
            defaults.append(spelling)
        else:
            yield from value(f"{spelling} of sshd", *_apart(_joined(was), _joined(now)), at)
    if defaults:
        listed = ", ".join(defaults[:_LISTED]) + (
            f" and {len(defaults) - _LISTED} more" if len(defaults) > _LISTED else ""
        )
        yield Said(Kind.CHANGED, f"defaults of sshd that came with its release: {listed}")
    for keyword, was, now in keyed(before.conditional, after.conditional):
        at = next((one.at for one in (*(now or ()), *(was or ()))), None)
        yield from value(f"{_KEYWORDS.get(keyword, keyword)} of sshd in a Match block", _joined(was), _joined(now), at)


def _joined(values: Iterable[Located[str]] | None) -> str | None:
    return None if values is None else ", ".join(sorted(map(str, values))) or "(empty)"


def _apart(was: str | None, now: str | None) -> tuple[str | None, str | None]:
    """Return two values, of long lists only what is in one of them."""
    if was is None or now is None or max(len(was), len(now)) < _LONG or "," not in was + now:
        return was, now
    before, after = was.split(","), now.split(",")
    gone, added = ([word for word in one if word not in other] for one, other in ((before, after), (after, before)))
    if not gone and not added:
        return "the same words", "in another order"
    return f"with {', '.join(gone) or 'nothing more'}", f"with {', '.join(added) or 'nothing more'}"


def _libvirt(old: Host, new: Host) -> Iterator[Said]:
    before, after = old.fact(LibvirtFiles), new.fact(LibvirtFiles)
    for _, was, now in keyed(before.files, after.files):
        if was is not None and now is not None:
            yield from _settings(was, now)


def _settings(before: Conf, after: Conf) -> Iterator[Said]:
    if after.problem is not None and before.problem is None:
        yield Said(
            Kind.CHANGED, f"libvirt can no longer parse {after.path}: {after.problem.message}", after.problem.location
        )
        return
    if before.problem is not None and after.problem is None:
        yield Said(Kind.CHANGED, f"libvirt can parse {after.path} again")
        return
    for key, was, now in keyed(before.settings, after.settings):
        if was is None:
            yield Said(Kind.ADDED, f"{key} set to {_written(now.value)} in {place(now.at)}", now.at)
        elif now is None:
            yield Said(Kind.GONE, f"{key} no longer set in {before.path} (was {_written(was.value)})", was.at)
        else:
            yield from value(f"{key} in {place(now.at)}", _written(was.value), _written(now.value), now.at)


def _written(setting: Value) -> str:
    if isinstance(setting, tuple):
        return f"[{', '.join(map(_written, setting))}]"
    return str(setting) if isinstance(setting, int) else f'"{setting}"'


#: The files whose meaning is compared.
FILES = (
    Comparison("/etc/hosts", frozenset(("etc.hosts",)), _hosts),
    Comparison("the name service", frozenset(("nsswitch", "resolv")), _name_service),
    Comparison("sshd's settings", frozenset(("sshd.effective", "sshd_config", "openssh")), _sshd),
    Comparison(
        "libvirt's files",
        frozenset(
            ("libvirtd.conf", "virtqemud.conf", "virtproxyd.conf", "virtlockd.conf", "qemu.conf", "libvirt-files")
        ),
        _libvirt,
    ),
)


def texts(host: str, old: Answers, new: Answers, explained: Iterable[Change]) -> Iterator[Change]:
    """Yield the files whose text changed although none of the other changes is in them: remarks, order, other files."""
    known = {change.path for change in explained}
    before, after = ({one.path: one.text for one in files_of(answers)} for answers in (old, new))
    for path, was, now in keyed(before, after):
        if was == now or path in known:
            continue
        if was is None:
            yield Change(host, Kind.ADDED, f"file {path} added", path=path)
        elif now is None:
            yield Change(host, Kind.GONE, f"file {path} gone", path=path)
        else:
            yield Change(host, Kind.CHANGED, f"text of {path}: {_lines(was, now)}", path=path)


@lru_cache(maxsize=64)  # many hosts of a fleet have the same file, and it takes as long as all else that is compared
def _lines(before: str, after: str) -> str:
    """Return the lines that differ: the only one, or their number."""
    was, now = before.splitlines(), after.splitlines()
    marks = [line for line in difflib.ndiff(was, now) if line[:1] in "+-"] if len(was) + len(now) < 4000 else []
    if not marks:
        return "blank space, or too many lines to compare"
    if len(marks) == 1:
        how = "added" if marks[0].startswith("+") else "gone"
        return f"line {how}: {marks[0][2:].strip()[:_SHOWN]}"
    added = sum(line.startswith("+") for line in marks)
    said = f"{many(added, 'line')} added, {len(marks) - added} gone"
    return f"only remarks and blank lines differ: {said}" if all(_is_remark(line[2:]) for line in marks) else said


def _is_remark(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def resolved(old: Host, new: Host) -> Iterator[Said]:
    """Yield the names that the host resolves to other addresses than before."""
    from preflight.facts.names.peer_name import answered

    def addresses(host: Host) -> Mapping[str, str]:
        found = {}
        for name, record in host.records.items():
            if name.startswith("resolve:"):
                try:
                    found[name.partition(":")[2]] = ", ".join(answered(record)) or "no address"
                except Unreadable:
                    continue
        return found

    for name, was, now in keyed(addresses(old), addresses(new)):
        if was is not None and now is not None:
            yield from value(f"{name} resolves to", was, now)
