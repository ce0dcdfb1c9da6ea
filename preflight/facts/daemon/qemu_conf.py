"""Settings of /etc/libvirt/qemu.conf that a migration depends on."""

from collections.abc import Iterator
from typing import Annotated, Self

from preflight.facts.daemon.conf_problems import wrong_type
from preflight.facts.daemon.daemons import Daemons
from preflight.facts.defaults import Default, default, qemu_settings
from preflight.facts.fact import Fact, Record, Unreadable
from preflight.facts.libvirt.versions import Versions
from preflight.facts.text.libvirt_conf import Conf, ConfProblem, Value, parse_conf
from preflight.facts.text.located import Located
from preflight.facts.version import Version

PATH = "/etc/libvirt/qemu.conf"
#: The defaults of this file have been the same since this release.
SINCE = Version(1, 3, 0)
#: The lowest display ports: their number is that of the display (QEMU_REMOTE_PORT_MIN, QEMU_WEBSOCKET_PORT_MIN).
_LEAST = {"remote_display_port_min": 5900, "remote_websocket_port_min": 5700}
#: The settings of each range of ports, and the end of libvirt's words about the lowest of them.
_RANGES = (
    ("migration_port_min", "migration_port_max", " {}"),
    ("remote_display_port_min", "remote_display_port_max", ""),
    ("remote_websocket_port_min", "remote_websocket_port_max", ""),
)
#: virCgroupController (src/util/vircgroup.c).
_CONTROLLERS = frozenset(
    ("cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "net_cls", "perf_event", "name=systemd")
)


class QemuConfFile(Fact, frozen=True, kw_only=True):
    """The file as it is, effective or not, as the daemon will read it at its next start."""

    conf: Conf
    #: Problems that would keep the daemon from starting.
    problems: tuple[ConfProblem, ...]

    @classmethod
    def parse(cls, qemu_conf: Annotated[Record, "qemu.conf"], versions: Versions | Unreadable) -> Self:
        """Parse the file."""
        conf = parse_conf(PATH, qemu_conf)
        version = None if isinstance(versions, Unreadable) else versions.libvirt
        return cls(conf=conf, problems=tuple(problems(conf, version)))


class QemuConf(Fact, frozen=True, kw_only=True):
    """The effective settings; defaults for those that the file does not set."""

    present: bool
    #: Name or address that the destination announces; None for its host name.
    migration_host: Located[str | None]
    #: The address on which QEMU listens for a migration; None for all.
    migration_address: Located[str | None]
    #: The first and the last port on which QEMU listens for migrations.
    migration_port_min: Located[int]
    migration_port_max: Located[int]
    #: True if a migration without TLS is refused.
    migrate_tls_force: Located[bool]
    #: Directory of the certificates for migrations; None for the default directories.
    migrate_tls_x509_cert_dir: Located[str | None]
    default_tls_x509_cert_dir: Located[str | None]
    #: True if the other end must present a certificate; None if the second setting decides.
    migrate_tls_x509_verify: Located[bool | None]
    default_tls_x509_verify: Located[bool | None]
    #: lockd or sanlock; None for none.
    lock_manager: Located[str | None]
    #: Writer of what guests print: "logd" for virtlogd, "file" for QEMU itself.
    stdio_handler: Located[str | None]
    #: Seconds without traffic after which a peer-to-peer source sends a keepalive message; -1 for never.
    keepalive_interval: Located[int]
    #: Unanswered keepalive messages after which the connection is closed.
    keepalive_count: Located[int]
    #: Maximum number of calls waiting for one guest; 0 for no limit.
    max_queued: Located[int]

    @property
    def path(self) -> str:
        """Path of the file."""
        return PATH

    @property
    def port_range(self) -> range:
        """The ports on which QEMU may listen for a migration."""
        return range(self.migration_port_min.value, self.migration_port_max.value + 1)

    @classmethod
    def parse(cls, daemons: Daemons, file: QemuConfFile) -> Self:
        """Take the settings of the file; raises `Unreadable` if it was changed after the running daemon had read it."""
        conf = in_force(daemons, file)
        return cls(
            present=conf.present,
            migration_host=_text(conf, "migration_host"),
            migration_address=_text(conf, "migration_address"),
            migration_port_min=_number(conf, "migration_port_min"),
            migration_port_max=_number(conf, "migration_port_max"),
            migrate_tls_force=_flag(conf, "migrate_tls_force"),
            migrate_tls_x509_cert_dir=_text(conf, "migrate_tls_x509_cert_dir"),
            default_tls_x509_cert_dir=_text(conf, "default_tls_x509_cert_dir"),
            migrate_tls_x509_verify=_flag_or_none(conf, "migrate_tls_x509_verify"),
            default_tls_x509_verify=_flag_or_none(conf, "default_tls_x509_verify"),
            lock_manager=_text(conf, "lock_manager"),
            stdio_handler=_text(conf, "stdio_handler"),
            keepalive_interval=_number(conf, "keepalive_interval"),
            keepalive_count=_number(conf, "keepalive_count"),
            max_queued=_number(conf, "max_queued"),
        )


def in_force(daemons: Daemons, file: QemuConfFile) -> Conf:
    """Return the file as the daemon uses it; raises `Unreadable` if it was changed since, or if it is invalid."""
    if daemons.changed_since_start("qemu"):
        raise Unreadable(
            f"{PATH} was changed after {daemons.serving} started: the values in use cannot be known before a restart"
        )
    for problem in file.problems:
        raise Unreadable(problem.message)
    return file.conf


def problems(conf: Conf, version: Version | None) -> Iterator[ConfProblem]:
    """Yield the problems that keep the QEMU driver, and so the daemon, from starting (virQEMUDriverConfigLoadFile)."""
    if conf.problem is not None:
        yield conf.problem
        return
    for key, kind in qemu_settings(version).items():
        found = conf.settings.get(key)
        if found is not None and (why := wrong_type(conf.path, key, kind, found) or _refused(conf.path, key, found)):
            yield ConfProblem(f"the QEMU driver will not start with this {key}: {why}", found.at, why)
    for first, last, least in _RANGES:
        yield from _ports(conf, first, last, least)
    yield from _unconfined(conf)


def _refused(path: str, key: str, found: Located[Value]) -> str | None:
    address = _bare(str(found.value))
    if key in {"migration_host", "migration_address"} and _is_this_host(address):
        return f"{key} must not be the address of the local machine: {address}"
    if key == "stdio_handler" and found.value not in {"logd", "file"}:
        return f"Unknown stdio handler {found.value}"
    if key == "migration_port_min" and found.value == 0:
        return f"{path}: migration_port_min: port must be greater than 0"
    if key in _LEAST and isinstance(found.value, int) and found.value < _LEAST[key]:
        return f"{path}: {key}: port must be greater than or equal to {_LEAST[key]}"
    if key == "allow_disk_format_probing" and found.value:
        return "allow_disk_format_probing is no longer supported"
    return _refused_item(key, found.value if isinstance(found.value, tuple) else ())


def _refused_item(key: str, items: tuple[int | str, ...]) -> str | None:
    for item in map(str, items):
        if key == "cgroup_controllers" and item not in _CONTROLLERS:
            return f"Unknown cgroup controller '{item}'"
        if key == "namespaces" and item != "mount":
            return f"Unknown namespace: {item}"
        if key == "nvram" and ":" not in item:
            return f"Invalid nvram format: '{item}'"
    return None


def _ports(conf: Conf, lowest: str, highest: str, least: str) -> Iterator[ConfProblem]:
    first = conf.settings.get(lowest, Located(default("qemu", lowest, SINCE)))
    last = conf.settings.get(highest, Located(default("qemu", highest, SINCE)))
    if isinstance(first.value, int) and isinstance(last.value, int) and not 0 <= first.value <= last.value <= 65535:
        why = f"{conf.path}: {highest}: port must be between the minimal port{least.format(first)} and 65535"
        yield ConfProblem(f"the QEMU driver will not start with these ports: {why}", last.at or first.at, why)
    elif first.value == last.value:
        # virPortAllocatorRangeNew requires at least two ports
        why = f"start port {first} must be less than end port {last}"
        yield ConfProblem(f"the QEMU driver will not start with these ports: {why}", last.at or first.at, why)


def _unconfined(conf: Conf) -> Iterator[ConfProblem]:
    """Yield that confinement is required of a driver that confines nothing (virSecurityManagerNew)."""
    driver = conf.settings.get("security_driver")
    required = conf.settings.get("security_require_confined")
    if driver is None or required is None or not required.value:
        return
    if "none" in (driver.value if isinstance(driver.value, tuple) else (driver.value,)):
        why = 'Security driver "none" cannot create confined guests'
        yield ConfProblem(f"the QEMU driver will not start with security_require_confined: {why}", required.at, why)


def _is_this_host(address: str) -> bool:
    """Check as virSocketAddrIsNumericLocalhost does: 127.0.0.2 passes, and so does any name except localhost."""
    return address.startswith("localhost") or address in {"127.0.0.1", "::1"}


def _bare(address: str) -> str:
    """Return the address without the brackets of IPv6 (virStringStripIPv6Brackets)."""
    return address[1:-1] if address.startswith("[") and address.endswith("]") and ":" in address else address


def _setting(conf: Conf, key: str) -> Located[Value] | Located[Default]:
    return conf.get(key) or Located(default("qemu", key, SINCE))


def _number(conf: Conf, key: str) -> Located[int]:
    found = _setting(conf, key)
    if not isinstance(found.value, int):
        raise Unreadable(f"{conf.path}: {key} is not a number")
    return Located(found.value, found.at)


def _flag(conf: Conf, key: str) -> Located[bool]:
    found = _number(conf, key)
    return Located(bool(found.value), found.at)


def _flag_or_none(conf: Conf, key: str) -> Located[bool | None]:
    found = _setting(conf, key)
    return Located(None if found.value is None else bool(found.value), found.at)


def _text(conf: Conf, key: str) -> Located[str | None]:
    found = _setting(conf, key)
    if found.value is None:
        return Located(None, found.at)
    if not isinstance(found.value, str):
        raise Unreadable(f"{conf.path}: {key} is not a string")
    return Located(_bare(found.value), found.at)
