"""managed-by-pacemaker: a guest that a cluster would start a second time."""

import pytest

from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case

RULE = "managed-by-pacemaker"
FILE = "/etc/libvirt/qemu/web.xml"
RESOURCE = (
    '<primitive id="vm-web" class="ocf" provider="heartbeat" type="VirtualDomain">\n'
    f' <nvpair name="config" value="{FILE}" id="vm-web-config"/>\n</primitive>\n'
)
NAMED = f"{FILE}:  <name>web</name>\n"


def pair(name: str, value: str) -> str:
    return f' <nvpair id="x" name="{name}" value="{value}"/>\n'


def having(name: str, value: str) -> str:
    """Return the resource with one more setting."""
    return RESOURCE.replace("</primitive>", f"{pair(name, value)}</primitive>")


@pytest.mark.parametrize(
    "said",
    [
        f"running\n{RESOURCE}{NAMED}",
        f"running\n{RESOURCE}",
        f"running\n{RESOURCE.replace('qemu/web', 'own')}{NAMED.replace('qemu/web', 'own')}",
        f"running\n{having('is-managed', 'true')}{NAMED}",
        f"running\n{having('target-role', 'Started')}{NAMED}",
        # another resource is left alone
        f'running\n<primitive id="db" type="Dummy">\n{pair("is-managed", "false")}</primitive>\n{RESOURCE}{NAMED}',
        f'running\n<primitive id="db" type="Dummy"/>\n{RESOURCE}{NAMED}',
    ],
)
def test_catches_a_resource_of_the_guest(said: str) -> None:
    result = Case().source("cluster", said).result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    (finding,) = result.findings
    assert (finding.host, finding.message) == (
        Role.SOURCE,
        "pacemaker manages web as the resource vm-web, and would start it a second time",
    )


@pytest.mark.parametrize("setting", [("is-managed", "false"), ("maintenance", "true")])
def test_catches_as_a_warning_where_the_cluster_leaves_something_alone(setting: tuple[str, str]) -> None:
    (finding,) = Case().source("cluster", f"running\n{pair(*setting)}{RESOURCE}{NAMED}").result(RULE).findings
    assert finding.severity is Severity.WARNING


@pytest.mark.parametrize(
    "said",
    [
        f"running\n{pair('maintenance-mode', 'true')}{RESOURCE}{NAMED}",
        f"running\n{having('is-managed', 'false')}{NAMED}",
        f"running\n{having('maintenance', 'yes')}{NAMED}",
        f"running\n{having('target-role', 'Stopped')}{NAMED}",
        f"running\n{RESOURCE}{NAMED.replace('<name>web', '<name>db')}",
        "running\n",
        "",  # pacemaker is installed, and does not run
    ],
)
def test_passes_a_guest_that_pacemaker_leaves_alone(said: str) -> None:
    assert Case().source("cluster", said).result(RULE).outcome is Outcome.PASSED


def test_passes_a_host_without_pacemaker() -> None:
    assert Case().source("cluster", Record("", 44)).result(RULE).outcome is Outcome.PASSED


def test_is_unknown_when_the_configuration_could_not_be_read() -> None:
    case = Case().source("cluster", Record("running\n", 1, "sudo: a password is required"))
    assert case.result(RULE).outcome is Outcome.UNKNOWN
