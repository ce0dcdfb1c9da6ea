"""The keys of libvirt's files: how they are found, and that none that preflight itself knows is missing."""

from pathlib import Path

from preflight.facts.defaults import EVERY_DAEMON, WITH_IP, qemu_settings, side_settings
from tools.libvirt_keys import WRITTEN, keys_in, known, merged
from tools.qemu_conf import covered


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_keys_are_found_in_sources_lenses_and_shipped_files(tmp_path: Path) -> None:
    put(tmp_path / "src/qemu/qemu_conf.c", 'if (virConfGetValueBool(conf, "vnc_tls", &x) < 0)\n call(conf, "other");\n')
    put(tmp_path / "src/remote/remote_daemon_config.c", 'remoteConfigGetAuth(filename, conf, "auth_tls", &auth)\n')
    put(tmp_path / "src/remote/libvirtd.aug.in", 'let e = str_entry "host_uuid"\n | int_entry "ovs_timeout"\n')
    put(tmp_path / "usr/share/augeas/lenses/libvirt_lockd.aug", 'bool_entry "auto_disk_leases"\n')
    put(tmp_path / "etc/libvirt/virtlogd.conf", "# A remark about = something\n#max_size = 2097152\nmax_backups = 3\n")
    assert sorted(set(keys_in(tmp_path))) == [
        ("libvirtd", "auth_tls"),
        ("libvirtd", "host_uuid"),
        ("libvirtd", "ovs_timeout"),
        ("qemu", "vnc_tls"),
        ("qemu-lockd", "auto_disk_leases"),
        ("virtlogd", "max_backups"),
        ("virtlogd", "max_size"),
    ]


def test_a_key_has_the_first_release_that_reads_it_and_is_never_forgotten(tmp_path: Path) -> None:
    put(tmp_path / "etc/libvirt/virtlogd.conf", "max_size = 1\nmax_backups = 3\n")
    before = {"virtlogd": {"max_size": "11.3.0", "max_backups": "7.0.0", "gone": "7.0.0"}}
    assert merged(before, {"9.0.0": tmp_path}) == {
        "virtlogd": {"gone": "7.0.0", "max_backups": "7.0.0", "max_size": "9.0.0"}
    }


def test_every_key_that_preflight_knows_is_among_them() -> None:
    keys = known(WRITTEN)["keys"]
    assert (EVERY_DAEMON | WITH_IP).keys() - keys["libvirtd"].keys() == set()
    assert qemu_settings(None).keys() | {key for one in covered() for key in one} == keys["qemu"].keys()
    for daemon in ("virtlogd", "virtlockd"):
        assert side_settings(daemon, None).keys() - keys[daemon].keys() == set()
