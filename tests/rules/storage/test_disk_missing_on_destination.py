"""A file or device that the guest's disks need does not exist on the destination."""

from typing import Any

import pytest

from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case
from tests.rules.neighbour import DB, with_db
from tests.rules.pools import PATH as VOLUME_PATH
from tests.rules.pools import VOLUME, pools, there, vms

RULE = "disk-missing-on-destination"
WEB = "guest web"
PATH = "/srv/images/web.qcow2"
BASE = "/srv/images/base.raw"
CHAIN = f"<backingStore type='file'><format type='raw'/><source file='{BASE}'/><backingStore/></backingStore>"


def found(*paths: str) -> str:
    """Return the answers of a host that has these."""
    return "".join(f"path {path}\nstat 81a4 1048576 2049 12 0:0\nfs 6969 4096 100\n" for path in paths)


def missing(*paths: str) -> str:
    """Return the answers of a host that has none of these."""
    return "".join(
        f"path {path}\nstat: cannot statx '{path}': No such file or directory\nfs 6969 4096 100\n" for path in paths
    )


def guest(answer: str, disk: str | None = None, *, case: Case | None = None) -> Case:
    """Return the sound pair, whose guest has this second disk; `answer` is the destination's about the paths."""
    second = disk or with_source(f"<source file='{PATH}'/>")
    changed = (case or Case()).xml("<controller type='usb'", f"{second}<controller type='usb'")
    return changed.destination("paths", answer)


def with_source(source: str, *, kind: str = "file", device: str = "disk", more: str = "") -> str:
    """Return a disk "vdb" with this source."""
    return f"<disk type='{kind}' device='{device}'>{source}<target dev='vdb'/>{more}</disk>"


def as_sent(domain: dict[str, Any]) -> None:
    """Have libvirt send the XML as it is, with the images that it names below a disk's own."""
    domain["sent"] = domain["xml"]


def test_catches_an_image_that_is_not_at_the_destination() -> None:
    result = guest(missing(PATH), case=with_db(Case())).result(RULE, WEB)
    assert (result.outcome, result.severity, result.guest) == (Outcome.FAILED, Severity.ERROR, "web")
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message == f"{PATH}, required by the disk vdb, does not exist on the destination"
    assert finding.predicted_error == f"Cannot access storage file '{PATH}'"


def test_catches_that_guest_alone() -> None:
    assert guest(missing(PATH), case=with_db(Case())).result(RULE, DB).outcome is Outcome.PASSED


def test_catches_a_backing_file_that_is_not_there_while_the_image_is() -> None:
    disk = with_source(f"<source file='{PATH}'/>{CHAIN}")
    [finding] = guest(found(PATH) + missing(BASE), disk).result(RULE).findings
    assert finding.message == f"{BASE}, required by the disk vdb, does not exist on the destination"
    # "Cannot access backing file '…' of storage file '…'"
    assert finding.predicted_error == BASE


def test_catches_every_layer_that_is_missing() -> None:
    disk = with_source(f"<source file='{PATH}'/>{CHAIN}")
    messages = [finding.message for finding in guest(missing(PATH, BASE), disk).result(RULE).findings]
    assert [message.partition(",")[0] for message in messages] == [PATH, BASE]


def test_catches_a_block_device_that_only_the_source_has() -> None:
    disk = with_source("<source dev='/dev/vg/web'/>", kind="block")
    [finding] = guest(missing("/dev/vg/web"), disk).result(RULE).findings
    assert finding.predicted_error == "Cannot access storage file '/dev/vg/web'"


@pytest.mark.parametrize("policy", ["", " startupPolicy='mandatory'"])
def test_catches_the_image_in_a_drive_that_must_have_it(policy: str) -> None:
    disk = with_source(f"<source file='/srv/iso/debian.iso'{policy}/>", device="cdrom", more="<readonly/>")
    assert guest(missing("/srv/iso/debian.iso"), disk).result(RULE).outcome is Outcome.FAILED


@pytest.mark.parametrize("policy", ["optional", "requisite"])
def test_catches_a_hard_disk_that_may_be_left_out_at_a_start_but_not_in_a_migration(policy: str) -> None:
    # libvirt 9.0: "Cannot access storage file …", since a running guest's hard disk cannot be taken away
    disk = with_source(f"<source file='{PATH}' startupPolicy='{policy}'/>")
    assert guest(missing(PATH), disk).result(RULE).outcome is Outcome.FAILED


@pytest.mark.parametrize("more", ["<readonly/>", "<shareable/>"])
def test_catches_what_is_not_copied_with_the_rest(more: str) -> None:
    case = guest(missing(PATH), with_source(f"<source file='{PATH}'/>", more=more)).asking(copy_storage="all")
    assert case.result(RULE).outcome is Outcome.FAILED


def test_catches_a_disk_behind_one_that_may_be_left_out() -> None:
    drive = with_source("<source file='/srv/iso/a.iso' startupPolicy='optional'/>", device="cdrom")
    disk = with_source(f"<source file='{PATH}'/>")
    [finding] = guest(missing("/srv/iso/a.iso", PATH), drive + disk).result(RULE).findings
    assert finding.message.startswith(PATH)


def test_catches_a_block_device_that_is_copied_and_that_libvirt_does_not_create() -> None:
    disk = with_source("<source dev='/dev/vg/web'/>", kind="block")
    result = guest(missing("/dev/vg/web"), disk).asking(copy_storage="all").result(RULE)
    assert result.blocks
    [finding] = result.findings
    assert finding.predicted_error == "cannot precreate storage for disk type 'block'"


def test_catches_what_is_missing_for_certain_although_more_is_unknown() -> None:
    volume = with_source("<source pool='default' volume='web'/>", kind="volume")
    result = guest(missing(PATH), volume + with_source(f"<source file='{PATH}'/>")).result(RULE)
    assert result.outcome is Outcome.FAILED


def test_passes_the_sound_pair_whose_disk_has_no_path() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED


def test_passes_an_image_that_both_hosts_have() -> None:
    assert guest(found(PATH)).result(RULE).outcome is Outcome.PASSED


def test_passes_a_chain_of_which_every_layer_is_there() -> None:
    disk = with_source(f"<source file='{PATH}'/>{CHAIN}")
    assert guest(found(PATH, BASE), disk).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("device", ["cdrom", "floppy"])
@pytest.mark.parametrize("policy", ["optional", "requisite"])
def test_passes_a_medium_that_libvirt_leaves_out(device: str, policy: str) -> None:
    disk = with_source(f"<source file='/srv/iso/debian.iso' startupPolicy='{policy}'/>", device=device)
    assert guest(missing("/srv/iso/debian.iso"), disk).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("kind", ["file", "block", "volume"])
def test_passes_an_empty_drive(kind: str) -> None:
    disk = with_source("", kind=kind, device="cdrom", more="<readonly/>")
    assert guest("", disk).result(RULE).outcome is Outcome.PASSED


def test_passes_an_image_that_is_copied_into_one_that_is_there() -> None:
    assert guest(found(PATH)).asking(copy_storage="all").result(RULE).outcome is Outcome.PASSED


def test_passes_a_copied_image_whose_backing_file_is_not_there_since_what_is_in_it_is_copied_too() -> None:
    disk = with_source(f"<source file='{PATH}'/>{CHAIN}")
    case = guest(found(PATH) + missing(BASE), disk).asking(copy_storage="all")
    assert case.result(RULE).outcome is Outcome.PASSED


def test_catches_a_backing_file_that_the_xml_for_the_destination_names_although_the_disk_is_copied() -> None:
    disk = with_source(f"<source file='{PATH}'/>{CHAIN}")
    case = guest(found(PATH) + missing(BASE), disk).guest(as_sent)
    [finding] = case.asking(copy_storage="all").result(RULE).findings
    assert finding.message == f"{BASE}, required by the disk vdb, does not exist on the destination"
    assert finding.predicted_error == BASE


def test_passes_such_a_backing_file_that_is_there() -> None:
    disk = with_source(f"<source file='{PATH}'/>{CHAIN}")
    case = guest(found(PATH, BASE), disk).guest(as_sent)
    assert case.asking(copy_storage="all").result(RULE).outcome is Outcome.PASSED


def test_passes_a_destination_of_whose_image_directory_everything_is_known() -> None:
    # the snapshot listed /var/lib/libvirt/images; here it holds the image
    listed = found("/var/lib/libvirt/images/web.img") + "listed /var/lib/libvirt/images\n"
    case = guest(listed, with_source("<source file='/var/lib/libvirt/images/web.img'/>"))
    assert case.result(RULE).outcome is Outcome.PASSED


def test_catches_an_image_that_such_a_list_does_not_hold() -> None:
    case = guest("listed /var/lib/libvirt/images\n", with_source("<source file='/var/lib/libvirt/images/web.img'/>"))
    assert case.result(RULE).outcome is Outcome.FAILED


def test_does_not_apply_to_a_guest_that_is_moved_offline() -> None:
    case = guest(missing(PATH)).asking(offline=True, guests=("web",))
    assert case.result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_a_snapshot_was_not_asked_about_the_path() -> None:
    result = guest("", case=with_db(Case())).result(RULE, WEB)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, f"the host was not asked about {PATH}")
    assert result.obscures


def test_is_unknown_when_the_destination_may_not_look() -> None:
    answer = f"path {PATH}\nstat: cannot statx '{PATH}': Permission denied\nfs 6969 4096 100\n"
    result = guest(answer).result(RULE)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, f"{PATH}: Permission denied")


def test_catches_a_copied_image_that_no_pool_could_create() -> None:
    case = guest(missing(PATH)).asking(copy_storage="all").destination("libvirt.pools", pools(vms()))
    [finding] = case.result(RULE).findings
    assert finding.predicted_error == "no storage pool with matching target path '/srv/images'"


def test_catches_the_same_where_the_pool_of_that_directory_is_off() -> None:
    pool = vms(target="/srv/images", active=False)
    case = guest(missing(PATH)).asking(copy_storage="all").destination("libvirt.pools", pools(pool))
    assert case.result(RULE).outcome is Outcome.FAILED


def test_passes_a_copied_image_that_a_pool_creates() -> None:
    case = guest(missing(PATH)).asking(copy_storage="all")
    case.destination("libvirt.pools", pools(vms(target="/srv/images")))
    assert case.result(RULE).outcome is Outcome.PASSED


def test_catches_a_volume_that_libvirt_does_not_know() -> None:
    # even where the file is there: the pool was not refreshed since
    case = guest(found(VOLUME_PATH), VOLUME).destination("libvirt.pools", pools(vms("other.img")))
    [finding] = case.result(RULE).findings
    assert finding.message == "the storage pool vms has no volume web.img, required by the disk vdb"
    assert finding.predicted_error == "Storage volume not found: no storage vol with matching name 'web.img'"
    assert finding.fix == "on the destination: virsh pool-refresh vms"


def test_catches_a_volume_whose_file_is_gone() -> None:
    case = guest(missing(VOLUME_PATH), VOLUME).destination("libvirt.pools", pools(vms("web.img")))
    [finding] = case.result(RULE).findings
    assert finding.predicted_error == f"no storage vol with matching path '{VOLUME_PATH}'"


def test_passes_a_volume_where_the_destinations_own_pool_has_it() -> None:
    pool = vms("web.img", target="/srv/elsewhere/")
    case = guest(found("/srv/elsewhere/web.img"), VOLUME).destination("libvirt.pools", pools(pool))
    assert case.result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("pool", [(), (vms(active=False),)])
def test_passes_a_volume_whose_pool_is_missing_or_off_which_another_rule_says(pool: tuple[dict[str, Any], ...]) -> None:
    case = guest(missing(VOLUME_PATH), VOLUME).destination("libvirt.pools", pools(*pool))
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_a_volume_whose_path_its_name_does_not_tell() -> None:
    case = guest("", VOLUME).destination("libvirt.pools", pools(vms("web.img", kind="iscsi", target="/dev/disk")))
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_a_volume_that_is_copied_into_its_pool() -> None:
    case = guest(missing(VOLUME_PATH), VOLUME).asking(copy_storage="all")
    assert case.destination("libvirt.pools", pools(vms())).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize(("disk", "copied"), [(None, "all"), (VOLUME, "none")])
def test_is_unknown_when_the_storage_pools_were_not_told(disk: str | None, copied: str) -> None:
    result = guest(missing(PATH), disk).asking(copy_storage=copied).result(RULE)
    assert (result.outcome, result.reason) == (
        Outcome.UNKNOWN,
        "libvirt did not list its storage pools: libvirt.pools was not collected",
    )


@pytest.mark.parametrize("record", ["paths", "mounts"])
def test_is_unknown_when_the_destination_did_not_answer(record: str) -> None:
    result = guest(missing(PATH)).destination(record, None).result(RULE)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, f"{record} was not answered")


def test_is_unknown_when_the_guests_definition_could_not_be_read_and_of_that_guest_alone() -> None:
    case = with_db(Case()).guest(lambda guest: guest.update(xml="<domain"))
    assert case.result(RULE, WEB).outcome is Outcome.UNKNOWN
    assert case.result(RULE, DB).outcome is Outcome.PASSED


def test_is_unknown_when_the_sources_libvirt_did_not_list_its_guests() -> None:
    result = Case().source("libvirt.domains", Record("", 1, "timed out")).result(RULE)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, "timed out")


DATA_BELOW = (
    "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/srv/a'/>"
    "<backingStore type='file'><format type='qcow2'/><source file='/srv/b'/><backingStore/></backingStore>"
    "<target dev='vdb'/></disk>"
)


@pytest.mark.parametrize(("code", "said"), [("1", ["/srv/d.raw, which has the data of /srv/b"]), ("0", [])])
def test_catches_the_missing_data_file_of_a_backing_image(code: str, said: list[str]) -> None:
    case = (
        Case()
        .xml("<controller type='usb'", f"{DATA_BELOW}<controller type='usb'")
        .destination("libvirt.pools", pools())
    )
    name = b"/srv/d.raw".hex()
    images = f"path /srv/b\nimage 196608 qcow2 0000000000100000 - data {name} {code}\n"
    case = case.destination("paths", lambda text: text + there("/srv/a", "/srv/b")).destination("images", images)
    messages = [finding.message for finding in case.result(RULE).findings]
    assert [message.partition(", the disk")[0] for message in messages if "/srv/d.raw" in message] == said
