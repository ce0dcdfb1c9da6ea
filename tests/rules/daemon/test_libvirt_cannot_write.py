"""Free space and write access in the directories in which libvirt keeps its files about guests."""

import json

import pytest

from preflight.facts.daemon.state_directories import ALL, DEFINITIONS, LOGS, PRIVATE, STATUS
from preflight.facts.fact import Record
from preflight.judge.report import Outcome
from preflight.request.migration import Role
from preflight.rule import Severity
from tests.case import Case
from tests.rules.neighbour import with_db

RULE = "libvirt-cannot-write"
KIB = 1024
#: KiB that are written to a directory where there is enough of everything.
PLENTY = 4 * 1024 * 1024
#: How many files it may hold, and how many of those are left.
SOME, NONE_LEFT, NOT_COUNTED = (819200, 819046), (819200, 0), (0, 0)


def places(free: dict[str, int] | None = None, files: dict[str, tuple[int, int]] | None = None) -> str:
    """Return a host's answers about the four directories, each on a separate file system with this many KiB free."""
    found = ""
    for number, path in enumerate(ALL):
        blocks = (free or {}).get(path, PLENTY) // 4
        held, left = (files or {}).get(path, SOME)
        found += f"path {path}\nstat 41ed 60 {2049 + number} 12 0:0\nfs ef53 4096 {blocks} {blocks} {held} {left}\n"
    return found


def mounts(*read_only: str, whole: bool = False) -> str:
    """Their mounts; of those named either the mount alone is read-only, or the whole file system."""
    found = "1 0 8:0 / / rw - ext4 /dev/sda rw\n"
    for number, path in enumerate(ALL, 1):
        mount, system = ("rw" if whole else "ro", "ro" if whole else "rw") if path in read_only else ("rw", "rw")
        found += f"{number + 1} 1 8:{number} / {path} {mount},relatime - ext4 /dev/sda{number} {system}\n"
    return found


def device(path: str) -> str:
    """Return the device of that directory's file system."""
    return f"/dev/sda{ALL.index(path) + 1}"


def room(free: dict[str, int] | None = None, files: dict[str, tuple[int, int]] | None = None) -> Case:
    """Return the sound pair, whose destination has this room."""
    return Case().destination("paths", places(free, files)).destination("mounts", mounts())


def read_only(*there: str, here: tuple[str, ...] = (), whole: bool = False) -> Case:
    """Return the sound pair, with these directories read-only on the destination and on the source."""
    case = Case().destination("paths", places()).destination("mounts", mounts(*there, whole=whole))
    return case.source("paths", places()).source("mounts", mounts(*here, whole=whole))


def transient(case: Case) -> Case:
    """Return the case, whose guest is defined nowhere."""
    return case.guest(lambda guest: guest.update(persistent=False))


def status(case: Case) -> int:
    """KiB that the status of the first guest takes, in whole blocks."""
    listed = json.loads(case.hosts[0].answers.records["libvirt.domains"].out)
    return (len(listed["domains"][0]["xml"].encode()) + 8 * KIB + 4095) // 4096 * 4


#: KiB for one guest: its status, the new copy while it is rewritten, and the pidfile.
ONE = 2 * status(Case()) + 4
#: And for two: one is rewritten at a time.
TWO = 3 * status(with_db(Case())) + 8


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("path", ALL)
def test_catches_a_read_only_directory_at_the_destination(path: str, whole: bool) -> None:
    result = read_only(path, whole=whole).result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert finding.message == f"{path} is on {device(path)}, which is read-only"
    assert finding.predicted_error == "Read-only file system"


@pytest.mark.parametrize(
    ("path", "free", "needed", "error"),
    [
        (DEFINITIONS, 0, 4, "No space left on device"),
        (PRIVATE, 0, 12, "No space left on device"),  # not even the directory
        (PRIVATE, 8, 12, "failed to write master key file for domain"),
        (STATUS, 0, ONE, "unexpected exit status 1"),  # not even the pidfile
        (STATUS, 4, ONE, "No space left on device"),
        (STATUS, ONE - 4, ONE, "No space left on device"),
    ],
)
def test_catches_a_directory_without_room(path: str, free: int, needed: int, error: str) -> None:
    result = room({path: free}).result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    [finding] = result.findings
    assert finding.host is Role.DESTINATION
    assert (
        finding.message
        == f"{device(path)}, which holds {path}, has {free} KiB free, but the migration writes {needed} KiB there"
    )
    assert finding.predicted_error == error


@pytest.mark.parametrize(
    ("path", "error"),
    [
        (DEFINITIONS, "No space left on device"),
        (PRIVATE, "No space left on device"),
        (STATUS, "unexpected exit status 1"),
    ],
)
def test_catches_a_directory_that_takes_no_further_file(path: str, error: str) -> None:
    [finding] = room(files={path: NONE_LEFT}).result(RULE).findings
    assert finding.message == f"{device(path)}, which holds {path}, has no free inodes (df -i)"
    assert finding.predicted_error == error


def test_catches_each_directory_by_itself() -> None:
    result = room({DEFINITIONS: 0, PRIVATE: 0}).result(RULE)
    assert [DEFINITIONS in finding.message for finding in result.findings] == [True, False]


def test_catches_two_guests_whose_status_does_not_fit_together() -> None:
    [finding] = with_db(room({STATUS: TWO - 4})).result(RULE).findings
    assert finding.severity is None
    assert finding.message.endswith(f" {TWO - 4} KiB free, but the migration writes {TWO} KiB there")
    for guest in ("web", "db"):
        alone = with_db(room({STATUS: TWO - 4})).asking(guests=(guest,)).result(RULE)
        assert alone.severity is Severity.WARNING


@pytest.mark.parametrize("path", [DEFINITIONS, PRIVATE, STATUS])
def test_catches_little_room_but_only_warns_since_it_moves(path: str) -> None:
    result = room({path: 1020}).result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.WARNING)
    [finding] = result.findings
    assert finding.message == f"{device(path)}, which holds {path}, has only 1020 KiB free"
    assert finding.predicted_error is None


def test_catches_a_definition_that_does_not_go_from_the_source() -> None:
    result = read_only(here=(DEFINITIONS,)).result(RULE)
    assert (result.outcome, result.severity) == (Outcome.FAILED, Severity.ERROR)
    [finding] = result.findings
    assert (finding.host, finding.predicted_error) == (Role.SOURCE, None)
    assert finding.message == (
        "/etc/libvirt/qemu is read-only: guests undefined here reappear after the daemon's next start"
    )


@pytest.mark.parametrize("options", [{}, {"undefinesource": False}, {"offline": True, "guests": ("web",)}])
def test_catches_a_definition_that_cannot_be_written(options: dict[str, object]) -> None:
    assert read_only(DEFINITIONS).asking(**options).result(RULE).outcome is Outcome.FAILED
    assert room({DEFINITIONS: 0}).asking(**options).result(RULE).outcome is Outcome.FAILED


def test_catches_a_transient_guest_that_is_made_persistent() -> None:
    assert transient(room({DEFINITIONS: 0})).asking(persistent=True).result(RULE).outcome is Outcome.FAILED


def test_passes_hosts_that_have_room() -> None:
    assert Case().result(RULE).outcome is Outcome.PASSED
    assert room().result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("path", "free"), [(DEFINITIONS, 4), (PRIVATE, 12), (STATUS, ONE)], ids=["definition", "key", "status"]
)
def test_passes_just_enough_room_with_a_warning(path: str, free: int) -> None:
    assert room({path: free}).result(RULE).severity is Severity.WARNING


def test_passes_a_directory_for_which_tmpfs_needs_no_block() -> None:
    in_memory = mounts().replace("ext4", "tmpfs")
    assert room({PRIVATE: 4}).destination("mounts", in_memory).result(RULE).severity is Severity.WARNING
    [finding] = room({PRIVATE: 0}).destination("mounts", in_memory).result(RULE).findings
    assert finding.predicted_error == "failed to write master key file for domain"


def test_passes_what_is_not_little() -> None:
    assert room({DEFINITIONS: 1024, PRIVATE: 1024, STATUS: 1024}).result(RULE).outcome is Outcome.PASSED


def test_passes_a_file_system_that_counts_no_files() -> None:
    assert room(files=dict.fromkeys(ALL, NOT_COUNTED)).result(RULE).outcome is Outcome.PASSED


def test_passes_logs_without_room_since_they_are_only_opened() -> None:
    assert room({LOGS: 0}).result(RULE).outcome is Outcome.PASSED
    assert room(files={LOGS: NONE_LEFT}).result(RULE).outcome is Outcome.PASSED


def test_passes_a_full_source_where_nothing_is_written() -> None:
    case = Case().source("paths", places(dict.fromkeys(ALL, 0))).source("mounts", mounts())
    assert case.result(RULE).outcome is Outcome.PASSED
    assert read_only(here=(STATUS, PRIVATE, LOGS)).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("options", [{"undefinesource": False}, {"persistent": False}])
def test_passes_a_read_only_source_on_which_the_definition_stays(options: dict[str, object]) -> None:
    assert read_only(here=(DEFINITIONS,)).asking(**options).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("persistent", [None, True])
def test_passes_a_read_only_source_that_has_no_definition(persistent: bool | None) -> None:
    case = transient(read_only(here=(DEFINITIONS,))).asking(persistent=persistent)
    assert case.result(RULE).outcome is Outcome.PASSED


def test_passes_a_guest_that_is_not_defined_at_the_destination() -> None:
    for case in (read_only(DEFINITIONS), room({DEFINITIONS: 0})):
        assert case.asking(persistent=False).result(RULE).outcome is Outcome.PASSED
        assert transient(case).asking(persistent=None).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("path", [STATUS, PRIVATE, LOGS])
def test_passes_an_offline_move_which_writes_the_definition_alone(path: str) -> None:
    for case in (read_only(path), room({path: 0})):
        assert case.asking(offline=True, guests=("web",)).result(RULE).outcome is Outcome.PASSED


def test_passes_a_guest_that_is_off_and_moved_by_its_definition_alone() -> None:
    case = room({STATUS: 0, PRIVATE: 0}).guest(lambda guest: guest.update(id=None, state=5))
    assert case.asking(guests=("web",)).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("path", ALL)
def test_is_unknown_when_the_destination_was_not_asked_about_a_directory(path: str) -> None:
    kept = "".join(f"path{part}" for part in places().split("path")[1:] if not part.startswith(f" {path}\n"))
    result = room().destination("paths", kept).result(RULE)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, f"the host was not asked about {path}")


@pytest.mark.parametrize("path", [DEFINITIONS, PRIVATE, STATUS])
def test_is_unknown_when_the_room_was_not_told(path: str) -> None:
    """An answer of an older snapshot."""
    before, after = places().split(f"path {path}\n")
    told, _, rest = after.partition("\nfs ef53 4096 ")
    older = f"{before}path {path}\n{told}\nfs ef53 4096 {rest.split()[0]}\n{rest.partition(chr(10))[2]}"
    result = room().destination("paths", older).result(RULE)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, f"the free space for {path} is unknown")


def test_is_unknown_when_the_source_was_not_asked() -> None:
    result = room().source("paths", Record("", 1, "timed out")).result(RULE)
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, f"the host was not asked about {DEFINITIONS}")
    assert room().source("paths", "").asking(undefinesource=False).result(RULE).outcome is Outcome.PASSED


@pytest.mark.parametrize("record", ["paths", "mounts"])
def test_is_unknown_when_nothing_was_told(record: str) -> None:
    assert Case().destination(record, None).result(RULE).outcome is Outcome.UNKNOWN
    assert Case().source(record, None).result(RULE).outcome is Outcome.UNKNOWN


def test_catches_one_directory_and_says_that_another_is_unknown() -> None:
    kept = places({STATUS: 0}).partition(f"path {LOGS}\n")[0]
    result = room().destination("paths", kept).result(RULE)
    assert (result.outcome, result.reason) == (Outcome.FAILED, f"the host was not asked about {LOGS}")
