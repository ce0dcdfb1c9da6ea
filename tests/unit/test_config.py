"""The configuration file: which one is used, how files extend one another, and which are refused."""

import os
from pathlib import Path

import pytest

from preflight import config
from preflight.errors import UserError
from preflight.request.configured import NONE, Configured, Waiver
from preflight.request.options import declared, virsh_name
from preflight.request.settings import SETTINGS, every, key_of, variable
from tests.own_directory import own_directory

__all__ = ["own_directory"]

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")

WAIVER = """
[[waiver]]
rule = "mtu-differs"
hosts = ["kvm*"]
reason = "new switch"
expires = 2026-12-31
"""


@pytest.fixture(autouse=True)
def home(own_directory: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a home directory whose user works in a repository."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(own_directory / ".config"))
    monkeypatch.setattr(config, "OF_SYSTEM", own_directory / "etc/config.toml")
    (own_directory / "repository/hosts").mkdir(parents=True)
    monkeypatch.chdir(own_directory / "repository/hosts")
    return own_directory


def put(path: Path, text: str, mode: int = 0o644) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def refusal(named: Path | None = None, *, walk: bool = True) -> str:
    with pytest.raises(UserError) as refused:
        config.load(named, walk=walk)
    text = str(refused.value)
    assert len(text.splitlines()) == 1
    return text


# which file


def test_without_a_file_nothing_is_set() -> None:
    assert config.load() is NONE


def test_the_first_file_is_used_and_no_other(home: Path) -> None:
    places = (
        home / "etc/config.toml",
        home / ".config/preflight/config.toml",
        home / "preflight.toml",
        home / "repository/preflight.toml",
        home / "repository/hosts/preflight.toml",
    )
    for number, path in enumerate(places, 1):
        put(path, f"concurrency = {number}\n")
        found = config.load()
        assert (found.file, found.values) == (str(path), {"concurrency": number})
        assert found.is_of_directory is (number > 2)
        assert config.load(walk=False).values == {"concurrency": min(number, 2)}
    named = put(home / "other.toml", "concurrency = 9\n")
    assert config.load(named, walk=False).values == config.load(named).values == {"concurrency": 9}


def test_a_table_of_pyproject_counts_and_a_pyproject_without_one_does_not(home: Path) -> None:
    above = put(home / "preflight.toml", 'format = "json"\n')
    put(home / "repository/pyproject.toml", '[project]\nname = "preflight-site"\n')
    assert config.load().file == str(above)
    table = put(home / "repository/pyproject.toml", '[tool.preflight]\nformat = "table"\n')
    assert (config.load().file, config.load().values) == (str(table), {"format": "table"})
    own = put(home / "repository/preflight.toml", 'format = "concise"\n')
    assert config.load().file == str(own)


def test_a_named_file_that_is_not_there_is_refused(home: Path) -> None:
    assert refusal(home / "none.toml") == f"{home}/none.toml: No such file or directory"
    put(home / "pyproject.toml", "[project]\n")
    assert refusal(home / "pyproject.toml").endswith("has no table [tool.preflight]: add it, or name another file")


def test_a_working_directory_that_is_gone_has_no_file(home: Path) -> None:
    Path.cwd().rmdir()
    assert config.load() is NONE


# contents


def test_every_setting_is_a_key(home: Path) -> None:
    text = """
select = ["ssh"]
ignore = ["mtu-differs"]
severity = { mtu-differs = "error" }
rules = ["rules.d", "/srv/rules"]
packs = ["example"]
threshold = { clocks-differ = 2.5 }
hosts = ["kvm1", "snapshots/kvm2.json"]
inventory = "hosts.toml"
format = "json"
fail-on = "warning"
unknown = "warn"
concurrency = 8
transport = "tls"
answer-timeout = 30.5
window = "30m"
stall-timeout = 60
settle-timeout = 10

[migration]
p2p = true
persistent = false
comp-methods = ["mt", "xbzrle"]
bandwidth = 100
hand-over = "at-once"
"""
    found = config.load(put(home / "site.toml", text))
    assert found.values == {
        "select": ["ssh"],
        "ignore": ["mtu-differs"],
        "severity": ["mtu-differs=error"],
        "rules": [f"{home}/rules.d", "/srv/rules"],
        "packs": ["example"],
        "threshold": ["clocks-differ=2.5"],
        "hosts": ["kvm1", f"{home}/snapshots/kvm2.json"],
        "inventory": f"{home}/hosts.toml",
        "format": "json",
        "fail-on": "warning",
        "unknown": "warn",
        "concurrency": 8,
        "transport": "tls",
        "answer-timeout": 30.5,
        "window": "30m",
        "stall-timeout": 60,
        "settle-timeout": 10,
        "migration.p2p": True,
        "migration.persistent": False,
        "migration.comp-methods": "mt,xbzrle",
        "migration.bandwidth": 100,
        "migration.hand-over": "at-once",
    }
    assert {key for key in found.values if not key.startswith("migration.")} == SETTINGS.keys()
    assert found.values.keys() == found.origins.keys()


def test_every_option_of_a_migration_is_a_key_but_those_that_are_given_each_time() -> None:
    keys = {key.removeprefix("migration.") for key in every() if key not in SETTINGS}
    switches = {switch.name for option in declared().values() for switch in option.switches if not switch.refused}
    options = {virsh_name(name) for name, option in declared().items() if not option.switches}
    assert (switches | options) - keys == {
        "dname", "xml", "persistent-xml", "migrate-disks", "migrate-disks-detect-zeroes", "migrate-disks-target-zero",
        "unsafe",
    }  # fmt: skip
    assert keys < switches | options
    assert {key_of(variable(key)) for key in every()} == every().keys()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("selct = []", "there is no key 'selct'; did you mean select?"),
        ("fail_on = 'never'", "there is no key 'fail_on'; did you mean fail-on?"),
        ("xyzzy = 1", "there is no key 'xyzzy'; the keys are select, "),
        ("[[waiver]]\nreasn = 1", "there is no key 'reasn' in [[waiver]]; did you mean reason?"),
        ("concurrency = 0", "Expected `int` >= 1 - at `$.concurrency`"),
        ("concurrency = '8'", "Expected `int`, got `str` - at `$.concurrency`"),
        ("answer-timeout = inf", "Input should be a finite number - at `$.answer-timeout`"),
        ("transport = 'telnet'", "Invalid enum value 'telnet' - at `$.transport`"),
        ("select = 'ssh'", "Expected `array`, got `str` - at `$.select`"),
        ("severity = { mtu-differs = 'fatal' }", "Invalid enum value 'fatal'"),
        ("[migration]\np2pp = true", "there is no key 'p2pp' in [migration]; did you mean p2p?"),
        ("[migration]\nunsafe = true", "there is no key 'unsafe' in [migration]"),
        ("[migration]\np2p = 1", "Expected `bool`, got `int` - at `$.migration.p2p`"),
        ("[migration]\nbandwidth = 0", "Expected `int` >= 1 - at `$.migration.bandwidth`"),
        ("[migration]\nhand-over = 'x'", "Invalid enum value 'x' - at `$.migration.hand-over`"),
        ("migration = 3", "at `$.migration`"),
        ("hosts = ['a']", "at `$.hosts`"),
        ("hosts = ['a', 'b', 'c']", "at `$.hosts`"),
        ("threshold = { clocks-differ = -1 }", ">= 0.0 - at `$.threshold.clocks-differ`"),
        ("threshold = { clocks-differ = '5' }", "at `$.threshold"),
        ("waiver = 3", "Expected `array`, got `int` - at `$.waiver`"),
        ("[[waiver]]\nrule = 'a'", "Object missing required field `reason` - at `$.waiver[0]`"),
        (WAIVER.replace("new switch", " "), "Expected a text that is not blank - at `$.waiver[0].reason`"),
        (WAIVER.replace('hosts = ["kvm*"]', ""), "Expected either `hosts` or `pairs` - at `$.waiver[0]`"),
        (WAIVER + 'pairs = ["a -> b"]', "Expected either `hosts` or `pairs` - at `$.waiver[0]`"),
        (WAIVER.replace('hosts = ["kvm*"]', 'pairs = ["a, b"]'), "Expected SOURCE -> DESTINATION"),
        (WAIVER.replace("2026-12-31", "'2026-02-30'"), "Expected a date that exists - at `$.waiver[0].expires`"),
        (WAIVER.replace("2026-12-31", "2026-12-31T00:00:00Z"), "Expected a date such as 2026-12-31"),
        ("select = [", "is not TOML: "),
        ("a = " + "[" * 5000, "is not TOML: "),
    ],
)
def test_what_a_file_must_not_contain_is_one_line(home: Path, text: str, why: str) -> None:
    path = put(home / "site.toml", text)
    said = refusal(path)
    assert said.startswith(f"{path}: ")
    assert why in said


def test_a_waiver_is_read(home: Path) -> None:
    text = WAIVER + '\n[[waiver]]\nrule="a"\npairs=["kvm1 -> kvm2", "x->y"]\nreason="a\\n  b"\nexpires="2027-01-01"\n'
    path = put(home / "site.toml", text + 'ticket = "INC-42"\n')
    first, second = config.load(path).waivers
    assert first == Waiver(
        rule="mtu-differs", hosts=("kvm*",), reason="new switch", expires="2026-12-31", file=str(path)
    )
    assert second.pairs == (("kvm1", "kvm2"), ("x", "y"))
    assert (second.scope, second.said) == ("kvm1 -> kvm2, x -> y", "until 2027-01-01: a b (INC-42)")


# extending


def test_a_file_extends_another_key_by_key_and_the_waivers_of_both_apply(home: Path) -> None:
    site = put(home / "etc/site.toml", 'select = ["ssh"]\nignore = ["mtu-differs"]\n' + WAIVER)
    own = put(home / "own.toml", 'extend = "etc/site.toml"\nselect = ["limits"]\n' + WAIVER.replace("mtu", "os"))
    found = config.load(own)
    assert found.values == {"select": ["limits"], "ignore": ["mtu-differs"]}
    assert found.origins == {"select": str(own), "ignore": str(site)}
    assert [(one.rule, one.file) for one in found.waivers] == [("mtu-differs", str(site)), ("os-differs", str(own))]


def test_a_switch_of_the_extending_file_replaces_its_rivals(home: Path) -> None:
    put(home / "site.toml", "[migration]\ntunnelled = true\ncopy-storage-all = true\nparallel = true\n")
    own = put(home / "own.toml", 'extend = "site.toml"\n[migration]\np2p = true\ncopy-storage-inc = false\n')
    assert config.load(own).values == {
        "migration.p2p": True,
        "migration.copy-storage-all": True,
        "migration.copy-storage-inc": False,
        "migration.parallel": True,
    }


def test_files_that_extend_one_another_without_end_are_refused(home: Path) -> None:
    put(home / "a.toml", 'extend = "b.toml"\n')
    put(home / "b.toml", 'extend = "a.toml"\n')
    assert "in a circle" in refusal(home / "a.toml")
    for number in range(12):
        put(home / f"{number}.toml", f'extend = "{number + 1}.toml"\n')
    assert "in a circle" in refusal(home / "0.toml")


# planted files


def planted(home: Path, text: str = 'ignore = ["guests"]\n') -> Path:
    return put(home / "repository/hosts/preflight.toml", text)


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666, 0o777])
@pytest.mark.parametrize("name", ["preflight.toml", "pyproject.toml"])
def test_a_file_that_others_can_write_is_refused(home: Path, mode: int, name: str) -> None:
    path = put(home / "repository" / name, "[tool.preflight]\n", mode)
    assert refusal() == f"{path}: users other than you and root can write to it, so it is not used: chmod go-w"
    assert config.load(walk=False) is NONE


@needs_root
@pytest.mark.parametrize("named", [False, True])
def test_a_file_of_another_user_is_refused(home: Path, *, named: bool) -> None:
    path = planted(home)
    os.chown(path, 1234, -1)
    assert "users other than you and root" in refusal(path if named else None)


@pytest.mark.parametrize("above", ["repository/hosts", "repository", ""])
def test_a_file_below_a_directory_that_others_can_write_is_refused(home: Path, above: str) -> None:
    path = planted(home)
    (home / above).chmod(0o777)
    said = refusal()
    (home / above).chmod(0o700)
    assert said == (
        f"{path}: other users can write to the directory {(home / above)}, so this configuration file is not used:"
        " move it, or name it with --config"
    )


def test_a_file_in_a_directory_that_others_can_write_is_used_if_it_is_named(home: Path) -> None:
    path = planted(home)
    path.parent.chmod(0o777)
    assert config.load(path).values == {"ignore": ["guests"]}


def test_a_link_is_no_better_than_what_it_leads_to(home: Path) -> None:
    target = put(home / "open/site.toml", 'ignore = ["guests"]\n')
    (home / "repository/preflight.toml").symlink_to(target)
    assert config.load().values == {"ignore": ["guests"]}
    target.parent.chmod(0o777)
    assert "other users can write to the directory" in refusal()
    target.parent.chmod(0o700)
    target.chmod(0o666)
    assert "users other than you and root" in refusal()


def test_a_link_that_leads_nowhere_is_refused(home: Path) -> None:
    (home / "repository/preflight.toml").symlink_to(home / "none")
    assert refusal().endswith("No such file or directory")


def test_what_is_no_regular_file_is_refused_and_not_waited_for(home: Path) -> None:
    os.mkfifo(home / "repository/preflight.toml")
    assert refusal().endswith("is not a regular file: name a file")
    (home / "repository/hosts/preflight.toml").mkdir()
    assert refusal().endswith("Is a directory: name a file")


def test_what_a_planted_file_is_extended_by_counts_as_little(home: Path) -> None:
    site = put(home / "open/site.toml", 'ignore = ["guests"]\n', 0o666)
    planted(home, f'extend = "{site}"\n')
    assert "users other than you and root" in refusal()
    site.chmod(0o644)
    site.parent.chmod(0o777)
    assert "other users can write to the directory" in refusal()


@pytest.mark.parametrize(
    ("key", "given", "read"),
    [
        ("rules", '["rules.d"]', ["{}/rules.d"]),
        ("packs", '["rules.d"]', ["rules.d"]),
        ("inventory", '"hosts.ini"', "{}/hosts.ini"),
    ],
)
def test_a_file_in_the_directory_never_loads_code_itself_or_by_extending(
    home: Path, key: str, given: str, read: list[str] | str
) -> None:
    path = planted(home, f"{key} = {given}\n")
    here = str(path.parent)
    assert refusal().startswith(f"{path}: {key}: a file in the working directory or above it must not load code")
    wanted = read.format(here) if isinstance(read, str) else [one.format(here) for one in read]
    assert config.load(path).values == {key: wanted}
    site = put(home / "site.toml", f"{key} = {given}\n")
    planted(home, f'extend = "{site}"\n')
    assert refusal().startswith(f"{site}: {key}: ")


def test_every_setting_that_loads_code_is_tried() -> None:
    assert {key for key, one in SETTINGS.items() if one.loads_code} == {"rules", "packs", "inventory"}


URIS = {
    "hosts": 'hosts = ["kvm1", "qemu+ssh://kvm2/system?command=/tmp/x"]',
    "migration.migrateuri": '[migration]\nmigrateuri = "tcp://192.0.2.1"',
    "migration.disks-uri": '[migration]\ndisks-uri = "unix:///tmp/x"',
}


@pytest.mark.parametrize("key", URIS)
def test_a_file_in_the_directory_sets_no_uri_which_could_name_a_program(home: Path, key: str) -> None:
    path = planted(home, f"{URIS[key]}\n")
    assert refusal().startswith(f"{path}: {key}: a file in the working directory or above it must not set a URI: ")
    assert config.load(path).values.keys() == {key}


def test_in_a_directory_such_as_tmp_a_file_of_ones_own_is_used(home: Path) -> None:
    path = planted(home)
    path.parent.chmod(0o1777)
    assert config.load().values == {"ignore": ["guests"]}
    os.link(path, home / "other.toml")
    assert "other users can write to the directory" in refusal()


@needs_root
@pytest.mark.parametrize("what", ["file", "link", "directory"])
def test_in_a_directory_such_as_tmp_what_is_anothers_is_refused(home: Path, what: str) -> None:
    shared = home / "repository/hosts"
    shared.chmod(0o1777)
    if what == "file":
        os.chown(planted(home), 1234, -1)
    elif what == "link":
        (shared / "preflight.toml").symlink_to(put(home / "site.toml", 'ignore = ["guests"]\n'))
        os.chown(shared / "preflight.toml", 1234, -1, follow_symlinks=False)
    else:
        os.chown(put(shared / "theirs/preflight.toml", 'ignore = ["guests"]\n').parent, 1234, -1)
        os.chdir(shared / "theirs")
    said = refusal()
    assert "other users can write to the directory" in said or "users other than you and root" in said
    shared.chmod(0o700)


def test_the_users_own_file_is_refused_where_others_can_replace_it(home: Path) -> None:
    path = put(home / ".config/preflight/config.toml", 'ignore = ["guests"]\n')
    assert config.load(walk=False).values == {"ignore": ["guests"]}
    path.parent.chmod(0o777)
    assert "other users can write to the directory" in refusal(walk=False)


def test_a_file_of_a_gibibyte_is_not_read(home: Path) -> None:
    path = planted(home)
    os.truncate(path, 2**30)
    assert "the limit is 1048576" in refusal()
    shared = put(home / "repository/pyproject.toml", "")
    os.truncate(shared, 2**30)
    path.unlink()
    assert config.load() == Configured()
