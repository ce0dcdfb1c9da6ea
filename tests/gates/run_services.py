"""The timer, the alert rules, the dashboard and the command for Icinga, each by the program that reads it."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.gates.conftest import GATES, run

UNITS = GATES / "systemd"
RULES = GATES / "prometheus/preflight.rules.yml"
DASHBOARD = GATES / "grafana/preflight.json"
PREFLIGHT = Path(sys.executable).with_name("preflight")
HOSTS = Path(__file__).parents[1] / "cases"
#: Runs a command where /usr/local/bin has preflight, as on a machine on which it is installed for everybody.
INSTALLED = f'mount -t tmpfs none /usr/local/bin && ln -s {PREFLIGHT} /usr/local/bin/preflight && exec "$@"'


def installed(*words: str | Path, **more: Any) -> "subprocess.CompletedProcess[str]":
    return run(["unshare", "--mount", "sh", "-ec", INSTALLED, "sh", *words], **more)


def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    for path in UNITS.glob("preflight@.*"):
        shutil.copy(path, tmp_path / path.name.replace("@", "@rack7"))
    done = installed("systemd-analyze", "verify", "--man=no", *sorted(tmp_path.iterdir()))
    assert "preflight" not in done.stderr, done.stderr
    assert "Normalized form" in run(["systemd-analyze", "calendar", "hourly"]).stdout


def started(pair: str, settings: dict[str, str], *, expect: tuple[int, ...]) -> str:
    """Run ExecStart of the service as it stands, with the settings of the pair's file, and return its output."""
    unit = dict(re.findall(r"^(\w+)=(.*)$", (UNITS / "preflight@.service").read_text(), re.MULTILINE))
    key, _, value = unit["Environment"].partition("=")
    known = {key: value} | settings
    # systemd.service(5): %i is the instance, and ${NAME} is a variable, which never becomes two words
    words = [
        re.sub(r"\$\{(\w+)\}", lambda found: known[found[1]], word.replace("%i", pair))
        for word in unit["ExecStart"].split()
    ]
    done = installed(*words, expect=None)
    assert done.returncode in expect, done.stderr
    accepted = {0, *map(int, unit["SuccessExitStatus"].split())}
    assert done.returncode in accepted
    return done.stdout


@pytest.fixture(scope="session")
def textfiles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with the files of two pairs, one of which is not ready, as the service writes them."""
    where = tmp_path_factory.mktemp("textfiles")
    for pair, of, code in (("sound", "ready", 0), ("rack7", "hosts-line-gone", 1)):
        settings = {"SOURCE": str(HOSTS / of / "host1.json"), "DESTINATION": str(HOSTS / of / "host2.json")}
        started(pair, settings | {"TEXTFILES": str(where)}, expect=(code,))
    hosts = written_hosts(where.parent)
    run([PREFLIGHT, "lint", "--files", hosts, "--report", f"prometheus={where}/lint.prom"], expect=1)
    return where


def written_hosts(where: Path) -> Path:
    (where / "hosts/kvm1/etc").mkdir(parents=True)
    (where / "hosts/kvm1/etc/hosts").write_text("{{ address }} host1\n")
    (where / "hosts/kvm1/etc/ssh").mkdir()
    (where / "hosts/kvm1/etc/ssh/sshd_config").write_text("{{ port }}\n")
    return where / "hosts"


def test_the_service_writes_a_file_for_each_pair(textfiles: Path) -> None:
    assert {path.name for path in textfiles.iterdir()} == {"preflight-sound.prom", "preflight-rack7.prom", "lint.prom"}
    assert 'preflight_ready{source="host1.example.com"' in (textfiles / "preflight-rack7.prom").read_text()


def test_promtool_accepts_the_rules_and_their_tests() -> None:
    run(["promtool", "check", "rules", RULES])
    run(["promtool", "test", "rules", "preflight.test.yml"], cwd=RULES.parent)


def test_every_alert_has_a_test() -> None:
    names = {rule["alert"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]}
    tested = yaml.safe_load((RULES.parent / "preflight.test.yml").read_text())["tests"]
    firing = {one["alertname"] for part in tested for one in part["alert_rule_test"] if one["exp_alerts"]}
    silent = {one["alertname"] for part in tested for one in part["alert_rule_test"] if not one["exp_alerts"]}
    assert names == firing
    assert silent <= names


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture(scope="session")
def prometheus(
    tmp_path_factory: pytest.TempPathFactory, textfiles: Path, unpacked: Callable[..., Path]
) -> Iterator[Callable[[str], list[Any]]]:
    """Yield a function that asks Debian's Prometheus, which scrapes Debian's node exporter, which reads the files."""
    where = tmp_path_factory.mktemp("prometheus")
    exporter, server = free_port(), free_port()
    binary = unpacked("prometheus-node-exporter") / "usr/bin/prometheus-node-exporter"
    (where / "prometheus.yml").write_text(
        f"global: {{scrape_interval: 1s}}\nrule_files: [{RULES}]\n"
        f"scrape_configs: [{{job_name: node, static_configs: [{{targets: ['127.0.0.1:{exporter}']}}]}}]\n"
    )
    words: list[list[object]] = [
        [
            binary,
            "--collector.disable-defaults",
            "--collector.textfile",
            f"--collector.textfile.directory={textfiles}",
            f"--web.listen-address=127.0.0.1:{exporter}",
        ],
        [
            "prometheus",
            f"--config.file={where}/prometheus.yml",
            f"--storage.tsdb.path={where}/data",
            f"--web.listen-address=127.0.0.1:{server}",
        ],
    ]
    running = [
        subprocess.Popen(list(map(str, one)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for one in words
    ]

    def ask(query: str) -> list[Any]:
        url = f"http://127.0.0.1:{server}/api/v1/query?" + urllib.parse.urlencode({"query": query})
        with urllib.request.urlopen(url, timeout=10) as answer:
            found = json.loads(answer.read())
        assert found["status"] == "success"
        return list(found["data"]["result"])

    try:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                if ask("preflight_host_ready"):
                    break
            except OSError:
                pass
            time.sleep(0.5)
        yield ask
    finally:
        for one in running:
            one.terminate()
            one.wait(30)


def queries() -> Iterator[tuple[str, str]]:
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"].replace("$source", ".*")


#: A panel that has nothing to show unless there are waivers.
EMPTY = {"Waivers that expire"}


@pytest.mark.parametrize(("panel", "query"), list(queries()))
def test_a_panel_of_the_dashboard_shows_something(
    panel: str, query: str, prometheus: Callable[[str], list[Any]]
) -> None:
    assert bool(prometheus(query)) is (panel not in EMPTY)


def test_the_labels_of_a_legend_are_labels_of_its_series(prometheus: Callable[[str], list[Any]]) -> None:
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel["targets"]:
            wanted = set(re.findall(r"\{\{(\w+)\}\}", target.get("legendFormat", "")))
            for series in prometheus(target["expr"].replace("$source", ".*")):
                assert wanted <= series["metric"].keys(), panel["title"]


def test_the_alerts_see_the_pair_that_is_not_ready(prometheus: Callable[[str], list[Any]]) -> None:
    (found,) = prometheus('preflight_verdict{verdict="not-ready"} == 1')
    assert found["metric"]["source"] == "host1.example.com"
    (found,) = prometheus("preflight_host_ready == 0")
    assert found["metric"]["host"] == "kvm1"


#: Libraries that Debian's icinga2 is linked with.
BOOST = tuple(
    f"libboost-{name}1.74.0"
    for name in ("coroutine", "context", "filesystem", "iostreams", "program-options", "regex", "thread", "atomic")
)


def test_icinga_makes_the_command_line(tmp_path: Path, unpacked: Callable[..., Path]) -> None:
    root = unpacked("icinga2-bin", "icinga2-common", "libedit2", "libyajl2", *BOOST)
    plugin = tmp_path / "preflight"
    plugin.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/words\nexec {PREFLIGHT} "$@"\n')
    plugin.chmod(0o755)
    command = (GATES / "icinga/preflight.conf").read_text().replace("/usr/local/bin/preflight", str(plugin))
    pair = HOSTS / "hosts-line-gone"
    (tmp_path / "icinga2.conf").write_text(
        f'include "{root}/usr/share/icinga2/include/itl"\n{command}\n'
        'object IcingaApplication "app" { }\n'
        'object CheckerComponent "checker" { }\n'
        f'object FileLogger "log" {{ severity = "notice"; path = "{tmp_path}/icinga.log" }}\n'
        'object CheckCommand "none" { command = [ "/bin/true" ] }\n'
        f'object Host "kvm1" {{ check_command = "none"; address = "{pair}/host1.json"; vars.preflight_no_guests = true;'
        f' vars.preflight_to = [ "{pair}/host2.json" ] }}\n' + (GATES / "icinga/services.conf").read_text()
    )
    for name in ("lib", "log", "run", "cache", "spool"):
        (tmp_path / name).mkdir()
    given = [
        f"-D{key}={tmp_path}/{name}"
        for key, name in (
            ("DataDir", "lib"),
            ("LogDir", "log"),
            ("InitRunDir", "run"),
            ("CacheDir", "cache"),
            ("SpoolDir", "spool"),
        )
    ] + [f"-DRunAsUser={os.environ.get('USER') or 'root'}", "-DRunAsGroup=root"]
    environment = {"LD_LIBRARY_PATH": f"{root}/usr/lib/x86_64-linux-gnu"}
    icinga = [
        f"{root}/usr/lib/x86_64-linux-gnu/icinga2/sbin/icinga2",
        "daemon",
        *given,
        "-c",
        tmp_path / "icinga2.conf",
    ]
    done = run([*icinga, "-C"], env=environment)
    assert "Finished validating the configuration file(s)" in done.stdout
    with subprocess.Popen(list(map(str, icinga)), env=os.environ | environment, stdout=subprocess.DEVNULL) as daemon:
        try:
            until = time.monotonic() + 240
            while time.monotonic() < until and not (tmp_path / "words").is_file():
                time.sleep(0.5)
        finally:
            daemon.terminate()
    assert (tmp_path / "words").is_file(), (tmp_path / "icinga.log").read_text()[-5000:]
    assert (tmp_path / "words").read_text().split() == [
        "nagios",
        f"{pair}/host1.json",
        f"{pair}/host2.json",
        "--no-guests",
        "--timeout",
        "60",
    ]
