"""virsh's options become libvirt's flags and parameters, each of them, and nothing else."""

import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import libvirt
import msgspec
import pytest

from preflight.cli.options import method_of, parameters, takes_method
from preflight.errors import UserError
from preflight.migrate import call
from preflight.request.method import Method
from preflight.request.migration import HandOver, Mode, OnGiveUp, OnTimeout
from preflight.request.options import all_told, declared, option_name, virsh_name
from tests.each_option import given

#: The parameters that this machine's libvirt library has a constant for.
PARAMETERS = {getattr(libvirt, name) for name in dir(libvirt) if name.startswith("VIR_MIGRATE_PARAM_")}
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
    assert found.keys() <= PARAMETERS
    assert len(found) == 14
    assert found[libvirt.VIR_MIGRATE_PARAM_MIGRATE_DISKS] == ["vda", "vdb"]
    assert found[libvirt.VIR_MIGRATE_PARAM_COMPRESSION] == ["xbzrle"]
    assert call.parameters(Method()) == {}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"direct": True}, "--direct: QEMU does not support direct migration"),
        ({"copy_storage_all": True, "copy_storage_inc": True}, "are mutually exclusive"),
        ({"timeout_abort": True}, "need --timeout and are mutually exclusive: give one of them"),
        (
            {"timeout": 5.0, "timeout_abort": True, "timeout_suspend": True},
            "need --timeout and are mutually exclusive: give one of them",
        ),
        ({"timeout": 5.0, "timeout_postcopy": True}, "--timeout-postcopy requires --postcopy"),
        ({"on_give_up": OnGiveUp.POSTCOPY}, "--on-give-up postcopy requires --postcopy"),
        (
            {"give_up_after": "10m", "on_give_up": OnGiveUp.WAIT},
            "--on-give-up wait and --give-up-after are mutually exclusive: give one of them",
        ),
        ({"timeout": 5.0, "on_give_up": OnGiveUp.ABORT}, "--on-give-up with --timeout requires --give-up-after"),
        ({"give_up_after": "0"}, "--give-up-after: '0' is neither a number of passes, such as 20 passes, nor a time"),
        ({"give_up_after": "10 minutes"}, "--give-up-after: '10 minutes' is neither"),
        ({"give_up_after": "999h"}, "--give-up-after: '999h' is neither"),
        ({"parallel_connections": 2}, "requires --parallel"),
        ({"zerocopy": True}, "requires --parallel"),
        ({"comp_methods": "mt"}, "requires --compressed"),
        ({"compressed": True, "comp_mt_level": 0}, "--comp-mt-level requires --comp-methods mt"),
        ({"compressed": True, "comp_methods": "mt", "comp_xbzrle_cache": 1}, "requires --comp-methods xbzrle"),
        ({"migrate_disks_detect_zeroes": "vda"}, "requires --copy-storage-all or --copy-storage-inc"),
        ({"migrate_disks": "vda"}, "requires --copy-storage-all or --copy-storage-inc"),
        ({"auto_converge_initial": 5}, "requires --auto-converge"),
        ({"postcopy_after_precopy": True}, "requires --postcopy"),
        ({"tls_destination": "h"}, "requires --tls"),
        ({"live": False, "postcopy": True}, "--postcopy and --no-live are mutually exclusive"),
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


#: What is done at a timeout needs one, and one of the three is done anyway; --direct is refused.
AT_TIMEOUT: dict[str, dict[str, Any]] = {
    "timeout_abort": {"timeout": 1.0},
    "timeout_postcopy": {"timeout": 1.0, "postcopy": True},
}


@pytest.mark.parametrize("name", sorted(parameters().keys() - {"direct", "timeout_suspend"}))
def test_every_option_reaches_the_method(name: str, tmp_path: Path) -> None:
    """An option that is declared and dropped would be a lie: each changes what is made of it."""
    xml = tmp_path / "xml"
    xml.write_text("<domain/>")
    whole = AT_TIMEOUT.get(name, {}) | given(name, xml)
    without = {other: value for other, value in whole.items() if other != name}
    assert method_of(**whole) != method_of(**without)


@pytest.mark.parametrize("name", [name for name, option in declared().items() if option.needs])
def test_every_option_that_needs_another_is_refused_without(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"^{option_name(name)} requires --"):
        method_of(**{name: given(name)[name]})


@pytest.mark.parametrize(
    "name",
    [name for name in parameters() if (told := all_told().get(virsh_name(name))) and (told.flags or told.parameter)],
)
def test_libvirt_is_told_of_every_option_that_it_knows(name: str, tmp_path: Path) -> None:
    xml = tmp_path / "xml"
    xml.write_text("<domain/>")
    whole = {other: value for other, value in given(name, xml).items() if value is not False}
    method, told = method_of(**whole), all_told()[virsh_name(name)]
    if not all(hasattr(libvirt, f"VIR_MIGRATE_{flag}") for flag in told.flags):
        pytest.skip("this machine's library is older than the flag")
    value = call.flags(method, persist=False, undefine=False)
    assert all(value & getattr(libvirt, f"VIR_MIGRATE_{flag}") for flag in told.flags)
    if told.parameter is not None and told.parameter in PARAMETERS:
        value = getattr(method, name)
        assert call.parameters(method)[told.parameter] == (list(value) if isinstance(value, tuple) else value)


def test_a_number_that_the_library_would_send_as_another_type_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in vars(libvirt) if name.startswith("VIR_MIGRATE_PARAM_COMPRESSION_")]:
        monkeypatch.delattr(libvirt, name)
    level = method_of(compressed=True, parallel=True, comp_methods="zlib", comp_zlib_level=0)
    with pytest.raises(
        UserError, match=r"libvirt library is too old for --comp-zlib-level: omit it, or install a newer one$"
    ):
        call.parameters(level)
    cache = method_of(compressed=True, comp_methods="xbzrle", comp_xbzrle_cache=2**40)  # an ullong anyway
    assert call.parameters(cache) == {"compression": ["xbzrle"], "compression.xbzrle.cache": 2**40}


def test_every_parameter_that_libvirt_has_is_an_option() -> None:
    assert {told.parameter for told in all_told().values()} >= PARAMETERS


def test_every_flag_that_libvirt_has_is_an_option_or_preflights_to_decide() -> None:
    names = {name.removeprefix("VIR_MIGRATE_") for name in vars(libvirt) if name.startswith("VIR_MIGRATE_")}
    options = {flag for told in all_told().values() for flag in told.flags}
    decided = {"OFFLINE", "PERSIST_DEST", "UNDEFINE_SOURCE", "POSTCOPY_RESUME"}
    assert {name for name in names if not name.startswith("PARAM_")} <= options | decided


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
    assert set(names[1:]) == set(parameters())


def test_a_command_gets_the_method_that_its_options_make() -> None:
    given: list[tuple[str, Method]] = []

    def body(first: str, *, method: Method) -> None:
        given.append((first, method))

    defaults = {name: one.default for name, one in parameters().items()}
    run: Callable[..., None] = takes_method()(body)
    run(first="x", **(defaults | {"bandwidth": 9}))
    assert given == [("x", Method(bandwidth=9))]
