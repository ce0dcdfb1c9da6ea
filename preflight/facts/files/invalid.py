"""Problems in libvirt's configuration files for which a daemon that reads them would not start.

A host that runs is judged by the file that its daemon reads. Files that are no host yet are all read by somebody.
"""

from collections.abc import Iterator
from typing import Self

from preflight.facts.daemon import conf_problems, qemu_conf
from preflight.facts.daemon.libvirt_files import LibvirtFiles
from preflight.facts.fact import Fact, Record
from preflight.facts.files.text_faults import TextFaults
from preflight.facts.text.libvirt_conf import Conf, ConfProblem

#: The daemons whose settings are known, by their file. virtproxyd takes the settings of libvirtd.
_DAEMONS = {"libvirtd.conf": "libvirtd", "virtqemud.conf": "virtqemud", "virtproxyd.conf": "virtproxyd"}


class InvalidFiles(Fact, frozen=True, kw_only=True):
    """The problems of each file, without those that have a finding of their own."""

    problems: tuple[ConfProblem, ...]
    #: Why some files could not be read.
    unread: tuple[str, ...]

    @classmethod
    def parse(cls, files: Record, libvirt: LibvirtFiles, faults: TextFaults) -> Self:
        """Look for problems in the files that `files` lists, by path."""
        given = set(files.required().splitlines())
        seen = {
            (fault.at.path, fault.at.line) for fault in (*faults.byte_order_marks, *faults.templates, *faults.spaces)
        }
        found = [problem for conf in libvirt.files.values() if conf.path in given for problem in _problems(conf)]
        return cls(
            problems=tuple(
                one for one in found if one.location is None or (one.location.path, one.location.line) not in seen
            ),
            unread=tuple(why for name, why in libvirt.unread.items() if f"/etc/libvirt/{name}" in given),
        )


def _problems(conf: Conf) -> Iterator[ConfProblem]:
    name = conf.path.removeprefix("/etc/libvirt/")
    if name in _DAEMONS:
        yield from conf_problems.problems(_DAEMONS[name], conf, None)
    elif conf.path == qemu_conf.PATH:
        yield from qemu_conf.problems(conf, None)
    elif conf.problem is not None:
        yield conf.problem
