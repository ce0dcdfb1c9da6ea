"""Changes in a host's files: /etc/hosts, sshd's and libvirt's settings, and the text of the others."""

import difflib
from collections.abc import Iterable, Iterator, Mapping

from preflight.answers import Answers
from preflight.connection.files_read import files_of
from preflight.facts.daemon.libvirt_files import LibvirtFiles
from preflight.facts.fact import Unreadable
from preflight.facts.names.hosts_file import HostsEntry, HostsFile
from preflight.facts.names.name_service import NameService
from preflight.facts.network.addresses import plain
from preflight.facts.ssh.effective import EffectiveSshd
from preflight.facts.text.libvirt_conf import Conf, Value
from preflight.facts.text.located import Located
from preflight.fleet.comparison import Comparison, Said, keyed, place, value
from preflight.fleet.difference import Change, Kind
from preflight.host import Host

#: Keywords as sshd_config(5) of OpenSSH 10.0 writes them; `sshd -T` prints them in lower case.
_SPELLINGS = (
    *("AcceptEnv", "AddressFamily", "AllowAgentForwarding", "AllowGroups", "AllowStreamLocalForwarding"),
    *("AllowTcpForwarding", "AllowUsers", "AuthenticationMethods", "AuthorizedKeysCommand"),
    *("AuthorizedKeysCommandUser", "AuthorizedKeysFile", "AuthorizedPrincipalsCommand"),
    *("AuthorizedPrincipalsCommandUser", "AuthorizedPrincipalsFile", "Banner", "CASignatureAlgorithms"),
    *("ChannelTimeout", "ChrootDirectory", "Ciphers", "ClientAliveCountMax", "ClientAliveInterval"),
    *("Compression", "DenyGroups", "DenyUsers", "DisableForwarding", "ExposeAuthInfo", "FingerprintHash"),
    *("ForceCommand", "GatewayPorts", "GSSAPIAuthentication", "GSSAPICleanupCredentials"),
    *("GSSAPIStrictAcceptorCheck", "HostbasedAcceptedAlgorithms", "HostbasedAuthentication"),
    *("HostbasedUsesNameFromPacketOnly", "HostCertificate", "HostKey", "HostKeyAgent", "HostKeyAlgorithms"),
    *("IgnoreRhosts", "IgnoreUserKnownHosts", "IPQoS", "KbdInteractiveAuthentication"),
    *("KerberosAuthentication", "KexAlgorithms", "ListenAddress", "LoginGraceTime", "LogLevel", "LogVerbose"),
    *("MACs", "MaxAuthTries", "MaxSessions", "MaxStartups", "ModuliFile", "PasswordAuthentication"),
    *("PermitEmptyPasswords", "PermitListen", "PermitOpen", "PermitRootLogin", "PermitTTY", "PermitTunnel"),
    *("PermitUserEnvironment", "PermitUserRC", "PerSourceMaxStartups", "PerSourceNetBlockSize"),
    *("PerSourcePenalties", "PerSourcePenaltyExemptList", "PidFile", "Port", "PrintLastLog", "PrintMotd"),
    *("PubkeyAcceptedAlgorithms", "PubkeyAuthentication", "RDomain", "RekeyLimit", "RequiredRSASize"),
    *("RevokedKeys", "SetEnv", "SshdSessionPath", "StreamLocalBindMask", "StreamLocalBindUnlink"),
    *("StrictModes", "Subsystem", "SyslogFacility", "TCPKeepAlive", "TrustedUserCAKeys"),
    *("UnusedConnectionTimeout", "UseDNS", "UsePAM", "VersionAddendum", "X11DisplayOffset", "X11Forwarding"),
    *("X11UseLocalhost", "XAuthLocation"),
)
_KEYWORDS = {word.lower(): word for word in _SPELLINGS}
#: Characters of a file's line that are shown.
_SHOWN = 200


def _hosts(old: Host, new: Host) -> Iterator[Said]:
    before, after = old.fact(HostsFile), new.fact(HostsFile)
    gone = _only_in(before.entries, after.entries)
    added = _only_in(after.entries, before.entries)
    commented = {_key(entry): entry for entry in after.commented}
    were_commented = {_key(entry) for entry in before.commented}
    for entry in gone:
        name = entry.names[0]
        now = next((one for one in added if _shares_name(one, entry)), None)
        beside = next((one for one in added if plain(one.address.value) == plain(entry.address.value)), None)
        if now is not None and plain(now.address.value) != plain(entry.address.value):
            added.remove(now)
            yield from value(f"{name} in {place(now.address.at)}", entry.address, now.address, now.address.at)
        elif beside is not None:
            added.remove(beside)
            were, are = (" ".join(map(str, one.names)) for one in (entry, beside))
            at = beside.address.at
            yield from value(f"names of {entry.address} in {place(at)}", were, are, at)
        elif _key(entry) in commented:
            at = commented[_key(entry)].address.at
            yield Said(Kind.GONE, f"line for {name} commented out in {place(at)}", at)
        else:
            yield Said(Kind.GONE, f"line for {name} gone from {place(entry.address.at)}", entry.address.at)
    for entry in added:
        how = "no longer commented out" if _key(entry) in were_commented else "added"
        at = entry.address.at
        yield Said(Kind.ADDED, f"line for {entry.names[0]} {how} in {place(at)} ({entry.address})", at)


def _key(entry: HostsEntry) -> tuple[str, ...]:
    return (plain(entry.address.value), *(name.value.lower() for name in entry.names))


def _only_in(these: Iterable[HostsEntry], others: Iterable[HostsEntry]) -> list[HostsEntry]:
    known = {_key(entry) for entry in others}
    return list({_key(entry): entry for entry in these if _key(entry) not in known}.values())


def _shares_name(one: HostsEntry, other: HostsEntry) -> bool:
    return not {name.value.lower() for name in one.names}.isdisjoint(name.value.lower() for name in other.names)


def _name_service(old: Host, new: Host) -> Iterator[Said]:
    before, after = old.fact(NameService), new.fact(NameService)
    yield from value("hosts: in /etc/nsswitch.conf", _services(before), _services(after))
    known, now = ({one.value: one for one in state.nameservers} for state in (before, after))
    for address, was, is_ in keyed(known, now):
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
    for where, was, now in (
        ("", before.settings, after.settings),
        (" in a Match block", before.conditional, after.conditional),
    ):
        for keyword, values, others in keyed(was, now):
            at = next((one.at for one in (*(others or ()), *(values or ())) if one.at is not None), None)
            label = f"{_KEYWORDS.get(keyword, keyword)} of sshd{where}"
            yield from value(label, _joined(values), _joined(others), at)


def _joined(values: Iterable[Located[str]] | None) -> str | None:
    return None if values is None else ", ".join(sorted(map(str, values))) or "(empty)"


def _libvirt(old: Host, new: Host) -> Iterator[Said]:
    before, after = old.fact(LibvirtFiles), new.fact(LibvirtFiles)
    for name in before.files.keys() & after.files.keys():
        yield from _settings(before.files[name], after.files[name])


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
    Comparison("sshd's settings", frozenset(("sshd.effective", "sshd_config")), _sshd),
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
    return f"{added} lines added, {len(marks) - added} gone, none of which is a setting that is compared"


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
