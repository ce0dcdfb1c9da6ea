"""The script that `preflight fix` runs on a host, as a whole, since its functions depend on their order."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from preflight.fix.apply import PATIENCE, Service, script
from preflight.shell_text import shell
from tests.shell.host import Host

NOTHING = shell(":")
SERVICE = Service("the program", NOTHING, NOTHING, NOTHING, NOTHING)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_text("old")
    return path


def apply(host: Host, path: Path, before: str | None = "old", **parts: Any) -> subprocess.CompletedProcess[str]:
    """Write "new" in place of `before`, for a service that has these parts; a second is over at once, and counted."""
    return host.run(
        "sleep() { echo a second >>@seconds@; }\n@script@",
        functions="",
        seconds=str(host.root / "seconds"),
        script=script(str(path), before, "new", replace(SERVICE, **parts), "now"),
    )


def seconds(host: Host) -> int:
    path = host.root / "seconds"
    return len(path.read_text().splitlines()) if path.exists() else 0


def says(done: subprocess.CompletedProcess[str], code: int, *lines: str) -> bool:
    return (done.returncode, done.stdout, done.stderr) == (code, "".join(f"{line}\n" for line in lines), "")


def test_say_what_is_in_force_and_what_was_kept(host: Host, file: Path) -> None:
    assert says(apply(host, file), 0, f"in effect: {file}", f"backup: {file}.preflight-now")
    assert (file.read_text(), Path(f"{file}.preflight-now").read_text()) == ("new", "old")


def test_sum_of_what_was_read_is_looked_at_first(host: Host, file: Path) -> None:
    file.write_text("another's")
    assert says(apply(host, file), 1, f"unchanged: {file} has changed since it was read")
    assert says(apply(host, file, before=None), 1, f"unchanged: {file} has changed since it was read")
    assert file.read_text() == "another's"


def test_sum_of_a_file_that_is_not_there_is_nothing(host: Host, tmp_path: Path) -> None:
    assert says(apply(host, tmp_path / "made", before=None), 0, f"in effect: {tmp_path}/made")
    assert (tmp_path / "made").read_text() == "new"
    assert says(apply(host, tmp_path / "none"), 1, f"unchanged: {tmp_path}/none has changed since it was read")


def test_judge_gets_the_new_file_and_may_refuse_it(host: Host, file: Path) -> None:
    done = apply(host, file, judge=shell('echo "$1:"; cat "$1"; return 1'))
    assert says(done, 1, f"unchanged: the new file is refused: {file}.preflight-new:", "new")
    assert file.read_text() == "old"
    assert {one.name for one in host.root.iterdir()} == {"programs", "file"}


def test_busy_with_what_a_restart_would_break_off_nothing_is_changed(host: Host, file: Path) -> None:
    done = apply(host, file, busy=shell("echo web has a job: save"))
    why = "restarting the program would interrupt jobs of its guests: web has a job: save"
    assert says(done, 1, f"unchanged: {file}: {why}")
    assert file.read_text() == "old"
    assert not Path(f"{file}.preflight-now").exists()


def test_activate_runs_once_the_file_is_in_place(host: Host, file: Path) -> None:
    done = apply(host, file, activate=shell("cat @file@ >>@log@; echo >>@log@", file=str(file), log=f"{host.root}/log"))
    assert done.returncode == 0
    assert (host.root / "log").read_text() == "new\n"


def test_answers_are_waited_for(host: Host, file: Path) -> None:
    later = shell("[ -e @seconds@ ] && [ $(wc -l <@seconds@) -ge 3 ]", seconds=f"{host.root}/seconds")
    assert apply(host, file, answers=later).returncode == 0
    assert (seconds(host), file.read_text()) == (3, "new")


def test_working_is_waited_for_with_patience_and_then_the_old_file_is_put_back(host: Host, file: Path) -> None:
    done = apply(host, file, activate=shell("echo it fails"), answers=shell("false"))
    assert says(done, 3, "put back, but the program does not answer: it fails")
    assert (seconds(host), file.read_text()) == (2 * PATIENCE, "old")


def test_activate_that_fails_is_not_waited_for_and_the_old_file_is_put_back(host: Host, file: Path) -> None:
    starts = shell("grep -q old @file@ || { echo it fails; return 1; }", file=str(file))
    done = apply(host, file, activate=starts, answers=shell("grep -q old @file@", file=str(file)))
    assert says(done, 2, "put back: the new configuration did not take effect: it fails")
    assert (seconds(host), file.read_text()) == (0, "old")


def test_activate_that_fails_is_no_reason_to_put_back_what_is_in_force(host: Host, file: Path) -> None:
    assert apply(host, file, activate=shell("false")).returncode == 0
    assert file.read_text() == "new"


def test_in_force_is_what_the_program_shows(host: Host, file: Path) -> None:
    done = apply(host, file, in_force=shell("echo a:1; echo b:2"), expected=("b:2", "a:1"))
    assert done.returncode == 0
    assert seconds(host) == 0


@pytest.mark.parametrize("shown", ["ab:2", "b:23", "B:2", "b.2", ""])
def test_is_in_force_takes_whole_lines(host: Host, file: Path, shown: str) -> None:
    done = apply(host, file, in_force=shell("echo @shown@", shown=shown), expected=("b:2",))
    assert says(done, 2, f"put back: the new configuration did not take effect: {shown} ")
    assert file.read_text() == "old"


def test_settled_is_waited_for_five_seconds(host: Host, file: Path) -> None:
    later = shell("[ -e @seconds@ ] && [ $(wc -l <@seconds@) -ge 5 ] && echo b:2", seconds=f"{host.root}/seconds")
    assert apply(host, file, in_force=later, expected=("b:2",)).returncode == 0
    assert seconds(host) == 5


def test_guests_that_a_restart_ended_have_the_old_file_put_back(host: Host, file: Path) -> None:
    pids = host.has_directory("/run/libvirt/qemu")
    for name in ("web", "db", "driver"):
        (pids / f"{name}.pid").write_text("1\n")
    ends = shell("rm -f @pid@", pid="/run/libvirt/qemu/driver.pid")
    assert apply(host, file, activate=ends).returncode == 0
    file.write_text("old")
    done = apply(host, file, activate=shell("rm -f @pid@", pid="/run/libvirt/qemu/web.pid"))
    assert says(done, 2, "put back: the new configuration did not take effect: ")
    assert file.read_text() == "old"


@pytest.mark.parametrize("mode", [0o777, 0o722, 0o1777])
def test_safe_is_only_a_directory_that_nobody_else_writes_to(host: Host, file: Path, mode: int) -> None:
    host.root.chmod(mode)
    done = apply(host, file)
    host.root.chmod(0o700)
    assert says(done, 1, f"unchanged: users other than root can write to a directory above {file}")


def test_safe_is_a_file_below_a_directory_where_nobody_takes_what_is_not_theirs(host: Host, tmp_path: Path) -> None:
    below = tmp_path / "sticky" / "below"
    below.mkdir(parents=True)
    below.parent.chmod(0o1777)
    (below / "file").write_text("old")
    assert apply(host, below / "file").returncode == 0
