"""An inventory in TOML: what it says of hosts and groups, and one that is refused."""

from pathlib import Path

import pytest

from preflight.errors import UserError
from preflight.fleet.host import Known
from preflight.fleet.inventory import read
from preflight.request.migration import Transport
from tests.own_directory import own_directory

__all__ = ["own_directory"]

TEXT = """
[hosts."kvm[01-03].dc1"]
login = "root"
groups = ["rack1"]

[hosts."kvm02.dc1"]
transport = "tls"
migration-address = "10.9.0.2"
weight = 2.5

[hosts.kvm9]
address = "10.0.0.9"
port = 2222

[groups.rack2]
hosts = ["kvm9", "kvm[10-11]"]

[groups.dc1]
groups = ["rack1", "rack2"]
"""


def put(directory: Path, text: str) -> Path:
    path = directory / "hosts.toml"
    path.write_text(text)
    path.chmod(0o600)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(UserError) as refused:
        read(path)
    said = str(refused.value)
    assert said.startswith(f"{path}: ")
    assert "\n" not in said
    assert len(said) < 600
    return said.removeprefix(f"{path}: ")


def test_hosts_have_the_fields_of_all_tables_that_name_them(own_directory: Path) -> None:
    found = read(put(own_directory, TEXT))
    assert found.hosts["kvm01.dc1"] == Known(login="root", groups=("rack1", "dc1"))
    assert found.hosts["kvm02.dc1"] == Known(
        login="root",
        transport=Transport.TLS,
        migration_address="10.9.0.2",
        weight=2.5,
        groups=("rack1", "dc1"),
    )
    assert found.hosts["kvm9"] == Known(address="10.0.0.9", port=2222, groups=("rack2", "dc1"))
    assert found.hosts["kvm11"] == Known(groups=("rack2", "dc1"))


def test_groups_have_the_hosts_of_their_groups(own_directory: Path) -> None:
    found = read(put(own_directory, TEXT))
    rack1, rack2 = ("kvm01.dc1", "kvm02.dc1", "kvm03.dc1"), ("kvm9", "kvm10", "kvm11")
    assert found.in_group("rack2") == rack2
    assert found.in_group("dc1") == (*rack1, *rack2)
    assert set(found.in_group("all")) == {*rack1, *rack2}


def test_a_group_that_is_in_two_others_is_no_circle(own_directory: Path) -> None:
    inside = {"a": '"b", "c"', "b": '"d"', "c": '"d"', "d": ""}
    text = "".join(f"[groups.{name}]\ngroups = [{groups}]\n" for name, groups in inside.items())
    found = read(put(own_directory, f'{text}hosts = ["x"]\n'))
    assert found.in_group("a") == ("x",)
    assert set(found.hosts["x"].groups) == {"a", "b", "c", "d"}


def test_groups_nest_as_deep_as_their_number_allows(own_directory: Path) -> None:
    chain = "".join(f'[groups.g{number}]\ngroups = ["g{number + 1}"]\n' for number in range(998))
    found = read(put(own_directory, f'{chain}[groups.g998]\nhosts = ["x"]\n'))
    assert found.in_group("g0") == ("x",)
    assert len(found.hosts["x"].groups) == 999


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x", "is not TOML: Expected '=' after a key in a key/value pair (at end of document)"),
        ("[host.a]\n", "Object contains unknown field `host`"),
        ('[hosts."kvm1.dc1"]\nlogn = "root"\n', "hosts.kvm1.dc1: Object contains unknown field `logn`"),
        ("[hosts.a]\nport = 0\n", "hosts.a: Expected `int` >= 1 - at `$.port`"),
        ("[hosts.a]\nport = '22'\n", "hosts.a: Expected `int`, got `str` - at `$.port`"),
        ("[hosts.a]\nweight = 0\n", "hosts.a: Expected `float` > 0.0 - at `$.weight`"),
        ("[hosts.a]\nweight = nan\n", "hosts.a: Input should be a finite number - at `$.weight`"),
        ('[hosts.a]\ntransport = "unix"\n', "hosts.a: Invalid enum value 'unix' - at `$.transport`"),
        ('[hosts.a]\ngroups = ["x y"]\n', "hosts.a: Expected the name of a group - at `$.groups[0]`"),
        ("hosts = 1\n", "Expected `object`, got `int` - at `$.hosts`"),
        ('[hosts."a[2-1]"]\n', "hosts.a[2-1]: 'a[2-1]': '[2-1]' counts backwards: give the lower number first"),
        (
            '[groups.a]\nhosts = ["b[1-100000]"]\n',
            "groups.a: 'b[1-100000]' stands for more than 10000 hosts: ask for some at a time",
        ),
        (
            '[groups.a]\nhosts = ["b[1-9000]", "c[1-9000]"]\n',
            "names more than 10000 hosts: name a group, or some hosts",
        ),
        ('[groups.a]\ngroups = ["a"]\n', "groups.a contains itself: a > a"),
        (
            '[groups.a]\ngroups = ["b"]\n[groups.b]\ngroups = ["c"]\n[groups.c]\ngroups = ["b"]\n',
            "groups.b contains itself: b > c > b",
        ),
        ('[groups.a]\ngroups = ["b"]\n', "groups.a: there is no group 'b'"),
        ("".join(f"[groups.g{number}]\n" for number in range(1001)), "has more than 1000 groups"),
        ("x = " + "[" * 5000, "is not TOML: "),
    ],
)
def test_an_inventory_that_cannot_be_used_is_refused_in_one_line(own_directory: Path, text: str, why: str) -> None:
    assert refusal(put(own_directory, text)).startswith(why)


def test_an_inventory_of_100_mb_is_not_read(own_directory: Path) -> None:
    path = put(own_directory, "")
    with path.open("r+b") as file:
        file.truncate(100 << 20)
    assert refusal(path) == "has 104857600 bytes; the limit is 2097152: name another file"


def test_an_inventory_that_others_may_write_or_replace_is_refused(own_directory: Path) -> None:
    path = put(own_directory, TEXT)
    path.chmod(0o620)
    assert refusal(path) == "users other than you and root can write to it, so it is not used: chmod go-w"
    path.chmod(0o600)
    own_directory.chmod(0o777)
    doubt = f"other users can write to the directory {own_directory}"
    step = "move it to a directory that only you can write to"
    assert refusal(path) == f"{doubt}, so this inventory is not used: {step}"


def test_an_inventory_that_is_missing_is_refused(own_directory: Path) -> None:
    assert refusal(own_directory / "gone.toml") == "No such file or directory"
