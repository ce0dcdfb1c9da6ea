"""The shell functions that the questions of a check call. Images and devices: test_questions_images.py."""

import mmap
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from preflight.collect import questions
from preflight.collect.questions import stat_paths, within
from preflight.facts.daemon.libvirt_files import OTHERS
from preflight.shell_text import shell
from tests.shell.host import Host

#: A line of /proc/net/unix.
LISTENS = "0000000078556405: 00000002 00000000 000{}0000 0001 {} 28013416 {}\n"


#: Print what `look` finds.
LOOK = "look; printf '%s\\n' \"$seen\""

as_root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a process mounts of its own")


@contextmanager
def running(*command: str | Path) -> Iterator[int]:
    """A process that sleeps until the test is over; its number."""
    with subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE) as process:
        try:
            yield process.pid
        finally:
            process.kill()


@contextmanager
def called(name: str, where: Path, *words: str) -> Iterator[int]:
    """A process whose program is of that name, with these words behind it."""
    program = where / name
    shutil.copy("/bin/sleep", program)
    with running(program, "60", *words) as pid:
        comm = Path(f"/proc/{pid}/comm")
        while comm.read_text() != f"{name}\n":
            time.sleep(0.01)
        yield pid


def test_as_root_runs_its_arguments_as_root(host: Host) -> None:
    host.has_program("sudo", 'printf "<%s>" sudo "$@"')
    assert host.says("as_root printf '<%s>' @words@", words=["a b", "$c"]) == "<a b><$c>"
    assert host.says("as_root cat @words@", words=["a b", "$c"], as_root=False) == "<sudo><-n><cat><a b><$c>"


def test_of_root_runs_its_arguments_as_root_in_the_place_of_a_shell(host: Host) -> None:
    host.has_program("sudo", 'printf "<%s>" sudo "$@"')
    assert host.says('a=$(of_root echo @words@; echo not run); echo "$a"', words=["a b", "$c"]) == "a b $c\n"
    assert host.says("of_root cat @words@", words=["a b", "$c"], as_root=False) == "<sudo><-n><cat><a b><$c>"


def test_slurp_prints_a_file(host: Host) -> None:
    (host.root / "file").write_text("without an end")
    assert host.says("slurp @path@", path=f"{host.root}/file") == "without an end"


@pytest.mark.parametrize("path", ["none", "no/such/directory/none"])
def test_slurp_of_what_is_not_there_is_44(host: Host, path: str) -> None:
    assert host.run("slurp @path@", path=f"{host.root}/{path}").returncode == 44


def test_slurp_prints_a_byte_more_than_the_channel_takes(host: Host) -> None:
    with (host.root / "long").open("wb") as long:
        long.truncate(9 << 20)
    assert len(host.says("slurp @path@", path=f"{host.root}/long")) == (8 << 20) + 1


def test_slurp_asks_root_where_the_login_may_not_look(host: Host) -> None:
    """A directory of a program that only root may run `test` by stands for one that the login cannot enter."""
    host.has_program("sudo", 'shift; [ "$1 $2" != "test -e" ] || exit 1; exec "$@"')
    closed = '[() { case $1 in -x) return 1;; *) command [ "$@";; esac; }; slurp @path@; echo $?'
    assert host.run(closed, path=f"{host.root}/none", as_root=False).stdout != "44\n"


def test_daemons_says_the_clock_and_what_was_seen_and_reads_the_files_that_were_given(host: Host) -> None:
    (host.root / "own.conf").write_text("max_clients = 5")
    etc = host.has_directory("/etc/libvirt")
    (etc / "qemu.conf").write_text("")
    host.has_directory("/run/libvirt")
    with socket.socket(socket.AF_UNIX) as listening:
        # a UNIX socket's path has 107 bytes
        here = Path.cwd()
        os.chdir(host.root)
        listening.bind("run/libvirt/libvirt-sock")
        os.chdir(here)
        seen = f"process libvirtd 7 8\nreads {host.root}/own.conf libvirtd"
        lines = host.says("seen=@seen@; daemons", seen=seen).split("\n")
    assert re.fullmatch(r"clock \d+\.\d+ \d+\.\d\d 100", lines[0])
    assert lines[1:3] == seen.split("\n")
    confs = [line.rpartition(" ") for line in lines if line.startswith("conf ")]
    assert [name for name, _, _ in confs] == [f"conf {host.root}/own.conf", f"conf {etc}/qemu.conf"]
    assert all(re.fullmatch(r"\d+\.\d+", changed) for _, _, changed in confs)
    assert lines[5:] == ["socket libvirt-sock", f"\x1f{host.root}/own.conf", "max_clients = 5", ""]


@pytest.mark.parametrize(
    ("record", "path"),
    [("somaxconn", "/proc/sys/net/core/somaxconn"), ("kernel.hostname", "/proc/sys/kernel/hostname")],
)
def test_a_setting_of_the_kernel_is_read_whole(host: Host, record: str, path: str) -> None:
    assert host.says(questions.STANDING[record]) == Path(path).read_text()


def test_last_errors_are_those_of_libvirts_daemons(host: Host) -> None:
    host.has_program("journalctl", 'printf "<%s>" "$@"; exit 1')
    assert host.says("last_errors") == (
        "<--quiet><--boot><--output=cat><--priority=err><--lines=6>"
        "<_COMM=libvirtd><+><_COMM=virtqemud><+><_COMM=virtproxyd>"
    )


def test_log_and_lock_is_what_would_start_those_that_do_not_run(host: Host) -> None:
    host.has_program("systemctl", 'shift 2; printf "<%s>" "$@"; echo')
    etc = host.has_directory("/etc/libvirt")
    (etc / "virtlogd.conf").write_text("max_clients = 5")
    (etc / "virtlockd.conf").write_text("max_clients = 6")
    locks = f"<virtlockd.service><virtlockd.socket>\n\x1f{etc}/virtlockd.conf\nmax_clients = 6\n"
    assert host.says("seen=@seen@; log_and_lock", seen="process virtlogd 1 2") == locks
    none = host.says("seen=@seen@; log_and_lock", seen="process libvirtd 1 2")
    assert none.splitlines()[0] == "<virtlogd.service><virtlogd.socket><virtlockd.service><virtlockd.socket>"
    assert host.says("seen=@seen@; log_and_lock", seen="process virtlogd 1 2\nprocess virtlockd 3 4") == ""


def test_log_and_lock_asks_systemd_for_nothing_that_it_would_start(host: Host) -> None:
    host.has_program("systemctl", 'shift 2; printf "<%s>" "$@"; echo')
    units = host.has_directory("/etc/systemd/system")
    net = host.has_directory("/proc/net")
    (net / "unix").write_text(LISTENS.format("1", "01", "/run/libvirt/virtlockd-sock"))
    (units / "virtlockd.service").touch()
    assert host.says("seen=@seen@; log_and_lock", seen="process virtlogd 1 2") == "listens virtlockd\n"
    (net / "unix").write_text(LISTENS.format("0", "03", "/run/libvirt/virtlockd-sock"))
    silent = host.says("seen=@seen@; log_and_lock", seen="process virtlogd 1 2")
    assert silent == "<virtlockd.service><virtlockd.socket>\n"


@pytest.mark.parametrize(("kind", "code"), [("file", 0), ("mask", 1), ("nothing", 1)])
def test_starts_is_about_a_unit_that_is_there_and_not_masked(host: Host, kind: str, code: int) -> None:
    unit = host.has_directory("/usr/local/lib/systemd/system") / "of-a-test.service"
    if kind == "file":
        unit.touch()
    elif kind == "mask":
        unit.symlink_to("/dev/null")
    assert host.run("starts of-a-test.service").returncode == code


@pytest.mark.parametrize(
    "text", ["", "one", "one\n", " a \\b\n\n$c\n", "line\n" * 59 + "end", "line\n" * 500, "x\n" * 60]
)
def test_few_lines_prints_a_file(host: Host, text: str) -> None:
    (host.root / "file").write_text(text)
    assert host.says("few_lines @path@", path=f"{host.root}/file") == text


def test_few_lines_of_what_is_not_there_is_44(host: Host) -> None:
    assert host.run("few_lines @path@", path=f"{host.root}/none").returncode == 44


def test_given_is_each_file_that_a_daemon_was_told_to_read(host: Host) -> None:
    seen = "process libvirtd 1 2\nreads /a/b libvirtd\nprocess virtqemud 3 4\nreads /c virtqemud"
    assert host.says("seen=@seen@; given", seen=seen) == "/a/b\n/c\n"
    assert host.says("seen=@seen@; given", seen="process libvirtd 1 2") == ""


@pytest.mark.parametrize(
    ("words", "read"),
    [
        ("", ""),
        ("--daemon --listen", ""),
        ("--config /a", "/a"),
        ("--config=/a --listen", "/a"),
        ("--conf=/a", "/a"),
        ("-f /a -l", "/a"),
        ("-f/a", "/a"),
        ("-dlf /a", "/a"),
        ("-p /pid", ""),
    ],
)
def test_reads_is_the_file_of_an_option(host: Host, words: str, read: str) -> None:
    said = host.says("reads libvirtd /usr/sbin/libvirtd @words@", words=words.split())
    assert said == (f"reads {read} libvirtd\n" if read else "")


def test_look_finds_the_daemons_that_run(host: Host) -> None:
    with called("virtlogd", host.root) as pid:
        started = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[19]
        assert f"process virtlogd {pid} {started}\n" in host.says(LOOK)
    assert f" {pid} " not in host.says(LOOK)


def test_look_finds_the_same_twice(host: Host) -> None:
    with called("virtqemud", host.root), called("virtlogd", host.root):
        once = host.says(LOOK)
        assert once.count("process ") >= 2
        assert host.says(f"{LOOK}; {LOOK}") == once * 2


def test_look_keeps_the_file_that_a_daemon_was_told_to_read(host: Host) -> None:
    program, never = host.root / "virtqemud", host.root / "never"
    shutil.copy(shutil.which("dash") or "/bin/sh", program)
    os.mkfifo(never)
    with running(program, "-c", f"read -r line < {never}; :", "-f", "/etc/of mine.conf") as pid:
        while Path(f"/proc/{pid}/comm").read_text() != "virtqemud\n":
            time.sleep(0.01)
        said = host.says(LOOK)
    assert re.search(rf"^process virtqemud {pid} \d+\nreads /etc/of virtqemud$", said, re.MULTILINE)


def apart_from(name: str, where: Path) -> tuple[str, ...]:
    """Return the words that run a program of that name with mounts and a network of its own."""
    program = where / name
    shutil.copy("/bin/sleep", program)
    script = 'mount -t tmpfs none "$1/hidden" && exec "$2" 60'
    return ("unshare", "--mount", "--net", "sh", "-c", script, "sh", str(where), str(program))


@contextmanager
def namespaced(name: str, host: Host) -> Iterator[int]:
    """A daemon for which an empty file system lies over the directory `hidden`, and which has no network."""
    hidden = host.root / "hidden"
    hidden.mkdir()
    (hidden / "web.img").touch()
    with running(*apart_from(name, host.root)) as pid:
        comm = Path(f"/proc/{pid}/comm")
        while comm.read_text() != f"{name}\n":
            assert comm.exists()
            time.sleep(0.01)
        yield pid


@as_root_only
def test_apart_is_what_has_a_namespace_of_its_own(host: Host) -> None:
    with namespaced("virtqemud", host) as pid:
        for kind in ("mnt", "net"):
            assert host.says("keeper=@pid@; apart @kind@ && echo yes", pid=pid, kind=kind) == "yes\n"
        assert host.says("keeper=@pid@; apart pid || echo no", pid=pid) == "no\n"
        host.has_program("sudo", 'shift; exec "$@"')
        assert host.says("keeper=@pid@; apart mnt && echo yes", pid=pid, as_root=False) == "yes\n"
        assert host.says("keeper=@pid@; apart pid || echo no", pid=pid, as_root=False) == "no\n"
    assert host.says("keeper=$$; apart mnt || echo no") == "no\n"


@as_root_only
def test_confinement_is_what_the_daemon_has_and_the_login_does_not(host: Host) -> None:
    with namespaced("virtqemud", host) as pid:
        said = host.says("look; keeper=@pid@; confinement", pid=pid)
    lines = [line for line in said.splitlines() if line.startswith("apart")]
    assert lines == [f"apart mnt virtqemud {pid}", f"apart net virtqemud {pid} lo "]
    status = {line.split(":")[0] for line in said.splitlines() if line.startswith("/proc/")}
    assert status == {"/proc/self/status", f"/proc/{pid}/status", f"/proc/{pid}/limits"}
    assert not [line for line in host.says("kept=libvirtd keeper=$$; confinement").splitlines() if "apart" in line]


#: A program that lets a filter allow all its system calls, prints a line, and sleeps (linux/seccomp.h, linux/filter.h).
FILTERED = """
import ctypes, struct, time
libc = ctypes.CDLL(None, use_errno=True)
allow = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0x7FFF0000))
program = ctypes.create_string_buffer(struct.pack("HP", 1, ctypes.addressof(allow)))
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program) == 0
print("there", flush=True); time.sleep(60)
"""


def test_confinement_asks_for_the_unit_where_the_daemon_has_filters_of_its_own(host: Host) -> None:
    host.has_program("systemctl", 'printf "<%s>" "$@"')
    with subprocess.Popen([sys.executable, "-c", FILTERED], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"there\n"
        said = host.says("keeper=@pid@ kept=libvirtd; confinement", pid=process.pid)
        process.kill()
    assert said.endswith("SystemCallFilter><libvirtd.service>")
    assert "unit <show><--property=RestrictAddressFamilies," in said
    assert "unit" not in host.says("keeper=$$ kept=libvirtd; confinement")


UNIT = """\
; a remark
[Service]
# another
LimitNOFILE=1024
  Environment=SECRET=x \\
  # still the value
  Nice=5
Nice = 5
no key
[Unit]"""
SYSTEMD = """\
[ $1 = --dump-configuration-items ] || exit
printf '[Unit]\\nAfter=UNIT [...]\\n\\n[Mount]\\nWhat=STRING\\n\\n[Service]\\nNice=NICE\\n'
"""


def test_edited_units_are_their_sections_and_keys_and_what_systemd_reads(host: Host) -> None:
    units, programs = host.has_directory("/etc/systemd/system"), host.has_directory("/usr/lib/systemd")
    assert host.says("edited_units") == ""
    (units / "libvirtd.service.d").mkdir()
    (units / "libvirtd.service.d" / "a.conf").write_text(UNIT)
    (units / "libvirtd.service.d" / "a.txt").write_text("[Service]\nNice=1\n")
    (units / "virtlogd-admin.socket").write_text("[Socket]\n")
    (programs / "systemd").write_text(f"#!/bin/sh\n{SYSTEMD}")
    (programs / "systemd").chmod(0o755)
    assert host.says("edited_units") == (
        f"\037{units}/libvirtd.service.d/a.conf\n2 [Service]\n4 LimitNOFILE=\n5 Environment=\n8 Nice =\n"
        f"10 [Unit]\n\037{units}/virtlogd-admin.socket\n1 [Socket]\n"
        "\036\n[Unit]\nAfter\n[Mount]\n[Service]\nNice\n"
    )


def test_edited_units_have_the_variables_of_daemons_and_the_lines_that_use_them(host: Host) -> None:
    defaults, units = host.has_directory("/etc/default"), host.has_directory("/usr/lib/systemd/system")
    (units / "libvirtd.service").write_text("[Service]\nType=notify\nExecStart=/usr/sbin/libvirtd $LIBVIRTD_ARGS\n")
    (defaults / "libvirtd").write_text("# LIBVIRTD_ARGS=x\n\n")
    assert host.says("edited_units") == ""
    (defaults / "libvirtd").write_text("# nothing\nlibvirtd_opts='-l'\nKRB5_KTNAME=/secret")
    assert host.says("edited_units") == (
        f"\037{defaults}/libvirtd\n2 libvirtd_opts=\n3 KRB5_KTNAME=\n"
        f"\037{defaults}/libvirtd\nstarts ExecStart=/usr/sbin/libvirtd $LIBVIRTD_ARGS\n"
    )


def test_keys_in_a_file_are_numbered(host: Host) -> None:
    there = host.root / "there"
    there.write_text("[A]\nb=c\n")
    assert host.says("keys_in @file@", file=str(there)) == f"\037{there}\n1 [A]\n2 b=\n"


def test_variables_in_a_file_are_numbered(host: Host) -> None:
    there = host.root / "there"
    there.write_text("a b\n  A=c\n")
    assert host.says("variables_in @file@", file=str(there)) == f"\037{there}\n2 A=\n"
    there.write_text("")
    assert host.run("variables_in @file@", file=str(there)).returncode == 1


@as_root_only
def test_mounts_are_those_of_the_daemon(host: Host) -> None:
    with namespaced("virtqemud", host) as pid:
        assert f" {host.root}/hidden " in host.says("keeper=@pid@; mounts", pid=pid)
    assert f" {host.root}/hidden " not in host.says("keeper=$$; mounts")
    assert host.says("mounts") == Path("/proc/self/mountinfo").read_text()


@as_root_only
def test_a_question_is_answered_where_the_daemon_is(host: Host) -> None:
    asked = stat_paths([f"{host.root}/hidden/web.img", "/it's $(not) a mark"])
    with namespaced("virtqemud", host) as pid:
        said = host.run(within(pid, asked)).stdout
        assert "web.img': No such file" in said
        assert "/it's $(not) a mark" in said
        assert host.run(within(pid, shell("exit 7"))).returncode == 7
        assert host.says(within(pid, shell("ip -o link show | wc -l"))) == "1\n"
    assert f"path {host.root}/hidden/web.img\nstat " in host.run(asked).stdout
    assert host.run(within(pid, asked)).returncode != 0  # it has ended


@as_root_only
def test_no_program_is_run_from_mounts_that_a_user_made(host: Host) -> None:
    with running("unshare", "--user", "--map-root-user", "--mount", "sleep", "60") as pid:
        while Path(f"/proc/{pid}/comm").read_text() != "sleep\n":
            time.sleep(0.01)
        done = host.run(within(pid, shell("echo run")))
    assert (done.returncode, done.stdout) == (1, "")


def test_usage_counts_the_files_and_the_threads_of_each_guest(host: Host) -> None:
    with called("qemu", host.root) as pid:
        (host.has_directory("/run/libvirt/qemu") / "web.pid").write_text(f"{pid}\n")
        said = host.says("usage @names@", names=["web", "off"])
        opened = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    assert said == f"usage {opened} 1 web\n"


def test_usage_leaves_out_the_threads_that_come_and_go(host: Host) -> None:
    with called("worker", host.root) as pid:
        (host.has_directory("/run/libvirt/qemu") / "web.pid").write_text(f"{pid}\n")
        assert host.says("usage web").split()[2] == "0"


@as_root_only
def test_tasks_are_the_processes_and_threads_of_a_user(host: Host) -> None:
    user = 64999
    assert host.says("tasks @user@", user=user) == "tasks 0\n"
    with running("setpriv", f"--reuid={user}", "--clear-groups", "sleep", "60"):
        until = time.monotonic() + 10
        while host.says("tasks @user@", user=user) != "tasks 1\n":
            assert time.monotonic() < until


def test_limits_are_asked_only_of_daemons_that_run(host: Host) -> None:
    host.has_program("virt-admin", 'printf "<%s>" "$@"; echo; [ "$2" != virtqemud:///system ]')
    assert host.says("seen=@seen@; limits", seen="process virtqemud 1 2\nprocess libvirtd 3 4") == (
        "daemon libvirtd\n<-c><libvirtd:///system><srv-clients-info libvirtd; srv-threadpool-info libvirtd>\n"
        "daemon virtqemud\n<-c><virtqemud:///system><srv-clients-info virtqemud; srv-threadpool-info virtqemud>\n"
        "failed 1\n"
    )


def test_virtlockd_limits_are_asked_only_where_it_runs(host: Host) -> None:
    host.has_program("virt-admin", 'printf "<%s>" "$@"; echo')
    both = "process libvirtd 1 2\nprocess virtlockd 1 2"
    asked = "daemon virtlockd\n<-c><virtlockd:///system><srv-clients-info><virtlockd>\n"
    assert host.says("seen=@seen@; virtlockd_limits", seen=both) == asked
    assert host.says("seen=@seen@; virtlockd_limits", seen="process libvirtd 1 2") == ""


def without_nft(call: str) -> str:
    """Return the call on a host that has no program named nft."""
    return f'command() {{ [ "$2" != nft ] && builtin_command "$@"; }}; {call}'


def test_nft_rules_are_those_that_nft_lists(host: Host) -> None:
    host.has_program("nft", 'printf "<%s>" "$@"')
    assert host.says("nft_rules") == "<-j><list><ruleset>\n"


@pytest.mark.parametrize("more", [0, 300_000])
def test_nft_rules_are_followed_by_devices_and_the_time_where_rules_depend_on_them(host: Host, more: int) -> None:
    chains = "table netdev t {\n\tchain i {\n\t\ttype filter hook ingress device lo priority 0;\n\t}\n}\n"
    host.has_program("nft", f"[ $# = 2 ] && printf '{chains}' || cat {host.root}/rules")
    host.has_program("date", "echo clock 1700000000 +0100")
    head = f'{{"nftables": [{{"comment": "{"x" * more}"}}, '
    for rules, behind in (
        ('{"hook": "input"}', ""),
        ('{"hook": "ingress"}', chains.replace("\t}\n}\n", "")),
        ('{"hook": "egress"}', chains.replace("\t}\n}\n", "")),
        ('{"key": "hour"}', "clock 1700000000 +0100\n"),
        ('{"key": "mark"}', ""),
        ('{"xt": {"type": "match", "name": "time"}}', "clock 1700000000 +0100\n"),
    ):
        (host.root / "rules").write_text(f"{head}{rules}]}}\n")
        assert host.says("nft_rules") == f"{head}{rules}]}}\n{behind}"


def test_nft_rules_are_none_without_nft_only_if_the_kernel_has_no_nf_tables(host: Host) -> None:
    proc, modules = host.has_directory("/proc"), host.has_directory("/sys/module")
    # symbols that cannot be read prove nothing
    assert host.run(without_nft("nft_rules")).returncode == 44
    (proc / "kallsyms").write_text("0000000000000000 T ip_do_fragment\n")
    assert host.says(without_nft("nft_rules")) == '{"nftables": []}\n'
    (modules / "nf_tables").mkdir()
    assert host.run(without_nft("nft_rules")).returncode == 44


def test_may_have_nf_tables_of_a_kernel_that_has_them_built_in(host: Host) -> None:
    proc, _ = host.has_directory("/proc"), host.has_directory("/sys/module")
    (proc / "kallsyms").write_text("0000000000000000 T ip_do_fragment\n0000000000000000 T nft_do_chain\n")
    assert host.run("may_have_nf_tables").returncode == 0


def test_may_have_nf_tables_searches_the_symbols_once(host: Host) -> None:
    proc, _ = host.has_directory("/proc"), host.has_directory("/sys/module")
    (proc / "kallsyms").write_text("0000000000000000 T ip_do_fragment\n")
    host.has_program("grep", "echo searched; exit 1")
    assert host.says("may_have_nf_tables || may_have_nf_tables || echo none") == "searched\nnone\n"


def test_may_have_nf_tables_searches_no_symbols_once_nft_has_listed_its_tables(host: Host) -> None:
    host.has_directory("/proc")
    host.has_directory("/sys/module")
    host.has_program("grep", "echo searched; exit 1")
    host.has_program("nft", "echo '{}'")
    assert host.says("nft_rules && may_have_nf_tables && echo some") == "{}\nsome\n"
    host.has_program("nft", "exit 3")
    assert host.run("nft_rules").returncode == 3


def test_iptables_tables_load_no_nf_tables(host: Host) -> None:
    proc, _ = host.has_directory("/proc"), host.has_directory("/sys/module")
    (proc / "kallsyms").write_text("0000000000000000 T ip_do_fragment\n")
    host.has_program("iptables-nft-save", "echo would load it")
    assert host.says("iptables_tables") == ""


def test_iptables_tables_are_those_of_both_families(host: Host) -> None:
    host.has_directory("/sys/module").joinpath("nf_tables").mkdir()
    net = host.has_directory("/proc/net")
    (net / "ip_tables_names").write_text("filter\n")
    for name in ("iptables-legacy-save", "iptables-nft-save", "ip6tables-nft-save"):
        host.has_program(name, f"echo of {name}")
    assert host.says("iptables_tables") == (
        "family 4\nof iptables-legacy-save\nfamily 4 nft\nof iptables-nft-save\nfamily 6 nft\nof ip6tables-nft-save\n"
    )


def test_iptables_tables_that_cannot_be_read_are_unknown(host: Host) -> None:
    net = host.has_directory("/proc/net")
    (net / "ip_tables_names").write_text("filter\n")
    host.has_program("iptables-legacy-save", "exit 3")
    assert host.run("iptables_tables").returncode == 3
    # one whose kernel has tables, and whose program shows others
    hidden = 'command() { [ "$2" != iptables-legacy-save ] && builtin_command "$@"; }; iptables_tables'
    host.has_program("iptables-save", "echo iptables-save v1.8.9 '(nf_tables)'")
    done = host.run(hidden)
    assert (done.returncode, done.stderr) == (1, "iptables-legacy-save is not installed\n")


def test_iptables_tables_are_followed_by_what_has_been_counted(host: Host) -> None:
    net = host.has_directory("/proc/net")
    for path, line in (
        ("ipt_hashlimit/ssh", "59 192.0.2.1:0->0.0.0.0:0 4 8 2"),
        ("ip6t_hashlimit/six", ""),
        ("xt_recent/DEFAULT", "src=192.0.2.1 ttl: 64 last_seen: 7 oldest_pkt: 1 7"),
    ):
        (net / path).parent.mkdir(exist_ok=True)
        (net / path).write_text(f"{line}\n" if line else "")
    none = "command() { return 1; }; iptables_tables"
    assert host.says(none).startswith(
        "# hashlimit ssh\n# 59 192.0.2.1:0->0.0.0.0:0 4 8 2\n# hashlimit six\n"
        "# recent DEFAULT\n# src=192.0.2.1 ttl: 64 last_seen: 7 oldest_pkt: 1 7\n# now\n"
    )


IPSET = """\
case $2 in
  bad) echo 'create bad hash:ip family inet'; echo 'add bad 192.0.2.1' ;;
  all) echo 'create all list:set size 8'; echo 'add all bad'; echo 'add all worse timeout 5'; echo 'add all all' ;;
  worse) echo 'create worse hash:net' ;;
  *) echo 'does not exist' >&2; exit 1 ;;
esac
"""


def test_iptables_tables_are_followed_by_the_sets_that_they_name(host: Host) -> None:
    modules = host.has_directory("/sys/module")
    (modules / "nf_tables").mkdir()
    host.has_directory("/proc/net")
    rules = "-A INPUT -m set --match-set all src -m set ! --match-set 'no set' src -m set --match-set gone dst,src"
    host.has_program("iptables-nft-save", f'echo "{rules}"')
    host.has_program("ip6tables-nft-save", "")
    host.has_program("ipset", IPSET)
    tables = f"family 4 nft\n{rules}\nfamily 6 nft\n"
    assert host.says("iptables_tables") == tables  # a kernel without sets
    (modules / "ip_set").mkdir()
    assert host.says("iptables_tables") == (
        f"{tables}# set create all list:set size 8\n# set add all bad\n# set add all worse timeout 5\n"
        "# set add all all\n# set create bad hash:ip family inet\n# set add bad 192.0.2.1\n"
        "# set create worse hash:net\n"
    )


def test_saves_says_what_the_program_says(host: Host) -> None:
    (host.has_directory("/sys/module") / "ip_set").mkdir()
    host.has_program(
        "some-save", "echo '-A INPUT -m set --match-set b-1 src'; echo '-A INPUT -m set --match-set a dst'"
    )
    assert host.says('names=; saves some-save; echo "$names"').split("\n")[2:4] == [
        "  --match-set a",
        " --match-set b-1",
    ]
    host.has_program("some-save", "exit 3")
    assert host.run("names=; saves some-save").returncode == 3


def test_sets_are_cut_where_they_are_too_large(host: Host) -> None:
    host.has_program("ipset", "seq 1 30000")
    assert len(host.says("names=' --match-set x --match-set x'; sets").splitlines()) == 20001
    assert host.says("names=; sets") == ""
    assert host.says("names=' --match-set x'; command() { return 1; }; sets") == ""


def test_as_remarks_says_of_a_file_that_cannot_be_read_that_it_failed(host: Host) -> None:
    there = host.root / "there"
    there.write_text("a\n")
    assert host.says("as_remarks 'table x' @file@", file=str(there)) == "# table x\n# a\n"
    host.has_program("sed", "exit 1")
    done = host.run("as_remarks 'table x' @file@", file=str(there))
    assert (done.returncode, done.stdout) == (1, "# table x\n# failed\n")
    assert host.run("as_remarks 'table x' @file@", file=str(host.root / "none")).stdout == ""


def test_iptables_tables_of_a_kernel_without_any_are_none(host: Host) -> None:
    host.has_directory("/proc/net")
    only_none = "command() { return 1; }; iptables_tables"
    assert host.says(only_none) == ""


def test_stat_paths_says_of_each_path_what_it_is(host: Host) -> None:
    there = host.root / "a b"
    there.write_text("12345")
    found = there.stat()
    there_said = f"path {there}\nstat {found.st_mode:x} 5 {found.st_dev} {found.st_ino} 0:0\n"
    missing = host.root / "none" / "of it"
    said = host.says("stat_paths @paths@", paths=[str(there), str(missing)])
    assert there_said in said
    assert f"path {missing}\nstat: cannot statx '{missing}': No such file or directory\nfs " in said
    assert len(re.findall(r"^fs [0-9a-f]+ \d+ \d+ \d+ \d+ \d+ \d+$", said, re.MULTILINE)) == 2
    assert host.says("stat_paths") == ""


def test_host_keys_are_those_that_sshd_has(host: Host) -> None:
    keys = host.has_directory("/etc/ssh")
    assert host.says("host_keys") == ""
    (keys / "ssh_host_rsa_key.pub").write_text("ssh-rsa AAAA root@here\n")
    (keys / "ssh_host_rsa_key").write_text("secret\n")
    (keys / "ssh_host_x_key.pub").write_text("ssh-ed25519 BBBB\n")
    assert host.says("host_keys") == "ssh-rsa AAAA\nssh-ed25519 BBBB\n"


def test_keys_met_are_those_at_addresses_that_are_not_known(host: Host) -> None:
    host.has_program(
        "getent", "printf '%s %s x\\n' 192.0.2.1 STREAM 192.0.2.1 DGRAM 192.0.2.2 STREAM 2001:db8::3 STREAM"
    )
    host.has_program("ssh-keyscan", 'printf "<%s>" "$@"; echo')
    said = host.says("keys_met @name@ @own@", name="host2", own=["192.0.2.2"])
    assert said == "<-T><2><--><192.0.2.1>\n<-T><2><--><2001:db8::3>\n"


def test_keys_of_says_whose_they_are_in_one_write(host: Host) -> None:
    host.has_program("getent", "printf '%s STREAM x\\n' 192.0.2.1 192.0.2.2")
    host.has_program("ssh-keyscan", 'echo "$4 ssh-rsa AAAA"')
    assert host.says("keys_of host2 192.0.2.2") == "\x1fhost2 0\n192.0.2.1 ssh-rsa AAAA\n"
    assert host.says("keys_of host2 192.0.2.2 192.0.2.1") == "\x1fhost2 0\n\n"


def test_certificates_are_shown_and_keys_are_not(host: Host) -> None:
    certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    (host.root / "cert.pem").write_text(f"text before\n{certificate}text behind\n")
    (host.root / "key.pem").write_text("-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n")
    files = [f"{host.root}/cert.pem", f"key:{host.root}/key.pem", f"{host.root}/none", f"key:{host.root}/none"]
    clock, _, said = host.says("certificates @files@", files=files).partition("\n")
    assert abs(int(clock.removeprefix("clock ")) - time.time()) < 20
    assert said == (
        f"file 0 {host.root}/cert.pem\n{certificate}file 0 {host.root}/key.pem\n"
        f"file 44 {host.root}/none\nfile 44 {host.root}/none\n"
    )


@pytest.mark.parametrize("as_root", [True, False])
def test_open_files_are_counted(host: Host, *, as_root: bool) -> None:
    host.has_program("sudo", 'shift; exec "$@"')
    with called("virtlogd", host.root) as pid, called("libvirtd", host.root) as other:
        seen = f"process virtlogd {pid} 5\nreads  virtlogd\nreads /* process virtlogd\nprocess libvirtd {other} 6"
        said = host.says("seen=@seen@; open_files", seen=seen, as_root=as_root)
        number = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    limit = re.search(r"Max open files +(\d+)", Path("/proc/self/limits").read_text())
    assert limit is not None
    assert said == f"files virtlogd {limit[1]} {number}\nfiles libvirtd {limit[1]} {number}\n"
    assert host.says("seen=; open_files", as_root=as_root) == ""


def test_count_is_the_number_of_its_words(host: Host) -> None:
    assert host.says("count @words@; echo $n", words=["a b", "c"]) == "2\n"


def test_guest_memory_is_what_no_child_would_get(host: Host) -> None:
    pids = host.has_directory("/run/libvirt/qemu")
    guest = (
        "import mmap, time; m = mmap.mmap(-1, 3 << 20); m.madvise(mmap.MADV_DONTFORK); m.write(b'x' * (3 << 20));"
        "print('there', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", guest], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"there\n"
        (pids / "a guest.pid").write_text(f"{process.pid}\n")
        (pids / "driver.pid").write_text(f"{process.pid}\n")
        said = host.says("guest_memory")
        process.kill()
    assert mmap.PAGESIZE == 4096
    assert said == "guest 3072 a guest\n"


def test_device_start_is_read_past_the_cache_and_is_short(host: Host) -> None:
    host.has_program("dd", 'printf "<%s>" "$@"; echo complaint >&2')
    assert host.says("device_start @path@", path="/dev/a b") == "<if=/dev/a b><iflag=direct><bs=4096><count=1>"


def test_forbidden_are_rules_about_ports_and_policies_that_block(host: Host) -> None:
    printed = """\
0:	from all lookup local
32764:	from all to 192.0.2.12 dport 80 blackhole
32766:	from all lookup main
src 0.0.0.0/0 dst 192.0.2.14/32 proto tcp
	dir out priority 0 ptype main
	tmpl src 0.0.0.0 dst 0.0.0.0
src 0.0.0.0/0 dst 192.0.2.12/32 proto tcp dport 49152
	dir out action block priority 0 ptype main
src 0.0.0.0/0 dst 192.0.2.13/32
	dir in action block priority 0 ptype main
"""
    (host.root / "printed").write_text(printed)
    host.has_program("ip", f'[ "$*" = "-b -" ] && cat > {host.root}/asked && cat {host.root}/printed')
    assert host.says("forbidden") == (
        "rule 32764:\tfrom all to 192.0.2.12 dport 80 blackhole\n"
        "policy src 0.0.0.0/0 dst 192.0.2.12/32 proto tcp dport 49152\n"
    )
    assert (host.root / "asked").read_text() == "rule show\nxfrm policy\n"
    host.has_program("ip", "exit 1")
    assert host.says("forbidden") == ""


def test_connect_does_not_wait_where_ssh_would_run_no_command(host: Host) -> None:
    host.has_program("virsh", 'echo "virsh $*"')
    host.has_program("ssh", f'[ "$*" = "-G -T -p 2222 -- root@host2" ] && cat {host.root}/settings')
    (host.root / "settings").write_text("hostname host2\nsessiontype default\nstdinnull no\n")
    asked = questions.connect("qemu+ssh://root@host2:2222/system")
    assert host.says("@asked@", asked=asked) == "virsh -q -c qemu+ssh://root@host2:2222/system hostname\n"
    (host.root / "settings").write_text("hostname host2\nsessiontype none\nstdinnull no\n")
    done = host.run("@asked@", asked=asked)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "the ssh configuration of root has SessionType none for it\n"


@pytest.mark.parametrize("uri", ["qemu+tls://host2/system", "qemu+ssh://host2/system?command=/bin/other"])
def test_connect_asks_ssh_only_where_libvirt_runs_it(host: Host, uri: str) -> None:
    host.has_program("virsh", "echo opened")
    host.has_program("ssh", "printf '\nsessiontype none\n'")
    assert host.says("@asked@", asked=questions.connect(uri)) == "opened\n"


def test_connects_says_what_becomes_of_a_connection(host: Host) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert host.says(f"connects 127.0.0.1 {port}") == f"port 0 127.0.0.1 {port} \n"
    assert host.says(f"connects 127.0.0.1 {port}") == f"port 1 127.0.0.1 {port} Connection refused\n"


def test_connects_without_bash_asks_netcat(host: Host) -> None:
    host.has_program("nc", 'printf "<%s>" "$@" >&2; echo ": Connection timed out" >&2; exit 1')
    said = host.says("command() { return 1; }; connects @name@ 49152", name="host2")
    assert said == "port 1 host2 49152 Connection timed out\n"


def test_block_driver_is_a_module_or_a_library(host: Host) -> None:
    usr = host.has_directory("/usr")
    (usr / "lib" / "x86_64-linux-gnu" / "qemu").mkdir(parents=True)
    (usr / "lib" / "x86_64-linux-gnu" / "qemu" / "block-rbd.so").touch()
    emulator = host.root / "qemu-system-x86_64"
    emulator.write_bytes(b"\0libnfs.so.13\0")
    asked = [("rbd", "librbd"), ("nfs", "libnfs"), ("ssh", "libssh")]
    said = [host.says("block_driver @words@", words=[str(emulator), *one]) for one in asked]
    assert said == [f"driver {code} {name} {emulator}\n" for code, name in ((0, "rbd"), (0, "nfs"), (1, "ssh"))]
    gone = host.says("block_driver @words@", words=[f"{host.root}/none", "ssh", "libssh"])
    assert gone == f"driver 2 ssh {host.root}/none\n"


def test_rdma_ports_are_those_of_each_device(host: Host) -> None:
    ports = host.has_directory("/sys/class/infiniband") / "rxe0" / "ports"
    (ports / "1").mkdir(parents=True)
    (ports / "1" / "state").write_text("4: ACTIVE\n")
    (ports / "2").mkdir()
    assert host.says("rdma_ports") == f"port {ports}/1/state 4: ACTIVE\n"


def test_rdma_linked_says_it_of_each_emulator(host: Host) -> None:
    linked, other, gone = (host.root / name for name in ("linked", "other", "gone"))
    linked.write_bytes(b"\0librdmacm.so.1\0")
    other.write_bytes(b"\0libnfs.so.13\0")
    said = host.says("rdma_linked @words@", words=[str(linked), str(other), str(gone)])
    assert said == f"qemu 0 {linked}\nqemu 1 {other}\nqemu 2 {gone}\n"


def test_sshd_listener_is_the_title_of_one(host: Host) -> None:
    title = "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups"
    with running("bash", "-c", 'exec -a "$0" sleep 60', title) as pid:
        cmdline = Path(f"/proc/{pid}/cmdline")
        while not cmdline.read_text().startswith("sshd:"):
            time.sleep(0.01)
        assert f"{title}\n" in host.says("sshd_listener")


def test_sshd_listener_names_files_newer_than_the_pidfile(host: Host) -> None:
    etc, run = host.has_directory("/etc/ssh"), host.has_directory("/run")
    host.has_program("systemctl", "echo Id=sshd.socket; echo Accept=yes")
    (run / "sshd.pid").write_text("1\n")
    (etc / "sshd_config").write_text("Port 22\n")
    os.utime(run / "sshd.pid", (1, 1))
    none = "grep() { return 1; }; sshd_listener"
    assert host.says(none) == f"newer {etc}/sshd_config\nId=sshd.socket\nAccept=yes\n"
    os.utime(etc / "sshd_config", (0, 0))
    (etc / "sshd_config.d").mkdir()  # in which a file was added or removed
    assert host.says(none) == f"newer {etc}/sshd_config.d\nId=sshd.socket\nAccept=yes\n"
    os.utime(etc / "sshd_config.d", (0, 0))
    assert host.says(none) == "Id=sshd.socket\nAccept=yes\n"


def test_side_daemons_are_sockets_that_listen_and_lines_that_set_something(host: Host) -> None:
    net, etc = host.has_directory("/proc/net"), host.has_directory("/etc/libvirt")
    units = host.has_directory("/etc/systemd/system")
    (net / "unix").write_text(
        LISTENS.format("1", "01", "/run/libvirt/virtlogd-sock")
        + LISTENS.format("0", "03", "/run/libvirt/virtlockd-sock")
        + LISTENS.format("1", "01", "/var/lib/libvirt/qemu/domain-1-web/monitor.sock")
    )
    (etc / "virtlogd.conf").write_text("# max_clients = 1\n\n  max_clients = 5\n")
    (units / "virtlockd.service").symlink_to("/dev/null")
    assert host.says("side_daemons") == (
        f"listens /run/libvirt/virtlogd-sock\nmasked virtlockd\n\x1f\n{etc}/virtlogd.conf:3:  max_clients = 5\n"
    )


def test_resources_are_what_is_there_and_values_of_the_kernel(host: Host) -> None:
    dev, vm = host.has_directory("/dev/net"), host.has_directory("/proc/sys/vm")
    (dev / "tun").touch()
    (vm / "overcommit_memory").write_text("0\n")
    (vm / "unprivileged_userfaultfd").write_text("1")
    host.has_program("numad", "")
    said = host.says("resources").splitlines()
    assert {f"has {dev}/tun", "has numad", f"value {vm}/overcommit_memory 0"} <= set(said)
    assert f"value {vm}/unprivileged_userfaultfd 1" in said


CIB = """<cib><configuration><crm_config><cluster_property_set id="o">
 <nvpair id="m" name="maintenance-mode" value="false"/>
</cluster_property_set></crm_config><resources>
 <primitive id="fence" class="stonith" type="fence_ipmilan">
  <nvpair id="p" name="passwd" value="s3cret"/>
 </primitive>
 <primitive id="vm-web" class="ocf" provider="heartbeat" type="VirtualDomain">
  <nvpair id="c" name="config" value="@file@"/>
  <nvpair id="h" name="hypervisor" value="qemu:///system"/>
 </primitive>
</resources></configuration></cib>
"""


def test_cluster_is_pacemakers_guests_and_no_password(host: Host) -> None:
    cib, proc = host.has_directory("/var/lib/pacemaker"), host.has_directory("/proc")
    (host.root / "web.xml").write_text("<domain type='kvm'>\n  <name>web</name>\n</domain>\n")
    (cib / "cib").mkdir()
    (cib / "cib" / "cib.xml").write_text(CIB.replace("@file@", f"{host.root}/web.xml"))
    host.has_program("systemctl", "exit 3")
    assert host.says("cluster") == "", "pacemaker does not run"
    (proc / "7").mkdir()
    (proc / "7" / "comm").write_text("pacemakerd\n")
    said = [
        "running",
        ' <nvpair id="m" name="maintenance-mode" value="false"/>',
        ' <primitive id="fence" class="stonith" type="fence_ipmilan">',
        " </primitive>",
        ' <primitive id="vm-web" class="ocf" provider="heartbeat" type="VirtualDomain">',
        f'  <nvpair id="c" name="config" value="{host.root}/web.xml"/>',
        " </primitive>",
        f"{host.root}/web.xml:  <name>web</name>",
    ]
    assert host.says("cluster").splitlines() == said
    (proc / "7" / "comm").unlink()
    host.has_program("systemctl", "exit 0")
    assert host.says("cluster").splitlines() == said, "a login that may not see the processes of others"


def test_cluster_without_pacemaker_is_44(host: Host) -> None:
    (host.has_directory("/var/lib/pacemaker")).rmdir()
    assert host.run("cluster").returncode == 44


def test_usb_devices_are_files_of_sys(host: Host) -> None:
    usb = host.has_directory("/sys/bus/usb/devices")
    (usb / "1-1").mkdir()
    (usb / "1-1" / "idVendor").write_text("0627\n")
    assert host.says("usb_devices") == f"{usb}/1-1/idVendor:0627\n"


def test_way_is_the_outcome_and_of_each_address_only_without_an_answer(host: Host) -> None:
    host.has_program("getent", "echo '192.0.2.1 STREAM host2'; echo '192.0.2.1 DGRAM'; echo '192.0.2.2 STREAM'")
    host.has_program("ip", 'case $2 in route) echo "$4 dev eth0";; *) echo "$5 dev eth0 FAILED";; esac')
    host.has_program("timeout", '[ "$2" = getent ] || exit 124; shift; exec "$@"')
    first, *others = host.says("way host2 49215").splitlines()
    assert first == "port 124 host2 49215 "
    assert sorted(others[:2]) == ["port 124 192.0.2.1 49215 ", "port 124 192.0.2.2 49215 "]
    assert others[2:] == [
        f"{what} {one} {one} dev eth0{state}"
        for one in ("192.0.2.1", "192.0.2.2")
        for what, state in (("route", ""), ("neighbour", " FAILED"))
    ]
    host.has_program("timeout", "echo 'bash: connect: Connection refused' >&2; exit 1")
    assert host.says("way host2 49215") == "port 1 host2 49215 Connection refused\n"


def test_way_without_a_program_that_connects_asks_nothing_else(host: Host) -> None:
    host.has_program("getent", "touch /never")
    host.has_program("timeout", "exit 127")
    assert host.says("way host2 49215").splitlines() == ["port 127 host2 49215 "]


def test_way_of_a_closed_port_is_refused_by_the_kernel(host: Host) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert host.says(f"way 127.0.0.1 {port}") == f"port 0 127.0.0.1 {port} \n"
    assert host.says(f"way 127.0.0.1 {port}") == f"port 1 127.0.0.1 {port} Connection refused\n"


def test_connects_for_the_daemon_without_the_logins_agent(host: Host) -> None:
    host.has_program("virsh", 'echo "$* ${SSH_AUTH_SOCK-without an agent}"')
    asked = questions.connect("qemu+ssh://host2/system")
    said = host.says("SSH_AUTH_SOCK=/agent; export SSH_AUTH_SOCK; @asked@", asked=asked)
    assert said == "-q -c qemu+ssh://host2/system hostname without an agent\n"


def test_sshd_config_is_every_file_behind_its_name(host: Host) -> None:
    etc = host.has_directory("/etc/ssh")
    (etc / "sshd_config.d").mkdir()
    (etc / "sshd_config").write_text("Port 22\n")
    (etc / "sshd_config.d" / "a.conf").write_text("UseDNS no\n")
    assert host.says("sshd_config") == f"\x1f{etc}/sshd_config\nPort 22\n\x1f{etc}/sshd_config.d/a.conf\nUseDNS no\n"


def test_libvirt_files_are_each_between_its_name_and_a_code(host: Host) -> None:
    etc = host.has_directory("/etc/libvirt")
    (etc / "virtlogd.conf").write_text("max_clients = 7\n")
    (etc / "network.conf").mkdir()
    done = host.run("libvirt_files")
    blocks = done.stdout.split("\x1f")[1:]
    assert blocks[0] == f"{etc}/virtlogd.conf\nmax_clients = 7\n\x1e0\n"
    assert f"{etc}/virtnetworkd.conf\n\x1e44\n" in blocks
    assert f"{etc}/network.conf\n\x1e1\n" in blocks
    assert tuple(block.partition("\n")[0] for block in blocks) == tuple(f"{etc}/{name}" for name in OTHERS)


def test_remote_helpers_are_programs_and_what_netcat_can(host: Host) -> None:
    host.has_program("virt-ssh-helper", "")
    host.has_program("nc", "printf 'usage: nc\\n\\t-U\\t\\tUse UNIX domain socket\\n\\t-u\\t\\tUDP mode\\n' >&2")
    programs = host.root / "programs"
    assert host.says("remote_helpers") == (
        f"{programs}/virt-ssh-helper\n{programs}/nc\n\t-U\t\tUse UNIX domain socket\n"
    )


def test_resolves_says_whether_a_name_leads_anywhere(host: Host) -> None:
    host.has_program("getent", '[ "$*" = "ahosts -- known" ] || exit 2; echo 192.0.2.1')
    assert host.says("resolves @names@", names=["known", "un known"]) == "0 known\n2 un known\n"


def test_names_met_says_what_each_name_leads_to_and_asks_for_all_at_once(host: Host) -> None:
    # the first name has its answer once the last one has been asked for
    host.has_program(
        "getent",
        f"case $3 in slow) until [ -e {host.root}/last ]; do sleep 0.05; done;; known) ;;"
        f" *) : > {host.root}/last; exit 2;; esac;"
        ' echo "192.0.2.1 STREAM $3"',
    )
    said = host.says("names_met @names@", names=["slow", "known", "un known"])
    assert sorted(said.split("\x1f")) == [
        "",
        "known 0\n192.0.2.1 STREAM known\n",
        "slow 0\n192.0.2.1 STREAM slow\n",
        "un known 2\n\n",
    ]


def test_names_met_asks_for_64_names_at_a_time(host: Host) -> None:
    # nobody is waited for in vain: on a machine under load 64 programs may take longer than a name may
    host.has_program("timeout", 'shift; exec "$@"')
    host.has_program("getent", f"echo x >> {host.root}/asked; sleep 0.3; wc -l < {host.root}/asked")
    said = host.says("names_met @names@", names=[f"host{number}" for number in range(65)])
    # the 65th is asked for once the others have answered: each had at most 64 before it, and it has all
    assert max(int(one.split("\n")[1]) for one in said.split("\x1f")[1:-1]) <= 64
    assert said.split("\x1f")[-1] == "host64 0\n65\n"


def test_names_met_shows_the_first_lines_of_a_long_answer(host: Host) -> None:
    host.has_program("getent", 'for n in $(seq 200); do echo "192.0.2.$n STREAM"; done')
    assert host.says("names_met many").count("STREAM") == 48


def test_accounts_says_whether_each_is_known(host: Host) -> None:
    said = host.says("accounts @all@", all=["passwd:root", "group:root", "passwd:no such user"])
    assert said == "0 passwd:root\n0 group:root\n2 passwd:no such user\n"


def test_resident_is_what_each_guest_holds(host: Host) -> None:
    pids = host.has_directory("/run/libvirt/qemu")
    with called("qemu", host.root) as pid:
        (pids / "a guest.pid").write_text(f"{pid}")
        said = host.says("resident @guests@", guests=["a guest", "none"])
        held = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert held is not None
    assert said == f"resident {held[1]} a guest\n"


def test_started_with_is_what_each_guests_log_says_of_its_starts(host: Host) -> None:
    logs = host.has_directory("/var/log/libvirt/qemu")
    start = "starting up libvirt version: 11.3.0, package: 3+deb13u3 (Debian), qemu version: "
    (logs / "a guest.log").write_text(
        f"2026-11-30 10:31:01.731+0000: {start}10.0.12Debian 1:10.0.12+ds-0+deb13u1, kernel: 6.1.0, hostname: h\n"
        "-incoming defer \\\n-S \\\n"
        f"2026-11-30 10:32:01.731+0000: {start}10.0.13, kernel: 6.1.0, hostname: h\n"
        "x -incoming\nqemu-system-x86_64: a warning\n"
    )
    (logs / "other.log").write_text(f"{start}7.2.0\n")
    said = host.says("started_with @guests@", guests=["a guest", "none", "other"])
    prefix = f"{host.root}/var/log/libvirt/qemu"
    assert said == (
        f"{prefix}/a guest.log:{start}10.0.12\n{prefix}/a guest.log:-incoming\n"
        f"{prefix}/a guest.log:{start}10.0.13\n{prefix}/other.log:{start}7.2.0\n"
    )


def test_may_use_kvm_is_tried_as_that_user(host: Host) -> None:
    host.has_program("setpriv", 'printf "<%s>" "$@"; exit 1')
    assert host.says("may_use_kvm 64055 107 107 36") == (
        "<--reuid=64055><--regid=107><--groups=107,36,107><test><-r></dev/kvm><-a><-w></dev/kvm>kvm 1\n"
    )
