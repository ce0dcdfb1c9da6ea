"""A lint of three hosts' files, whose output is kept in lint/ in every format: each verdict, and hostile text."""

import contextlib
import tempfile
from pathlib import Path

from msgspec.structs import replace

from preflight.collect import directory
from preflight.judge.lint import Linted, Request, lint_directory
from tests.files import Content, written
from tests.golden.reports import MADE

#: The files of each host, below `rendered`.
FILES: dict[str, Content] = {
    "kvm1/etc/hosts": "\ufeff127.0.0.1 localhost\n192.0.2.2 kvm2\u3000# the other one\n",
    "kvm1/etc/libvirt/libvirtd.conf": "# by Ansible\nmax_clients = {{ clients }}\n",
    "kvm1/etc/libvirt/virtlogd.conf": "max_clients = \n",
    "kvm1/etc/libvirt/qemu.conf": 'user = "qemu"\n',
    "kvm1/etc/os-release": 'ID=debian\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
    "kvm1/etc/ssh/sshd_config": "\u3000# a comment that is none\n",
    "kvm2/etc/hosts": "127.0.0.1 localhost\n",
    "kvm3/etc/hosts": "127.0.0.1 localhost\n",
    "<b>\x1b[31m::error::/etc/hosts": "{{ '\x1b[31m' }} <script> ::error::x | y\n",
}


def linted() -> Linted:
    """Return the reports on the hosts, made where and when the other kept ones were."""
    with tempfile.TemporaryDirectory() as place, contextlib.chdir(place):
        written(Path("rendered"), FILES)
        Path("rendered/kvm3/etc/libvirt").mkdir()
        Path("rendered/kvm3/etc/libvirt/qemu.conf").symlink_to("/etc/hostname")
        found = tuple(lint_directory(one, Request()) for one in directory.read(Path("rendered")))
    return Linted(tuple(replace(one, made=MADE) for one in found))
