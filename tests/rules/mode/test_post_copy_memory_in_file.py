"""Post-copy with the guest's memory in a file."""

from preflight.judge.report import Outcome
from tests.case import Case

RULE = "post-copy-memory-in-file"
DIRECTORY = "/var/lib/libvirt/qemu/ram"


def case(*, qemu: int = 10_000_013, source: str = "file", mounted: str = "") -> Case:
    made = Case().xml("<vcpu", f"<memoryBacking><source type='{source}'/></memoryBacking><vcpu").asking(postcopy=True)
    made.destination("libvirt.versions", lambda text: text.replace("7002022", str(qemu)) + " ")
    if mounted:
        made.destination("mounts", lambda text: f"{text}{mounted}\n")
    missing = f"stat: cannot statx '{DIRECTORY}': No such file or directory"
    return made.destination("paths", lambda text: f"{text}path {DIRECTORY}\n{missing}\nfs ef53 4096 1\n")


def test_catches_a_file_on_an_ordinary_file_system() -> None:
    result = case().result(RULE)
    assert result.outcome is Outcome.FAILED
    [finding] = result.findings
    assert finding.message.startswith(f"{DIRECTORY}, in which the guest's memory will be, is on ")
    assert str(finding.predicted_error).endswith("Host backend files need to be TMPFS or HUGETLBFS only")


def test_passes_a_tmpfs() -> None:
    mounted = f"900 175 0:99 / {DIRECTORY} rw shared:1 - tmpfs none rw"
    assert case(mounted=mounted).result(RULE).outcome is Outcome.PASSED


def test_passes_memory_that_is_in_no_file() -> None:
    assert case(source="anonymous").result(RULE).outcome is Outcome.PASSED


def test_passes_a_qemu_that_does_not_look() -> None:
    assert case(qemu=7_002_022).result(RULE).outcome is Outcome.PASSED


def test_passes_over_migrations_without_it() -> None:
    assert case().asking(postcopy=False).result(RULE).outcome is Outcome.NOT_APPLICABLE


def test_is_unknown_when_the_release_was_not_tried() -> None:
    assert case(qemu=8_002_000).result(RULE).outcome is Outcome.UNKNOWN
