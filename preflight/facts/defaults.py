"""Default values of settings in each release of each program, and the values that a setting may have.

Sources, unless a line names another: `daemonConfigNew` and `daemonConfigLoadOptions` of libvirt's
src/remote/remote_daemon_config.c (v8.5.0, and 732ff069ad32 of the 11 series, which agree), `virQEMUDriverConfigNew`
and `virQEMUDriverConfigLoad*Entry` of src/qemu/qemu_conf.c (v8.5.0), `fill_default_server_options` of OpenSSH's
servconf.c (0ef0f5a839, 10.5). The commented lines of the files that libvirt ships are not defaults.
"""

import enum
from typing import TypeAlias

from preflight.facts.fact import Unreadable
from preflight.facts.version import Version

#: None means that the program behaves as if the setting did not exist.
Default: TypeAlias = int | str | None


class Kind(enum.Enum):
    """Type that libvirt reads a setting as, by its virConfGetValue function."""

    BOOL = "a bool"
    UINT = "an unsigned integer"
    #: As UINT, but of 64 bits (virConfGetValueSizeT).
    SIZE = "a size"
    INT = "a signed integer"
    STRING = "a string"
    STRINGS = "a string list"
    STRING_OR_STRINGS = "a string or string list"
    #: One of the strings in `AUTH`.
    AUTH = "an authentication"


#: Values of `auth_*` (remoteConfigGetAuth).
AUTH = ("none", "sasl", "polkit")
#: Minimum of tcp_min_ssf, if it is set (SSF_WARNING_LEVEL, src/remote/remote_driver.h).
LEAST_SSF = 112
#: Release that introduced tcp_min_ssf (58a48cff84).
SSF_SINCE = Version(7, 10, 0)

DAEMONS = ("libvirtd", "virtqemud", "virtproxyd")

#: Settings of every daemon.
EVERY_DAEMON: dict[str, Kind] = {
    "auth_unix_rw": Kind.AUTH,
    "auth_unix_ro": Kind.AUTH,
    "access_drivers": Kind.STRINGS,
    "unix_sock_group": Kind.STRING,
    "unix_sock_admin_perms": Kind.STRING,
    "unix_sock_ro_perms": Kind.STRING,
    "unix_sock_rw_perms": Kind.STRING,
    "unix_sock_dir": Kind.STRING,
    "sasl_allowed_username_list": Kind.STRINGS,
    "min_workers": Kind.UINT,
    "max_workers": Kind.UINT,
    "max_clients": Kind.UINT,
    "max_queued_clients": Kind.UINT,
    "max_anonymous_clients": Kind.UINT,
    "prio_workers": Kind.UINT,
    "max_client_requests": Kind.UINT,
    "admin_min_workers": Kind.UINT,
    "admin_max_workers": Kind.UINT,
    "admin_max_clients": Kind.UINT,
    "admin_max_queued_clients": Kind.UINT,
    "admin_max_client_requests": Kind.UINT,
    "audit_level": Kind.UINT,
    "audit_logging": Kind.BOOL,
    "host_uuid": Kind.STRING,
    "host_uuid_source": Kind.STRING,
    "log_level": Kind.UINT,
    "log_filters": Kind.STRING,
    "log_outputs": Kind.STRING,
    "keepalive_interval": Kind.INT,
    "keepalive_count": Kind.UINT,
    "admin_keepalive_interval": Kind.INT,
    "admin_keepalive_count": Kind.UINT,
    "ovs_timeout": Kind.UINT,
}

#: Settings of the daemons that listen on the network (`with_ip`, src/meson.build); virtqemud never reads them.
WITH_IP: dict[str, Kind] = {
    "listen_tcp": Kind.BOOL,
    "listen_tls": Kind.BOOL,
    "tls_port": Kind.STRING,
    "tcp_port": Kind.STRING,
    "listen_addr": Kind.STRING,
    "auth_tcp": Kind.AUTH,
    "auth_tls": Kind.AUTH,
    "tls_no_sanity_certificate": Kind.BOOL,
    "tls_no_verify_certificate": Kind.BOOL,
    "key_file": Kind.STRING,
    "cert_file": Kind.STRING,
    "ca_file": Kind.STRING,
    "crl_file": Kind.STRING,
    "tls_allowed_dn_list": Kind.STRINGS,
    "tls_priority": Kind.STRING,
    "tcp_min_ssf": Kind.UINT,
}

#: Settings that older releases read and newer ones ignore, with the release that dropped them.
DROPPED = {
    "max_requests": Version(3, 7, 0),  # 733359a6ff
    "mdns_adv": Version(5, 5, 0),  # 5a148ce846
    "mdns_name": Version(5, 5, 0),
    "keepalive_required": Version(1, 2, 19),  # a8743c3938
    "admin_keepalive_required": Version(1, 2, 19),
}

#: Settings of virtlogd (virLogDaemonConfigLoadOptions, src/logging/log_daemon_config.c) and of virtlockd
#: (virLockDaemonConfigLoadOptions, src/locking/lock_daemon_config.c) that have a type of their own.
_LOG_AND_LOCK: dict[str, Kind] = {
    "log_level": Kind.UINT,
    "log_filters": Kind.STRING,
    "log_outputs": Kind.STRING,
    "max_clients": Kind.UINT,
    "admin_max_clients": Kind.UINT,
}
#: Those that only virtlogd reads, and those that it was seen to read in 11.3, but not in 9.0.
_VIRTLOGD: dict[str, Kind] = {"max_size": Kind.SIZE, "max_backups": Kind.SIZE}
_VIRTLOGD_SINCE = Version(11, 3, 0)
_NEW_IN_VIRTLOGD: dict[str, Kind] = {"max_age_days": Kind.SIZE, "log_root": Kind.STRING}

#: Settings of qemu.conf by their type: all that libvirt has read since 7.0 or longer. A wrong type in any of them keeps
#: the QEMU driver from starting. max_core, which is a number or a word, is left out.
_QEMU_BY_KIND: dict[Kind, tuple[str, ...]] = {
    Kind.BOOL: (
        "allow_disk_format_probing",
        "auto_dump_bypass_cache",
        "auto_start_bypass_cache",
        "backup_tls_x509_verify",
        "chardev_tls",
        "chardev_tls_x509_verify",
        "default_tls_x509_verify",
        "dump_guest_core",
        "dynamic_ownership",
        "log_timestamp",
        "mac_filter",
        "migrate_tls_force",
        "migrate_tls_x509_verify",
        "nbd_tls",
        "nographics_allow_host_audio",
        "relaxed_acs_check",
        "remember_owner",
        "security_default_confined",
        "security_require_confined",
        "set_process_name",
        "spice_auto_unix_socket",
        "spice_sasl",
        "spice_tls",
        "virtiofsd_debug",
        "vnc_allow_host_audio",
        "vnc_auto_unix_socket",
        "vnc_sasl",
        "vnc_tls",
        "vnc_tls_x509_verify",
        "vxhs_tls",
    ),
    Kind.UINT: (
        "gluster_debug_level",
        "keepalive_count",
        "max_files",
        "max_processes",
        "max_queued",
        "max_threads_per_process",
        "migration_port_max",
        "migration_port_min",
        "remote_display_port_max",
        "remote_display_port_min",
        "remote_websocket_port_max",
        "remote_websocket_port_min",
    ),
    Kind.INT: (
        "keepalive_interval",
        "seccomp_sandbox",
    ),
    Kind.STRING: (
        "auto_dump_path",
        "backup_tls_x509_cert_dir",
        "backup_tls_x509_secret_uuid",
        "bridge_helper",
        "chardev_tls_x509_cert_dir",
        "chardev_tls_x509_secret_uuid",
        "dbus_daemon",
        "default_tls_x509_cert_dir",
        "default_tls_x509_secret_uuid",
        "dump_image_format",
        "group",
        "lock_manager",
        "memory_backing_dir",
        "migrate_tls_x509_cert_dir",
        "migrate_tls_x509_secret_uuid",
        "migration_address",
        "migration_host",
        "nbd_tls_x509_cert_dir",
        "nbd_tls_x509_secret_uuid",
        "pr_helper",
        "save_image_format",
        "slirp_helper",
        "snapshot_image_format",
        "spice_listen",
        "spice_password",
        "spice_sasl_dir",
        "spice_tls_x509_cert_dir",
        "stdio_handler",
        "swtpm_group",
        "swtpm_user",
        "user",
        "vnc_listen",
        "vnc_password",
        "vnc_sasl_dir",
        "vnc_tls_x509_cert_dir",
        "vnc_tls_x509_secret_uuid",
        "vxhs_tls_x509_cert_dir",
        "vxhs_tls_x509_secret_uuid",
    ),
    Kind.STRINGS: (
        "capability_filters",
        "cgroup_controllers",
        "cgroup_device_acl",
        "namespaces",
        "nvram",
    ),
    Kind.STRING_OR_STRINGS: (
        "hugetlbfs_mount",
        "security_driver",
    ),
}
_QEMU: dict[str, Kind] = {key: kind for kind, keys in _QEMU_BY_KIND.items() for key in keys}

#: Settings of qemu.conf that were seen to be read by this release, but not by the release before it in the lab.
_QEMU_SINCE: tuple[tuple[Version, dict[str, Kind]], ...] = (
    (Version(9, 0, 0), {"deprecation_behavior": Kind.STRING, "sched_core": Kind.STRING}),
    (
        Version(11, 3, 0),
        {
            "auto_save_bypass_cache": Kind.BOOL,
            "auto_shutdown_wait": Kind.UINT,
            "auto_start_delay": Kind.UINT,
            "shared_filesystems": Kind.STRINGS,
            "storage_use_nbdkit": Kind.BOOL,
        },
    ),
)

ALWAYS = Version(0)

#: Defaults of a setting with the release that introduced each, newest first.
History: TypeAlias = tuple[tuple[Version, Default], ...]

DAEMON_DEFAULTS: dict[str, History] = {
    "max_clients": ((Version(1, 2, 3), 5000), (Version(0, 6, 0), 20)),  # 68f60f669c, 4fb8dd5493
    "max_queued_clients": ((Version(1, 3, 3), 1000), (Version(1, 1, 2), 0)),  # b3a4b176f0, 1199edb1d4
    "max_anonymous_clients": ((Version(1, 2, 3), 20),),  # 68f60f669c
    "min_workers": ((Version(0, 6, 0), 5),),
    "max_workers": ((Version(0, 6, 0), 20),),
    "prio_workers": ((Version(0, 9, 5), 5),),  # 597fe3cee6
    "max_client_requests": ((Version(0, 9, 3), 5),),  # 27111b350f
    "admin_min_workers": ((Version(1, 2, 17), 5),),  # beb0eda2e3
    "admin_max_workers": ((Version(1, 2, 17), 20),),
    "admin_max_clients": ((Version(1, 2, 17), 5000),),
    "admin_max_queued_clients": ((Version(1, 2, 17), 20),),
    "admin_max_client_requests": ((Version(1, 2, 17), 5),),
    "keepalive_interval": ((Version(0, 9, 8), 5),),  # f4324e3292
    "keepalive_count": ((Version(0, 9, 8), 5),),
    "admin_keepalive_interval": ((Version(1, 2, 17), 5),),
    "admin_keepalive_count": ((Version(1, 2, 17), 5),),
    "host_uuid": ((ALWAYS, None),),
    "host_uuid_source": ((Version(1, 3, 5), "smbios"),),  # 6fe81c3a71
    "unix_sock_dir": ((ALWAYS, "/run/libvirt"),),
    "ovs_timeout": ((Version(3, 1, 0), 5),),
}

IP_DEFAULTS: dict[str, History] = {
    "listen_tcp": ((ALWAYS, 0),),
    "tls_port": ((ALWAYS, "16514"),),
    "tcp_port": ((ALWAYS, "16509"),),
    "listen_addr": ((ALWAYS, None),),
}

DEFAULTS: dict[str, dict[str, History]] = {
    # effective only with --listen
    "libvirtd": DAEMON_DEFAULTS | IP_DEFAULTS | {"listen_tls": ((ALWAYS, 1),)},
    "virtqemud": DAEMON_DEFAULTS,
    "virtproxyd": DAEMON_DEFAULTS | IP_DEFAULTS | {"listen_tls": ((Version(5, 7, 0), 0),)},  # 2204585167
    "qemu": {
        "migration_port_min": ((ALWAYS, 49152),),
        "migration_port_max": ((ALWAYS, 49215),),
        "migration_host": ((ALWAYS, None),),
        "migration_address": ((ALWAYS, None),),
        "migrate_tls_force": ((ALWAYS, 0),),
        "migrate_tls_x509_cert_dir": ((ALWAYS, None),),
        "migrate_tls_x509_verify": ((ALWAYS, None),),
        "default_tls_x509_cert_dir": ((ALWAYS, "/etc/pki/qemu"),),
        "default_tls_x509_verify": ((ALWAYS, 1),),
        "lock_manager": ((ALWAYS, None),),
        "stdio_handler": ((Version(1, 3, 0), "logd"),),
        "max_queued": ((ALWAYS, 0),),
        "keepalive_interval": ((Version(0, 9, 8), 5),),
        "keepalive_count": ((Version(0, 9, 8), 5),),
        "hugetlbfs_mount": ((ALWAYS, None),),
        "vnc_listen": ((ALWAYS, "127.0.0.1"),),
        "spice_listen": ((ALWAYS, "127.0.0.1"),),
        "vnc_auto_unix_socket": ((ALWAYS, 0),),
        "spice_auto_unix_socket": ((ALWAYS, 0),),
        "vnc_tls": ((ALWAYS, 0),),
        "spice_tls": ((ALWAYS, 0),),
        "chardev_tls": ((ALWAYS, 0),),
        "nbd_tls": ((ALWAYS, 0),),
        # None: /etc/pki/libvirt-vnc and the like if it exists, or else default_tls_x509_cert_dir
        "vnc_tls_x509_cert_dir": ((ALWAYS, None),),
        "spice_tls_x509_cert_dir": ((ALWAYS, None),),
        "chardev_tls_x509_cert_dir": ((ALWAYS, None),),
        "nbd_tls_x509_cert_dir": ((ALWAYS, None),),
        "default_tls_x509_secret_uuid": ((ALWAYS, None),),
        "migrate_tls_x509_secret_uuid": ((ALWAYS, None),),
        "vnc_tls_x509_secret_uuid": ((ALWAYS, None),),
        "chardev_tls_x509_secret_uuid": ((ALWAYS, None),),
        "nbd_tls_x509_secret_uuid": ((ALWAYS, None),),
        "remote_display_port_min": ((ALWAYS, 5900),),
        "remote_display_port_max": ((ALWAYS, 65535),),
        "remote_websocket_port_min": ((ALWAYS, 5700),),
        "remote_websocket_port_max": ((ALWAYS, 65535),),
        "max_files": ((ALWAYS, 0),),
        "max_processes": ((ALWAYS, 0),),
        # None: ["mount"], if the kernel has mount namespaces
        "namespaces": ((ALWAYS, None),),
        "remember_owner": ((ALWAYS, 1),),
        "memory_backing_dir": ((ALWAYS, "/var/lib/libvirt/qemu/ram"),),
        "security_require_confined": ((ALWAYS, 0),),
        "shared_filesystems": ((ALWAYS, None),),
    },
    "sshd": {
        "maxstartups": ((Version(6, 2), "10:30:100"), (ALWAYS, "10")),  # 1f583df8c
        "maxsessions": ((Version(5, 1), 10),),
        "logingracetime": ((ALWAYS, 120),),
        "persourcemaxstartups": ((ALWAYS, None),),  # since 8.5, 3a9231295
        "persourcepenalties": ((Version(9, 8), "yes"), (ALWAYS, None)),  # 81c1099d2
        "port": ((ALWAYS, 22),),
        "permitrootlogin": ((Version(7, 0), "prohibit-password"), (ALWAYS, "yes")),  # f4373ed1e
    },
}


def default(program: str, key: str, version: Version) -> Default:
    """Return the program's default for the key; raises `Unreadable` if it is not in the table."""
    for since, value in DEFAULTS.get(program, {}).get(key, ()):
        if version >= since:
            return value
    raise Unreadable(f"the default of {key} in {program} {version} is unknown")


def qemu_settings(version: Version | None) -> dict[str, Kind]:
    """Return the settings of qemu.conf, as `known_settings`."""
    newer = (kinds for since, kinds in _QEMU_SINCE if version is None or version >= since)
    return _QEMU | {key: kind for kinds in newer for key, kind in kinds.items()}


def side_settings(daemon: str, version: Version | None) -> dict[str, Kind]:
    """Return the settings that virtlogd or virtlockd reads, as `known_settings`."""
    if daemon != "virtlogd":
        return _LOG_AND_LOCK
    newer = version is None or version >= _VIRTLOGD_SINCE
    return _LOG_AND_LOCK | _VIRTLOGD | (_NEW_IN_VIRTLOGD if newer else {})


def known_settings(daemon: str, version: Version | None) -> dict[str, Kind]:
    """Return the settings that this daemon reads from its own file; it silently ignores all others.

    A version of None stands for the newest known release. For older releases, only the settings that matter are left
    out.
    """
    known = EVERY_DAEMON if daemon == "virtqemud" else WITH_IP | EVERY_DAEMON
    if version is not None and version < SSF_SINCE:
        return {key: kind for key, kind in known.items() if key != "tcp_min_ssf"}
    return known
