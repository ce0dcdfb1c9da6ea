"""Why a guest is not rehearsed: all that a rehearsal could move, harm or take over."""

from collections.abc import Callable
from typing import Any

import pytest

from preflight.commands.rehearse import Wanted, choose
from preflight.rehearse.answer import Answer
from preflight.rehearse.keeps import keeps_by_traces
from preflight.rehearse.limits import LARGE, TOUCHED
from preflight.rehearse.traces import Copy, Seen, Status
from preflight.request.method import Method
from preflight.units import MIB
from tests.case import Case
from tests.rules.network.test_migration_ports_filtered import nft, port_dropped
from tests.unit.migrate.plans import WEB
from tests.unit.rehearse.hosts import marks

IMAGE = "/srv/images/web.img"
EXT4, NFS = "ef53", "6969"
#: As QEMU's user of the destination, and as another one.
OWN, ROOTS = "64055 106", "0 0"


def large(case: Case | None = None, *, kib: int = LARGE // 1024) -> Case:
    """Return the sound pair with a guest of this memory."""
    return (
        (case or Case())
        .xml("<memory unit='KiB'>65536<", f"<memory unit='KiB'>{kib}<")
        .xml("<currentMemory unit='KiB'>65536<", f"<currentMemory unit='KiB'>{kib}<")
    )


def why(case: Case, method: Method | None = None, **wanted: Any) -> str | None:
    """Return why the guest of a pair is not rehearsed; None if it is."""
    chosen, kept = choose(case.checked(), method or Method(), Wanted(**wanted))
    assert len(chosen) + len(kept) == 1
    if chosen:
        return None
    assert kept[0].answer is Answer.NOT_REHEARSED
    return kept[0].why


def test_a_sound_guest_that_is_large_enough_is_rehearsed() -> None:
    assert why(large()) is None


def test_a_guest_that_could_be_sent_before_the_abort_is_not_whatever_it_has_touched() -> None:
    assert "less than 256 MiB could be sent" in str(why(large(kib=TOUCHED // 1024 - 1)))
    # the memory of one that is not so small is looked at just before its rehearsal
    assert why(large(kib=TOUCHED // 1024)) is None


def test_memory_that_a_balloon_has_taken_does_not_count() -> None:
    case = Case().xml("<memory unit='KiB'>65536<", f"<memory unit='KiB'>{LARGE // 1024}<")
    assert "the guest has 64 MiB of memory" in str(why(case))


@pytest.mark.parametrize(
    ("method", "said"),
    [
        (Method(compressed=True), "compressed memory"),
        (Method(postcopy=True, suspend=True), "leaves out --suspend"),
        (Method(migrateuri="rdma://host2.example.com"), "not known to limit the rate"),
        (Method(migrateuri="unix:///run/socket"), "not known to limit the rate"),
    ],
)
def test_a_method_that_a_rehearsal_would_not_try_or_that_is_too_fast_is_not_rehearsed(
    method: Method, said: str
) -> None:
    assert said in str(why(large(), method))


def test_hook_scripts_of_the_destination_are_run_only_with_run_hooks() -> None:
    def hooked() -> Case:
        return large(Case().destination("daemons", lambda text: f"{text}conf /etc/libvirt/hooks/qemu 1\n"))

    said = str(why(hooked()))
    assert said.startswith("the destination would run its hook scripts (/etc/libvirt/hooks/qemu")
    assert said.endswith("--run-hooks allows that")
    assert why(hooked(), run_hooks=True) is None


def test_a_guest_that_is_paused_or_busy_is_left_alone() -> None:
    def is_paused(guest: dict[str, Any]) -> None:
        guest.update(state=3, reason=1)

    def is_busy(guest: dict[str, Any]) -> None:
        guest["job"] = 2

    says: tuple[tuple[Callable[[dict[str, Any]], None], str], ...] = (
        (is_paused, "paused"),
        (is_busy, "a job is running on the guest"),
    )
    for change, said in says:
        assert said in str(why(large(Case().guest(change)), anyway=True)), said


def test_a_blocked_data_port_keeps_every_guest_whatever_the_user_makes_of_its_rule() -> None:
    def blocked() -> Case:
        return large(Case().destination("nft", nft(port_dropped(49152, 49215))))

    blocks = "the data port is blocked"
    assert blocks in str(why(blocked(), anyway=True))
    assert blocks in str(why(blocked().asking(severity=(("migration-ports-filtered", "warning"),)), anyway=True))
    assert "is ignored" in str(why(large().asking(ignore=("migration-ports-filtered",)), anyway=True))


def with_image(magic: str, owner: str, *, more: str = "", mount: str = "ext4 /dev/sdb1", dynamic: int = 1) -> Case:
    """Return the sound pair, whose guest has an image on such a file system of the destination."""
    disk = f"<disk type='file' device='disk'><source file='{IMAGE}'/><target dev='vdb'/>{more}</disk>"
    case = large().xml("<controller type='usb'", f"{disk}<controller type='usb'")
    for end in (case.source, case.destination):
        end("paths", lambda text: f"{text}path {IMAGE}\nstat 81a4 1048576 2049 12 0:0\nfs {magic} 4096 100\n")
        end("mounts", lambda text: f"{text}900 1 8:1 / /srv/images rw - {mount} rw\n")
    case.destination("libvirt.capabilities", lambda xml: xml.replace("+0:+0", "+64055:+106"))
    case.destination("qemu.conf", lambda conf: f"{conf}\ndynamic_ownership = {dynamic}\n")
    directories = "drwxr-xr-x 20 0 0 4096  /\ndrwxr-xr-x 3 0 0 80  /srv\ndrwxr-xr-x 2 0 0 60  /srv/images\n"
    listed = f"groups 106 64055\n{directories}-rw-rw-rw- 1 {owner} 1048576  {IMAGE}\n"
    return case.destination("access", listed)


@pytest.mark.parametrize("more", ["", "<readonly/>"])
def test_an_image_that_the_destinations_qemu_user_would_take_over_is_not_touched(more: str) -> None:
    case = with_image(NFS, ROOTS, more=more, mount="nfs4 nas:/images")
    said = str(why(case, anyway=True))
    assert f"{IMAGE} is on storage that both hosts share" in said
    assert "(64055:106) the owner in place of 0:0" in said


def test_an_image_that_is_its_own_already_or_stays_as_it_is_may_be_opened() -> None:
    assert why(with_image(NFS, OWN, mount="nfs4 nas:/images"), anyway=True) is None
    assert why(with_image(NFS, ROOTS, mount="nfs4 nas:/images", dynamic=0), anyway=True) is None


def test_shared_storage_that_libvirt_takes_for_local_is_not_touched_even_if_it_is_its_own() -> None:
    """libvirt would give it back to root when the migration fails."""
    case = with_image("fe534d42", OWN, mount="cifs //nas/images")
    assert case.checked()
    assert IMAGE in str(why(case, anyway=True))


def test_another_file_of_the_destination_is_not_opened_for_writing() -> None:
    assert "the destination has its own file" in str(why(with_image(EXT4, OWN), anyway=True))
    assert why(with_image(EXT4, OWN, more="<readonly/>"), anyway=True) is None


def test_an_owner_that_is_not_known_is_not_risked() -> None:
    case = with_image(NFS, ROOTS, mount="nfs4 nas:/images").destination("access", None)
    assert "it is not known" in str(why(case, anyway=True))


def there(*paths: str, file_system: str = "xfs") -> Seen:
    return Seen(paths=dict.fromkeys(paths, Status("0:0:600", file_system)))


def test_traces_on_the_destination() -> None:
    tpm, nvram = "/var/lib/libvirt/swtpm/" + WEB, "/var/lib/libvirt/qemu/nvram/web_VARS.fd"
    assert "QEMU process of the guest, 77" in str(keeps_by_traces(marks(), Seen(processes=("77",)), {}))
    assert "libvirt there deletes it" in str(keeps_by_traces(marks(tpm=tpm), there(tpm), {}))
    assert keeps_by_traces(marks(tpm=tpm), there(), {}) is None
    # its own variables from an earlier stay are labelled and given back; on a network they may be the source's
    assert keeps_by_traces(marks(files=(nvram,)), there(nvram), {}) is None
    for file_system in ("nfs", "UNKNOWN", "fuseblk"):
        said = keeps_by_traces(marks(files=(nvram,)), there(nvram, file_system=file_system), {})
        assert "both hosts may share" in str(said)
    copied = marks(copies=(Copy("vda", "/srv/a"), Copy("vdb", "/srv/b")))
    sizes = {"vda": 10 * MIB, "vdb": 20 * MIB}
    assert "would write to it" in str(keeps_by_traces(copied, there("/srv/b"), sizes))
    assert "the free space for" in str(keeps_by_traces(copied, Seen(), sizes))
    room = {"/srv/a": 60 * MIB, "/srv/b": 60 * MIB}
    assert keeps_by_traces(copied, Seen(room=room), sizes) is None
    assert "60 MiB" in str(keeps_by_traces(copied, Seen(room=room | {"/srv/b": 59 * MIB}), sizes))
