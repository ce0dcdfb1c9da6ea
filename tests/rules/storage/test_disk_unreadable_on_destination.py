"""The destination's QEMU is not allowed to open a file that the guest's disks need."""

import pytest

from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case
from tests.rules.neighbour import DB, with_db
from tests.rules.pools import PATH as VOLUME_PATH
from tests.rules.pools import VOLUME, on_volume, pools, vms

RULE = "disk-unreadable-on-destination"
WEB = "guest web"
PATH = "/srv/images/web.img"
BASE = "/srv/base.img"
DIRECTORIES = "drwxr-xr-x 20 0 0 4096  /\ndrwxr-xr-x 3 0 0 80  /srv\ndrwx--x--x 2 0 0 60  /srv/images\n"
CHAIN = f"<backingStore type='file'><format type='raw'/><source file='{BASE}'/><backingStore/></backingStore>"


def disk(more: str = "<readonly/>", *, backing: str = "") -> str:
    return f"<disk type='file' device='disk'><source file='{PATH}'/>{backing}<target dev='vdb'/>{more}</disk>"


def running_as(
    mode: str = "-rw-------",
    owner: str = "0 0",
    *,
    user: str = "+64055:+106",
    dynamic: int | None = 0,
    more: str = "",
    second: str | None = None,
    case: Case | None = None,
) -> Case:
    """Return the sound pair, whose guest has a second disk, and whose destination runs QEMU as this user."""
    changed = on_volume(second or disk(), case)
    changed.destination("libvirt.capabilities", lambda xml: xml.replace("+0:+0", user))
    if dynamic is not None:
        changed.destination("qemu.conf", lambda conf: f"{conf}\ndynamic_ownership = {dynamic}\n")
    return changed.destination("access", f"groups 106 64055\n{DIRECTORIES}{mode} 1 {owner} 1048576  {PATH}\n{more}")


def test_catches_an_image_that_is_roots_alone() -> None:
    result = running_as(case=with_db(Case())).result(RULE, WEB)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert (
        finding.message
        == f"the destination's QEMU user (64055) is not allowed to read {PATH}, required by the disk vdb"
    )
    assert finding.predicted_error == f"Could not open '{PATH}': Permission denied"


def test_catches_that_guest_alone() -> None:
    assert running_as(case=with_db(Case())).result(RULE, DB).outcome is Outcome.PASSED


def test_catches_an_image_that_is_written_to_and_may_only_be_read() -> None:
    [finding] = running_as("-rw-r--r--", second=disk("")).result(RULE).findings
    assert (
        finding.message
        == f"the destination's QEMU user (64055) is not allowed to write to {PATH}, required by the disk vdb"
    )
    assert finding.predicted_error == f"Could not open '{PATH}': Permission denied"


def test_catches_an_image_that_the_copy_may_not_write_to() -> None:
    [finding] = running_as("-rw-r--r--", second=disk("")).asking(copy_storage="all").result(RULE).findings
    assert finding.predicted_error == "Block node is read-only"


def test_catches_a_file_of_its_group_that_all_but_the_group_may_read() -> None:
    assert running_as("-rw----r--", "0 106").result(RULE).blocks


def test_catches_its_own_file_that_all_but_the_owner_may_read() -> None:
    assert running_as("----r--r--", "64055 106").result(RULE).blocks


@pytest.mark.parametrize("dynamic", [None, 0, 1])
def test_catches_a_directory_that_it_may_not_pass_whoever_owns_the_image(dynamic: int | None) -> None:
    case = running_as("-rw-r--r--", dynamic=dynamic, more="drwx------ 2 0 0 60  /srv\n")
    [finding] = case.result(RULE).findings
    assert (
        finding.message == "the destination's QEMU user (64055) is not allowed to pass through the directory /srv,"
        f" above {PATH}, the disk vdb"
    )
    assert finding.predicted_error == "Permission denied"


def test_catches_a_backing_file_that_it_may_not_read() -> None:
    case = running_as("-rw-r--r--", second=disk(backing=CHAIN), more=f"-rw-r----- 1 0 0 9  {BASE}\n")
    [finding] = case.result(RULE).findings
    assert BASE in finding.message


def test_catches_a_device() -> None:
    more = f"brw-rw---- 1 0 6 253, 16  {PATH}\n"
    assert running_as(more=more).result(RULE).blocks


def test_catches_a_volume_where_the_destinations_pool_has_it() -> None:
    case = running_as(second=VOLUME, more=f"-rw------- 1 0 0 9  {VOLUME_PATH}\n")
    assert case.destination("libvirt.pools", pools(vms("web.img"))).result(RULE).blocks


def test_catches_what_an_access_control_list_cannot_give() -> None:
    # its mask, which stands where the group's rights did, lets nobody read
    assert running_as("-rw-------+").result(RULE).blocks


def test_passes_the_sound_pair_where_qemu_runs_as_root() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("mode", "owner"),
    [
        ("-rw-r--r--", "0 0"),
        ("-rw-r-----", "0 106"),
        ("-rw-r-----", "0 64055"),
        ("-r--------", "64055 0"),
        ("-rw-r--r--+", "0 0"),
        ("-rw-r--r--.", "0 0"),
    ],
)
def test_passes_an_image_that_it_may_read(mode: str, owner: str) -> None:
    assert running_as(mode, owner).result(RULE).outcome is Outcome.PASSED


def test_passes_an_image_that_it_may_write_to() -> None:
    assert running_as("-rw-rw----", "0 106", second=disk("")).result(RULE).outcome is Outcome.PASSED


def test_passes_a_backing_file_that_is_read_only() -> None:
    case = running_as("-rw-rw-rw-", second=disk("", backing=CHAIN), more=f"-rw-r--r-- 1 0 0 9  {BASE}\n")
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_a_copied_disks_backing_file_which_is_not_opened() -> None:
    case = running_as("-rw-rw-rw-", second=disk("", backing=CHAIN), more=f"-rw------- 1 0 0 9  {BASE}\n")
    assert case.asking(copy_storage="all").result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("dynamic", [None, 1])
def test_passes_an_image_that_libvirt_makes_the_users_own(dynamic: int | None) -> None:
    assert running_as(dynamic=dynamic).result(RULE).outcome is Outcome.PASSED


def test_passes_root_whatever_the_mode() -> None:
    case = Case().destination("qemu.conf", lambda conf: f"{conf}\ndynamic_ownership = 0\n")
    on_volume(disk(), case).destination("access", f"groups 0\n{DIRECTORIES}---------- 1 5 5 9  {PATH}\n")
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_a_guest_that_says_itself_as_whom_it_runs() -> None:
    case = running_as()
    case.xml("<seclabel type='dynamic' model='dac' relabel='yes'>", "<seclabel type='static' model='dac' relabel='no'>")
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_an_image_that_is_not_there_which_another_rule_says() -> None:
    case = running_as().destination("access", f"groups 106\n{DIRECTORIES}")
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_what_is_not_there_below_a_directory_that_it_may_not_pass() -> None:
    case = running_as().destination("access", f"groups 106\n{DIRECTORIES}drwx------ 2 0 0 60  /srv\n")
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_what_was_not_asked_where_libvirt_gives_the_user_the_image() -> None:
    assert running_as(dynamic=1).destination("access", None).result(RULE).outcome is Outcome.PASSED


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    case = running_as().asking(offline=True, guests=("web",))
    assert case.result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_the_host_was_not_asked() -> None:
    result = running_as().destination("access", None).result(RULE)
    reason = f"it is unknown whether QEMU's user 64055 can read {PATH}"
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, reason)


@pytest.mark.parametrize("mode", ["-rw-r-----+", "-rw-rw----+"])
def test_is_unknown_when_an_access_control_list_decides(mode: str) -> None:
    result = running_as(mode).result(RULE)
    assert result.outcome is Outcome.UNKNOWN
    assert result.reason == f"an access control list decides whether QEMU's user 64055 can open {PATH}"


def test_is_unknown_when_libvirt_does_not_tell_the_user() -> None:
    result = running_as(user="").result(RULE)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, "libvirt does not report which user QEMU runs as")


def test_is_unknown_when_the_pools_were_not_told() -> None:
    case = running_as(second=VOLUME).destination("libvirt.pools", pools(error="no"))
    assert case.result(RULE).outcome is Outcome.UNKNOWN
