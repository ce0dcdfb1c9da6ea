"""The daemon's own namespaces, filters and capabilities, from the list of daemons."""

import pytest

from preflight.answers import Record
from preflight.facts import Confinement, Daemons
from tests.fact_of import fact_of

CLOCK = "clock 1796097538.147515653 37581.53 100\n"
PROCESS = f"{CLOCK}process libvirtd 71 8\n"
#: As Linux 6.1 reports them, of a login and of a libvirtd without any setting.
OWN = "".join(
    f"/proc/self/status:{line}\n" for line in ("CapBnd:\t000001ffffffffff", "Seccomp:\t0", "Seccomp_filters:\t0")
)
SAME = OWN.replace("self", "71")


def told(text: str) -> Confinement:
    return Confinement.parse(Record(text))


def test_a_daemon_as_the_login_has_nothing_of_its_own() -> None:
    assert told(PROCESS + OWN + SAME) == Confinement()
    assert told(PROCESS).apart is None  # from before the question was asked


def test_namespaces_name_the_process_and_the_interfaces() -> None:
    found = told(f"{PROCESS}apart mnt libvirtd 71\napart net libvirtd 71 lo eth7 \n")
    assert (found.daemon, found.apart, found.mounts_of, found.network_of) == ("libvirtd", 71, 71, 71)
    assert found.interfaces == ("eth7",)
    assert not found.other_conf
    assert told(f"{PROCESS}apart mnt libvirtd 71\napart conf libvirtd 71\n").other_conf
    alone = told(f"{PROCESS}apart net libvirtd 71 lo \n")
    assert (alone.apart, alone.mounts_of, alone.interfaces) == (71, None, ())


@pytest.mark.parametrize(
    ("own", "others", "filtered"), [("0", "0", False), ("0", "2", True), ("1", "1", False), ("1", "3", True)]
)
def test_only_filters_beyond_the_logins_count(own: str, others: str, filtered: bool) -> None:
    modes = "/proc/self/status:Seccomp:\t{}\n/proc/71/status:Seccomp:\t{}\n".format(
        *("20"[one == "0"] for one in (own, others))
    )
    filters = f"/proc/self/status:Seccomp_filters:\t{own}\n/proc/71/status:Seccomp_filters:\t{others}\n"
    assert told(PROCESS + modes + filters).filtered is filtered


def test_a_kernel_before_5_9_tells_only_whether_there_are_filters() -> None:
    modes = "/proc/self/status:Seccomp:\t{}\n/proc/71/status:Seccomp:\t2\n"
    assert told(PROCESS + modes.format(0)).filtered
    assert not told(PROCESS + modes.format(2)).filtered


@pytest.mark.parametrize(
    ("setting", "allowed"),
    [
        ("", {"AF_UNIX", "AF_INET", "AF_INET6"}),
        ("~", {"AF_UNIX", "AF_INET", "AF_INET6"}),
        ("AF_UNIX AF_INET", {"AF_UNIX", "AF_INET"}),
        ("~AF_INET6", {"AF_UNIX", "AF_INET"}),
        ("none", set()),
    ],
)
def test_address_families_are_those_of_the_unit(setting: str, allowed: set[str]) -> None:
    found = told(f"{PROCESS}unit RestrictAddressFamilies={setting}\n")
    assert {one for one in ("AF_UNIX", "AF_INET", "AF_INET6") if found.has_family(one)} == allowed


def test_capabilities_that_the_login_has_and_the_daemon_lacks_are_named() -> None:
    assert told(PROCESS + OWN + SAME.replace("1ffffffffff", "1ffffdff7ff")).lacks == ("CAP_SYS_ADMIN",)
    # as in a container, whose login has no more than the daemon
    few = OWN.replace("1ffffffffff", "0000000ffff")
    assert told(PROCESS + few + few.replace("self", "71")).lacks == ()


@pytest.mark.parametrize(
    "line",
    ["apart", "apart mnt", "apart mnt libvirtd", "apart mnt libvirtd x", "apart user libvirtd 7", "unit", "unit x",
     "apart net libvirtd 99999999999999999999", "/proc/self/status:CapBnd:\tzz", "apart mnt ../x 7",
     "/proc/71/status:Seccomp_filters:\tff"],
)  # fmt: skip
def test_other_lines_say_nothing(line: str) -> None:
    assert told(f"{PROCESS}{line}\n") == Confinement()
    if not line.startswith("apart user"):
        assert fact_of(Daemons, {"daemons": Record(f"{PROCESS}{line}\n")}).process("libvirtd") is not None
