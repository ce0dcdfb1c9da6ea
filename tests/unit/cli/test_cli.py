"""The real command, run as users run it: its exit codes, and what it writes where."""

import functools
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import typer
from msgspec.structs import replace
from typer.testing import CliRunner

from preflight import __version__
from preflight.__main__ import hosts_of
from preflight.cli.app import MODULES as COMMAND_MODULES
from preflight.cli.app import run as run_in_process
from preflight.cli.app import with_commands
from preflight.connection import snapshot
from preflight.errors import UserError
from preflight.grammar import shown
from preflight.migrate.journal import Journal
from preflight.output.formats import FOR_PEOPLE, FORMATS, render
from preflight.plan import file as plan_file
from preflight.request.options import Form, declared, option_name
from tests.case import RECORDED, Case
from tests.golden.reports import report as golden
from tests.hostile.nursery import Job
from tests.hostile.runs import Nursery
from tests.interrupting import hears_interrupts
from tests.unit.migrate.plans import PLAN, altered

PREFLIGHT = str(Path(sys.executable).with_name("preflight"))
HOST1, HOST2 = (str(RECORDED / "ready" / f"{name}.json") for name in ("host1", "host2"))
#: READY, with a warning.
WARNED = (str(RECORDED / "newer" / "host3.json"), HOST2, "--select", "os-release-differs")
EXAMPLE_PACK = Path(__file__).parents[3] / "examples/pack/preflight_example"
GONE1, GONE2 = (str(RECORDED / "hosts-line-gone" / f"{name}.json") for name in ("host1", "host2"))
UNSET = ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "PREFLIGHT_TRACEBACK", "TERM")


def environment(**changed: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in UNSET} | changed


#: Ends the processes of `nursery`.
NURSERIES = ExitStack()


@pytest.fixture(scope="module", autouse=True)
def nurseries() -> Iterator[None]:
    yield
    NURSERIES.close()
    nursery.cache_clear()


@functools.cache
def nursery(**changed: str) -> Nursery:
    """Return a process that forks commands, and that was started with these variables changed."""
    return NURSERIES.enter_context(Nursery(environment(**changed)))


def run(*arguments: str, prelude: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    """Run `preflight ARGUMENTS`, after this Python, in a process that is forked: to start one takes ten times as long.

    Tests of the start, of streams and of signals start one.
    """
    return forked(nursery(), Job(list(arguments), cwd=str(Path.cwd()), environment=env, prelude=prelude))


def forked(home: Nursery, job: Job) -> subprocess.CompletedProcess[str]:
    outcome = home.run(job)
    assert outcome.code is not None, "it does not end"
    assert outcome.left == [], "it leaves processes behind"
    return subprocess.CompletedProcess(job.words, outcome.code, outcome.out.decode(), outcome.err.decode())


# exit codes


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        ((HOST1, HOST2), 0, "READY"),
        ((GONE1, GONE2), 1, "NOT READY"),
        ((HOST1, HOST2, "--transport", "tls"), 3, "UNDETERMINED"),
        ((GONE1, GONE2, "--transport", "tls"), 1, "NOT READY"),
        ((GONE1, GONE2, "--ignore", "announced-name-unresolvable"), 0, "READY"),
        ((HOST1, HOST2, "--guest", "web", "--select", "guests"), 0, "READY"),
        ((HOST1, HOST2, "--no-guests"), 0, "READY"),
        ((HOST1, HOST2, "--concurrency", "12"), 1, "NOT READY"),
    ],
)
@pytest.mark.parametrize("form", ["text", "table", "json"])
def test_the_exit_code_is_the_verdicts_and_the_report_names_it(
    arguments: tuple[str, ...], code: int, word: str, form: str
) -> None:
    done = run("check", *arguments, "--format", form)
    assert (done.returncode, done.stderr) == (code, "")
    if form == "json":
        assert json.loads(done.stdout)["verdict"] == word.lower().replace(" ", "-")
    else:
        verdict, step = done.stdout.splitlines()[-2:]
        assert verdict.startswith(word)
        assert step.startswith("next: ")


def python(code: str, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Start a Python, and run `preflight ARGUMENTS` in it after `code`."""
    program = (
        f"import sys\nsys.argv = ['preflight', *sys.argv[1:]]\n{code}\nfrom preflight.__main__ import main\nmain()\n"
    )
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment(**env),
        timeout=60,
        check=False,
    )


CRASH = (
    "import preflight.judge.check\ndef check(*_, **__): raise KeyError('a bug')\npreflight.judge.check.check = check"
)


@pytest.mark.parametrize("options", [(), ("--exit-zero", "--fail-on", "never", "--unknown", "warn")])
def test_a_bug_of_ours_is_no_verdict(options: tuple[str, ...]) -> None:
    done = run("check", HOST1, HOST2, *options, prelude=CRASH)
    assert (done.returncode, done.stdout) == (70, "")
    assert done.stderr.splitlines() == [
        "preflight: a bug in preflight: KeyError: 'a bug'",
        "preflight: please report it, with the traceback that PREFLIGHT_TRACEBACK=1 prints",
    ]


def test_a_bug_of_ours_shows_where_when_asked() -> None:
    done = run("check", HOST1, HOST2, PREFLIGHT_TRACEBACK="1", prelude=CRASH)
    assert done.returncode == 70
    assert "Traceback" in done.stderr


@pytest.mark.parametrize(
    "arguments", [("check", HOST1, HOST2), ("check", GONE1, GONE2), ("--version",), ("--help",), ("rules",)]
)
def test_an_answer_that_cannot_be_written_is_none(arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([PREFLIGHT, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "preflight: standard output: No space left on device\n")


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_the_exit_code_is_the_verdicts_where_nobody_can_see_it(closed: str) -> None:
    for arguments, code in (((HOST1, HOST2), 0), (("", HOST2), 2)):
        command = ["sh", "-c", f'"$@" {closed}', "sh", PREFLIGHT, "check", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == code
        assert "Traceback" not in done.stderr


# what cannot be used: one line, and no traceback


def refused(done: subprocess.CompletedProcess[str]) -> str:
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("preflight: ")
    return line.removeprefix("preflight: ")


BAD_HOSTS = {
    "none.json": "none.json: no such snapshot file; take one with `preflight snapshot`",
    "/no/such/folder/none.json": "/no/such/folder/none.json: no such snapshot file; take one with `preflight snapshot`",
    "xen://host2/": "xen://host2/: only the QEMU driver can migrate, as in qemu+ssh://host/system",
    "qemu:///session": (
        "qemu:///session: only guests of the system daemon can be checked, as in qemu+ssh://host/system"
    ),
    "": "'' is not a host, as in host1, admin@host1 or qemu+ssh://host1/system",
    "two words": "'two words' is not a host, as in host1, admin@host1 or qemu+ssh://host1/system",
}


@pytest.mark.parametrize(("typed", "why"), BAD_HOSTS.items())
def test_what_is_no_host_is_refused(typed: str, why: str) -> None:
    assert refused(run("check", HOST1, typed)) == why
    assert refused(run("check", typed, HOST2)) == why


def test_a_host_that_looks_like_an_option_never_gets_to_ssh(tmp_path: Path) -> None:
    fake_ssh(tmp_path, f"touch {tmp_path}/ran")
    typed = f"-oProxyCommand=touch {tmp_path}/ran"
    path = f"{tmp_path}:{os.environ['PATH']}"
    assert (
        refused(run("check", "--", typed, HOST2, PATH=path))
        == f"{shown(typed)} is not a host, as in host1, admin@host1 or qemu+ssh://host1/system"
    )
    assert (
        refused(run("check", "--", HOST1, typed, PATH=path))
        == f"{shown(typed)} is not a host, as in host1, admin@host1 or qemu+ssh://host1/system"
    )
    assert refused(run("check", HOST1, typed, PATH=path)) == "No such option: -o"
    assert not (tmp_path / "ran").exists()


def test_half_a_snapshot_is_refused(tmp_path: Path) -> None:
    content = Path(HOST1).read_bytes()
    (tmp_path / "half.json").write_bytes(content[: len(content) // 2])
    assert refused(run("check", f"{tmp_path}/half.json", HOST2)).startswith(
        f"{tmp_path}/half.json: not a whole snapshot"
    )


def test_a_file_that_is_no_snapshot_is_refused() -> None:
    assert refused(run("check", "/etc/passwd", HOST2)).startswith("/etc/passwd: not a whole snapshot")
    assert (
        refused(run("check", HOST1, "/dev/null"))
        == "/dev/null: not a regular file, so not a snapshot; take one with `preflight snapshot`"
    )


def test_one_host_alone_is_refused() -> None:
    missing = "the DESTINATION is missing; only a file written by `check --save` holds both hosts"
    assert refused(run("check", HOST1)) == f"{HOST1}: {missing}"
    assert refused(run("check", "host1")) == f"host1: {missing}"


def test_a_pair_is_no_single_host(tmp_path: Path) -> None:
    pair = f"{tmp_path}/pair.json"
    assert run("check", HOST1, HOST2, "--save", pair).returncode == 0
    assert refused(run("check", pair, HOST2)) == f"{pair}: holds 2 hosts: give it alone, or two files of one host each"


@pytest.mark.parametrize("option", ["--select", "--ignore"])
def test_a_rule_that_is_not_there_is_refused_with_a_suggestion(option: str) -> None:
    assert refused(run("check", HOST1, HOST2, option, "shared-host-uid")) == (
        "there is no rule 'shared-host-uid'; did you mean shared-host-uuid?"
    )


def test_a_selection_that_leaves_no_rule_is_refused() -> None:
    said = "--select and --ignore leave no rule to apply: `preflight rules` lists them"
    assert refused(run("check", HOST1, HOST2, "--select", "names", "--ignore", "names")) == said


@pytest.mark.parametrize("form", ["text", "table"])
def test_ready_of_no_guest_says_so(form: str) -> None:
    said = "no guest was checked: the verdict covers the hosts alone"
    for arguments in ("--offline", "--select", "guests"), ("--no-guests", "--select", "names"):
        done = run("check", HOST1, HOST2, *arguments, "-f", form)
        assert done.returncode == 0
        assert said in done.stdout.splitlines()
        assert done.stdout.splitlines()[-2].startswith("READY")
    assert said not in run("check", HOST1, HOST2, "-f", form).stdout


def test_a_rule_that_is_not_there_is_not_explained() -> None:
    assert refused(run("explain", "shared-host-uid")) == (
        "there is no rule 'shared-host-uid'; did you mean shared-host-uuid?"
    )


def test_a_guest_that_is_not_there_is_refused() -> None:
    assert refused(run("check", HOST1, HOST2, "--guest", "wbe")) == "host1.example.com has no guest 'wbe'; it has: web"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--concurrency", "0"), "--concurrency"),
        (("--concurrency", "many"), "--concurrency"),
        (("--transport", "carrier-pigeon"), "--transport"),
        (("--timeout", "0"), "--timeout"),
        (("--no-such-option",), "No such option: --no-such-option"),
        (("third-host",), "third-host"),
    ],
)
def test_an_option_that_cannot_be_used_is_refused(arguments: tuple[str, ...], why: str) -> None:
    assert why in refused(run("check", HOST1, HOST2, *arguments))


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--compressed", "--comp-methods", "foo"), "--comp-methods: 'foo' is not one of mt, xbzrle, zlib, zstd"),
        (("--compressed", "--comp-methods", "xbzrle,xbzrle"), "--comp-methods: 'xbzrle' is named twice: name it once"),
        (("--compressed", "--comp-methods", "mt,"), "--comp-methods: 'mt,' has an empty part: remove a comma"),
        (("--dname", ""), "--dname: '' is empty"),
        (
            ("--dname", "a/b"),
            "--dname: 'a/b': a guest's name cannot contain a slash or a newline: give it as `virsh list` shows it",
        ),
        (
            ("--destination-uri", ""),
            "--destination-uri: '' is blank: omit it, or give one such as qemu+ssh://host/system",
        ),
        (("--xml", "/dev/null"), "--xml: /dev/null: not well-formed XML: no element found: line 1, column 0"),
        (("--persistent-xml", HOST1), f"--persistent-xml: {HOST1}: not well-formed XML: "),
        (("--copy-storage-all", "--disks-uri", "rdma://host2"), "--disks-uri: rdma://host2: disks are not sent over"),
        (("--rdma-pin-all",), "--rdma-pin-all requires --migrateuri rdma://"),
        (("--tls-destination", "host2"), "--tls-destination requires --tls"),
        (("--disks-port", "50100"), "--disks-port requires --copy-storage-all or --copy-storage-inc"),
        (("--disks-uri", "tcp://host2"), "--disks-uri requires --copy-storage-all or --copy-storage-inc"),
        (("--bandwidth", "8796093022208"), "Invalid value for '--bandwidth'"),
        (("--max-downtime", "2000001"), "Invalid value for '--max-downtime'"),
        (("--concurrency", "65536"), "Invalid value for '--concurrency'"),
    ],
)
def test_a_value_that_libvirt_refuses_is_refused_beforehand(arguments: tuple[str, ...], why: str) -> None:
    assert refused(run("check", HOST1, HOST2, *arguments)).startswith(why)


def test_xml_that_is_no_guests_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.xml"
    path.write_text("<network/>")
    root = "its root element is <network>, not <domain>: save it with `virsh dumpxml`"
    said = f"--xml: {path}: not the XML of a guest: {root}"
    assert refused(run("check", HOST1, HOST2, "--xml", str(path))) == said


FRACTIONS = [
    (name, parameter.opts[0])
    for name, command in typer.main.get_command(with_commands()).commands.items()  # type: ignore[attr-defined]  # it is a group
    for parameter in command.params
    if parameter.type.name.startswith("float")
]


def test_there_are_options_that_take_a_fraction() -> None:
    assert {("check", "--timeout"), ("migrate", "--stall-timeout"), ("capacity", "--bandwidth")} <= set(FRACTIONS)


@pytest.mark.parametrize("value", ["nan", "inf", "1e300"])
@pytest.mark.parametrize(("command", "option"), FRACTIONS)
def test_what_is_no_finite_number_is_refused(command: str, option: str, value: str) -> None:
    needed = {"migrate": ["a", "b", "web"], "plan": ["a", "b", "web", "-o", "p"], "snapshot": ["a", "-o", "p"]}
    needed |= {"evacuate": ["a", "--to", "b"]}
    done = CliRunner().invoke(with_commands(command), [command, *needed.get(command, ["a", "b"]), option, value])
    assert isinstance(done.exception, UserError)
    assert str(done.exception) == f"{option}: {float(value):g} is not a number up to 1000000"


def test_options_that_do_not_go_together_are_refused_in_one_line() -> None:
    xml = refused(run("check", HOST1, HOST2, "--format", "xml"))
    assert xml == f"--format: 'xml' is not one of {', '.join(FORMATS['report'])}"
    both = refused(run("check", HOST1, HOST2, "--guest", "web", "--no-guests"))
    assert both == "--no-guests and a selection of guests are mutually exclusive: give one of them"
    tunnel = refused(run("check", HOST1, HOST2, "--tls", "--tunnelled"))
    assert tunnel.startswith("--tls and --tunnelled are mutually exclusive: ")


def test_a_destination_uri_over_another_transport_is_refused() -> None:
    uri = "qemu+tls://host2.example.com/system"
    assert refused(run("check", HOST1, HOST2, "--destination-uri", uri, "--transport", "ssh")) == (
        f"{uri}: does not use ssh, which --transport requires: omit one of the two"
    )
    assert refused(run("check", HOST1, HOST2, "--destination-uri", "host2")) == (
        "host2: not a libvirt URI such as qemu+ssh://host/system"
    )


def test_a_place_where_nothing_can_be_saved_is_refused(tmp_path: Path) -> None:
    done = run("check", HOST1, HOST2, "--save", f"{tmp_path}/none/pair.json")
    assert done.returncode == 2
    assert done.stderr == f"preflight: {tmp_path}/none/pair.json: No such file or directory\n"
    assert done.stdout == run("check", HOST1, HOST2).stdout, "the report is not lost"
    assert (
        refused(run("snapshot", HOST1, "--output", f"{tmp_path}/again.json"))
        == f"{HOST1}: already a snapshot: name the host itself"
    )


# what is written where


#: A moment at which every report is made.
CLOCK = "import time\ntime.time = lambda: 1796000000.5"


def without_origin(text: str) -> Any:
    """A report without when, where and by whom it was made."""
    document = json.loads(text)
    assert document.pop("provenance") is not None
    return document


def test_saved_answers_give_the_same_report_byte_for_byte(tmp_path: Path) -> None:
    pair = f"{tmp_path}/pair.json"
    for form in ("json", "text", "table"):
        first = run("check", GONE1, GONE2, "--format", form, "--save", pair, "--overwrite", prelude=CLOCK)
        again = run("check", pair, "--format", form, prelude=CLOCK)
        # a report names the files that its answers come from, and their digests
        said = [
            re.sub(r'"file": (null|".*?"),|"files": \[[^]]*\],\n    "source"', "", done.stdout)
            if form == "json"
            else done.stdout
            for done in (first, again)
        ]
        assert (said[0], first.returncode) == (said[1], again.returncode)
        assert first.stderr == again.stderr == ""


def test_two_runs_give_the_same_bytes() -> None:
    made = {python(CLOCK, "check", GONE1, GONE2, "-f", "json", PYTHONHASHSEED=str(seed)).stdout for seed in range(4)}
    assert len(made) == 1


def test_only_the_origin_of_a_report_depends_on_the_moment() -> None:
    first, later = run("check", GONE1, GONE2, "-f", "json"), run("check", GONE1, GONE2, "-f", "json", prelude=CLOCK)
    assert first.stdout != later.stdout
    assert without_origin(first.stdout) == without_origin(later.stdout)


def test_a_report_says_when_where_and_by_whom_it_was_made_and_how_old_the_answers_are() -> None:
    document = json.loads(run("check", GONE1, HOST2, "-f", "json", "--ignore", "names", prelude=CLOCK).stdout)
    origin = document["provenance"]
    user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    assert (origin["made"], origin["version"]) == ("2026-11-30T00:53:20Z", __version__)
    assert (origin["machine"], origin["user"]) == (os.uname().nodename, user)
    assert {key: value for key, value in origin["source"].items() if key != "files"} == {
        "origin": "snapshot",
        "file": str(GONE1),
        "taken": "2026-11-23T01:06:49Z",
        "age": 603991,
        "snapshot": None,  # it was taken before snapshots said by whom
        "session": None,
    }
    assert [file["path"] for file in origin["source"]["files"]][:2] == ["/etc/hosts", "/etc/libvirt/libvirtd.conf"]
    assert [(file["path"], len(file["sha256"])) for file in origin["files"]] == [(str(GONE1), 64), (str(HOST2), 64)]
    assert document["request"]["ignore"] == ["names"]


# reports in files


def test_a_report_is_written_in_several_formats_beside_the_one_that_is_printed(tmp_path: Path) -> None:
    paths = {form: tmp_path / f"report.{form}" for form in FORMATS["report"]}
    reports = [word for form, path in paths.items() for word in ("--report", f"{form}={path}")]
    done = run("check", GONE1, GONE2, *reports, prelude=CLOCK)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == paths["text"].read_text()
    for form, path in paths.items():
        shown = run("show", str(paths["json"]), "-f", form)
        assert (shown.returncode, shown.stderr) == (0, ""), form
        assert shown.stdout == path.read_text(encoding="utf-8"), form
        assert path.stat().st_mode & 0o777 == 0o644, "as the umask allows"


def test_rules_and_runs_are_written_to_files_too_and_shown_again(tmp_path: Path) -> None:
    state = {"XDG_STATE_HOME": str(tmp_path)}
    Journal.create(tmp_path / "a.journal", PLAN).close()
    for number, words in enumerate((["rules"], ["status"], ["status", f"{tmp_path}/a.journal"])):
        saved, page = tmp_path / f"{number}.json", tmp_path / f"{number}.html"
        done = run(*words, "--report", f"json={saved}", "--report", f"html={page}", **state)
        resumes = f"To resume this run:\npreflight migrate --resume {tmp_path}/a.journal\n"
        assert (done.returncode, done.stderr) == (0, resumes if words[1:] else "")
        assert run("show", str(saved)).stdout == done.stdout
        assert run("show", str(saved), "--format", "html").stdout == page.read_text(encoding="utf-8")
    assert refused(run("rules", "--report", "junit=x")).startswith("--report: 'junit' is not one of text, json")


@pytest.mark.parametrize("name", ["rehearsal-refused", "guest-not-as-before"])
def test_the_rules_that_only_a_rehearsal_has_are_explained(name: str) -> None:
    done = run("explain", name)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{name}  (rehearsal, error)\n")


def test_a_report_that_cannot_be_written_does_not_lose_the_others(tmp_path: Path) -> None:
    nowhere, there = tmp_path / "none" / "r", tmp_path / "r.json"
    done = run("check", HOST1, HOST2, "--report", f"text={nowhere}", "--report", f"json={there}")
    assert (done.returncode, done.stderr) == (2, f"preflight: {nowhere}: No such file or directory\n")
    assert done.stdout.splitlines()[-2].startswith("READY")
    assert json.loads(there.read_text())["verdict"] == "ready"
    assert list(tmp_path.iterdir()) == [there]


def test_each_place_where_a_report_cannot_be_written_is_named_in_one_line(tmp_path: Path) -> None:
    directory, fifo, file, there = (tmp_path / name for name in ("directory", "fifo", "file", "there.xml"))
    directory.mkdir()
    os.mkfifo(fifo)
    file.write_text("before")
    bad = {
        str(directory): "is not a regular file, and is not replaced",
        str(fifo): "is not a regular file, and is not replaced",
        f"{file}/report": "Not a directory",
        "/dev/null": "is not a regular file, and is not replaced",
        "/dev/stdout": "is standard output, and is not replaced",
        "/proc/report": "No such file or directory",
    }
    reports = [word for path in (*bad, str(there)) for word in ("--report", f"junit={path}")]
    printed = tmp_path / "printed"
    with printed.open("w") as stdout:
        done = subprocess.run(
            [PREFLIGHT, "check", GONE1, GONE2, *reports],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
            timeout=60,
            check=False,
        )
    said = "; ".join(f"{path}: {why}" for path, why in bad.items())
    assert (done.returncode, done.stderr) == (2, f"preflight: {said}\n")
    assert printed.read_text().splitlines()[-2].startswith("NOT READY")
    assert there.read_text().startswith("<?xml")
    assert file.read_text() == "before"
    assert {path.name for path in tmp_path.iterdir()} == {"directory", "fifo", "file", "there.xml", "printed"}
    assert Path("/dev/stdout").is_symlink()


#: Runs the words that follow in a namespace in which a directory is a file system of 16 KiB.
_SMALL = 'mount -t tmpfs -o size=16k small "$0" && "$@"; code=$?; ls -A "$0"; exit $code'
_UNSHARE = ("unshare", "--mount", "--map-root-user", "--user", "sh", "-c")


@pytest.mark.skipif(
    subprocess.run([*_UNSHARE, _SMALL, "/mnt", "true"], capture_output=True, check=False).returncode != 0,
    reason="no file system can be mounted in a namespace of its own here",
)
def test_a_report_for_which_the_disk_is_too_small_leaves_nothing_and_does_not_lose_the_others(tmp_path: Path) -> None:
    large, small = tmp_path / "r.html", tmp_path / "r.txt"
    reports = ("--report", f"html={large}", "--report", f"concise={small}")
    done = subprocess.run(
        [*_UNSHARE, _SMALL, str(tmp_path), PREFLIGHT, "check", HOST1, HOST2, *reports],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (2, f"preflight: {large}: No space left on device\n")
    assert done.stdout.splitlines()[-1] == "r.txt"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (("json",), "'json' is not FORMAT=PATH, with the path of a file"),
        (("json=",), "'json=' is not FORMAT=PATH, with the path of a file"),
        (("json=-",), "'json=-' is not FORMAT=PATH, with the path of a file"),
        (("xml=a",), "'xml' is not one of text, concise, "),
        (("json=a", "text=a"), "a is given twice"),
    ],
)
def test_a_report_without_a_place_is_refused(given: tuple[str, ...], why: str) -> None:
    words = [word for one in given for word in ("--report", one)]
    assert refused(run("check", HOST1, HOST2, *words)).startswith(f"--report: {why}")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "JSON is malformed"),
        (b"{}", "Object missing required field `kind`"),
        (b'{"kind": "plan"}', "Invalid value 'plan' - at `$.kind`"),
        (b'{"format": 2}', "report format 2, this preflight reads 1"),
        (b"[" * 100_000, "it is nested too deeply"),
        (b'"\xff"', ""),
    ],
)
def test_a_file_that_is_no_report_is_refused(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "r"
    path.write_bytes(content)
    assert why in refused(run("show", str(path)))


def test_a_snapshot_is_no_report_and_a_directory_none_either(tmp_path: Path) -> None:
    assert refused(run("show", HOST1)) == (
        f"{HOST1}: no report that `preflight show` reads, but a snapshot: check it with `preflight check`"
    )
    assert refused(run("show", str(tmp_path))) == f"{tmp_path}: Is a directory: name a file"


# what changes the exit code


@pytest.mark.parametrize(
    ("arguments", "options", "code"),
    [
        ((GONE1, GONE2), (), 1),
        ((GONE1, GONE2), ("--fail-on", "never"), 0),
        ((GONE1, GONE2), ("--exit-zero",), 0),
        ((HOST1, HOST2, "--transport", "tls"), (), 3),
        ((HOST1, HOST2, "--transport", "tls"), ("--fail-on", "never"), 3),
        ((HOST1, HOST2, "--transport", "tls"), ("--unknown", "warn"), 0),
        ((HOST1, HOST2, "--transport", "tls"), ("--exit-zero",), 3),
        ((HOST1, HOST2, "--transport", "tls"), ("--exit-zero", "--unknown", "warn"), 0),
        ((GONE1, GONE2, "--transport", "tls"), ("--exit-zero",), 3),
        ((GONE1, GONE2, "--transport", "tls"), ("--fail-on", "never"), 3),
        ((HOST1, HOST2), ("--fail-on", "warning"), 0),
        (WARNED, (), 0),
        (WARNED, ("--fail-on", "warning"), 1),
        (WARNED, ("--fail-on", "warning", "--exit-zero"), 0),
    ],
)
def test_the_exit_code_is_what_was_asked_for_and_the_verdict_stays(
    arguments: tuple[str, ...], options: tuple[str, ...], code: int
) -> None:
    done = run("check", *arguments, *options, "-f", "jsonl")
    assert (done.returncode, done.stderr) == (code, "")
    ending = json.loads(done.stdout.splitlines()[-1])
    plain = json.loads(run("check", *arguments, "-f", "jsonl").stdout.splitlines()[-1])
    assert ending["exit_code"] == code
    assert ending["verdict"] == plain["verdict"]


@pytest.mark.parametrize("form", [form for form in FORMATS["report"] if form not in ("text", "table", "json")])
@pytest.mark.parametrize(("arguments", "code"), [((HOST1, HOST2), 0), ((GONE1, GONE2), 1)])
def test_the_exit_code_is_the_same_in_every_format(arguments: tuple[str, ...], code: int, form: str) -> None:
    done = run("check", *arguments, "-f", form)
    assert (done.returncode, done.stderr) == (code, "")
    assert done.stdout


# nagios


@pytest.mark.parametrize(
    ("arguments", "code", "begins"),
    [
        ((HOST1, HOST2), 0, "PREFLIGHT OK - host1.example.com -> host2.example.com: ready|errors=0"),
        (WARNED, 1, "PREFLIGHT WARNING - host3.example.com -> host2.example.com: ready with warnings: os-release"),
        ((GONE1, GONE2), 2, "PREFLIGHT CRITICAL - host1.example.com -> host2.example.com: not ready: announced-name"),
        ((HOST1, HOST2, "--transport", "tls"), 3, "PREFLIGHT UNKNOWN - "),
        (
            (HOST1, "none.json"),
            3,
            "PREFLIGHT UNKNOWN - none.json: no such snapshot file; take one with `preflight snapshot`",
        ),
        ((HOST1, HOST2, "--no-such-option"), 3, "PREFLIGHT UNKNOWN - No such option: --no-such-option"),
        ((), 3, "PREFLIGHT UNKNOWN - Missing argument"),
    ],
)
def test_nagios_gets_one_line_the_origin_and_its_own_codes(arguments: tuple[str, ...], code: int, begins: str) -> None:
    done = run("nagios", *arguments)
    assert done.returncode == code, done.stderr
    assert done.stdout.startswith(begins)
    first, *more = done.stdout.splitlines()
    assert bool(more) is bool(re.fullmatch(r"[^|]+\|(?:[a-z]+=\d+(?:;\d*){3} ?)+", first))
    assert bool(more) is (" - host" in begins or "tls" in arguments)
    assert [line for line in more if not line.startswith("made ") or "|" in line] == []
    assert len(more) <= 1


def test_a_bug_of_ours_is_unknown_to_nagios() -> None:
    done = run("nagios", HOST1, HOST2, prelude=CRASH)
    assert (done.returncode, done.stdout) == (3, "PREFLIGHT UNKNOWN - a bug in preflight: KeyError: 'a bug'\n")


def test_an_interruption_is_unknown_to_nagios() -> None:
    interrupted = "import preflight.commands.check as c\ndef check(*_): raise KeyboardInterrupt\nc.nagios = check"
    done = run("nagios", HOST1, HOST2, prelude=interrupted)
    assert (done.returncode, done.stdout) == (3, "PREFLIGHT UNKNOWN - interrupted\n")


def fake_ssh(directory: Path, text: str) -> None:
    (directory / "ssh").write_text(f"#!/bin/sh\n{text}\n")
    (directory / "ssh").chmod(0o700)


#: Logs in at this very machine, and lets libvirt through nowhere. It waits for what libvirt writes first: who writes to
#: an ssh that has gone does not hear what it said.
HERE = (
    'case " $* " in *" -M "*) exec sh -s;; esac; head -c 1 >/dev/null; '
    'echo "fake ssh: libvirt is not served" >&2; exit 255'
)


def test_a_question_of_ones_own_is_asked_of_live_hosts_and_saved(tmp_path: Path) -> None:
    fake_ssh(tmp_path, HERE)
    pack, pair = tmp_path / "rules.d", f"{tmp_path}/pair.json"
    shutil.copytree(EXAMPLE_PACK, pack)
    questions = pack / "questions.sh"
    questions.write_text(questions.read_text().replace("/etc/tuned/active_profile", f"{tmp_path}/profile"))
    (tmp_path / "profile").write_text("virtual-host\n")
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "XDG_RUNTIME_DIR": str(tmp_path)}
    words = ("--rules", str(pack), "--select", "tuned-profile-differs", "-f", "json")
    live = run("check", "host-a", "host-b", *words, "--save", pair, **env)
    saved = run("check", pair, *words, PATH="/nowhere")
    for done in (live, saved):
        (result,) = json.loads(done.stdout)["results"]
        assert (result["rule"], result["outcome"]) == ("tuned-profile-differs", "passed")
    assert run("snapshot", "host-a", "-o", f"{tmp_path}/a.json", "--rules", str(pack), **env).returncode == 0
    assert run("snapshot", "host-b", "-o", f"{tmp_path}/b.json", **env).returncode == 0
    (asked,), (unasked,) = (snapshot.read(tmp_path / f"{name}.json") for name in "ab")
    assert asked.answers.records["example.tuned-profile"].out == "virtual-host\n"
    assert "example.tuned-profile" not in unasked.answers.records
    assert (
        "not in the snapshot: take it with the same --rules"
        in run("check", f"{tmp_path}/a.json", f"{tmp_path}/b.json", *words).stdout
    )
    assert left_over(tmp_path) == []


def test_answers_of_live_hosts_are_saved_so_that_they_give_the_same_report(tmp_path: Path) -> None:
    fake_ssh(tmp_path, HERE)
    pair = f"{tmp_path}/pair.json"
    path = f"{tmp_path}:{os.environ['PATH']}"
    first = run("check", "host-a", "host-b", "-f", "json", "--save", pair, PATH=path, XDG_RUNTIME_DIR=str(tmp_path))
    assert first.returncode in {1, 3}
    assert "libvirt is not served" in first.stdout
    again = run("check", pair, "-f", "json", PATH="/nowhere")
    assert (without_origin(again.stdout), again.returncode) == (without_origin(first.stdout), first.returncode)
    assert json.loads(first.stdout)["provenance"]["source"]["origin"] == "live"
    assert json.loads(first.stdout)["provenance"]["source"]["age"] < 60
    assert [host.name for host in snapshot.read(Path(pair))] == ["host-a", "host-b"]
    assert left_over(tmp_path) == []


def test_a_snapshot_of_a_host_that_cannot_be_logged_in_to_is_no_success(tmp_path: Path) -> None:
    fake_ssh(tmp_path, "echo 'ssh: connect to host host-a port 22: No route to host' >&2; exit 255")
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = run("snapshot", "host-a", "-o", f"{tmp_path}/a.json", PATH=path, XDG_RUNTIME_DIR=str(tmp_path))
    assert (done.returncode, done.stdout) == (3, f"{tmp_path}/a.json: 3 records of host-a\n")
    reason = "login to host-a failed: ssh: connect to host host-a port 22: No route to host"
    assert done.stderr == f"preflight: {reason}\n"
    (saved,) = snapshot.read(tmp_path / "a.json")
    assert saved.answers.absent[""] == reason


def test_a_snapshot_of_a_live_host_says_how_much_it_holds(tmp_path: Path) -> None:
    fake_ssh(tmp_path, HERE)
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = run("snapshot", "host-a", "-o", f"{tmp_path}/a.json", PATH=path, XDG_RUNTIME_DIR=str(tmp_path))
    (saved,) = snapshot.read(tmp_path / "a.json")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{tmp_path}/a.json: {len(saved.answers.records)} records of host-a\n"
    assert "etc.hosts" in saved.answers.records


def test_a_snapshot_with_a_peer_is_of_both_and_leaves_no_name_open(tmp_path: Path) -> None:
    fake_ssh(tmp_path, HERE)
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "XDG_RUNTIME_DIR": str(tmp_path)}
    one, other = f"{tmp_path}/a.json", f"{tmp_path}/b.json"
    assert run("snapshot", "host-b", "-o", other, **env).returncode == 0
    done = run("snapshot", "host-a", "-o", one, "--peer", f"{other},host-c", "--peer", "host-d", **env)
    assert (done.returncode, done.stderr) == (0, "")
    (saved,) = snapshot.read(Path(one))
    assert saved.peers == ("host-b", "host-c", "host-d")
    assert {f"resolve:{name}" for name in saved.peers} <= set(saved.answers.records)
    assert saved.answers.records["resolve:host-c"].code == 2
    assert saved.made is not None
    assert saved.made.at > 0
    assert left_over(tmp_path) == []


def test_what_is_obfuscated_has_no_name_and_the_same_verdict_and_its_map_is_private(tmp_path: Path) -> None:
    plain, names = tmp_path / "plain.json", tmp_path / "names.map"
    known = run("check", GONE1, GONE2, "-f", "json", "--save", str(plain))
    words = ("--save", str(tmp_path / "pair.json"), "--report", f"html={tmp_path}/r.html", "--obfuscate", str(names))
    done = run("check", GONE1, GONE2, "web", "-f", "json", *words)
    assert (done.returncode, done.stderr) == (1, "")
    again = run("check", str(tmp_path / "pair.json"), "-f", "json")
    rules = [
        [(one["rule"], one["outcome"]) for one in json.loads(each.stdout)["results"]] for each in (known, done, again)
    ]
    assert rules[0] == rules[1] == rules[2]
    original = r"(?<![a-z0-9])host[12]\.example|192\.0\.2\.1"  # the rules' own documentation has examples
    report = json.dumps({**json.loads(done.stdout), "rules": []})
    page = re.sub(r"<article.*?</article>", "", (tmp_path / "r.html").read_text(), flags=re.DOTALL)
    for text in (report, (tmp_path / "pair.json").read_text(), page):
        assert re.search(original, text) is None
    assert re.search(r"(?<![a-z0-9])(?:host[12]|web)(?![a-z0-9])", (tmp_path / "pair.json").read_text()) is None
    assert re.search(original, known.stdout) is not None
    assert names.stat().st_mode & 0o777 == 0o600
    assert json.loads(names.read_text())["names"].keys() >= {"host1", "host2", "example", "web"}
    names.chmod(0o644)
    step = "so it is not used as a map: keep it where only you can read and write it"
    assert refused(run("check", GONE1, GONE2, "--obfuscate", str(names))).endswith(step)
    names.write_text("{}")
    names.chmod(0o600)
    assert "not a map of --obfuscate" in refused(run("check", GONE1, GONE2, "--obfuscate", str(names)))


@pytest.mark.parametrize("words", [("check", HOST1, HOST2, "--save"), ("snapshot", "host-a", "-o")])
def test_a_file_of_another_time_is_kept_unless_told(words: tuple[str, ...], tmp_path: Path) -> None:
    fake_ssh(tmp_path, f"touch {tmp_path}/contacted; exit 255")
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "XDG_RUNTIME_DIR": str(tmp_path)}
    path = tmp_path / "kept.json"
    path.write_text("of another time")
    assert (
        refused(run(*words, str(path), **env))
        == f"{path}: there is such a file already; choose another name, or replace it with --overwrite"
    )
    assert path.read_text() == "of another time"
    assert run(*words, str(path), "--overwrite", **env).returncode in {0, 3}
    assert snapshot.read(path)


def test_a_host_that_cannot_be_logged_in_to_is_a_finding_and_no_failure_of_ours(tmp_path: Path) -> None:
    fake_ssh(tmp_path, "echo 'ssh: connect to host x port 22: Connection refused' >&2; exit 255")
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = run("check", HOST1, "host-b", PATH=path, XDG_RUNTIME_DIR=str(tmp_path))
    assert (done.returncode, done.stderr) == (1, "")
    refused = "ssh login failed: ssh: connect to host x port 22: Connection refused"
    assert f"error: {refused}  [ssh-login-refused]" in done.stdout
    assert left_over(tmp_path) == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("check", HOST1, HOST2, "-f", "json"), 0),
        (("check", GONE1, GONE2, "-f", "json"), 1),
        (("--version",), 0),
        (("--version", "check"), 0),
        (("--help",), 0),
        (("check", "--help"), 0),
        (("rules",), 0),
    ],
)
def test_a_reader_that_has_seen_enough_does_not_change_the_code(arguments: tuple[str, ...], code: int) -> None:
    reading, writing = os.pipe()
    os.close(reading)  # as `head -1` does once it has its line
    try:
        done = subprocess.run(
            [PREFLIGHT, *arguments],
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
            timeout=60,
            check=False,
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (code, "")


def test_head_gets_its_line_and_the_code_is_the_verdicts() -> None:
    pipe = f'{{ "$0" check {GONE1} {GONE2}; echo $? >&2; }} | head -1'
    done = subprocess.run(
        ["sh", "-c", pipe, PREFLIGHT], capture_output=True, text=True, env=environment(), timeout=60, check=False
    )
    assert done.stdout.startswith("source:")
    assert done.stdout.count("\n") == 1
    assert done.stderr == "1\n"


# colour


@pytest.mark.parametrize(
    ("env", "coloured"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"CLICOLOR_FORCE": "1"}, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        ({"NO_COLOR": ""}, False),
        ({"TERM": "xterm"}, False),
    ],
)
def test_colour_is_for_terminals_or_who_asks_for_it(env: dict[str, str], coloured: bool) -> None:
    before = run("check", HOST1, HOST2).stdout
    done = run("check", HOST1, HOST2, **env)
    after = run("check", HOST1, HOST2).stdout
    assert ("\x1b[" in done.stdout) is coloured
    # A report says the minute in which it was made, which may pass between two runs.
    assert re.sub(r"\x1b\[[0-9;]*m", "", done.stdout) in (before, after)


#: A terminal of letters without any but those of ASCII, as on an old console, and one of western letters.
ASCII = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
LATIN = {"LC_ALL": "C", "PYTHONIOENCODING": "latin-1"}
#: The formats for people, and one for programs that has letters of its own beyond ASCII.
READ = ("text", "concise", "table", "markdown")


@pytest.mark.parametrize(
    ("form", "env"),
    [*((form, ASCII) for form in FORMATS["report"]), *((form, LATIN) for form in READ)],
)
def test_a_format_for_programs_is_utf_8_in_every_locale(form: str, env: dict[str, str]) -> None:
    made = replace(golden("sound"), source=replace(golden("sound").source, release="Debian é →"))
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        Path(file.name).write_text(render("report", "json", made), encoding="utf-8")
        done = subprocess.run(
            [PREFLIGHT, "show", file.name, "-f", form], capture_output=True, env=environment(**env), check=False
        )
    assert (done.returncode, done.stderr) == (0, b"")
    if form in FOR_PEOPLE:
        assert done.stdout.isascii() is (env is ASCII or form != "text")
        shown = b"Debian \\xe9 \\u2192" if env is ASCII else b"Debian \xe9 \\u2192"
        assert (shown in done.stdout) is (form == "text")
    else:
        assert done.stdout.decode("utf-8") == render("report", form, made)


@pytest.mark.parametrize("env", [{}, {"CI": "true"}, {"GITHUB_ACTIONS": "true", "CI": "true"}, {"PY_COLORS": "1"}])
def test_a_ci_job_changes_nothing_of_a_report(env: dict[str, str]) -> None:
    done = run("check", GONE1, GONE2, prelude=CLOCK, **env)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == run("check", GONE1, GONE2, prelude=CLOCK).stdout
    assert "\x1b" not in done.stdout


def test_columns_is_the_width_of_text_and_of_nothing_for_programs() -> None:
    narrow = run("check", GONE1, GONE2, COLUMNS="60", prelude=CLOCK).stdout
    assert max(map(len, narrow.splitlines())) < max(map(len, run("check", GONE1, GONE2).stdout.splitlines()))
    for form in ("concise", "jsonl", "nagios"):
        assert run("check", GONE1, GONE2, "-f", form, COLUMNS="60", prelude=CLOCK).stdout == (
            run("check", GONE1, GONE2, "-f", form, prelude=CLOCK).stdout
        )


@pytest.mark.parametrize("form", ["concise", "json", "junit", "github", "markdown"])
def test_a_format_without_colour_has_none_even_if_it_is_forced(form: str) -> None:
    assert "\x1b" not in run("check", GONE1, GONE2, "-f", form, FORCE_COLOR="1").stdout


def in_terminal(*arguments: str, columns: int = 80, **env: str) -> str:
    """Return what a successful command prints in a terminal of so many columns."""
    master, slave = os.openpty()
    termios.tcsetwinsize(slave, (24, columns))
    process = subprocess.Popen([PREFLIGHT, *arguments], stdout=slave, stderr=slave, stdin=slave, env=environment(**env))
    os.close(slave)
    shown = b""
    while select.select([master], [], [], 300)[0]:
        try:
            piece = os.read(master, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        shown += piece
    os.close(master)
    assert process.wait(timeout=300) == 0
    return shown.decode("ascii" if env.get("LC_ALL") else "utf-8").replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("options", "env", "coloured"),
    [
        ((), {"TERM": "xterm"}, True),
        ((), {"TERM": "dumb"}, False),
        ((), {"TERM": "dumb", "FORCE_COLOR": "1"}, True),
        ((), {"TERM": "xterm", "NO_COLOR": "1"}, False),
        ((), {"TERM": "xterm", "NO_COLOR": "", "CI": "true"}, True),
        (("--color", "always"), {"TERM": "dumb", "NO_COLOR": "1"}, True),
        (("--color", "never"), {"TERM": "xterm", "FORCE_COLOR": "1"}, False),
    ],
)
def test_a_terminal_gets_colour_unless_it_must_not(
    options: tuple[str, ...], env: dict[str, str], *, coloured: bool
) -> None:
    shown = in_terminal("check", HOST1, HOST2, "--no-guests", *options, columns=80, **env)
    assert ("\x1b[32;1mREADY\x1b[0m" in shown) is coloured
    assert ("\x1b" in shown) is coloured


@pytest.mark.parametrize("form", READ)
def test_a_terminal_has_a_width_and_an_encoding_and_formats_for_programs_need_neither(
    tmp_path: Path, form: str
) -> None:
    path = tmp_path / "report.json"
    path.write_text(render("report", "json", golden("warnings")), encoding="utf-8")
    show = ("show", str(path), "--format", form, "--color", "never")
    piped = run(*show).stdout
    shown = in_terminal(*show, columns=70)
    assert in_terminal(*show, columns=200, COLUMNS="70") == shown
    if form in ("concise", "markdown"):
        assert shown == piped
        return
    assert max(map(len, piped.splitlines())) > max(map(len, shown.splitlines()))
    assert max(len(line) for line in shown.splitlines() if "preflight " not in line) <= 70
    assert in_terminal(*show, columns=70, **ASCII).isascii()


# interrupted


def left_over(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir() if path.name.startswith("preflight-")]


def processes_of(directory: Path) -> list[str]:
    """Return the processes that the fake ssh in this folder left: it names the folder to them."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"PREFLIGHT_TEST={directory}".encode() in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_text())
        except OSError:
            continue
    return found


@pytest.mark.parametrize(
    "command", [("check", "host-a", "host-b"), ("check", HOST1, "host-b"), ("migrate", "a", "b", "web")]
)
def test_ctrl_c_during_a_login_that_hangs_leaves_nothing(tmp_path: Path, command: tuple[str, ...]) -> None:
    fake_ssh(tmp_path, f"echo here >{tmp_path}/began; exec sleep 300")
    env = environment(
        PATH=f"{tmp_path}:{os.environ['PATH']}", XDG_RUNTIME_DIR=str(tmp_path), PREFLIGHT_TEST=str(tmp_path)
    )
    process = subprocess.Popen(
        [PREFLIGHT, *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=env,
        start_new_session=True,
        preexec_fn=hears_interrupts,  # noqa: PLW1509 - no thread of the tests' own holds a lock
    )
    try:
        for _ in range(200):
            if (tmp_path / "began").exists():
                break
            time.sleep(0.05)
        time.sleep(1)
        assert left_over(tmp_path)
        assert processes_of(tmp_path)
        began = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)  # a terminal sends it to all in the foreground
        out, err = process.communicate(timeout=30)
        assert time.monotonic() - began < 5
    finally:
        process.kill()
    assert (process.returncode, out, err) == (130, "", "preflight: interrupted\n")
    assert left_over(tmp_path) == []
    assert processes_of(tmp_path) == []


# start-up

MODULES = (
    "import os\nos._exit = lambda code: (sys.stderr.write(' '.join(sys.modules)), sys.stderr.flush(), sys.exit(code))"
)


@pytest.mark.parametrize("arguments", [("--help",), ("check", "--help"), ("migrate", "--help"), ("rules", "--help")])
def test_help_loads_nothing_that_it_does_not_need(arguments: tuple[str, ...]) -> None:
    done = python(MODULES, *arguments)
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: preflight ")
    loaded = set(done.stderr.split())
    assert "preflight.cli.app" in loaded
    heavy = {
        "augeas",
        "libvirt",
        "pydantic",
        "rich.progress",
        "tabulate",
        "preflight.judge.check",
        "preflight.judge.ruleset",
        "preflight.facts",
    }
    assert not loaded & heavy
    assert arguments != ("--help",) or "msgspec" not in loaded


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("preflight reh", {"rehearse"}),
        ("preflight check --exit", {"--exit-zero"}),
        ("preflight migrate --at-o", {"--at-once"}),
        ("preflight waivers li", {"list"}),
        ("preflight --versi", {"--version"}),
    ],
)
def test_a_shell_completes_commands_and_the_options_of_each(shell: str, typed: str, offered: set[str]) -> None:
    asked = {"bash": {"COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split()) - 1)}}.get(
        shell, {"_TYPER_COMPLETE_ARGS": typed, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    )
    done = python(MODULES, _PREFLIGHT_COMPLETE=f"complete_{shell}", **asked)
    assert all(re.search(rf"(?<![\w-]){one}(?![\w-])", done.stdout) for one in offered), done.stdout
    assert "snapshot" not in done.stdout, "it offers the rest too"
    assert not set(done.stderr.split()) & {"msgspec", "pydantic", "preflight.facts"}


def test_a_run_does_not_hide_other_commands_from_the_next(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("rules", "status"):
        monkeypatch.setattr(sys, "argv", ["preflight", name, "--help"])
        assert run_in_process() == 0
        assert f"preflight {name} [OPTIONS]" in capsys.readouterr().out


def test_a_run_loads_the_module_of_its_command_only() -> None:
    loaded = python(MODULES, "status", "--help").stderr.split()
    assert [one for one in loaded if one.removeprefix("preflight.cli.") in set(COMMAND_MODULES.values())] == [
        "preflight.cli.status"
    ]


def test_the_version_needs_no_command_line_parser() -> None:
    code = "import atexit\natexit.register(lambda: sys.stderr.write(' '.join(sys.modules)))"
    done = python(code, "--version")
    assert (done.returncode, done.stdout) == (0, f"preflight {__version__}\n")
    loaded = set(done.stderr.split())
    assert "preflight" in loaded
    assert not loaded & {"typer", "click", "rich", "msgspec", "pydantic", "preflight.cli.app"}


def test_the_version_is_told_beside_other_options_too() -> None:
    done = run("--version", "check")
    assert (done.returncode, done.stdout) == (0, f"preflight {__version__}\n")


@pytest.mark.parametrize("arguments", [("rules",), ("explain", "workers-limit")])
def test_where_no_document_is_touched_pydantic_is_not_loaded(arguments: tuple[str, ...]) -> None:
    loaded = python(MODULES, *arguments).stderr.split()
    assert "preflight.cli.app" in loaded
    assert "pydantic" not in loaded


@pytest.mark.parametrize(("form", "is_loaded"), [("text", False), ("table", False), ("json", True)])
def test_a_check_of_hosts_loads_pydantic_for_json_alone(tmp_path: Path, form: str, *, is_loaded: bool) -> None:
    fake_ssh(tmp_path, "exit 255")
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = python(MODULES, "check", "a", "b", "-f", form, PATH=path, XDG_RUNTIME_DIR=str(tmp_path))
    assert done.returncode == 1
    assert ("pydantic" in done.stderr.split()) is is_loaded


#: What only a format loads.
OF_FORMATS = {"pydantic", "jinja2", "xml.sax.saxutils", "tabulate"}


def test_a_text_check_of_files_loads_no_other_formats_library_and_no_libvirt() -> None:
    done = python(MODULES, "check", HOST1, HOST2)
    assert done.returncode == 0
    loaded = set(done.stderr.split())
    assert not loaded & (OF_FORMATS | {"libvirt", "rich.progress"})
    assert {name for name in loaded if name.startswith("preflight.output.report.")} == {
        f"preflight.output.report.{name}"
        for name in ("next_step", "problems", "provenance", "skipped", "text", "waivers")
    }


@pytest.mark.parametrize(("form", "is_loaded"), [("table", False), ("json", True)])
def test_a_check_of_files_loads_pydantic_for_json_alone(form: str, *, is_loaded: bool) -> None:
    done = python(MODULES, "check", HOST1, HOST2, "-f", form)
    assert done.returncode == 0
    assert ("pydantic" in done.stderr.split()) is is_loaded


# rules


def test_rules_are_listed_and_explained() -> None:
    listed = run("rules")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert re.search(r"^shared-host-uuid +identity +error +Both hosts", listed.stdout, re.MULTILINE)
    assert run("rules", "-f", "markdown").stdout.splitlines()[2].startswith("| `")
    explained = run("explain", "shared-host-uuid")
    assert (explained.returncode, explained.stderr) == (0, "")
    assert explained.stdout.startswith("shared-host-uuid  (identity, error)\nBoth hosts report the same host UUID.\n")
    assert "\n\nWhy it matters\n  " in explained.stdout
    assert "\n\nHow to fix\n  " in explained.stdout


def test_snapshots_are_no_hosts_to_migrate_between() -> None:
    done = run("migrate", HOST1, HOST2, "web", "--yes")
    assert refused(done) == "a guest cannot be migrated between snapshots: name real hosts"


def test_the_recorded_pair_is_the_one_that_other_tests_change() -> None:
    assert Case().report().verdict.exit_code == run("check", HOST1, HOST2).returncode


def test_logins_begin_before_the_parser_is_loaded() -> None:
    code = (
        "import preflight.connection.logins as opening\n"
        "heavy = {'preflight.cli.app', 'pydantic'}\n"
        "opening.begin = lambda hosts, prelude: print(list(hosts), heavy & set(sys.modules))"
    )
    for command in ("check", "capacity", "fix", "migrate", "nagios", "plan"):
        said = python(code, command, "no/such/file", "b", "--p2p").stdout.splitlines()
        assert said[0] == "['no/such/file', 'b'] set()"


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("check",),
        ("check", "a"),
        ("check", "--guest", "web", "a", "b"),
        ("check", "a", "--guest", "web", "b"),
        ("check", "a", "b", "--help"),
        ("explain", "a", "b"),
        ("rehearse", "--resume", "a", "b"),
        ("rehearse", "a", "--resume", "b"),
    ],
)
def test_no_login_begins_where_only_the_parser_can_tell(arguments: tuple[str, ...]) -> None:
    assert not hosts_of(arguments)


@pytest.mark.parametrize(("rest", "code"), [(("--no-such-option",), 2), (("--format", "yaml"), 2)])
def test_a_login_begun_in_vain_is_given_up(tmp_path: Path, rest: tuple[str, ...], code: int) -> None:
    fake_ssh(tmp_path, "exec sleep 300")
    env = environment(
        PATH=f"{tmp_path}:{os.environ['PATH']}", XDG_RUNTIME_DIR=str(tmp_path), PREFLIGHT_TEST=str(tmp_path)
    )
    done = subprocess.run(
        [PREFLIGHT, "check", "a", "b", *rest], capture_output=True, text=True, env=env, timeout=30, check=False
    )
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert left_over(tmp_path) == []
    assert processes_of(tmp_path) == []


def test_no_directory_for_the_socket_is_one_clear_line() -> None:
    done = run("check", "a", "b", XDG_RUNTIME_DIR="/no/such/directory")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "preflight: /no/such/directory: cannot create a directory for ssh's socket: No such file or directory; set"
        " XDG_RUNTIME_DIR to one that you can write to\n"
    )


# migrate, plan, status


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("migrate",), "SOURCE and DESTINATION are missing: name the hosts, or a file that `preflight plan` wrote"),
        (("migrate", "a", "b"), "which guests? Name them, or give --all, --running or --offline"),
        (("migrate", "a", "b", "web", "--all"), "name guests, or give --all, but not both"),
        (
            ("migrate", "a", "b", "--all", "--running"),
            "--all, --running and --offline are mutually exclusive: give one of them",
        ),
        (("migrate", "/no/plan"), "/no/plan: No such file or directory"),
        (("migrate", HOST1), f"{HOST1}: not a plan of preflight"),
        (("migrate", "--resume", "/no/journal"), "/no/journal: No such file or directory"),
        (("migrate", "--resume", HOST1), f"{HOST1}: not a preflight journal"),
        (
            ("migrate", "a", "b", "--resume", "j"),
            "--resume takes a journal, which names the hosts and the guests: omit them",
        ),
        (("migrate", "a", "b", "web", "--direct"), "--direct: QEMU does not support direct migration"),
        (("plan", "a", "b", "web", "-o", "p", "--lapses-after", "soon"), "--lapses-after: 'soon' is not a time"),
        (("plan", "a", "b", "web", "-o", "p", "--migrateuri", "host2"), "--migrateuri: host2: not of the form"),
        (("status", "/no/journal"), "/no/journal: No such file or directory"),
        (("status", HOST1, "-f", "yaml"), "--format: 'yaml' is not one of text, json"),
        (("status", "-f", "yaml"), "--format: 'yaml' is not one of text, json"),
        (("migrate", "--resume", "j", "--rehearse"), "--rehearse: a run that is resumed is not rehearsed: omit it"),
        (("migrate", "a", "b", "web", "--confirm-uri", "x"), "--confirm-uri is for the URIs of a plan or a journal"),
    ],
)
def test_what_cannot_be_run_is_one_line(arguments: tuple[str, ...], said: str) -> None:
    assert refused(run(*arguments)).startswith(said)


#: Parameters of `migrate` that are about the run, and one value that each takes.
OF_THE_RUN = {
    "--yes": [],
    "--confirm-uri": ["qemu+ssh://host2/system?command=ssh2"],
    "--on-error": ["continue"],
    "--stall-timeout": ["9"],
    "--settle-timeout": ["9"],
    "--verify": ["agent"],
    "--verify-timeout": ["9"],
    "--journal": ["j"],
    "--events": ["e"],
    "--back": ["b"],
    "--answer-timeout": ["9"],
    "--severity": ["mtu-differs=warning"],
    "--threshold": ["clocks-differ=5"],
    "--rules": ["site"],
    "--pack": ["site"],
    "--no-config": [],
}
#: Goes with a plan alone.
BEFORE = {"--rehearse": list[str]()}
#: Changes a run that is resumed, like `preflight steer`, and is settled by a plan.
STEERED = ("--bandwidth", "--max-downtime", "--postcopy")
#: Words that these options take, of few.
WORDS = {"--hand-over": "safe", "--on-give-up": "abort", "--give-up-after": "9"}
VALUES = {"int range": "9", "float range": "9", "choice": "tls", "str": "mt", "path": "/dev/null"}


def typed(parameter: Any) -> list[str]:
    value = WORDS.get(parameter.opts[0]) or VALUES.get(parameter.type.name)
    return [parameter.opts[0], *([] if value is None else [value])]


SETTLED = [
    typed(parameter)
    for parameter in typer.main.get_command(with_commands()).commands["migrate"].params  # type: ignore[attr-defined]  # a group
    if parameter.opts[0] not in {*OF_THE_RUN, *BEFORE, "what", "--resume", "--abort", "--direct", "--config", "--help"}
]


#: Those that are refused before, alone or with such a value.
ALONE = {option_name(name) for name, option in declared().items() if option.needs or option.form is Form.XML} | {
    switch.names[0] for switch in declared()["on_timeout"].switches
}


@pytest.mark.parametrize("arguments", [*SETTLED, ["--no-live"], ["--transient"]], ids=lambda given: given[0])
def test_what_a_plan_or_a_journal_has_settled_is_refused_beside_it(arguments: list[str]) -> None:
    settled = [(["evening.plan"], "plan"), (["--resume", "journal"], "journal")]
    for words, where in settled[:1] if arguments[0] in STEERED else settled:
        done = CliRunner().invoke(with_commands("migrate"), ["migrate", *words, *arguments])
        assert isinstance(done.exception, UserError), done.output
        known = str(done.exception)
        assert arguments[0] in known
        if arguments[0] not in ALONE:
            assert known == f"{arguments[0]}: the {where} determines this, so it cannot be changed here: omit it"


def test_a_run_that_is_resumed_keeps_its_journal() -> None:
    done = CliRunner().invoke(with_commands("migrate"), ["migrate", "--resume", "a", "--journal", "b"])
    assert str(done.exception) == "--journal: the journal determines this, so it cannot be changed here: omit it"


DOCS = Path(__file__).parents[3] / "docs"
#: The pages that document the options of each command.
PAGES = {
    "check": ("check", "output", "configuration", "reference/options"),
    "lint": ("lint", "output", "configuration"),
    "capacity": ("capacity", "output", "configuration"),
    "fix": ("fix", "configuration"),
    "migrate": ("migrate", "configuration", "reference/options"),
    "plan": ("migrate", "configuration", "reference/options"),
    "rehearse": ("rehearse", "migrate", "check", "configuration", "reference/options"),
    "nagios": ("output", "check", "configuration", "reference/options"),
    "show": ("output",),
    "snapshot": ("check", "configuration"),
    "diff": ("diff", "check", "output", "configuration", "reference/options"),
    "status": ("output",),
    "steer": ("migrate", "output", "configuration"),
}
#: Short for --copy-storage-all, and what every command has.
UNSAID = {"--copy-storage", "--help"}


@pytest.mark.parametrize("command", PAGES)
def test_the_pages_of_a_command_name_each_of_its_options(command: str) -> None:
    parameters = typer.main.get_command(with_commands()).commands[command].params  # type: ignore[attr-defined]  # a group
    options = {name for one in parameters for name in (*one.opts, *one.secondary_opts) if name.startswith("--")}
    text = "".join((DOCS / f"{page}.md").read_text(encoding="utf-8") for page in PAGES[command])
    assert {one for one in options if not re.search(rf"{one}(?![a-z-])", text)} - UNSAID == set()


@pytest.mark.parametrize(("option", "value"), (OF_THE_RUN | BEFORE).items())
def test_what_is_about_the_run_goes_with_a_plan(option: str, value: list[str]) -> None:
    done = CliRunner().invoke(with_commands("migrate"), ["migrate", "/no/plan", option, *value])
    assert str(done.exception) == "/no/plan: No such file or directory"


@pytest.mark.parametrize("kind", ["plan", "journal", "steered"])
@pytest.mark.parametrize("field", ["source", "destination", "destination_uri"])
def test_a_command_in_a_file_that_others_can_replace_is_not_run(tmp_path: Path, field: str, kind: str) -> None:
    evil = tmp_path / "evil"
    evil.write_text(f"#!/bin/sh\ntouch {tmp_path}/pwned\n")
    evil.chmod(0o755)
    fake_ssh(tmp_path, f"touch {tmp_path}/contacted; exit 255")
    plan = altered(PLAN, lapses=time.time() + 9999, **{field: f"qemu+ssh://host/system?command={evil}"})
    path = tmp_path / "evening"
    if kind == "plan":
        plan_file.write(path, plan)
    else:
        Journal.create(path, plan).close()
    tmp_path.chmod(0o777)
    words = {
        "plan": ["migrate", str(path), "--yes"],
        "journal": ["migrate", "--resume", str(path), "--yes"],
        "steered": ["steer", str(path), "--abort"],
    }[kind]
    path_with_ssh = f"{tmp_path}:{os.environ['PATH']}"
    said = refused(run(*words, PATH=path_with_ssh, XDG_RUNTIME_DIR=str(tmp_path)))
    assert said.startswith(f"{path}: {field} has 'command', which is used only from a file of your own")
    assert not (tmp_path / "pwned").exists()
    assert not (tmp_path / "contacted").exists()


def test_a_plan_for_a_year_that_no_clock_shows_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "p"
    plan_file.write(path, PLAN)
    path.write_text(path.read_text().replace("1800086400.0", "1e300"))
    assert "lapses" in refused(run("migrate", str(path)))


def test_status_alone_lists_the_runs_and_is_no_failure_where_one_is_damaged(tmp_path: Path) -> None:
    directory = tmp_path / "preflight"
    Journal.create(directory / "a.journal", PLAN).close()
    (directory / "b.journal").write_text("\x1b[2J")
    done = run("status", XDG_STATE_HOME=str(tmp_path))
    resumes = f"To resume this run:\npreflight migrate --resume {directory}/a.journal\n"
    assert (done.returncode, done.stderr) == (0, resumes)
    assert "cut off" in done.stdout
    assert f"damaged: {directory}/b.journal: not a preflight journal" in done.stdout
    listed = run("status", "-f", "json", XDG_STATE_HOME=str(tmp_path))
    assert [one["stage"] for one in json.loads(listed.stdout)["runs"]] == ["cut off", "damaged"]


def test_the_paths_of_journals_can_be_copied_from_a_narrow_terminal(tmp_path: Path) -> None:
    directory = tmp_path / "preflight"
    paths = [directory / f"20261130T1200{number}-host1.example.com-host2.example.com-1.journal" for number in "12"]
    for path in paths:
        Journal.create(path, PLAN).close()
    narrow = run("status", XDG_STATE_HOME=str(tmp_path), COLUMNS="80").stdout.splitlines()
    assert narrow[-3:] == ["journals, in the same order:", *map(str, sorted(paths, reverse=True))]
    assert max(map(len, narrow[:-2])) <= 80
    wide = run("status", XDG_STATE_HOME=str(tmp_path)).stdout.splitlines()
    assert [line.split()[-1] for line in wide[2:]] == narrow[-2:]


@pytest.mark.parametrize("where", ["make_context", "invoke"])
def test_ctrl_c_is_reported_wherever_it_comes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], where: str
) -> None:
    """The parser's own main ends without a word."""

    def interrupted(*_arguments: object, **_options: object) -> None:
        why = KeyboardInterrupt()
        why.add_note("resume it with ...")
        raise why

    monkeypatch.setattr(f"preflight.cli.help_page.ByPurpose.{where}", interrupted)
    monkeypatch.setattr(sys, "argv", ["preflight", "rules"])
    assert run_in_process() == 130
    assert capsys.readouterr().err == "preflight: interrupted\nresume it with ...\n"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("migrate", "--resume"), "Option '--resume' requires an argument: `preflight status` lists the runs, and "),
        (("evacuate", "--back"), "Option '--back' requires an argument: `preflight status` lists the runs, and "),
        (("steer",), "Missing argument 'JOURNAL': `preflight status` lists the runs, and "),
        (("resume",), "No such command 'resume': `preflight status` lists the runs, and "),
        (("diff", "a"), "Missing argument 'NEW': `preflight diff --help` shows what it takes"),
        (("undo",), "No such command 'undo': `preflight --help` lists the commands"),
        (("--nope",), "No such option: --nope: `preflight --help` lists the commands"),
        (("chek",), "No such command 'chek'. Did you mean 'check'?"),
        (("explain",), "Missing argument 'RULE|MESSAGE|-': `preflight explain --help` shows what it takes"),
        (("check", "--nope"), "No such option: --nope"),
    ],
)
def test_what_the_parser_refuses_has_the_next_step(arguments: tuple[str, ...], why: str) -> None:
    assert refused(run(*arguments)).startswith(why)
