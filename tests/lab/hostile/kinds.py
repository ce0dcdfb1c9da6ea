"""The kinds of attackers, and at which end of a migration each of them sits."""

from collections.abc import Sequence

from msgspec import Struct

from tests.lab.hostile import attacks
from tests.lab.hostile.attacks import WORDS, Attack
from tests.lab.test_offline import NVRAM

SOURCE, DESTINATION = "source", "destination"
_ESCAPED = (
    '192.0.2.11 x\x1b]0;t\x07\u202e # \x1b[2J\n127.0.0.1 host1.example.com host2.example.com\n"; touch /tmp/pwned\n'
)

#: For guests that cannot run: a check judges those that are off only where it is told to.
_OFF = ("--offline", "--guest", "disky")


class Kind(Struct, frozen=True):
    """One attacker. `more` are words behind `check`, for what is only asked with an option.

    `trap` is what lies on the honest host for this attacker to reach.
    """

    name: str
    end: str
    attack: Attack
    more: tuple[str, ...] = ()
    trap: Attack | None = None


def _each(end: str, **kinds: Attack) -> list[Kind]:
    return [Kind(name.replace("_", " "), end, attack) for name, attack in kinds.items()]


def _secret(path: str) -> Kind:
    return Kind(
        f"a disk that is the other host's {path}", SOURCE, attacks.disk(attacks.of_file(path)), ("--copy-storage-all",)
    )


KINDS: Sequence[Kind] = (
    *(Kind(f"announces {what} by qemu.conf", DESTINATION, attacks.announces(word)) for what, word in WORDS.items()),
    Kind("announces two lines by qemu.conf", DESTINATION, attacks.announces_lines),
    *(
        Kind(f"is called {what} by its kernel", end, attacks.is_called(word))
        for what, word, end in (
            ("a loop", "x;do(:);done;touch /tmp/pwned;for n in y", DESTINATION),
            ("a substitution", "$(touch /tmp/pwned)", DESTINATION),
            ("two lines", "host2\n198.51.100.66 github.com", DESTINATION),
            ("an escape", "\x1b]0;t\x07x\u202e", SOURCE),
        )
    ),
    Kind("/etc/hosts with escapes", SOURCE, attacks.lines("/etc/hosts", _ESCAPED)),
    Kind("/etc/hosts with escapes", DESTINATION, attacks.lines("/etc/hosts", _ESCAPED)),
    Kind("settings with templates in their comments", SOURCE, attacks.comments_for_a_playbook),
    Kind("settings with templates in their comments", DESTINATION, attacks.comments_for_a_playbook),
    Kind(
        "os-release and machine-id with escapes",
        SOURCE,
        attacks.lines("/etc/os-release", 'PRETTY_NAME="\x1b[2J$(touch /tmp/pwned)"\n'),
    ),
    Kind(
        "nsswitch.conf of brackets", DESTINATION, attacks.lines("/etc/nsswitch.conf", "hosts: " + "[" * 200_000 + "\n")
    ),
    Kind("a banner with escapes", DESTINATION, attacks.banner),
    Kind("a noisy login", SOURCE, attacks.noisy_login),
    Kind("a shell of its own", DESTINATION, attacks.shell_of_its_own),
    Kind("a hook that complains in escapes", DESTINATION, attacks.hook),
    Kind("a network, a pool and a secret for a shell", SOURCE, attacks.libvirt_objects),
    *(
        Kind(f"{name} prints noise", (SOURCE, DESTINATION)[number % 2], attacks.prints(name))
        for number, name in enumerate(attacks.PROGRAMS)
    ),
    Kind("base64 prints shell text", SOURCE, attacks.only_prints("base64", attacks.QUOTED)),
    Kind("stat prints shell text", SOURCE, attacks.only_prints("stat", "root:root;touch /tmp/pwned\n")),
    Kind("sha256sum prints shell text", SOURCE, attacks.only_prints("sha256sum", "0$(touch /tmp/pwned)  -\n")),
    Kind("getent prints shell text", SOURCE, attacks.only_prints("getent", "$(touch /tmp/pwned) STREAM x\n")),
    Kind("tar packs links, devices and paths", SOURCE, lambda host: attacks.program(host, "tar", attacks.ARCHIVE)),
    Kind("tar packs two gigabytes of nothing", SOURCE, lambda host: attacks.program(host, "tar", attacks.BOMB)),
    *(
        Kind(f"a guest called {what}", SOURCE, attacks.named(word))
        for what, word in WORDS.items()
        if "/tmp" not in word and what != "a path"
    ),
    Kind("a guest called a substitution", SOURCE, attacks.named("$(touch pwned)`touch pwned`;touch pwned;'\"")),
    Kind("a guest called an option", SOURCE, attacks.named("--all -x")),
    Kind("a guest with noise in its title", SOURCE, attacks.described),
    *(
        Kind(f"NVRAM at {path}", SOURCE, attacks.nvram(path))
        for path in (
            "/etc/cron.d/x",
            "/root/.ssh/authorized_keys",
            "/etc/ld.so.preload",
            "/usr/local/bin/virsh",
            "/var/lib/libvirt/qemu/nvram/../../../../../etc/cron.d/y",
            "/var/lib/libvirt/qemu/nvram/$(touch /tmp/pwned)",
            "/var/lib/libvirt/qemu/nvram/x';touch /tmp/pwned;'",
            "/var/lib/libvirt/qemu/nvram/other_VARS.fd",
        )
    ),
    Kind("NVRAM that is a link", SOURCE, attacks.nvram(NVRAM, 'rm -f "$1"; ln -s /etc/shadow "$1"')),
    Kind("NVRAM that is a device", SOURCE, attacks.nvram(NVRAM, 'rm -f "$1"; mknod "$1" b 8 0')),
    Kind("NVRAM that is a directory", SOURCE, attacks.nvram(NVRAM, 'rm -f "$1"; mkdir "$1"; ln -s /etc/cron.d "$1/x"')),
    Kind("NVRAM with set-uid", SOURCE, attacks.nvram(NVRAM, 'cp /bin/true "$1"; chmod 6755 "$1"')),
    *_each(
        SOURCE,
        TPM_state_with_a_link=attacks.tpm('ln -s /etc/shadow "$1/x"'),
        TPM_state_with_a_device=attacks.tpm('mknod "$1/x" b 8 0; mknod "$1/y" c 1 1'),
        TPM_state_with_set_uid=attacks.tpm('cp /bin/true "$1/x"; chmod 6755 "$1/x"; chmod 2777 "$1"'),
        TPM_state_with_names_for_a_shell=attacks.tpm('cd "$1" && : >"\\$(touch pwned)" && : >"a\nb" && : >"-rf"'),
        TPM_state_that_is_a_link=attacks.tpm('rm -rf "${1%/*}"; ln -s /etc "${1%/*}"'),
        TPM_state_with_a_fifo=attacks.tpm('mkfifo "$1/x"'),
    ),
    Kind(
        "a disk whose path is for a shell",
        SOURCE,
        attacks.disk(attacks.of_file("/x$(touch /tmp/pwned)';touch /tmp/pwned;'\"`")),
        _OFF,
    ),
    Kind(
        "a disk whose servers are for a shell",
        SOURCE,
        attacks.disk(attacks.of_hosts("$(touch /tmp/pwned)", "-oProxyCommand=x", "';touch /tmp/pwned;'")),
        _OFF,
    ),
    Kind(
        "a disk with 20,000 servers",
        SOURCE,
        attacks.disk(attacks.of_hosts(*(f"192.0.2.{n % 250}" for n in range(20_000)))),
        _OFF,
    ),
    _secret("/etc/shadow"),
    _secret("/root/.ssh/id_ed25519"),
    Kind(
        "a disk that is a pipe of the other host's",
        SOURCE,
        attacks.disk(attacks.of_file(attacks.PIPE), make=f"truncate -s 1M {attacks.PIPE}"),
        ("--copy-storage-all",),
        attacks.pipe,
    ),
    Kind("disks with long paths that lead nowhere", SOURCE, attacks.disk(*attacks.LONG_PATHS), _OFF),
)
