"""Programs named in a plan or a journal are used only from the caller's own file, or if confirmed again (S5)."""

from pathlib import Path

import pytest

from preflight.errors import UserError
from preflight.plan.program_words import program_words, refuse_programs
from preflight.request.method import Method
from preflight.request.migration import CopyStorage
from preflight.schema.plan import MigrationPlan
from tests.unit.migrate.plans import PLAN, altered

#: Every parameter that doRemoteOpen of libvirt's src/remote/remote_driver.c takes, but for no_tty; and one of nobody's.
NAMES = (
    "name",
    "command",
    "socket",
    "auth",
    "authfile",
    "sshauth",
    "netcat",
    "keyfile",
    "pkipath",
    "known_hosts",
    "known_hosts_verify",
    "tls_priority",
    "mode",
    "proxy",
    "no_sanity",
    "no_verify",
    "surprise",
)
HOST = "qemu+ssh://host2.example.com/system"
SAYS = "other users can write to the directory /tmp"


def refused(plan: MigrationPlan) -> str | None:
    try:
        refuse_programs(Path("p"), plan, SAYS, ())
    except UserError as why:
        return str(why)
    return None


@pytest.mark.parametrize("field", ["source", "destination", "destination_uri"])
@pytest.mark.parametrize("name", NAMES)
def test_no_command_socket_key_or_weaker_check_is_taken_from_a_file_in_doubt(field: str, name: str) -> None:
    uri = f"{HOST}?no_tty=1&{name}=/tmp/evil"
    plan = altered(PLAN, **{field: uri})
    assert refused(plan) == (
        f"p: {field} has {name!r}, which is used only from a file of your own, with mode 0600 and in directories that"
        f" only you and root can write to; {SAYS}: see to that, or give the URI again with --confirm-uri"
    )
    refuse_programs(Path("p"), plan, SAYS, (uri,))
    refuse_programs(Path("p"), plan, None, ())
    with pytest.raises(UserError):
        refuse_programs(Path("p"), plan, SAYS, (f"{HOST}?{name}=another",))


@pytest.mark.parametrize(
    "query",
    ["COMMAND=x", "%63ommand=x", "a=1;command=x", "no_tty=1;Command=x", "command", "&;&command=x", " command=x"],
)
def test_a_command_is_found_however_it_is_written(query: str) -> None:
    assert refused(altered(PLAN, destination=f"{HOST}?{query}")) is not None


@pytest.mark.parametrize("text", [HOST, f"{HOST}?no_tty=1", f"{HOST}?", "host2", "root@[2001:db8::1]", "ssh://a:22"])
def test_a_name_and_a_plain_uri_are_no_programs(text: str) -> None:
    assert refused(altered(PLAN, source=text, destination=text)) is None


@pytest.mark.parametrize(
    ("method", "field", "word"),
    [
        (Method(migrateuri="unix:///tmp/evil.sock"), "migrateuri", "a socket"),
        (Method(migrateuri="UNIX:///tmp/evil.sock"), "migrateuri", "a socket"),
        (Method(copy_storage=CopyStorage.ALL, disks_uri="unix:///tmp/evil.sock"), "disks_uri", "a socket"),
        (Method(migrateuri="tcp://host2:49152?x=1"), "migrateuri", "x"),
        (Method(graphicsuri="spice://host2:5900?tlsPort=5901&x=1"), "graphicsuri", "x"),
        (Method(xml="<domain><devices><emulator>/tmp/evil</emulator></devices></domain>"), "xml", "a guest's XML"),
        (Method(persistent_xml="<domain/>"), "persistent_xml", "a guest's XML"),
    ],
)
def test_sockets_and_a_guests_xml_in_the_method_are_programs_too(method: Method, field: str, word: str) -> None:
    (found,) = program_words(altered(PLAN, method=method))
    assert (found.field, found.parameter) == (field, word)


def test_where_the_memory_and_the_screen_go_by_tcp_is_no_program() -> None:
    method = Method(migrateuri="tcp://host2:49152", graphicsuri="spice://host2:5900?tlsPort=5901")
    assert list(program_words(altered(PLAN, method=method))) == []
