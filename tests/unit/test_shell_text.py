"""Values that reach a host's shell: every builder is given hostile ones, and its text is really run."""

import inspect
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

import preflight
from preflight.answers import Answers, Record
from preflight.collect import questions
from preflight.collect.follow_up import further_questions
from preflight.collect.sources import make_host
from preflight.fix.apply import Service, script
from preflight.host import Guests
from preflight.request.check_request import Migration
from preflight.request.method import Method
from preflight.request.migration import CopyStorage, Role
from preflight.shell_text import NOTHING, ShellText, fixed, joined, shell
from tests.case import Case

#: What an attacker would put into a name, a path, an address: each runs something where it is not quoted.
HOSTILE = (
    "x;do(:);done;touch {canary};for n in y",
    "$(touch {canary})",
    "`touch {canary}`",
    "'; touch {canary}; '",
    '"; touch {canary}; "',
    "x\ntouch {canary}\n",
    "| touch {canary}",
    "& touch {canary} &",
    "${{IFS}}$(touch {canary})",
    "-exec touch {canary} ;",
    "--help;touch {canary}",
    "x\\\ntouch {canary}",
    "/etc/hosts$(touch {canary})",
    "/a'$(touch {canary})'",
    '/a";touch {canary};"',
    "@paths@ @names@ @asked@ $(touch {canary})",
    "*?[a-z]$(touch {canary})",
    "~root;touch {canary}",
    "{{{{ lookup('pipe', 'touch {canary}') }}}}",
    "\x1b]0;touch {canary}\x07",
    "é$(touch {canary})\udc80",
)
SHELLS = ("dash", "bash")
#: What these programs would do is another matter, and takes time: here only the shell's own reading counts.
HARMLESS = (
    "getent() { :; }; virsh() { :; }; stat() { :; }; nc() { :; }; setpriv() { :; }; timeout() { :; }; find() { :; }\n"
)


def run(text: ShellText, sh: str) -> subprocess.CompletedProcess[bytes]:
    asked = shell("( eval @text@ )", text=str(text))
    whole = f"{questions.PRELUDE}{HARMLESS}{asked}\necho; echo reached\n".encode("utf-8", "surrogateescape")
    done = subprocess.run([sh, "-s"], input=whole, capture_output=True, check=False, timeout=20)
    assert done.stdout.endswith(b"\nreached\n"), done.stderr  # or nothing would have been tried
    return done


def hostile(canary: Path) -> list[str]:
    return [text.format(canary=canary) for text in HOSTILE]


def texts(canary: Path) -> list[str]:
    """Return each alone, and each behind what makes it pass for a path, a name, an account or a URI."""
    return [head + text for text in hostile(canary) for head in ("", "/", "a", "passwd:", "qemu+ssh://h/system?x=")]


#: How every public builder of `questions` is given such texts; a builder that is missing here fails the test below.
BUILDERS: Mapping[str, Callable[[list[str]], Iterator[ShellText]]] = {
    "resolve": lambda bad: map(questions.resolve, bad),
    "keys_met": lambda bad: (questions.keys_met(one, bad) for one in bad),
    "words": lambda bad: iter([questions.words(bad)]),
    "keys_of": lambda bad: iter(
        [questions.keys_of(questions.words(bad), [(one, questions.words(bad)) for one in bad])]
    ),
    "connect": lambda bad: map(questions.connect, bad),
    "way": lambda bad: (questions.way(one, 49215) for one in bad),
    "reach": lambda bad: (questions.reach(one, 49215) for one in bad),
    "listen": lambda bad: iter([questions.listen(len(bad))]),
    "certificates": lambda bad: iter([questions.certificates(bad, bad), questions.certificates(bad)]),
    "stat_paths": lambda bad: iter([questions.stat_paths(bad)]),
    "names_met": lambda bad: iter([questions.names_met(bad)]),
    "resolve_all": lambda bad: iter([questions.resolve_all(bad)]),
    "connect_all": lambda bad: iter([questions.connect_all([(one, 1) for one in bad])]),
    "block_drivers": lambda bad: iter([questions.block_drivers([(one, one, one) for one in bad])]),
    "rdma": lambda bad: iter([questions.rdma(bad)]),
    "resident": lambda bad: iter([questions.resident(bad)]),
    "usage": lambda bad: iter([questions.usage(bad)]),
    "tasks": lambda bad: iter([questions.tasks(len(bad))]),
    "within": lambda bad: iter([questions.within(os.getpid(), questions.stat_paths(bad))]),
    "started_with": lambda bad: iter([questions.started_with(bad)]),
    "accounts": lambda bad: iter([questions.accounts(bad)]),
    "access": lambda bad: iter([questions.access(1, 2, [*bad, *more]) for more in ([], ["/dev/kvm"])]),
    "image_heads": lambda bad: iter([questions.image_heads(bad)]),
    "key_slots": lambda bad: iter([questions.key_slots(bad)]),
    "secret_digests": lambda bad: iter([questions.secret_digests([(one, one) for one in bad])]),
    "block_devices": lambda bad: iter([questions.block_devices(bad)]),
    "all_images": lambda bad: iter([questions.all_images(bad)]),
}


def public_builders() -> set[str]:
    found = inspect.getmembers(questions, inspect.isfunction)
    return {name for name, one in found if one.__module__ == questions.__name__ and not name.startswith("_")}


def test_every_builder_of_questions_is_given_hostile_values() -> None:
    assert public_builders() == set(BUILDERS)


@pytest.mark.parametrize("sh", SHELLS)
@pytest.mark.parametrize("name", BUILDERS)
def test_no_value_of_a_question_is_run(tmp_path: Path, name: str, sh: str) -> None:
    canary = tmp_path / "pwned"
    for text in BUILDERS[name](texts(canary)):
        assert isinstance(text, ShellText)
        run(text, sh)
        assert not canary.exists(), text


def test_the_shells_would_run_what_is_not_quoted(tmp_path: Path) -> None:
    """The test above can fail: the same texts without quotes do run."""
    canary = tmp_path / "pwned"
    ran = []
    for text in hostile(canary):
        run(ShellText(f"for n in {text}; do :; done"), "bash")
        ran.append(canary.exists())
        canary.unlink(missing_ok=True)
    assert sum(ran) >= 8


@pytest.mark.parametrize("sh", SHELLS)
@pytest.mark.parametrize("field", range(len(HOSTILE)))
def test_no_text_of_a_guest_is_run_on_either_host(tmp_path: Path, field: int, sh: str) -> None:
    """The follow-up questions of a guest whose every attribute, element and name is hostile."""
    canary = tmp_path / "pwned"
    text = HOSTILE[field].format(canary=canary)
    case = Case()
    hosts = [
        make_host(role, saved.name, _hostile(saved.answers, text)) for role, saved in zip(Role, case.hosts, strict=True)
    ]
    guests = list(hosts[0].fact(Guests).all)
    assert guests
    migration = Migration(method=Method(copy_storage=CopyStorage.ALL), destination_uri="qemu+ssh://host2/system")
    for asked in further_questions(hosts[0], hosts[1], migration, guests):
        for command in asked.commands.values():
            run(command, sh)
            assert not canary.exists(), command


def _hostile(answers: Answers, text: str) -> Answers:
    """The host's answers with the text in every disk's path, name and host, and as the name that is announced."""
    import json
    from xml.sax.saxutils import quoteattr

    shown = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]", "", text)
    bad, path = quoteattr(shown), quoteattr("/" + shown)
    disks = (
        f"<disk type='file'><source file={path}/><target dev={bad}/></disk>"
        f"<disk type='block'><source dev={path}/><target dev='vdb'/></disk>"
        f"<disk type='network'><source protocol='nbd' name={bad}><host name={bad} port='1'/></source>"
        "<target dev='vdc'/></disk>"
        f"<disk type='volume'><source pool={bad} volume={bad}/><target dev='vdd'/></disk>"
    )
    records = dict(answers.records)
    listed = json.loads(records["libvirt.domains"].out)
    for guest in listed["domains"]:
        guest["xml"] = guest["xml"].replace("<devices>", f"<devices>{disks}", 1)
        guest["xml"] = re.sub(r"<emulator>.*?</emulator>", f"<emulator>{path[1:-1]}</emulator>", guest["xml"], count=1)
    records["libvirt.domains"] = Record(json.dumps(listed))
    records["libvirt.hostname"] = Record(text)
    return Answers(records, answers.absent)


@pytest.mark.parametrize("sh", SHELLS)
def test_a_path_of_a_thousand_directories_costs_no_process_each(sh: str) -> None:
    """A guest of the source's names it, root on the destination is asked: each directory took a process of its own."""
    missing = "/missing" + "/a" * 2000
    began = time.monotonic()
    done = subprocess.run(
        [sh, "-s"],
        input=f"{questions.PRELUDE}{questions.stat_paths([missing] * 5)}\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert time.monotonic() - began < 5
    assert [line.split()[0] for line in done.stdout.splitlines() if line.startswith(("path", "fs"))] == [
        "path",
        "fs",
    ] * 5


@pytest.mark.parametrize("sh", SHELLS)
def test_no_value_of_an_apply_script_is_run(tmp_path: Path, sh: str) -> None:
    canary = tmp_path / "pwned"
    for bad in hostile(canary):
        service = Service(bad, shell(":"), shell(":"), shell(":"), shell(":"), expected=(bad,))
        for before in (None, bad):
            run(script(f"{tmp_path}/{bad}", before, bad, service, bad), sh)
            assert not canary.exists(), bad


@pytest.mark.parametrize("sh", SHELLS)
def test_what_is_quoted_comes_out_as_it_went_in(tmp_path: Path, sh: str) -> None:
    for bad in hostile(tmp_path / "pwned"):
        done = run(shell("printf '%s\\n' @one@ @many@ @number@", one=bad, many=[bad, ""], number=7), sh)
        assert done.stdout.decode("utf-8", "surrogateescape") == f"{bad}\n{bad}\n\n7\n\nreached\n"


def test_a_value_that_looks_like_a_mark_stays_a_value() -> None:
    assert shell("echo @a@ @b@", a="@b@", b="@a@") == "echo @b@ @a@"


def test_shell_text_within_shell_text_is_not_quoted_again() -> None:
    inner = shell("echo @name@", name="a b")
    assert shell("{ @inner@; }", inner=inner) == "{ echo 'a b'; }"
    assert joined((inner, NOTHING)) == "echo 'a b'\n"
    assert fixed({"a": "b"}) == {"a": "b"}


def test_a_value_with_a_nul_is_refused() -> None:
    with pytest.raises(ValueError, match="NUL"):
        shell("echo @a@", a="x\0y")


def test_a_mark_without_a_value_is_refused() -> None:
    with pytest.raises(KeyError):
        shell("echo @a@")


def test_no_other_module_builds_shell_text() -> None:
    """`ShellText(...)` and `shlex.quote` stand in one module, and what is sent to a shell is typed as one."""
    root = Path(preflight.__file__).parent
    elsewhere = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if re.search(r"\bShellText\((?!\))|shlex\.(quote|join)\(", path.read_text())
    }
    # ssh.py writes a wrapper for this machine's own shell, of a path that it has made itself; mending.py quotes what a
    # person may type
    assert elsewhere == {"shell_text.py", "connection/ssh.py", "doctor/mending.py"}


if os.geteuid() != 0:  # as_root would ask sudo
    pytest.skip("the commands run as root's", allow_module_level=True)
