"""The actions of an attacker on a host of theirs: shell text for each, run there as root before preflight comes."""

import base64
import shlex
from collections.abc import Callable, Mapping
from xml.sax.saxutils import escape, quoteattr

from tests.hostile.demands import FORGED
from tests.lab.host import LabHost
from tests.lab.test_offline import NVRAM, TPM, XML

Attack = Callable[[LabHost], None]

LOOP = "x;do(:);done;touch /tmp/pwned;touch /pwned;for n in y"
WORDS: Mapping[str, str] = {
    "a loop": LOOP,
    "a substitution": "$(touch /tmp/pwned)",
    "backquotes": "`touch /tmp/pwned`",
    "a quote": "x';touch /tmp/pwned;'",
    "a double quote": 'x\\";touch /tmp/pwned;\\"',
    "a template": "{{ lookup('pipe', 'touch /tmp/pwned') }}",
    "an option": "-oProxyCommand=touch /tmp/pwned",
    "a path": "../../../../etc/cron.d/x",
    "localhost": "localhost",
}
#: Printed by whatever the host replaced: escapes, a forged verdict, shell text, a line of a playbook.
NOISE = (
    f"\x1b]0;title\x07\x1b[2J\x1b]52;c;eA==\x07\x9b31m\u202e\nREADY  {FORGED}: 99 passed\n"
    "$(touch /tmp/pwned) `touch /tmp/pwned` ';touch /tmp/pwned;' {{ lookup('pipe', 'touch /tmp/pwned') }}\n"
)
PROGRAMS = (
    "getent",
    "stat",
    "base64",
    "tar",
    "sha256sum",
    "find",
    "virsh",
    "virt-admin",
    "sshd",
    "ip",
    "nft",
    "uname",
    "ssh",
    "systemctl",
    "readlink",
    "id",
    "mktemp",
    "cat",
    "head",
    "grep",
    "sed",
    "awk",
    "ls",
    "od",
    "date",
    "sort",
    "gzip",
)


def sh(host: LabHost, text: str, *words: str) -> None:
    """Run shell text on the attacker's host; what fails there is the attacker's loss."""
    host.run("sh", "-c", text, "sh", *words, check=False)


def program(host: LabHost, name: str, text: str) -> None:
    """Put a program in front of the real one, on the PATH of every login."""
    host.write(f"/usr/local/bin/{name}", f"#!/bin/sh\n{text}\n")
    sh(host, 'chmod 755 "/usr/local/bin/$1"', name)


def noise(host: LabHost, path: str = "/root/noise") -> str:
    """The shell text that prints `NOISE`."""
    sh(
        host,
        'printf %s "$1" | base64 -d >"$2"',
        base64.b64encode(NOISE.encode("utf-8", "surrogateescape")).decode(),
        path,
    )
    return f"/bin/cat {path}"


def prints(name: str) -> Attack:
    """A program that prints noise on both streams before it does what it should."""

    def attack(host: LabHost) -> None:
        shown = noise(host)
        real = f"/usr/sbin/{name}" if name in ("sshd", "ip", "nft") else f"/usr/bin/{name}"
        program(host, name, f'{shown}; {shown} >&2; exec {real} "$@"')

    return attack


def only_prints(name: str, printed: str) -> Attack:
    """A program that prints this text and nothing else."""
    return lambda host: program(host, name, f"printf %s {shlex.quote(printed)}")


def announces(word: str) -> Attack:
    """The name to which guests are sent, by qemu.conf."""

    def attack(host: LabHost) -> None:
        host.append("/etc/libvirt/qemu.conf", f'\nmigration_host = "{word}"\n')
        sh(host, "systemctl restart libvirtd")

    return attack


def announces_lines(host: LabHost) -> None:
    """A name of two lines, as libvirt's configuration can hold it."""
    host.append("/etc/libvirt/qemu.conf", '\nmigration_host = """host2\n198.51.100.66 github.com"""\n')
    sh(host, "systemctl restart libvirtd")


def is_called(word: str) -> Attack:
    """The kernel's own name for the host (64 bytes), which libvirt announces."""
    call = "import socket, sys; socket.sethostname(sys.argv[1])"  # hostname(1) would refuse it, and /proc is read-only

    def attack(host: LabHost) -> None:
        host.run("python3", "-c", call, word[:64])
        sh(host, "systemctl restart libvirtd")

    return attack


def lines(path: str, text: str) -> Attack:
    """Lines at the end of a file."""
    return lambda host: host.append(path, text)


def comments_for_a_playbook(host: LabHost) -> None:
    """Settings that a fix would change, each with a template in its comment."""
    comment = "# {{ lookup('pipe', 'touch /tmp/pwned') }}"
    host.append("/etc/libvirt/libvirtd.conf", f"max_clients = 1  {comment}\nmax_workers = 1  {comment}\n")
    host.write("/etc/ssh/sshd_config.d/x.conf", f"MaxStartups 1:30:2 {comment}\n")
    sh(host, "systemctl restart libvirtd; systemctl reload ssh")


def banner(host: LabHost) -> None:
    """A banner before the login, and a message after it."""
    noise(host, "/etc/banner")
    sh(
        host,
        "echo 'Banner /etc/banner' >/etc/ssh/sshd_config.d/banner.conf; cp /etc/banner /etc/motd; systemctl reload ssh",
    )


def noisy_login(host: LabHost) -> None:
    """Files that every login of bash reads."""
    shown = noise(host)
    for path in ("/root/.bashrc", "/root/.profile", "/etc/profile.d/x.sh", "/etc/bash.bashrc"):
        host.write(path, f"{shown}; {shown} >&2\nexport PATH=/usr/local/bin:$PATH LC_ALL=tr_TR.UTF-8 IFS=x\n")


def shell_of_its_own(host: LabHost) -> None:
    """A login shell that is the attacker's program."""
    shown = noise(host)
    host.write("/usr/local/bin/shell", f'#!/bin/sh\n{shown}\nexec /bin/sh "$@"\n')
    sh(
        host,
        "chmod 755 /usr/local/bin/shell; echo /usr/local/bin/shell >>/etc/shells; usermod -s /usr/local/bin/shell root",
    )


def hook(host: LabHost) -> None:
    """A hook of libvirt's that fails and complains with noise: libvirt's own error then holds it."""
    shown = noise(host)
    host.write("/etc/libvirt/hooks/qemu", f"#!/bin/sh\n{shown} >&2; exit 1\n")
    sh(host, "chmod 755 /etc/libvirt/hooks/qemu; systemctl restart libvirtd")


def libvirt_objects(host: LabHost) -> None:
    """A network, a pool and a secret with names and paths for a shell."""
    word = escape("x$(touch /tmp/pwned)`touch /tmp/pwned`;touch /tmp/pwned;{{ x }}")
    made = {
        "net-define": f"<network><name>{word}</name><bridge name='virbr9'/></network>",
        "pool-define": f"<pool type='dir'><name>{word}</name><target><path>/tmp/{word}</path></target></pool>",
        "secret-define": f"<secret><usage type='volume'><volume>/x/{word}</volume></usage></secret>",
    }
    for command, xml in made.items():
        host.write("/root/made.xml", xml)
        sh(host, 'virsh -q "$1" /root/made.xml', command)


def named(word: str) -> Attack:
    """A guest that is off, and one that runs, with a name for a shell."""

    def attack(host: LabHost) -> None:
        for suffix, start in (("off", False), ("on", True)):
            name = f"{word} {suffix}"
            host.write("/root/made.xml", _domain(name))
            sh(host, "virsh -q define /root/made.xml")
            if start:
                sh(host, 'virsh -q start "$1"', name)

    return attack


def _domain(name: str, devices: str = "") -> str:
    head = f"<domain type='kvm'><name>{escape(name)}</name><memory>65536</memory><os><type>hvm</type></os>"
    return f"{head}{devices}</domain>"


def nvram(path: str, make: str = 'mkdir -p "${1%/*}"; echo "* * * * * root touch /tmp/pwned" >>"$1"') -> Attack:
    """The guest that is off, with its NVRAM at this path; `make` makes what lies there, as $1."""

    def attack(host: LabHost) -> None:
        sh(host, "virsh -q undefine vault --keep-nvram")
        sh(host, make, path)  # a line more, so that the attacker's own authorized_keys still let preflight in
        host.write("/root/made.xml", XML.replace(NVRAM, escape(path)))
        sh(host, "virsh -q define /root/made.xml")

    return attack


def tpm(make: str) -> Attack:
    """The guest that is off, with this in its TPM's directory, as $1."""
    return lambda host: sh(host, make, TPM)


def disk(*xml: str, make: str = ":") -> Attack:
    """A guest with disks of the attacker's, which runs where it can; `make` makes what it needs for that."""

    def attack(host: LabHost) -> None:
        host.write("/root/made.xml", _domain("disky", f"<devices>{''.join(xml)}</devices>"))
        sh(host, f"{make}; virsh -q define /root/made.xml && virsh -q start disky")

    return attack


def of_file(path: str, target: str = "vda") -> str:
    """A disk that is a file."""
    source = f"<source file={quoteattr(path)}/><target dev='{target}' bus='virtio'/>"
    return f"<disk type='file' device='disk'>{source}</disk>"


#: A pipe of the honest host, whose writer makes a mark once anybody has opened it.
PIPE = "/var/lib/libvirt/images/pipe"
#: 20 paths of 2,000 directories that are not there.
LONG_PATHS = tuple(of_file("/x" + "/a" * 2000 + f"/{number}", f"vd{chr(97 + number)}") for number in range(20))


def pipe(host: LabHost) -> None:
    """Lay out `PIPE`: whoever opens a pipe takes what was meant for its reader; of a device it may do anything."""
    sh(
        host,
        'mkfifo "$1"; setsid -f sh -c \'echo text >"$1"; touch /tmp/pwned\' sh "$1" >/dev/null 2>&1 </dev/null',
        PIPE,
    )


def of_hosts(*hosts: str) -> str:
    """A disk on servers."""
    servers = "".join(f"<host name={quoteattr(name)} port='1'/>" for name in hosts)
    return (
        f"<disk type='network' device='disk'><source protocol='rbd' name='p/x$(touch /tmp/pwned)'>{servers}</source>"
        "<target dev='vda' bus='virtio'/></disk>"
    )


def described(host: LabHost) -> None:
    """A guest whose title, description and metadata are noise; and an autostart and a snapshot of such a name."""
    word = escape("$(touch /tmp/pwned) \u202e READY {{ x }}")
    xml = XML.replace("<memory", f"<title>{word}</title><description>{word}</description><memory")
    host.write("/root/made.xml", xml)
    sh(host, "virsh -q define /root/made.xml; virsh autostart vault")


#: A tar archive whose members go where they should not, in place of what `tar -cf -` is asked for.
ARCHIVE = r"""
case "$*" in *-c*) ;; *) exec /usr/bin/tar "$@";; esac
d=$(/usr/bin/mktemp -d); cd $d || exit
mkdir -p evil; echo '* * * * * root touch /tmp/pwned' >evil/x; cp /bin/true evil/suid; chmod 4755 evil/suid
ln -s /etc/cron.d evil/link; mknod evil/sda b 8 0; mkfifo evil/fifo; echo x >'evil/$(touch /tmp/pwned)'
/usr/bin/tar -cPf - --transform 's,^evil/x$,../../../../../../etc/cron.d/x,' evil/x \
  evil/suid evil/link evil/sda evil/fifo 'evil/$(touch /tmp/pwned)' /etc/banner 2>/dev/null
"""
#: What `base64` prints instead of a file's content: its quotes end where shell text begins.
QUOTED = "';touch /tmp/pwned;touch /pwned;'"
#: A file of two gigabytes of nothing, which is packed into two mebibytes, in place of what `tar -cf -` is asked for.
BOMB = r"""
case "$*" in *-c*) ;; *) exec /usr/bin/tar "$@";; esac
for f; do :; done
cd /tmp && /usr/bin/truncate -s 2000000000 "$f" && /usr/bin/tar -cf - "$f"; /bin/rm -f "$f"
"""
