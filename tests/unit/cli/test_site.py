"""A site's settings and waivers, as the command uses them; and files that somebody else has put there."""

import inspect
import json
import os
from pathlib import Path
from typing import Any

import pytest
import typer

from preflight import config
from preflight.cli.app import every_command, with_commands
from preflight.cli.help_page import Purpose
from preflight.errors import UserError
from preflight.request.settings import SETTINGS, every, key_of, variable
from tests.case import RECORDED
from tests.unit.cli.at_work import GONE, RULE, home, needs_root, own_directory, run

__all__ = ["home", "own_directory", "run"]

DOCS = Path(__file__).parents[3] / "docs"
WAIVER = f"""
[[waiver]]
rule = "{RULE}"
hosts = ["host1.*"]
reason = "the line comes back"
expires = 9999-12-31
ticket = "INC-42"
"""


def put(path: Path, text: str, mode: int = 0o644, *, above: int = 0o700) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    path.parent.chmod(above)
    return path


def test_the_command_line_outranks_the_environment_which_outranks_the_file(
    home: Path, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = ("check", *GONE, "--select", RULE)
    assert run(*check)[0] == 1
    put(home / "work/preflight.toml", 'fail-on = "never"\nformat = "json"\n')
    code, out, _ = run(*check)
    assert (code, json.loads(out)["request"]["fail_on"]) == (0, "never")
    monkeypatch.setenv("PREFLIGHT_FAIL_ON", "warning")
    assert run(*check)[0] == 1
    assert run(*check, "--fail-on", "never")[0] == 0
    monkeypatch.setenv("PREFLIGHT_FAIL_ON", "")
    assert run(*check)[0] == 0
    assert run(*check, "--no-config")[0] == 1
    assert (
        run(*check, "--no-config", "--config", "x")[2]
        == "preflight: --config and --no-config are mutually exclusive: give one of them\n"
    )
    assert run(*check, "--config", "x", "--no-config")[0] == 2


def test_config_show_names_the_origin_of_each_value(home: Path, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    below = put(home / "site.toml", 'ignore = ["mtu-differs", "guests"]\nconcurrency = 3\n')
    file = put(home / "work/preflight.toml", f'extend = "{below}"\nconcurrency = 4\n' + WAIVER)
    monkeypatch.setenv("PREFLIGHT_TRANSPORT", "tls")
    code, out, _ = run("config", "show")
    lines = {line.split()[0]: " ".join(line.split()) for line in out.splitlines() if line}
    assert code == 0
    assert lines["ignore"] == f"ignore mtu-differs, guests {below}"
    assert lines["concurrency"] == f"concurrency 4 {file}"
    assert lines["transport"] == "transport tls environment variable PREFLIGHT_TRANSPORT"
    assert lines["answer-timeout"] == "answer-timeout 60 default"
    assert lines.keys() >= SETTINGS.keys()
    assert f"configuration file: {file}" in out
    assert "plan, fix, rehearse and migrate do not use it" in out


def test_every_setting_is_an_option_and_is_documented() -> None:
    page = (DOCS / "configuration.md").read_text()
    keys = set()
    for command in every_command():
        for parameter in inspect.signature(command).parameters.values():
            (told, *_) = getattr(parameter.annotation, "__metadata__", (None,))
            keys.add(key_of(getattr(told, "envvar", None)))
    assert keys - {None} == every().keys() - {"hosts"}  # which are arguments
    for key in SETTINGS:
        assert f"| `{key}` |" in page
        assert f"`{variable(key)}`" in page


def test_hosts_of_the_file_are_used_if_none_is_typed(home: Path, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, host in zip(("a.json", "b.json"), GONE, strict=True):
        put(home / f"work/{name}", Path(host).read_text())
    put(home / "work/preflight.toml", 'hosts = ["a.json", "b.json"]\n')
    assert run("check", "--select", RULE)[0] == 1
    assert run("nagios", "--select", RULE)[0] == 2
    assert run("capacity")[0] == 0
    assert run("check", str(RECORDED / "ready/host1.json"), str(RECORDED / "ready/host2.json"))[0] == 0
    monkeypatch.setenv("PREFLIGHT_HOSTS", " ".join(reversed(GONE)))
    assert run("check", "--select", RULE, "--format", "json")[1].count('"name": "host2') == 1
    monkeypatch.setenv("PREFLIGHT_HOSTS", "a")
    assert run("check")[2].startswith("preflight: PREFLIGHT_HOSTS: expected SOURCE and DESTINATION")
    monkeypatch.delenv("PREFLIGHT_HOSTS")
    code, _, said = run("check", "--no-config")
    assert (code, said.startswith("preflight: Missing argument 'SOURCE'")) == (2, True)


@pytest.mark.parametrize("name", ["migrate", "fix", "rehearse", "plan"])
def test_a_command_that_acts_names_its_hosts(home: Path, run: Any, name: str) -> None:
    put(home / ".config/preflight/config.toml", 'hosts = ["a", "b"]\n')
    assert run(name, *(["-o", "x"] if name == "plan" else []))[0] == 2


def options(run: Any, *typed: str) -> list[str]:
    found: list[str] = json.loads(run("check", *GONE, "--select", RULE, "--format", "json", *typed)[1])["request"][
        "options"
    ]
    return found


def test_options_of_a_migration_are_those_of_the_file_unless_others_are_typed(
    home: Path, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(
        home / "work/preflight.toml",
        "[migration]\ntunnelled = true\nparallel = true\nparallel-connections = 4\ntimeout = 30\nlive = false\n"
        'compressed = true\ncomp-methods = ["mt", "xbzrle"]\n',
    )
    rest = ["--compressed", "--comp-methods", "mt,xbzrle", "--parallel", "--parallel-connections"]
    assert options(run) == ["--tunnelled", "--no-live", *rest, "4"]
    assert options(run, "--p2p", "--live", "--parallel-connections", "2") == ["--p2p", *rest, "2"]
    monkeypatch.setenv("PREFLIGHT_MIGRATION_P2P", "1")
    monkeypatch.setenv("PREFLIGHT_MIGRATION_PARALLEL_CONNECTIONS", "3")
    assert options(run) == ["--p2p", "--no-live", *rest, "3"]
    assert options(run, "--tunnelled")[0] == "--tunnelled"
    monkeypatch.setenv("PREFLIGHT_MIGRATION_P2P", "0")
    assert options(run)[0] == "--tunnelled"
    assert run("check", *GONE, "--no-config")[2] == "preflight: --parallel-connections requires --parallel\n"


def test_a_timeout_of_migrations_is_no_timeout_of_answers(home: Path) -> None:
    put(home / ".config/preflight/config.toml", "[migration]\ntimeout = 30\nbandwidth = 7\n")
    known: Any = typer.main.get_command(with_commands())
    with known.commands["check"].make_context("check", ["a", "b"]) as context:
        assert context.params["timeout"] == 60
    with known.commands["capacity"].make_context("capacity", ["a", "b"]) as context:
        assert context.params["bandwidth"] is None
    with known.commands["migrate"].make_context("migrate", ["a", "b", "--all"]) as context:
        assert (context.params["timeout"], context.params["bandwidth"]) == (30, 7)


def test_two_switches_of_the_same_source_exclude_each_other_as_typed_ones_do(home: Path, run: Any) -> None:
    put(home / "work/preflight.toml", "[migration]\ncopy-storage-all = true\ncopy-storage-inc = true\n")
    assert (
        run("check", *GONE)[2]
        == "preflight: --copy-storage-all and --copy-storage-inc are mutually exclusive: give one of them\n"
    )
    assert options(run, "--copy-storage-inc") == ["--copy-storage-inc"]


def test_a_threshold_of_the_file_changes_from_where_a_rule_reports(home: Path, run: Any) -> None:
    check = ("check", *GONE, "--select", "clocks-differ", "--format", "json")
    assert "this host's clock is" not in run(*check)[1]
    put(home / "work/preflight.toml", "threshold = { clocks-differ = 0 }\n")
    request = json.loads(run(*check)[1])["request"]
    assert request["thresholds"] == ["clocks-differ=0"]
    assert run(*check, "--threshold", "mtu-differs=3")[2] == (
        "preflight: threshold: mtu-differs has no threshold that can be changed; those that have one: clocks-differ\n"
    )
    for wrong in ("clocks-differ", "=3", "clocks-differ=-1", "clocks-differ=1e9", "clocks-differ=nan"):
        assert run(*check, "--threshold", wrong)[2] == f"preflight: --threshold: {wrong!r} is not RULE=NUMBER\n"
    assert run(*check, "--threshold", "clock-differ=1")[2].endswith("did you mean clocks-differ?\n")


def test_a_value_of_the_file_is_refused_where_the_option_would_be(home: Path, run: Any) -> None:
    put(home / "work/preflight.toml", 'format = "jsn"\n')
    assert run("check", *GONE)[0] == 2
    put(home / "work/preflight.toml", 'severity = { mtu-difers = "info" }\n')
    assert run("check", *GONE)[2] == "preflight: there is no rule 'mtu-difers'; did you mean mtu-differs?\n"


@pytest.mark.parametrize(
    "form", ["text", "concise", "table", "markdown", "html", "json", "junit", "sarif", "github", "gitlab", "prometheus"]
)
def test_a_waived_finding_is_shown_to_people_and_left_out_for_trackers(home: Path, run: Any, form: str) -> None:
    put(home / "work/preflight.toml", WAIVER)
    code, out, _ = run("check", *GONE, "--select", RULE, "--format", form)
    assert code == 0
    if form in ("sarif", "github", "gitlab"):
        assert "the line comes back" not in out
        assert "neither in /etc/hosts" not in out
    elif form == "prometheus":
        assert f'rule="{RULE}",use="waives"}} 253402300800' in out
        assert "preflight_rule_findings{" not in out
    else:
        assert "the line comes back (INC-42)" in out
        assert "neither in /etc/hosts" in out
    if form == "junit":
        assert '<skipped message="waived: until 9999-12-31: the line comes back (INC-42)" type="waived">' in out
    if form == "text":
        assert "1 waived" in out


@pytest.mark.parametrize("form", ["text", "concise", "table", "markdown", "html"])
def test_expired_and_unused_waivers_are_named(home: Path, run: Any, form: str) -> None:
    unused = WAIVER.replace(RULE, "hosts-entry-missing")
    put(home / "work/preflight.toml", WAIVER.replace("9999-12-31", "2026-11-29") + unused)
    code, out, _ = run("check", *GONE, "--select", "names", "--format", form)
    assert code == 1
    lower = " ".join(out.replace("\\", "").split()).lower()
    assert f"the waiver of {RULE} for host1.* expired after 2026-11-29, so the findings count again" in lower
    assert "the waiver of hosts-entry-missing for host1.* covers no finding" in lower


@pytest.mark.parametrize("form", ["text", "concise", "table", "markdown", "html"])
def test_a_waiver_of_a_host_without_its_domain_is_named(home: Path, run: Any, form: str) -> None:
    put(home / "work/preflight.toml", WAIVER.replace("host1.*", "host1"))
    code, out, _ = run("check", *GONE, "--select", "names", "--format", form)
    assert code == 1
    lower = " ".join(out.replace("\\", "").split()).lower()
    assert f"the waiver of {RULE} for host1 names host1, and this check host1.example.com, which it does not" in lower


def test_a_saved_report_keeps_its_waivers(home: Path, run: Any, tmp_path: Path) -> None:
    put(
        home / "work/preflight.toml",
        WAIVER + WAIVER.replace(RULE, "hosts-entry-missing") + WAIVER.replace("host1.*", "host1"),
    )
    file = tmp_path / "report.json"
    _, shown, _ = run("check", *GONE, "--select", "names", "--report", f"json={file}")
    assert run("show", str(file))[1] == shown
    document = json.loads(file.read_text())
    document["waivers"][0]["expires"] = "2026-13-31"
    file.write_text(json.dumps(document))
    assert run("show", str(file))[0] == 2


# waivers


def test_a_waiver_is_added_listed_and_checked_and_comments_stay(home: Path, run: Any) -> None:
    file = put(home / "work/preflight.toml", '# ours\nignore = ["clocks-differ"]  # for now\n')
    add = ("waivers", "add", RULE, "--reason", "a 'b' \"c\"", "--host", "host1.*", "--ticket", "INC-42")
    assert run(*add, "--days", "30")[0] == 0
    assert run("waivers", "add", RULE, "--reason", "d", "--pair", "a -> b", "--expires", "2026-01-01")[0] == 0
    assert file.read_text().startswith('# ours\nignore = ["clocks-differ"]  # for now\n')
    first, second = config.load().waivers
    assert (first.reason, first.hosts, first.ticket) == ("a 'b' \"c\"", ("host1.*",), "INC-42")
    assert (second.pairs, second.expires) == ((("a", "b"),), "2026-01-01")
    code, out, _ = run("waivers", "list")
    assert (code, out.count(RULE)) == (0, 2)
    code, out, _ = run("waivers", "check")
    assert (code, out.count(RULE), "expired" in out) == (1, 1, True)
    assert run("check", *GONE, "--select", RULE)[0] == 0


def test_a_new_file_is_readable_by_its_own_user(home: Path, run: Any) -> None:
    assert run("waivers", "add", RULE, "--reason", "r", "--host", "h", "--days", "1")[0] == 0
    assert (home / "work/hosts/preflight.toml").stat().st_mode & 0o022 == 0
    assert run("waivers", "check") == (0, "1 waiver, all valid\n", "")


def test_a_narrow_terminal_lists_waivers_below_their_file(
    home: Path, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    reason = "the time server of rack 7 is replaced in the week after next"
    assert run("waivers", "add", RULE, "--reason", reason, "--host", "kvm7.example.com", "--days", "1")[0] == 0
    monkeypatch.setenv("COLUMNS", "100")
    _, out, _ = run("waivers", "list")
    heading, *table = out.splitlines()
    assert heading == f"{home / 'work/hosts/preflight.toml'}:"
    assert len(table) <= 5, "the reason has room"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("mount-differs", "--reason", "r", "--host", "h", "--days", "1"), "guards data and cannot be waived"),
        (("mtu-difers", "--reason", "r", "--host", "h", "--days", "1"), "did you mean mtu-differs?"),
        (("mtu-differs", "--host", "h", "--days", "1"), "waivers add needs --reason\n"),
        (("mtu-differs", "--reason", "r", "--days", "1"), "waivers add needs either --host or --pair\n"),
        (("mtu-differs", "--reason", "r", "--host", "h"), "waivers add needs either --days or --expires\n"),
        (
            ("mtu-differs", "--reason", "r", "--host", "h", "--pair", "a->b", "--days", "1"),
            "waivers add needs either --host or --pair\n",
        ),
        (("--host", "h", "--days", "1"), "waivers add needs RULE, --reason\n"),
        (("mtu-differs", "--reason", "r", "--pair", "a, b", "--days", "1"), "is not 'SOURCE -> DESTINATION'"),
        (("mtu-differs", "--reason", "r", "--host", "a b", "--days", "1"), "Expected a host's name"),
        (("mtu-differs", "--reason", " ", "--host", "h", "--days", "1"), "Expected a text that is not blank"),
        (("mtu-differs", "--reason", "r", "--host", "h", "--expires", "2026-02-30"), "day is out of range"),
    ],
)
def test_a_waiver_that_could_not_be_used_is_not_added(home: Path, run: Any, words: tuple[str, ...], why: str) -> None:
    file = put(home / "work/preflight.toml", "# ours\n")
    code, _, said = run("waivers", "add", *words)
    assert (code, file.read_text()) == (2, "# ours\n")
    assert why in said
    assert len(said.splitlines()) == 1


def added(run: Any, *more: str) -> tuple[int, str, str]:
    given: tuple[int, str, str] = run("waivers", "add", RULE, "--reason", "r", "--host", "h", "--days", "1", *more)
    return given


@pytest.mark.parametrize("mode", [0o777, 0o1777])
def test_a_waiver_is_not_added_where_it_would_not_be_used(home: Path, run: Any, mode: int) -> None:
    (home / "work/hosts").chmod(mode)
    code, _, said = added(run)
    assert (home / "work/hosts/preflight.toml").exists() is (code == 0) is (mode == 0o1777)
    assert run("waivers", "check")[:2] == (0, "1 waiver, all valid\n" if code == 0 else "0 waivers, all valid\n")
    assert code == 0 or said.endswith("so that the file would not be used: choose another directory\n")


@needs_root
def test_a_file_of_another_user_does_not_become_ones_own_with_a_waiver(home: Path, run: Any) -> None:
    path = put(home / "work/hosts/preflight.toml", 'ignore = ["guests"]\n')
    os.chown(path, 1234, -1)
    assert added(run, "--no-config")[0] == 2
    assert (path.stat().st_uid, path.read_text()) == (1234, 'ignore = ["guests"]\n')


def test_a_waiver_is_not_added_beyond_what_is_read(home: Path, run: Any) -> None:
    path = put(home / "work/hosts/preflight.toml", f"# {'x' * (2**20 - 50)}\n")
    code, _, said = added(run)
    assert (code, "at most 1048576 bytes" in said, path.stat().st_size) == (2, True, 2**20 - 47)


def test_a_link_that_leads_nowhere_gets_no_waiver(home: Path, run: Any) -> None:
    (home / "work/hosts/preflight.toml").symlink_to(home / "elsewhere.toml")
    assert added(run, "--no-config")[0] == 2
    assert not (home / "elsewhere.toml").exists()


def test_a_file_whose_waivers_are_wrong_can_still_be_listed_and_is_no_gate(home: Path, run: Any) -> None:
    put(home / "work/preflight.toml", WAIVER.replace(RULE, "mount-differs"))
    assert run("check", *GONE)[2].endswith("waiver: mount-differs: guards data and cannot be waived\n")
    code, out, _ = run("waivers", "check")
    assert (code, "guards data" in " ".join(out.split())) == (1, True)


# files that somebody else has put there: see test_planted.py


def _acting() -> list[str]:
    """Return the commands that plan or act, but for the one that follows a journal alone."""
    acting = [one.__name__ for one in every_command() if one.purpose in (Purpose.PLAN, Purpose.ACT)]
    return [name for name in acting if name != "steer"]


@pytest.mark.parametrize("name", _acting())
def test_a_command_that_acts_does_not_look_at_a_file_of_the_directory(home: Path, name: str) -> None:
    put(home / "work/preflight.toml", "this is no TOML\n")
    known: Any = typer.main.get_command(with_commands())
    command = known.commands[name]
    others = {"migrate": [], "evacuate": ["host1", "--to", "host2"], "plan": ["host1", "host2", "-o", "x"]}
    arguments = others.get(name, ["host1", "host2"])
    with command.make_context(name, [*arguments]) as context:
        assert not context.default_map
    with pytest.raises(UserError):
        command.make_context(name, [*arguments, "--config", str(home / "work/preflight.toml")])
    put(home / ".config/preflight/config.toml", 'transport = "tls"\n')
    with command.make_context(name, [*arguments]) as context:
        assert str(context.params["transport"]) == "tls"


@pytest.mark.parametrize("name", [one.__name__ for one in every_command() if one.purpose is Purpose.LOOK])
def test_a_command_that_looks_reads_it(home: Path, name: str) -> None:
    put(home / "work/preflight.toml", "answer-timeout = 7\n")
    known: Any = typer.main.get_command(with_commands())
    arguments = ["host1", "-o", "x"] if name == "snapshot" else ["host1", "host2"]
    with known.commands[name].make_context(name, arguments) as context:
        assert context.params["timeout"] == 7


def test_help_and_completion_read_no_file(home: Path, run: Any) -> None:
    put(home / "work/preflight.toml", "this is no TOML\n")
    assert run("check", "--help")[0] == 0
    known: Any = typer.main.get_command(with_commands())
    known.commands["check"].make_context("check", [], resilient_parsing=True)
