"""virsh's options become libvirt's flags and parameters, each of them, and nothing else."""

import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import libvirt
import msgspec
import pytest

from preflight.cli.options import method_of, takes_method
from preflight.errors import UserError
from preflight.migrate import call
from preflight.request.method import Method
from preflight.request.migration import HandOver, Mode, OnTimeout

AT_ONCE = {"hand_over": HandOver.AT_ONCE}


def flags(**options: Any) -> set[str]:
    value = call.flags(method_of(**(AT_ONCE | options)), persist=False, undefine=False)
    names = [name for name in dir(libvirt) if name.startswith("VIR_MIGRATE_") and "PARAM" not in name]
    return {name.removeprefix("VIR_MIGRATE_") for name in names if value & getattr(libvirt, name)}


@pytest.mark.parametrize(
    ("options", "flag"),
    [
        ({"p2p": True}, {"PEER2PEER"}),
        ({"tunnelled": True}, {"PEER2PEER", "TUNNELLED"}),
        ({"suspend": True}, {"PAUSED"}),
        ({"hand_over": HandOver.SAFE}, {"PAUSED"}),
        ({"hand_over": HandOver.SAFE, "postcopy": True}, {"POSTCOPY"}),
        ({"copy_storage_all": True}, {"NON_SHARED_DISK"}),
        ({"copy_storage_inc": True}, {"NON_SHARED_INC"}),
        ({"change_protection": True}, {"CHANGE_PROTECTION"}),
        ({"unsafe": True}, {"UNSAFE"}),
        ({"abort_on_error": True}, {"ABORT_ON_ERROR"}),
        ({"auto_converge": True}, {"AUTO_CONVERGE"}),
        ({"compressed": True}, {"COMPRESSED"}),
        ({"parallel": True}, {"PARALLEL"}),
        ({"parallel": True, "zerocopy": True}, {"PARALLEL", "ZEROCOPY"}),
        ({"tls": True}, {"TLS"}),
        ({}, set()),
    ],
    ids=lambda value: "+".join(sorted(map(str, value))) or "nothing",
)
def test_each_option_is_its_flag(options: dict[str, Any], flag: set[str]) -> None:
    assert flags(**options) == {"LIVE"} | flag


def test_a_guest_that_stands_still_is_not_moved_live() -> None:
    assert flags(live=False) == set()


def test_definitions_go_along_as_asked() -> None:
    value = call.flags(Method(), persist=True, undefine=True, resume_postcopy=False)
    assert value & libvirt.VIR_MIGRATE_PERSIST_DEST
    assert value & libvirt.VIR_MIGRATE_UNDEFINE_SOURCE


def test_a_flag_that_the_library_lacks_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(libvirt, "VIR_MIGRATE_ZEROCOPY")
    with pytest.raises(UserError, match="libvirt library is too old for --zerocopy"):
        flags(parallel=True, zerocopy=True)


def test_parameters_have_libvirts_names() -> None:
    method = method_of(
        migrateuri="tcp://10.0.0.2",
        dname="web2",
        bandwidth=30,
        postcopy=True,
        postcopy_bandwidth=40,
        graphicsuri="vnc://h",
        listen_address="::",
        copy_storage_all=True,
        migrate_disks="vda, vdb",
        disks_port=49999,
        disks_uri="tcp://10.0.0.2:49999",
        auto_converge=True,
        auto_converge_initial=10,
        auto_converge_increment=20,
        compressed=True,
        comp_methods="xbzrle",
        parallel=True,
        parallel_connections=4,
        tls=True,
        tls_destination="host2",
    )
    found = call.parameters(method)
    known = {getattr(libvirt, name) for name in dir(libvirt) if name.startswith("VIR_MIGRATE_PARAM_")}
    assert found.keys() <= known
    assert len(found) == 14
    assert found[libvirt.VIR_MIGRATE_PARAM_MIGRATE_DISKS] == ["vda", "vdb"]
    assert found[libvirt.VIR_MIGRATE_PARAM_COMPRESSION] == ["xbzrle"]
    assert call.parameters(Method()) == {}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"direct": True}, "--direct: QEMU has no migration without libvirt"),
        ({"copy_storage_all": True, "copy_storage_inc": True}, "exclude each other"),
        ({"timeout_abort": True}, "one goes with --timeout"),
        ({"timeout": 5.0, "timeout_abort": True, "timeout_suspend": True}, "one goes with --timeout"),
        ({"timeout": 5.0, "timeout_postcopy": True}, "--timeout-postcopy is of use only with --postcopy"),
        ({"parallel_connections": 2}, "only with --parallel"),
        ({"zerocopy": True}, "only with --parallel"),
        ({"comp_methods": "mt"}, "only with --compressed"),
        ({"migrate_disks": "vda"}, "only with --copy-storage-all or --copy-storage-inc"),
        ({"auto_converge_initial": 5}, "only with --auto-converge"),
        ({"postcopy_after_precopy": True}, "only with --postcopy"),
        ({"tls_destination": "h"}, "only with --tls"),
        ({"live": False, "postcopy": True}, "leave out --no-live"),
        ({"xml": Path("/does/not/exist")}, "--xml: /does/not/exist: No such file or directory"),
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_one_line(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        method_of(**options)


def test_xml_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("<domain/>")
    method = method_of(xml=tmp_path / "x", persistent_xml=tmp_path / "x")
    assert (method.xml, method.persistent_xml) == ("<domain/>", "<domain/>")
    (tmp_path / "x").write_bytes(b"\xff")
    with pytest.raises(UserError, match="is not UTF-8"):
        method_of(xml=tmp_path / "x")


def test_what_is_done_at_a_timeout() -> None:
    assert method_of(timeout=5.0).on_timeout is OnTimeout.SUSPEND
    assert method_of(timeout=5.0, timeout_abort=True).on_timeout is OnTimeout.ABORT
    assert method_of(timeout=5.0, timeout_postcopy=True, postcopy=True).on_timeout is OnTimeout.POSTCOPY


def test_every_option_reaches_the_method(tmp_path: Path) -> None:
    """An option that is declared and dropped would be a lie: each changes what is made of it."""
    needs: dict[str, dict[str, Any]] = {
        "migrate_disks": {"copy_storage_all": True},
        "disks_port": {"copy_storage_all": True},
        "disks_uri": {"copy_storage_all": True},
        "auto_converge_initial": {"auto_converge": True},
        "auto_converge_increment": {"auto_converge": True},
        "postcopy_after_precopy": {"postcopy": True},
        "postcopy_bandwidth": {"postcopy": True},
        "comp_methods": {"compressed": True},
        "parallel_connections": {"parallel": True},
        "zerocopy": {"parallel": True},
        "tls_destination": {"tls": True},
        "timeout_abort": {"timeout": 1.0},
        "timeout_postcopy": {"timeout": 1.0, "postcopy": True},
    }
    values: dict[str, Any] = {"live": False, "undefinesource": False, "persistent": True} | AT_ONCE
    xml = tmp_path / "xml"
    xml.write_text("<domain/>")
    values |= {"xml": xml, "persistent_xml": xml, "timeout": 7.0, "comp_methods": "mt"}
    numbers = ("disks_port", "bandwidth", "max_downtime", "auto_converge_initial", "auto_converge_increment")
    values |= dict.fromkeys((*numbers, "postcopy_bandwidth", "parallel_connections"), 5)
    texts = ("migrate_disks", "migrateuri", "listen_address", "graphicsuri", "dname", "disks_uri")
    values |= dict.fromkeys((*texts, "tls_destination"), "vda")
    same = {"direct", "timeout_suspend"}  # refused, and what is done anyway
    for name in inspect.signature(method_of).parameters.keys() - same:
        without = method_of(**needs.get(name, {}))
        assert method_of(**needs.get(name, {}), **{name: values.get(name, True)}) != without, name


def test_a_method_goes_through_a_file_unchanged() -> None:
    method = method_of(tunnelled=True, bandwidth=3, comp_methods="mt", compressed=True)
    assert method.mode is Mode.TUNNELLED
    assert msgspec.json.decode(msgspec.json.encode(method), type=Method) == method
    assert json.loads(msgspec.json.encode(Method())) == {}


def test_a_command_with_the_options_has_its_own_and_these() -> None:
    def body(first: str, *, method: Method) -> None: ...

    names = list(inspect.signature(takes_method()(body)).parameters)
    assert names[0] == "first"
    assert "method" not in names
    assert set(names[1:]) == set(inspect.signature(method_of).parameters)


def test_a_command_gets_the_method_that_its_options_make() -> None:
    given: list[tuple[str, Method]] = []

    def body(first: str, *, method: Method) -> None:
        given.append((first, method))

    defaults = {name: one.default for name, one in inspect.signature(method_of).parameters.items()}
    run: Callable[..., None] = takes_method()(body)
    run(first="x", **(defaults | {"bandwidth": 9}))
    assert given == [("x", Method(bandwidth=9))]
