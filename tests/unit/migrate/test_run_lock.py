"""The lock that a run holds on the source, by the shells that really hold it."""

import os
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from preflight.answers import Record, Unreadable
from preflight.collect.questions import PRELUDE
from preflight.connection.shell import ShellChannel
from preflight.grammar import UUID
from preflight.migrate import run_lock
from preflight.migrate.run_lock import Holder, held, key_of, others, parse
from preflight.plan.make import Refused
from preflight.schema.plan import PlannedGuest
from preflight.shell_text import NOTHING, ShellText
from tests.unit.migrate.plans import PLAN, guest
from tests.unit.test_shell_text import SHELLS, hostile

WEB, DB = PLAN.guests[:2]


class Login:
    """A login at the source: a real shell, whose user is root there."""

    name = "host1"

    def __init__(self, sh: str, prelude: str = "") -> None:
        alone = 'as_root() { "$@"; }\n'
        self.channel = ShellChannel([sh, "-s"], PRELUDE + alone + prelude, timeout=10, own_group=True)
        assert self.channel.login().code == 0

    def run(self, command: ShellText, first: ShellText = NOTHING) -> Record:
        self.channel.send({"one": command}, first)
        return self.channel.receive({"one": command}).records["one"]

    def tell(self, command: ShellText) -> None:
        self.channel.send({"told": ShellText(":")}, command)
        self.channel.receive({"told": None})  # a test goes on once that is done; a run does not wait for it


@pytest.fixture(params=SHELLS)
def logins(request: pytest.FixtureRequest) -> Iterator[list[Login]]:
    made = [Login(request.param), Login(request.param)]
    yield made
    for each in made:
        each.channel.close()


@pytest.fixture
def directory(tmp_path: Path) -> str:
    return str(tmp_path / "run locks")


def take(login: Login, journal: Path, guests: list[PlannedGuest], directory: str) -> None:
    with held(login, journal, guests, directory=directory):
        pass


def test_a_second_run_of_the_same_guest_is_refused_and_says_whose_the_first_is(
    logins: list[Login], directory: str, tmp_path: Path
) -> None:
    first, second = logins
    with held(first, tmp_path / "one", [WEB, DB], directory=directory):
        with pytest.raises(Refused) as refused:
            take(second, tmp_path / "two", [WEB], directory)
        assert f" on {os.uname().nodename} (process {os.getpid()}, since " in str(refused.value)
        assert str(refused.value).startswith("refused: web: already being migrated by ")
        assert f"(process {os.getpid()}" in str(others(second, [DB.uuid], directory=directory))
    take(second, tmp_path / "two", [WEB], directory)
    assert others(first, [WEB.uuid], directory=directory) is None


def test_a_run_does_not_name_itself(logins: list[Login], directory: str, tmp_path: Path) -> None:
    first, second = logins
    with held(first, tmp_path / "one", [WEB], directory=directory):
        assert others(first, [WEB.uuid], own=tmp_path / "one", directory=directory) is None
        assert others(second, [WEB.uuid], own=tmp_path / "two", directory=directory)


def test_a_run_that_was_refused_holds_nothing_and_the_first_still_holds_its_own(
    logins: list[Login], directory: str, tmp_path: Path
) -> None:
    first, second = logins
    with held(first, tmp_path / "one", [WEB], directory=directory):
        for _ in range(2):
            with pytest.raises(Refused):
                take(second, tmp_path / "two", [WEB, DB], directory)
        take(second, tmp_path / "two", [DB], directory)
        assert others(second, [WEB.uuid], directory=directory)


def test_runs_of_other_guests_do_not_meet(logins: list[Login], directory: str, tmp_path: Path) -> None:
    first, second = logins
    with held(first, tmp_path / "one", [WEB], directory=directory):
        take(second, tmp_path / "two", [DB], directory)


def test_the_lock_of_a_run_that_was_killed_is_gone_with_its_login(
    logins: list[Login], directory: str, tmp_path: Path
) -> None:
    first, second = logins
    lock = held(first, tmp_path / "one", [WEB], directory=directory)
    lock.__enter__()
    assert others(second, [WEB.uuid], directory=directory)
    first.channel._process.kill()
    first.channel._process.wait()
    with held(second, tmp_path / "two", [WEB], directory=directory):
        left = {one.name for one in Path(directory).iterdir()}
    assert left == {f"{key_of(tmp_path / 'two')}.run"}, "what nobody holds is removed"


def test_a_run_that_is_resumed_does_not_meet_its_own_login_that_hangs(
    logins: list[Login], directory: str, tmp_path: Path
) -> None:
    """After a cut network the source's sshd keeps the old login for hours."""
    first, second = logins
    third = Login(SHELLS[0])
    hanging = held(first, tmp_path / "one", [WEB], directory=directory)
    hanging.__enter__()
    with held(second, tmp_path / "one", [WEB], directory=directory):
        for _ in range(2):
            with pytest.raises(Refused):
                take(third, tmp_path / "two", [WEB], directory)
            first.channel._process.kill()
            first.channel._process.wait()
    take(third, tmp_path / "two", [WEB], directory)
    third.channel.close()


def test_the_login_still_answers_where_no_lock_can_be_held(
    logins: list[Login], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = str(tmp_path / "no" / "such")
    with held(logins[0], tmp_path / "one", [WEB], directory=nowhere):
        assert logins[0].run(ShellText("echo here")).out == "here\n"
    said = capsys.readouterr().err
    assert said.startswith("preflight: cannot lock on host1, so a second run is only recognized by libvirt's jobs: ")
    assert "such" in said


@pytest.mark.parametrize("sh", SHELLS)
def test_a_host_without_flock_is_said(
    sh: str, directory: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("sh", "id", "mkdir", "stat", "cat", "rm", "mv", "chown"):
        (programs / name).symlink_to(subprocess.check_output(["sh", "-c", f"command -v {name}"], text=True).strip())
    login = Login(sh, f"PATH={shlex.quote(str(programs))}\n")
    with held(login, tmp_path / "one", [WEB], directory=directory):
        pass
    assert capsys.readouterr().err.endswith("flock is not installed\n")
    login.channel.close()


def test_a_directory_of_somebody_else_is_not_used(
    logins: list[Login], directory: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can give a directory away")
    Path(directory).mkdir()
    os.chown(directory, 65534, 65534)
    with held(logins[0], tmp_path / "one", [WEB], directory=directory):
        assert list(Path(directory).iterdir()) == []
    assert "is not a directory of root's" in capsys.readouterr().err


def test_4000_guests_fit(logins: list[Login], directory: str, tmp_path: Path) -> None:
    many = [guest(f"g{n}", f"00000000-0000-0000-0000-{n:012x}") for n in range(4000)]
    with held(logins[0], tmp_path / "one", many, directory=directory), pytest.raises(Refused, match="g3999"):
        take(logins[1], tmp_path / "two", many[-1:], directory)


def test_what_another_run_wrote_is_read_again_as_it_was(tmp_path: Path) -> None:
    own = Holder.own(tmp_path / "one", [WEB, DB])
    assert list(parse(f"file {own.key}.run\n{own.text()}\n")) == [own]
    assert all(UUID.takes(uuid) for uuid in own.guests)


@pytest.mark.parametrize(
    "text",
    [
        "file x.run\nuser a\nmachine b\nprocess 1\nsince 2\n",
        "file {key}.run\nuser a\x1b[2J\nmachine b\nprocess 1\nsince 2\n",
        "file {key}.run\nuser a\nmachine b\nprocess -1\nsince 2\n",
        "file {key}.run\nuser a\nmachine b\nprocess 1\nsince 2\nguest web\n",
        "file {key}.run\n",
    ],
)
def test_a_file_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        list(parse(text.format(key="0" * 32)))


def test_a_file_that_cannot_be_read_keeps_a_run_from_beginning(
    logins: list[Login], directory: str, tmp_path: Path
) -> None:
    first, second = logins
    with held(first, tmp_path / "one", [WEB], directory=directory):
        (Path(directory) / f"{key_of(tmp_path / 'one')}.run").write_text("guest nobody\n")
        with pytest.raises(Refused, match="cannot be read"):
            take(second, tmp_path / "two", [DB], directory)


@pytest.mark.parametrize("sh", SHELLS)
def test_no_value_of_a_lock_is_run(sh: str, tmp_path: Path) -> None:
    canary = tmp_path / "pwned"
    for text in hostile(canary):
        own = Holder(key=text, user=text, machine=text, process=1, since=1, guests=frozenset([text]))
        for built in (run_lock.hold(own, text), run_lock.let_go(own, text), run_lock.listing(text)):
            subprocess.run(
                [sh, "-c", f'as_root() {{ "$@"; }}\n{built}'], cwd=tmp_path, stdin=subprocess.DEVNULL, check=False
            )
            assert not canary.exists(), built
