"""The prompts and output for a person at a terminal when preflight logs in to hosts that require passwords."""

import re
import sys
import time
from pathlib import Path

import pytest

from . import Client, LabHost
from .conftest import Pair
from .terminal import Terminal

pytestmark = pytest.mark.lab

PREFLIGHT = str(Path(sys.executable).with_name("preflight"))
SOURCE, DESTINATION = "host1.example.com", "host2.example.com"
READY, NOT_READY, INTERRUPTED = 0, 1, 130
#: What the bar of a check that takes longer than a second writes: it hides the cursor, draws, and erases itself.
BAR = re.compile("\x1b\\[\\?25l.*?\x1b\\[\\?25h\x1b\\[1A\x1b\\[2K", re.DOTALL)
OF_A_BAR = re.compile("\x1b\\[(?:\\?25[lh]|1A|2K)")
CONFIG = "PasswordAuthentication yes\nPermitRootLogin yes\n"


@pytest.fixture
def passwords(client: Client, pair: Pair) -> dict[str, str]:
    """Return the password of root on each host, by its name; the client has no key for either."""
    secrets = {host.fqdn: f"secret of {host.name}" for host in pair}
    for host in pair:
        host.run("chpasswd", input=f"root:{secrets[host.fqdn]}\n")
        host.write("/etc/ssh/sshd_config.d/passwords.conf", CONFIG)
        host.run("systemctl", "reload", "ssh")
    for name in ("id_ed25519", "id_ed25519.pub"):
        (client.ssh_path / name).unlink()
    return secrets


def check(client: Client, *options: str) -> Terminal:
    return Terminal([*client.entering(), PREFLIGHT, "check", SOURCE, DESTINATION, *options])


def shown(terminal: Terminal) -> str:
    """Return the visible output, without the bar and the lines about waiting for a slow host."""
    return re.sub(r"preflight: waiting for [^\n]*\n", "", BAR.sub("", terminal.screen.replace("\r", "")))


def asked(terminal: Terminal) -> str:
    """Return the host whose password is asked for now."""
    terminal.expect("'s password: ")
    return max((SOURCE, DESTINATION), key=lambda host: terminal.screen.rfind(f"root@{host}'s password: "))


def logins(host: LabHost) -> int:
    return host.run("journalctl", "-u", "ssh", "--no-pager").stdout.count("Accepted password for root")


def test_each_hosts_password_is_asked_for_once_and_one_after_the_other(
    client: Client, pair: Pair, passwords: dict[str, str]
) -> None:
    pair[0].guest("web")
    with check(client) as terminal:
        first = asked(terminal)
        time.sleep(1)  # in which the other host's question would come, were it not kept back
        terminal.type(f"{passwords[first]}\n")
        second = asked(terminal)
        terminal.type(f"{passwords[second]}\n")
        assert terminal.end() == READY, terminal.screen
    assert {first, second} == {SOURCE, DESTINATION}
    questions, _, report = shown(terminal).partition("source:")
    assert questions.split("\n") == [
        f"root@{first}'s password: ",
        f"root@{second}'s password: ",
        "",
    ]
    # the verdict is coloured
    assert re.search(r"^guest: .*(?<!NOT )READY.*: web$", report, re.MULTILINE), report
    assert [logins(host) for host in pair] == [1, 1]


def test_a_wrong_password_is_said_to_be_wrong_and_asked_for_again(client: Client, passwords: dict[str, str]) -> None:
    with check(client) as terminal:
        first = asked(terminal)
        terminal.type("wrong\n")
        terminal.expect("Permission denied, please try again.")
        assert asked(terminal) == first
        assert not terminal.echoes()
        terminal.type(f"{passwords[first]}\n")
        terminal.type(f"{passwords[asked(terminal)]}\n")
        assert terminal.end() == READY, terminal.screen


def test_passwords_that_are_all_wrong_are_a_login_that_is_refused(client: Client, passwords: dict[str, str]) -> None:
    with check(client) as terminal:
        first = asked(terminal)
        for _ in range(3):
            terminal.type("wrong\n")
            last = asked(terminal)
        assert last != first
        terminal.type(f"{passwords[last]}\n")
        assert terminal.end() == NOT_READY
    assert "[ssh-login-refused]" in terminal.screen
    assert f"libvirt: root@{first}: Permission denied (publickey,password)" in terminal.screen


def test_e3_what_the_hosts_shell_says_after_the_question_does_not_steer_the_terminal(
    client: Client, pair: Pair, passwords: dict[str, str]
) -> None:
    for host in pair:
        host.write("/etc/ssh/sshrc", "printf '\\033]0;owned\\007\\033[2J\\302\\2332J\\nREADY\\n' >&2\n")
    with check(client) as terminal:
        for _ in pair:
            terminal.type(f"{passwords[asked(terminal)]}\n")
        assert terminal.end() in (READY, NOT_READY), terminal.screen
    for name in (SOURCE, DESTINATION):
        assert f"\n{name}: \\x1b]0;owned\\x07\\x1b[2J\\x9b2J\r\n" in terminal.screen
        assert f"\n{name}: READY\r\n" in terminal.screen
    assert not re.search("\x1b(?!\\[[0-9;]*m)|\x07|\x9b", OF_A_BAR.sub("", terminal.screen))


@pytest.mark.usefixtures("passwords")
def test_ctrl_c_at_the_question_ends_it_with_no_further_question(client: Client) -> None:
    with check(client) as terminal:
        first = asked(terminal)
        assert not terminal.echoes()
        terminal.type("\x03")
        terminal.expect("preflight: interrupted")
        assert terminal.echoes()
        assert terminal.end() == INTERRUPTED
    assert shown(terminal) == f"root@{first}'s password: \npreflight: interrupted\n"


def test_an_unknown_host_key_is_asked_about_and_kept(client: Client, pair: Pair) -> None:
    pair[0].guest("web")
    (client.ssh_path / "known_hosts").write_text("")
    with check(client) as terminal:
        for _ in pair:
            terminal.expect("Are you sure you want to continue connecting (yes/no/[fingerprint])? ")
            assert terminal.screen.count("(yes/no/[fingerprint])? ") == terminal.screen.count("authenticity of host")
            terminal.type("yes\n")
        assert terminal.end() == READY, terminal.screen
    for host in pair:
        assert client.run(["ssh", "-o", "BatchMode=yes", f"root@{host.fqdn}", "true"]).returncode == 0


def test_an_unknown_host_key_that_is_not_taken_is_a_login_that_is_refused(client: Client) -> None:
    (client.ssh_path / "known_hosts").write_text("")
    with check(client) as terminal:
        for _ in (SOURCE, DESTINATION):
            terminal.expect("(yes/no/[fingerprint])? ")
            terminal.type("no\n")
        assert terminal.end() == NOT_READY
    assert "libvirt: Host key verification failed." in terminal.screen


@pytest.mark.usefixtures("passwords")
def test_without_a_terminal_nobody_is_asked(client: Client) -> None:
    done = client.run([PREFLIGHT, "check", SOURCE, DESTINATION])
    assert done.returncode == NOT_READY
    assert done.stderr == ""
    assert f"libvirt: root@{SOURCE}: Permission denied (publickey,password)" in done.stdout
    assert f"libvirt: root@{DESTINATION}: Permission denied (publickey,password)" in done.stdout
