"""From arguments to hosts: each once, with what an inventory knows, from wherever they were named."""

import io
import shutil
from pathlib import Path

import pytest

from preflight.answers import Record, SavedHost
from preflight.connection import snapshot
from preflight.connection.target import Kind, parse_target
from preflight.errors import UserError
from preflight.fleet.host import Fleet, Known
from preflight.fleet.inventory import NO_INVENTORY, hosts
from preflight.fleet.known import Inventory
from preflight.request.migration import Transport
from tests.case import RECORDED, Case

KNOWN = Inventory(
    "site.toml",
    {
        "kvm1": Known(address="10.0.0.1", login="root", weight=2, groups=("rack1",)),
        "kvm2": Known(transport=Transport.TLS, migration_address="10.9.0.2", groups=("rack1",)),
        "kvm3": Known(address="2001:db8::3", port=2222, login="a@b"),
        "here": Known(is_here=True),
        "far": Known(fault="Ansible reaches it by 'winrm', preflight only by ssh"),
    },
    {"rack1": ("kvm1", "kvm2"), "dc1": ()},
    {"dc1": ("rack1",)},
)


def texts(fleet: Fleet) -> list[str]:
    return [host.text for host in fleet.hosts]


def refusal(*arguments: str, inventory: Inventory = NO_INVENTORY, typed: bytes = b"") -> str:
    with pytest.raises(UserError) as refused:
        hosts(arguments, inventory, io.BytesIO(typed))
    assert "\n" not in str(refused.value)
    return str(refused.value)


def saved(path: Path, name: str, taken: str, **more: str) -> Path:
    answers = Case().hosts[0].answers
    records = {key.replace("_", "."): Record(value) for key, value in more.items()}
    answers.records |= {"asked-at": Record(taken), **records}
    snapshot.write(path, [SavedHost(name, answers)])
    return path


def test_arguments_are_hosts_lists_and_ranges_in_this_order() -> None:
    assert texts(hosts(["kvm9,root@kvm[2-3]", "qemu+tls://kvm1/system", "localhost"])) == [
        "kvm9", "root@kvm2", "root@kvm3", "qemu+tls://kvm1/system", "localhost",
    ]  # fmt: skip


def test_a_host_has_what_the_inventory_knows_of_its_name() -> None:
    one, two, three, here = hosts(["kvm1", "admin@kvm2", "kvm3", "here"], KNOWN).hosts
    assert (one.name, one.text, one.login, one.weight, one.groups) == ("kvm1", "root@10.0.0.1", "root", 2.0, ("rack1",))
    assert (two.text, two.migration_address) == ("qemu+tls://admin@kvm2/system", "10.9.0.2")
    assert three.text == "ssh://a%40b@[2001:db8::3]:2222"
    assert (here.name, here.text) == ("here", "localhost")


def test_the_text_of_a_host_is_parsed_to_what_the_inventory_says() -> None:
    (three,) = hosts(["kvm3"], KNOWN).hosts
    target = parse_target(three.text)
    assert (target.ssh, target.port, target.kind) == ("a@b@2001:db8::3", 2222, Kind.SSH)


def test_groups_contain_groups_and_all_is_every_host_that_can_be_reached() -> None:
    assert [host.name for host in hosts(["@dc1"], KNOWN).hosts] == ["kvm1", "kvm2"]
    assert refusal("@all", inventory=KNOWN) == (
        "site.toml: hosts.far: Ansible reaches it by 'winrm', preflight only by ssh"
    )
    assert texts(hosts([], Inventory(hosts={"a": Known(), "b": Known()}))) == ["a", "b"]


def test_standard_input_has_a_host_a_line_and_remarks() -> None:
    typed = b"kvm1 # the first\n\n  # none\nroot@kvm[2-3],@rack1\r\n"
    fleet = hosts(["kvm9", "-"], KNOWN, io.BytesIO(typed))
    assert [host.name for host in fleet.hosts] == ["kvm9", "kvm1", "kvm2", "kvm3"]
    assert [host.origin for host in fleet.hosts][:2] == ["the command line", "standard input, line 1"]


@pytest.mark.parametrize(
    ("arguments", "typed", "why"),
    [
        ([], b"", "name hosts, or an inventory with --inventory"),
        (["-"], b"# none\n", "no host is named: name hosts, or an inventory with --inventory"),
        (["-", "-"], b"", "-: standard input can be read only once: give it once"),
        (
            ["-"],
            b"a\n-oProxyCommand=x\n",
            "standard input, line 2: '-oProxyCommand=x' is not a host, as in host1, admin@host1 or qemu+ssh://host1/system",
        ),
        (
            ["-"],
            b"a\n-\n",
            "standard input, line 2: '-' is not a host, as in host1, admin@host1 or qemu+ssh://host1/system",
        ),
        (["-"], b"\xff\n", "standard input: is not UTF-8: give the names in UTF-8"),
        (["-"], b"a" * 5_000_000, "standard input: has more than 4194304 bytes: ask for some hosts at a time"),
        (
            ["-oProxyCommand=x"],
            b"",
            "'-oProxyCommand=x' is not a host, as in host1, admin@host1 or qemu+ssh://host1/system",
        ),
        (["a\x1b[2J"], b"", "'a\\x1b[2J' is not a host, as in host1, admin@host1 or qemu+ssh://host1/system"),
        (["a;reboot"], b"", "'a;reboot' is not a host, as in host1, admin@host1 or qemu+ssh://host1/system"),
        (["kvm*"], b"", "'kvm*' is a pattern: name the hosts, a range such as kvm[01-16], or a group"),
        (["@rack9"], b"", "@rack9: the inventory has no such group: add it"),
        (["a,,b"], b"", "'a,,b' has an empty part: remove a comma"),
        (["gone/kvm.json"], b"", "gone/kvm.json: no such snapshot file; take one with `preflight snapshot`"),
        (["kvm[1-9000],host[1-9000]"], b"", "kvm[1-9000],host[1-9000]"),
    ],
)
def test_what_names_no_host_is_refused_in_one_line(arguments: list[str], typed: bytes, why: str) -> None:
    said = refusal(*arguments, typed=typed)
    assert said == why or (len(arguments[0]) > 20 and "more than 10000 hosts are named" in said)


def test_an_unknown_group_is_refused_with_those_that_there_are() -> None:
    assert refusal("@rack9", inventory=KNOWN) == "@rack9: site.toml has no such group; the groups are rack1, dc1"


@pytest.mark.parametrize(
    ("known", "why"),
    [
        (
            Known(address="-oProxyCommand=x"),
            "'-oProxyCommand=x' is not a host, as in host1, admin@host1 or qemu+ssh://host1/system",
        ),
        (Known(login="a;b"), "'a;b@kvm1' is not a host, as in host1, admin@host1 or qemu+ssh://host1/system"),
        (Known(migration_address="$(id)"), "the migration address '$(id)' is neither a host name nor an address"),
        (
            Known(port=22, transport=Transport.TLS),
            "kvm1: a port of sshd and the transport tls exclude each other: omit one of them",
        ),
    ],
)
def test_what_an_inventory_says_is_not_trusted(known: Known, why: str) -> None:
    assert refusal("kvm1", inventory=Inventory("site.toml", {"kvm1": known})) == f"site.toml: hosts.kvm1: {why}"


def test_a_host_that_is_named_twice_is_there_once_and_a_note_says_so() -> None:
    fleet = hosts(["kvm1", "root@kvm1", "kvm2", "kvm1"])
    assert texts(fleet) == ["kvm1", "kvm2"]
    assert fleet.notes == ("kvm1 is named twice, as kvm1 and as root@kvm1: the first is used",)


def test_a_directory_has_a_host_for_each_snapshot(tmp_path: Path) -> None:
    for name in ("host1", "host2"):
        shutil.copy(RECORDED / f"ready/{name}.json", tmp_path)
    (tmp_path / "README").write_text("not one of them")
    fleet = hosts([f"{tmp_path}/"])
    assert [(host.name, host.snapshot) for host in fleet.hosts] == [
        (f"{name}.example.com", tmp_path / f"{name}.json") for name in ("host1", "host2")
    ]
    assert fleet.notes == ()


def test_of_two_snapshots_of_a_host_the_newer_is_used_and_a_note_says_so(tmp_path: Path) -> None:
    older, newer = saved(tmp_path / "b.json", "kvm1", "1000.5"), saved(tmp_path / "a.json", "kvm1", "2000.5")
    for arguments in ([f"{tmp_path}/"], [str(older), str(newer)]):
        fleet = hosts(arguments)
        assert texts(fleet) == [str(newer)]
        assert fleet.notes == (f"kvm1 is in {older} and in {newer}: the newer, {newer}, is used",)


def test_a_host_that_is_asked_counts_more_than_its_snapshot(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.json", "kvm1", "1000")
    fleet = hosts([str(path), "kvm1"])
    assert texts(fleet) == ["kvm1"]
    assert fleet.notes == (f"kvm1 is in {path} and in kvm1: the host itself is asked",)


@pytest.mark.parametrize("name", ["localhost", "qemu:///system"])
def test_a_snapshot_that_a_host_took_of_itself_has_the_name_that_it_announces(tmp_path: Path, name: str) -> None:
    path = saved(tmp_path / "a.json", name, "1000", libvirt_hostname="kvm7.dc1")
    assert [host.name for host in hosts([str(path)]).hosts] == ["kvm7.dc1"]


def test_a_pair_of_hosts_in_one_file_is_two_hosts(tmp_path: Path) -> None:
    path = tmp_path / "pair.json"
    snapshot.write(path, Case().hosts)
    assert [(host.name, host.snapshot) for host in hosts([str(path)]).hosts] == [
        ("host1.example.com", path), ("host2.example.com", path),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("{", "not a whole snapshot: not JSON at line 1, column 2; take one with `preflight snapshot`"),
        ("[]", "not a snapshot made by preflight; take one with `preflight snapshot`"),
        (
            '{"preflight_snapshot": 1, "hosts": []}',
            "not a whole snapshot: it contains no host; take one with `preflight snapshot`",
        ),
        (
            '{"preflight_snapshot": 1, "hosts": [{"name": "-oX", "records": {}, "absent": {}}]}',
            (
                "not a whole snapshot: the name of a host in it is invalid: '-oX' is not a host, as in host1,"
                " admin@host1 or qemu+ssh://host1/system; take one with `preflight snapshot`"
            ),
        ),
    ],
)
def test_a_file_that_is_no_snapshot_is_refused(tmp_path: Path, content: str, why: str) -> None:
    (tmp_path / "a.json").write_text(content)
    assert refusal(f"{tmp_path}/") == f"{tmp_path}/a.json: {why}"


def test_a_directory_without_snapshots_is_refused(tmp_path: Path) -> None:
    assert (
        refusal(f"{tmp_path}/")
        == f"{tmp_path}: has no file that ends in .json: take snapshots with `preflight snapshot`"
    )
