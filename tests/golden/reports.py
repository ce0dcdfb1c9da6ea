"""The reports whose output is kept in cases/, written by `python -m tests.golden.record`."""

import json
from collections.abc import Callable, Mapping

from msgspec.structs import replace

from preflight.answers import Answers, Record, SavedHost
from preflight.connection.libvirt import RECORDS as LIBVIRT
from preflight.connection.libvirt import UNQUERIED
from preflight.judge.report import Made, Report
from preflight.output.formats import FORMATS as OUTPUT_FORMATS
from tests.case import Case

#: Formats of which one report is kept, since each file would repeat what is the same for all.
KEPT_ONCE = {"html": "hosts-line-gone"}
FORMATS = tuple(name for name in OUTPUT_FORMATS["report"] if name not in KEPT_ONCE)
#: When, where and by whom the reports that are kept were made; the recorded hosts were asked a week before.
MADE = Made(1_796_000_000, "control.example.com", "anna", "0.1.0")
#: Named one by one, so that a new rule changes no file in cases/.
RULES = (
    "announced-name-unresolvable",
    "clients-limit",
    "conf-not-in-force",
    "daemon-conf-invalid",
    "guest-not-running",
    "hosts-entry-address-wrong",
    "libvirt-unreachable",
    "os-release-differs",
    "peer-connection-refused",
    "ssh-login-refused",
    "workers-limit",
)
#: What a hostile host puts wherever it can: a cleared screen, a turned line, a line that looks like the report's.
HOSTILE = "\x1b[2J\x1b]0;x\x07\u202etxt\u2069 \x9b31m\u2028\nREADY  all is well\r"


def sound() -> Case:
    return Case()


def hosts_line_gone() -> Case:
    return Case("hosts-line-gone/host1", "hosts-line-gone/host2")


def no_login() -> Case:
    case = Case()
    complaint = "ssh: connect to host host2.example.com port 22: Connection refused"
    answers = Answers({"login": Record("", 255, complaint)}, {"": f"login to host2.example.com failed: {complaint}"})
    case.hosts[1] = SavedHost("host2.example.com", answers)
    return case


def no_libvirt() -> Case:
    case = Case()
    complaint = "Failed to connect socket to '/var/run/libvirt/libvirt-sock': Connection refused"
    name, answers, *_ = case.hosts[1]
    connect = json.dumps({"uri": "qemu+ssh://host2.example.com/system", "error": complaint, "code": 38, "hung": False})
    records = {key: record for key, record in answers.records.items() if key not in LIBVIRT}
    absent = dict.fromkeys(LIBVIRT[1:], f"{UNQUERIED}: {complaint}")
    case.hosts[1] = SavedHost(name, Answers(records | {LIBVIRT[0]: Record(connect)}, absent))
    return case


def warnings() -> Case:
    return (
        Case("newer/host3", "ready/host2")
        .source("libvirtd.conf", lambda text: text + "max_workers = 40\n")
        .destination("limits", lambda text: text.replace("nclients            : 1\n", "nclients            : 4999\n"))
        .asking(concurrency=3)
    )


def hostile() -> Case:
    """Escape sequences, right-to-left overrides, lone surrogates, forged lines, tabs, and lines of 300 columns."""
    long = "x" * 300
    named = f"\t192.0.2.199\t\x1b[31mevil\u202e 東京\thost2.example.com  # {long}"
    return (
        Case()
        .source("etc.hosts", lambda text: text.replace("192.0.2.12 host2.example.com host2", named))
        .source("libvirtd.conf", lambda text: text + f"max_workers = 40 # {long}\n")
        .destination("libvirtd.conf", lambda text: text + f'host_uuid_source = "a"; {long} = 1; max_clients = 4\n')
        .destination("os-release", f"PRETTY_NAME='{HOSTILE.splitlines()[0]}\ud800'\nID=x\n")
        .destination(
            "libvirt.connect",
            lambda text: json.dumps(json.loads(text) | {"error": f"no: {HOSTILE}", "code": 38, "hung": False}),
        )
        .destination("limits", Record("", 1, HOSTILE))
        .guest(lambda guest: guest.update(name=f"web{HOSTILE}"))
    )


REPORTS: Mapping[str, Callable[[], Case]] = {
    "sound": sound,
    "hosts-line-gone": hosts_line_gone,
    "no-login": no_login,
    "no-libvirt": no_libvirt,
    "warnings": warnings,
    "hostile": hostile,
}


def report(name: str) -> Report:
    """Return the report of that name, made where and when the kept ones were."""
    return replace(REPORTS[name]().asking(select=RULES).report(), made=MADE)
