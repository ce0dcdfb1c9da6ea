"""libvirt's own lines of a guest's log, as the source's shell reads them for preflight and for the starter."""

import pytest

from preflight.migrate.root_shell import script
from tests.shell.host import Host

AT = "2026-11-29 20:00:00.123+0000: "


def test_log_since_gives_libvirts_own_lines(host: Host) -> None:
    log = host.root / "web.log"
    log.write_text(f"{AT}starting up libvirt version: 9.0.0\n")
    known = log.stat()
    with log.open("ab") as more:
        for line in (
            "char device redirected to /dev/pts/1",
            f"qemu: {AT}initiating migration",
            f"{AT}initiating migration",
            "\udcff",
            f"{AT}shutting down, reason=migrated",
            f"{AT}starting up libvirt version: 9.0.0, hostname: host1",
            f"{AT}shutting down, reason=migrated or so",
            f"{AT}Domain id=4 is tainted: custom-argv",
        ):
            more.write(f"{line}\n".encode("utf-8", "surrogateescape"))
    answer = host.run(f"log_since {log} {known.st_ino} {known.st_size}", functions=script("log_since"))
    assert answer.returncode == 0
    assert answer.stdout.splitlines() == [
        "initiating migration",
        "shutting down, reason=migrated",
        "starting up",
        "shutting down, reason=migrated or so",
    ]


@pytest.mark.parametrize(
    ("name", "inode", "size"),
    [("web.log", "1", "0"), ("web.log", "$inode", "99999"), ("none.log", "$inode", "0")],
    ids=["another inode", "shorter than it was", "missing"],
)
def test_log_since_fails_for_another_log(host: Host, name: str, inode: str, size: str) -> None:
    log = host.root / "web.log"
    log.write_text(f"{AT}initiating migration\n")
    asked = f"log_since {host.root}/{name} {inode} {size}".replace("$inode", str(log.stat().st_ino))
    answer = host.run(asked, functions=script("log_since"))
    assert (answer.returncode != 0, answer.stdout) == (True, "")
